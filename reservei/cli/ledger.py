"""``reservei ledger``: prove the books, and show what moved for a booking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:
    from shared.db import ReadSession
    from subgraphs.bookings.payments.ledger_check import AccountBalance, Imbalance
    from subgraphs.bookings.payments.ledger_report import BookingMoney

ResultT = TypeVar("ResultT")

ledger_app = typer.Typer(help="The double-entry ledger of payments.", no_args_is_help=True)


@ledger_app.command()
def check() -> None:
    """Prove that every entry balances, and that the ledger and the payments tell the same story.

    Exit code 1, and a table of what is wrong, when they do not.
    """
    from subgraphs.bookings.payments.ledger_check import balances, check_ledger

    async def read(session: ReadSession) -> tuple[list[Imbalance], list[AccountBalance]]:
        return await check_ledger(session), await balances(session)

    imbalances, accounts = asyncio.run(_read(read))
    if imbalances:
        _show_imbalances(imbalances)
        raise typer.Exit(1)
    _show_balances(accounts)


@ledger_app.command()
def show(booking: Annotated[str, typer.Argument(help="The booking's code or id.", metavar="BOOKING")]) -> None:
    """Show a booking's payments, refunds and ledger entries."""
    from subgraphs.bookings.payments.ledger_report import money_of_booking

    async def read(session: ReadSession) -> BookingMoney | None:
        booking_id = await _booking_id(session, booking)
        return None if booking_id is None else await money_of_booking(session, booking_id)

    money = asyncio.run(_read(read))
    if money is None or not money.payments:
        typer.echo(f"There are no payments for booking {booking}.", err=True)
        raise typer.Exit(1)
    _show_booking(money)


async def _booking_id(session: ReadSession, booking: str) -> UUID | None:
    from subgraphs.bookings.booking.codes import normalised_code
    from subgraphs.bookings.repository.bookings import ids_by_codes

    if (code := normalised_code(booking)) is not None:
        return (await ids_by_codes(session, [code])).get(code)
    try:
        return UUID(booking)
    except ValueError:
        return None


async def _read(use: Callable[[ReadSession], Awaitable[ResultT]]) -> ResultT:
    """Run ``use`` on one snapshot of the bookings database, so that payments which go on do not look like errors."""
    from sqlalchemy import text

    from reservei.market.databases import open_databases
    from shared.config import platform_settings

    async with (
        open_databases(platform_settings(), "bookings") as databases,
        databases["bookings"].transaction() as session,
    ):
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        return await use(session)


def _show_imbalances(imbalances: list[Imbalance]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="The ledger is not right", title_justify="left")
    for header in ("Rule that is broken", "Entry or payment"):
        table.add_column(header)
    for header in ("Expected", "Found"):
        table.add_column(header, justify="right")
    for imbalance in imbalances:
        table.add_row(
            imbalance.what,
            str(imbalance.subject or "-"),
            _money(imbalance.expected_minor, imbalance.currency),
            _money(imbalance.found_minor, imbalance.currency),
        )
    Console(stderr=True).print(table)


def _show_balances(accounts: list[AccountBalance]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print("The ledger balances, and agrees with the payments.")
    if not accounts:
        return
    table = Table("Account")
    table.add_column("Balance (debit +, credit -)", justify="right")
    for account in accounts:
        table.add_row(_words(account.kind), _money(account.balance_minor, account.currency))
    console.print(table)


def _show_booking(money: BookingMoney) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for payment in money.payments:
        console.print(
            f"Payment {payment.id}: {_words(payment.method)} through {payment.provider}, "
            f"{_money(payment.amount_minor, payment.currency)}, {_words(payment.state)}"
            + (f" ({payment.reason})" if payment.reason else ""),
            highlight=False,
            soft_wrap=True,
        )
    for refund in money.refunds:
        console.print(
            f"Refund {refund.id}: {_money(refund.amount_minor, refund.currency)}, {_words(refund.state)}"
            + (f" ({refund.reason})" if refund.reason else ""),
            highlight=False,
            soft_wrap=True,
        )
    table = Table("When", "Movement", "Account")
    table.add_column("Debit", justify="right")
    table.add_column("Credit", justify="right")
    for line in money.postings:
        amount = _money(abs(line.amount_minor), line.currency)
        table.add_row(
            f"{line.created_at:%Y-%m-%d %H:%M:%S}",
            _words(line.movement),
            _words(line.account),
            *((amount, "") if line.amount_minor > 0 else ("", amount)),
        )
    console.print(table)


def _money(minor: int, currency: str) -> str:
    from shared.graphql import Money

    return f"{currency} {Money.of_minor(minor, currency).amount:,f}"


def _words(code: str) -> str:
    return code.lower().replace("_", " ")
