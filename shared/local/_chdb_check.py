"""Opens the ClickHouse engine on a folder, makes the database, prints the version: ``_chdb_check.py FOLDER DATABASE``.

A script and not a function, because the engine allows one folder per process and keeps 300 MB until that process
ends: the process that asks whether the store is in order must not be the one that opens it.
"""

from __future__ import annotations

import sys
from typing import Any

from chdb import session

folder, database = sys.argv[1:]
store: Any = session.Session(folder)  # type: ignore[no-untyped-call]
store.query(f"CREATE DATABASE IF NOT EXISTS {database}")
sys.stdout.write(str(store.query("SELECT version()", "TSV")).strip())
store.close()
