"""The double-entry ledger: every movement of money, once, balanced, never rewritten.

| movement | debit | credit |
|---|---|---|
| authorization | traveler receivable | authorized funds |
| void of an authorization | authorized funds | traveler receivable |
| capture | provider clearing | hotel payable, platform revenue |
| ... of an authorization, also | authorized funds | traveler receivable |
| refund | hotel payable, platform revenue | provider clearing |
| fee | provider fees | provider clearing |

Debits are positive and credits negative, so that an entry balances when its postings sum to zero. PostgreSQL refuses
anything else (``ledger_guards``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from shared.db import WriteSession, new_id
from subgraphs.bookings.payments.models import EntryKind, LedgerAccount, LedgerEntry, LedgerPosting, Payment, Refund


class Account(StrEnum):
    """The kinds of accounts; there is one of each for every currency."""

    TRAVELER_RECEIVABLE = "TRAVELER_RECEIVABLE"
    """Promised by travelers' banks, not taken yet."""
    AUTHORIZED_FUNDS = "AUTHORIZED_FUNDS"
    """The other side of those promises: not earned until captured."""
    PROVIDER_CLEARING = "PROVIDER_CLEARING"
    """What payment providers owe us."""
    PROVIDER_FEES = "PROVIDER_FEES"
    """What payment providers keep."""
    HOTEL_PAYABLE = "HOTEL_PAYABLE"
    """What we owe hotels."""
    PLATFORM_REVENUE = "PLATFORM_REVENUE"
    """Our commission."""


def commission(payment: Payment, amount_minor: int) -> int:
    """Our share of ``amount_minor`` of this payment, rounded down."""
    return amount_minor * payment.commission_bps // 10_000


async def authorize(session: WriteSession, payment: Payment) -> None:
    """Enter that the traveler's bank reserved the amount."""
    await _enter(
        session,
        payment,
        EntryKind.AUTHORIZATION,
        f"authorization:{payment.id}",
        {Account.TRAVELER_RECEIVABLE: payment.amount_minor, Account.AUTHORIZED_FUNDS: -payment.amount_minor},
    )


async def void(session: WriteSession, payment: Payment) -> None:
    """Enter that the reservation of the amount was given up."""
    await _enter(
        session,
        payment,
        EntryKind.VOID,
        f"void:{payment.id}",
        {Account.AUTHORIZED_FUNDS: payment.amount_minor, Account.TRAVELER_RECEIVABLE: -payment.amount_minor},
    )


async def capture(session: WriteSession, payment: Payment, *, was_authorized: bool) -> None:
    """Enter that the provider took the amount for us.

    Args:
        session: The transaction that marks the payment as captured.
        payment: The payment.
        was_authorized: Whether an authorization was entered, which this uses up.
    """
    amount = payment.amount_minor
    ours = commission(payment, amount)
    postings = {
        Account.PROVIDER_CLEARING: amount,
        Account.HOTEL_PAYABLE: -(amount - ours),
        Account.PLATFORM_REVENUE: -ours,
    }
    if was_authorized:
        postings |= {Account.AUTHORIZED_FUNDS: amount, Account.TRAVELER_RECEIVABLE: -amount}
    await _enter(session, payment, EntryKind.CAPTURE, f"capture:{payment.id}", postings)


async def fee(session: WriteSession, payment: Payment, fee_minor: int) -> None:
    """Enter what the provider keeps of a capture."""
    await _enter(
        session,
        payment,
        EntryKind.FEE,
        f"fee:{payment.id}",
        {Account.PROVIDER_FEES: fee_minor, Account.PROVIDER_CLEARING: -fee_minor},
    )


async def has_fee(session: WriteSession, payment: Payment) -> bool:
    """Whether the fee of a payment, whose row the caller has locked, was entered."""
    return bool(await session.scalar(select(LedgerEntry.id).where(LedgerEntry.reference == f"fee:{payment.id}")))


async def refund(session: WriteSession, payment: Payment, refund: Refund, *, refunded_before: int) -> None:
    """Enter that the provider gives an amount back.

    Args:
        session: The transaction that marks the refund as made.
        payment: The payment.
        refund: The refund.
        refunded_before: Sum of the refunds already entered. Our share of a refund is the difference of what we would
            keep before and after it, so that the parts add up to the commission however the refunds are cut.
    """
    kept = payment.captured_minor - refunded_before
    ours = commission(payment, kept) - commission(payment, kept - refund.amount_minor)
    await _enter(
        session,
        payment,
        EntryKind.REFUND,
        f"refund:{refund.id}",
        {
            Account.HOTEL_PAYABLE: refund.amount_minor - ours,
            Account.PLATFORM_REVENUE: ours,
            Account.PROVIDER_CLEARING: -refund.amount_minor,
        },
    )


async def _enter(
    session: WriteSession, payment: Payment, kind: EntryKind, reference: str, postings: Mapping[Account, int]
) -> None:
    accounts = await _accounts(session, payment.currency, postings)
    entry_id = new_id()
    await session.execute(
        insert(LedgerEntry).values(
            id=entry_id, kind=kind, reference=reference, payment_id=payment.id, booking_id=payment.booking_id
        )
    )
    await session.execute(
        insert(LedgerPosting).values(
            [
                {
                    "id": new_id(),
                    "entry_id": entry_id,
                    "account_id": accounts[account],
                    "currency": payment.currency,
                    "amount_minor": amount,
                }
                for account, amount in postings.items()
                if amount
            ]
        )
    )


async def _accounts(session: WriteSession, currency: str, kinds: Mapping[Account, int]) -> dict[Account, UUID]:
    known = await _read_accounts(session, currency, kinds)
    if missing := sorted(set(kinds) - set(known)):
        await session.execute(
            insert(LedgerAccount)
            .values([{"id": new_id(), "kind": kind, "currency": currency} for kind in missing])
            .on_conflict_do_nothing(index_elements=["kind", "currency"])
        )
        known = await _read_accounts(session, currency, kinds)
    return known


async def _read_accounts(session: WriteSession, currency: str, kinds: Mapping[Account, int]) -> dict[Account, UUID]:
    rows = await session.execute(
        select(LedgerAccount.kind, LedgerAccount.id).where(
            tuple_(LedgerAccount.kind, LedgerAccount.currency).in_([(kind, currency) for kind in kinds])
        )
    )
    return {Account(kind): account_id for kind, account_id in rows}
