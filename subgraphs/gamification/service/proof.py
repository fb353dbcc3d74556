"""Proves the points: every entry balances, and entries, balances, lots and reservations tell the same story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from shared.db import ReadSession


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something about the points that is not as it must be."""

    what: str
    """The rule that is broken."""
    subject: str
    """The entry or traveler."""
    expected: int
    found: int


_SUM: Final = """
SELECT t.user_id::text, coalesce(p.total, 0), t.{column}
FROM travelers t LEFT JOIN (
    SELECT e.user_id, sum(p.points) AS total FROM ledger_entries e JOIN ledger_postings p ON p.entry_id = e.id
    WHERE p.account = '{account}' GROUP BY e.user_id
) p USING (user_id)
WHERE coalesce(p.total, 0) <> t.{column}
"""

_RULES: Final[tuple[tuple[str, str], ...]] = (
    (
        "an entry balances",
        "SELECT entry_id::text, 0, sum(points) FROM ledger_postings GROUP BY entry_id HAVING sum(points) <> 0",
    ),
    (
        "an entry has postings",
        """SELECT id::text, 1, 0 FROM ledger_entries e
    WHERE NOT EXISTS (SELECT FROM ledger_postings WHERE entry_id = e.id)""",
    ),
    ("pending points are what the ledger says", _SUM.format(column="pending", account="PENDING")),
    ("available points are what the ledger says", _SUM.format(column="available", account="AVAILABLE")),
    ("reserved points are what the ledger says", _SUM.format(column="reserved", account="RESERVED")),
    (
        "a traveler's entries have no gap",
        """SELECT t.user_id::text, t.ledger_sequence, count(e.id) FROM travelers t
    LEFT JOIN ledger_entries e USING (user_id) GROUP BY t.user_id HAVING count(e.id) <> t.ledger_sequence""",
    ),
    (
        "pending lots are the pending points",
        """SELECT t.user_id::text, t.pending, coalesce(sum(l.points), 0) FROM travelers t
    LEFT JOIN lots l ON l.user_id = t.user_id AND l.state = 'PENDING'
    GROUP BY t.user_id HAVING coalesce(sum(l.points), 0) <> t.pending""",
    ),
    (
        "what is left of lots is the available points",
        """SELECT t.user_id::text, t.available, coalesce(sum(l.remaining), 0) FROM travelers t
    LEFT JOIN lots l ON l.user_id = t.user_id AND l.state = 'AVAILABLE'
    GROUP BY t.user_id HAVING coalesce(sum(l.remaining), 0) <> t.available""",
    ),
    (
        "reservations under way are the reserved points",
        """SELECT t.user_id::text, t.reserved, coalesce(sum(r.points), 0) FROM travelers t
    LEFT JOIN reservations r ON r.user_id = t.user_id AND r.state = 'RESERVED'
    GROUP BY t.user_id HAVING coalesce(sum(r.points), 0) <> t.reserved""",
    ),
)


async def prove(session: ReadSession) -> list[Discrepancy]:
    """All that is wrong; empty when the points are right.

    The rules are read one after the other: run it in one REPEATABLE READ transaction while points move.
    """
    return [
        Discrepancy(what, subject, int(expected), int(found))
        for what, statement in _RULES
        for subject, expected, found in await session.execute(text(statement))
    ]


async def totals(session: ReadSession) -> list[tuple[str, int]]:
    """What each account holds, over all travelers."""
    rows = await session.execute(
        text("SELECT account, sum(points)::bigint FROM ledger_postings GROUP BY account ORDER BY account")
    )
    return [(account, points) for account, points in rows]
