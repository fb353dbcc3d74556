"""PostgreSQL keeps the ledger right, and the check finds what PostgreSQL cannot see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.db import WriteSession, new_id
from subgraphs.bookings.payments import ledger
from subgraphs.bookings.payments.ledger_check import check_ledger
from subgraphs.bookings.payments.models import LedgerAccount, LedgerEntry, LedgerPosting, Payment

Enter = Callable[..., Awaitable[None]]


async def enter(session: WriteSession, payment: Payment, *postings: tuple[str, int]) -> None:
    """An entry by hand: (currency, amount) postings on accounts of their own."""
    entry_id = new_id()
    await session.execute(
        insert(LedgerEntry).values(
            id=entry_id, kind="FEE", reference=f"test:{entry_id}", payment_id=payment.id, booking_id=payment.booking_id
        )
    )
    for currency, amount in postings:
        account_id = new_id()
        await session.execute(insert(LedgerAccount).values(id=account_id, kind=account_id.hex[-30:], currency=currency))
        await session.execute(
            insert(LedgerPosting).values(
                id=new_id(), entry_id=entry_id, account_id=account_id, currency=currency, amount_minor=amount
            )
        )


async def test_a_balanced_entry_is_accepted(till: Any) -> None:
    payment = await till.payment(await till.open())
    async with till.database.transaction() as session:
        await enter(session, payment, ("BRL", 5), ("BRL", -5), ("USD", 7), ("USD", -7))


@pytest.mark.parametrize(
    "postings",
    [[("BRL", 5)], [("BRL", 5), ("BRL", -4)], [("BRL", 5), ("USD", -5)], []],
    ids=["one-sided", "unequal", "across-currencies", "empty"],
)
async def test_an_entry_that_does_not_balance_is_refused_at_the_commit(till: Any, postings: Any) -> None:
    payment = await till.payment(await till.open())
    with pytest.raises(DBAPIError, match="ledger entry"):
        async with till.database.transaction() as session:
            await enter(session, payment, *postings)
    assert await till.query("SELECT 1 FROM ledger_entries") == []


@pytest.mark.parametrize("table", ["ledger_accounts", "ledger_entries", "ledger_postings"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
async def test_the_ledger_is_never_rewritten(till: Any, table: str, change: str) -> None:
    await till.captured()
    with pytest.raises(DBAPIError, match="append-only"):
        async with till.database.transaction() as session:
            await session.execute(text(change.format(table)))
    assert await till.books_are_right()


async def test_a_posting_in_another_currency_than_its_account_is_refused(till: Any) -> None:
    payment_id = await till.captured()
    [(entry_id, account_id)] = await till.query(
        "SELECT e.id, a.id FROM ledger_entries e, ledger_accounts a "
        "WHERE e.payment_id = :id AND e.kind = 'CAPTURE' AND a.kind = 'PROVIDER_FEES'",
        id=payment_id,
    )
    with pytest.raises(IntegrityError):
        async with till.database.transaction() as session:
            await session.execute(
                insert(LedgerPosting).values(
                    id=new_id(), entry_id=entry_id, account_id=account_id, currency="USD", amount_minor=1
                )
            )


async def test_a_movement_is_entered_once(till: Any) -> None:
    payment = await till.payment(await till.captured())
    with pytest.raises(IntegrityError, match="uq_ledger_entries_reference"):
        async with till.database.transaction() as session:
            await ledger.capture(session, payment, was_authorized=True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments SET refunded_minor = captured_minor + 1",
        "UPDATE payments SET refunded_minor = -1",
        "UPDATE payments SET captured_minor = amount_minor + 1",
        "UPDATE payments SET state = 'VOIDED'",
    ],
)
async def test_a_bug_cannot_refund_more_than_was_captured(till: Any, statement: str) -> None:
    await till.captured()
    with pytest.raises(IntegrityError):
        async with till.database.transaction() as session:
            await session.execute(text(statement))


async def test_accounts_that_many_open_at_once_are_opened_once(till: Any) -> None:
    payment_ids = [await till.open() for _ in range(12)]
    await asyncio.gather(*(till.payments.authorize(payment_id) for payment_id in payment_ids))
    assert len(await till.query("SELECT 1 FROM ledger_accounts")) == 2
    assert await till.books_are_right()


async def test_commission_of_refunds_adds_up_however_they_are_cut(till: Any) -> None:
    payment_id = await till.captured(100_03)
    for amount in (33_34, 1, 33_33, 33_35):
        await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=amount)
        assert await till.books_are_right()
    assert set(await till.balance()) == {"PROVIDER_FEES", "PROVIDER_CLEARING"}


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE payments SET state = 'VOIDED', captured_minor = 0",
            "what providers owe is what payments have captured and not refunded",
        ),
        (
            "UPDATE payments SET state = 'AUTHORIZED', captured_minor = 0",
            "what travelers' banks promise is what payments have authorized",
        ),
        ("UPDATE payments SET refunded_minor = 1", "a payment's refunds are what it says was refunded"),
        (
            "UPDATE payments SET commission_bps = 1",
            "our commission is the agreed share of what was captured and not refunded",
        ),
    ],
)
async def test_the_check_finds_payments_that_disagree_with_the_ledger(till: Any, statement: str, what: str) -> None:
    payment_id = await till.captured()
    async with till.database.transaction() as session:
        await session.execute(text(statement))
    async with till.database.read() as session:
        found = await check_ledger(session)
    assert (what, payment_id) in [(imbalance.what, imbalance.subject) for imbalance in found]


async def test_the_check_finds_entries_that_got_in_while_the_guards_were_off(till: Any) -> None:
    payment = await till.payment(await till.open())
    async with till.database.transaction() as session:
        # As only the owner of the table can.
        for table in ("ledger_entries", "ledger_postings"):
            await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        await enter(session, payment, ("BRL", 5))
        entry: UUID = (await session.execute(text("SELECT id FROM ledger_entries"))).scalar_one()
        found = await check_ledger(session)
        assert [(i.what, i.subject, i.found_minor) for i in found] == [
            ("an entry balances", entry, 5),
            ("all accounts sum to zero", None, 5),
        ]
        await session.rollback()
