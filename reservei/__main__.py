"""``python -m reservei``."""

from reservei.cli import main

main()
