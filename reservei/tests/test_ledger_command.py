"""``reservei ledger`` on a database with payments, right and wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from sqlalchemy import insert, text
from typer.testing import CliRunner

from reservei.cli.ledger import ledger_app
from shared.config import PlatformSettings
from shared.db import Database, new_id
from subgraphs.bookings.models import BookingCode
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.payments.methods import Card
from subgraphs.bookings.payments.settings import PaymentsSettings


@pytest.fixture
async def bookings(
    domain_database: Callable[[str], Awaitable[Database]],
    platform: PlatformSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> Database:
    monkeypatch.setattr("shared.config.platform_settings", lambda: platform)
    monkeypatch.setenv("COLUMNS", "200")
    return await domain_database("bookings")


async def refunded_payment(platform: PlatformSettings, database: Database) -> UUID:
    """The id of a booking whose payment was captured and in part refunded."""
    payments = build_payments(platform, database, settings=PaymentsSettings()).payments
    booking_id, payment_id = new_id(), new_id()
    async with database.transaction() as session:
        await session.execute(insert(BookingCode).values(code="ABCD2345", booking_id=booking_id))
        await payments.open(
            session,
            payment_id=payment_id,
            booking_id=booking_id,
            amount_minor=1234_50,
            currency="BRL",
            method=Card("tok_approve"),
            expires_at=None,
        )
    await payments.authorize(payment_id)
    await payments.capture(payment_id)
    await payments.refund(payment_id, refund_id=new_id(), amount_minor=234_50)
    return booking_id


async def ledger(*arguments: Any) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, ledger_app, [str(argument) for argument in arguments])


async def test_check_proves_the_books_and_shows_the_balances(bookings: Database, platform: PlatformSettings) -> None:
    await refunded_payment(platform, bookings)
    result = await ledger("check")
    assert result.exit_code == 0, result.output
    assert "The ledger balances" in result.output
    assert "BRL -850.00" in result.output, "what hotels are owed"


async def test_check_of_empty_books_is_fine(bookings: Database) -> None:
    assert (await ledger("check")).exit_code == 0


async def test_check_fails_when_payments_and_ledger_disagree(bookings: Database, platform: PlatformSettings) -> None:
    await refunded_payment(platform, bookings)
    async with bookings.transaction() as session:
        await session.execute(
            text("UPDATE payments SET amount_minor = amount_minor + 1, captured_minor = amount_minor + 1")
        )
    result = await ledger("check")
    assert result.exit_code == 1
    assert "what providers owe is what payments have captured and not refunded" in result.stderr


async def test_show_lists_what_moved_by_id_and_by_code(bookings: Database, platform: PlatformSettings) -> None:
    booking_id = await refunded_payment(platform, bookings)
    by_id, by_code = await ledger("show", booking_id), await ledger("show", "abcd-2345")
    assert by_id.exit_code == 0, by_id.output
    assert by_id.output == by_code.output
    for part in ("card through sandbox", "BRL 1,234.50", "Refund", "BRL 234.50", "hotel payable", "capture"):
        assert part in by_id.output


@pytest.mark.parametrize("booking", ["ABCD2346", "nonsense", "01890000-0000-7000-8000-000000000000"])
async def test_show_of_an_unknown_booking_fails(bookings: Database, booking: str) -> None:
    result = await ledger("show", booking)
    assert result.exit_code == 1
    assert "no payments" in result.stderr
