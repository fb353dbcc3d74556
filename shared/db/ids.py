"""Identifiers: UUIDv7, so that primary keys sort by creation time and index pages stay warm (RFC 9562, section 5.7)."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7. Made here and not by the database, because PostgreSQL 15 to 17 have no ``uuidv7()``."""
    return uuid7()
