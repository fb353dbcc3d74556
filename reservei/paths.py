"""Where the files are that come with the product, in a checkout and when installed by pip."""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def shipped(in_checkout: str, installed: str) -> Path:
    """A folder of ours: ``in_checkout`` below the repository, or ``share/reservei/<installed>`` below the environment.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for candidate in (CHECKOUT / in_checkout, Path(sys.prefix) / "share" / "reservei" / installed):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"The files of {in_checkout} are missing: reinstall the package `reservei`.")


def schema_dir() -> Path:
    """The folder with ``<domain>.graphql``, ``supergraph.graphql`` and ``operations/``."""
    return shipped("schema", "schema")
