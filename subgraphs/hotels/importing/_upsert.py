"""One statement per batch: ``INSERT ... SELECT FROM jsonb_to_recordset ... ON CONFLICT DO UPDATE`` where it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from shared.db import WriteSession


@dataclass(frozen=True, slots=True)
class Upsert:
    """How rows of one table are recognised and refreshed."""

    table: str
    key: tuple[str, ...]
    """Columns of the unique constraint that recognises a row."""
    columns: Mapping[str, str]
    """Every column that is written, with its SQL type."""
    insert_only: frozenset[str] = frozenset()
    """Columns that a later import leaves as they are."""
    keep_when_null: frozenset[str] = frozenset()
    """Columns that a later import leaves as they are where it brings no value."""
    also_set: str = ", updated_at = now()"
    """More assignments for a row that changed, each after a comma."""

    def statement(self) -> str:
        """The SQL, with the parameter ``rows`` (a JSON array of objects)."""
        names = ", ".join(self.columns)
        record = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        refreshed = [name for name in self.columns if name not in self.insert_only and name not in self.key]
        new = {
            name: f"coalesce(excluded.{name}, t.{name})" if name in self.keep_when_null else f"excluded.{name}"
            for name in refreshed
        }
        assignments = ", ".join(f"{name} = {value}" for name, value in new.items())
        # Rows are locked in key order, so that two imports of overlapping files wait for each other and never deadlock.
        return f"""
            INSERT INTO {self.table} AS t ({names})
            SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({record})
            ORDER BY {", ".join(self.key)}
            ON CONFLICT ({", ".join(self.key)}) DO UPDATE SET {assignments}{self.also_set}
            WHERE ({", ".join(f"t.{name}" for name in refreshed)}) IS DISTINCT FROM ({", ".join(new.values())})
            RETURNING t.id, (t.xmax = 0) AS is_new
        """  # noqa: S608  # table and column names are ours, values are a parameter

    async def run(self, session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> tuple[list[UUID], list[UUID]]:
        """Write ``rows`` and return the ids that were inserted and those that were updated."""
        if not rows:
            return [], []
        result = await session.execute(text(self.statement()), {"rows": encode_rows(rows)})
        inserted: list[UUID] = []
        updated: list[UUID] = []
        for row in result:
            (inserted if row.is_new else updated).append(row.id)
        return inserted, updated


def encode_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """``rows`` as the JSON array that ``jsonb_to_recordset`` reads.

    Raises:
        ValueError: a text contains a NUL character.
    """
    encoded = msgspec.json.encode(rows).decode()
    if "\\u0000" in encoded:
        raise ValueError("a text contains a NUL character, which PostgreSQL cannot store")
    return encoded
