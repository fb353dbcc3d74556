"""Proves the ledger: every entry balances, and entries and payments tell the same story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.db import ReadSession


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Something about the money that is not as it must be."""

    what: str
    """The rule that is broken."""
    subject: UUID | None
    """The entry or payment; ``None`` when it is about all of them."""
    currency: str
    expected_minor: int
    found_minor: int


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What an account holds: debits are positive."""

    kind: str
    currency: str
    balance_minor: int


_ENTRIES: Final = """
SELECT entry_id, currency, 0, sum(amount_minor)
FROM ledger_postings GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0
"""

_EMPTY_ENTRIES: Final = """
SELECT e.id, p.currency, p.amount_minor, 0 FROM ledger_entries e JOIN payments p ON p.id = e.payment_id
WHERE NOT EXISTS (SELECT FROM ledger_postings WHERE entry_id = e.id)
"""

# What a payment's postings on one account must add up to. The account and the payments' side are ours, not input.
_AGREEMENT: Final = """
SELECT p.id, p.currency, {expected}, coalesce(l.total, 0)
FROM payments p
LEFT JOIN LATERAL (SELECT coalesce(sum(amount_minor), 0) AS refunded FROM refunds
                   WHERE payment_id = p.id AND state = 'SUCCEEDED') r ON true
LEFT JOIN LATERAL (
    SELECT sum(x.amount_minor) AS total
    FROM ledger_entries e JOIN ledger_postings x ON x.entry_id = e.id JOIN ledger_accounts a ON a.id = x.account_id
    WHERE e.payment_id = p.id AND e.kind <> 'FEE' AND a.kind {accounts}
) l ON true
WHERE coalesce(l.total, 0) <> {expected}
"""

_RESERVED: Final = """
SELECT p.id, p.currency, coalesce(sum(r.amount_minor), 0), p.refunded_minor
FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id AND r.state <> 'FAILED'
GROUP BY p.id HAVING coalesce(sum(r.amount_minor), 0) <> p.refunded_minor
"""

_AUTHORIZED: Final = "CASE WHEN p.state = 'AUTHORIZED' THEN p.amount_minor ELSE 0 END"

_RULES: Final[tuple[tuple[str, str], ...]] = (
    ("an entry balances", _ENTRIES),
    ("an entry has postings", _EMPTY_ENTRIES),
    (
        "what travelers' banks promise is what payments have authorized",
        _AGREEMENT.format(expected=_AUTHORIZED, accounts="= 'TRAVELER_RECEIVABLE'"),
    ),
    (
        "what providers owe is what payments have captured and not refunded",
        _AGREEMENT.format(expected="p.captured_minor - r.refunded", accounts="= 'PROVIDER_CLEARING'"),
    ),
    (
        "what hotels and the platform earn is what payments have captured and not refunded",
        _AGREEMENT.format(
            expected="r.refunded - p.captured_minor", accounts="IN ('HOTEL_PAYABLE', 'PLATFORM_REVENUE')"
        ),
    ),
    (
        "our commission is the agreed share of what was captured and not refunded",
        _AGREEMENT.format(
            expected="-div((p.captured_minor - r.refunded) * p.commission_bps, 10000)", accounts="= 'PLATFORM_REVENUE'"
        ),
    ),
    ("a payment's refunds are what it says was refunded", _RESERVED),
)


async def check_ledger(session: ReadSession) -> list[Imbalance]:
    """All that is wrong; empty when the books are right.

    The rules are read one after the other: run it in one REPEATABLE READ transaction while payments go on.
    """
    found: list[Imbalance] = []
    for what, statement in _RULES:
        for subject, currency, expected, actual in await session.execute(text(statement)):
            found.append(Imbalance(what, subject, currency, int(expected), int(actual)))
    found.extend(
        Imbalance("all accounts sum to zero", None, balance.currency, 0, balance.balance_minor)
        for balance in await _currency_totals(session)
        if balance.balance_minor
    )
    return found


async def balances(session: ReadSession) -> list[AccountBalance]:
    """What each account holds."""
    rows = await session.execute(
        text(
            "SELECT a.kind, a.currency, coalesce(sum(p.amount_minor), 0) FROM ledger_accounts a "
            "LEFT JOIN ledger_postings p ON p.account_id = a.id GROUP BY a.kind, a.currency ORDER BY 2, 1"
        )
    )
    return [AccountBalance(kind, currency, int(total)) for kind, currency, total in rows]


async def _currency_totals(session: ReadSession) -> list[AccountBalance]:
    rows = await session.execute(text("SELECT currency, sum(amount_minor) FROM ledger_postings GROUP BY currency"))
    return [AccountBalance("", currency, int(total)) for currency, total in rows]
