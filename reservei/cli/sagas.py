"""``reservei sagas``: sales and changes of stays: list them, look at a booking's, and let a stuck one go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from reservei.cli.projections import with_bookings
from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.db import Database, ReadSession
    from subgraphs.bookings.booking.events import RecordedEvent
    from subgraphs.bookings.models import Saga

sagas_app = typer.Typer(
    help=(
        "The sales of bookings and the changes of their stays: which step each is at, why it waits, and what to do "
        "about those that are stuck."
    ),
    no_args_is_help=True,
)

Booking = Annotated[str, typer.Argument(metavar="BOOKING", help="Id or code of the booking.")]


@sagas_app.command("list")
def list_(
    state: Annotated[
        list[str] | None,
        typer.Option(help="RUNNING, COMPENSATING, STUCK, COMPLETED or COMPENSATED; may be given several times."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
) -> None:
    """List sagas, the longest unchanged first; without --state those that are not over."""
    from rich.console import Console
    from rich.table import Table

    from subgraphs.bookings.repository import sagas

    states = [each.upper() for each in state] if state else [*sagas.ACTIVE, sagas.STUCK]
    if unknown := set(states) - {*sagas.ACTIVE, sagas.STUCK, sagas.COMPLETED, sagas.COMPENSATED}:
        raise LocalRuntimeError(f"There is no state {', '.join(sorted(unknown))}.", "See `reservei sagas list --help`.")

    async def read(database: Database) -> Sequence[Saga]:
        async with database.read() as session:
            return await sagas.listed(session, states=states, limit=limit)

    found = with_bookings(read)
    if not found:
        typer.echo("There are none.")
        return
    table = Table("Booking", "Kind", "State", "Step", "Attempts", "Next run", "Last error")
    for saga in found:
        table.add_row(
            str(saga.booking_id), saga.kind, saga.state, saga.step, str(saga.attempts),
            f"{saga.next_run_at:%Y-%m-%d %H:%M:%S}", (saga.last_error or "")[:80],
        )  # fmt: skip
    Console().print(table)


@sagas_app.command()
def show(booking: Booking) -> None:
    """Show the sale of a booking and the changes of its stay, and all that happened to it."""
    from rich.console import Console
    from rich.markup import escape

    from subgraphs.bookings.repository import bookings, sagas

    async def read(database: Database) -> tuple[Sequence[Saga], Sequence[RecordedEvent]]:
        async with database.read() as session:
            booking_id = await _booking_id(session, booking)
            return await sagas.of_booking(session, booking_id), await bookings.history(session, booking_id)

    found, history = with_bookings(read)
    console = Console(soft_wrap=True, highlight=False)
    for saga in found:
        for name, value in (
            ("booking", saga.booking_id), ("kind", saga.kind), ("saga", saga.id), ("state", saga.state),
            ("step", saga.step), ("attempts", saga.attempts),
            ("deadline", saga.deadline), ("next run", saga.next_run_at), ("leased until", saga.leased_until),
            ("leased by", saga.lease_owner), ("last error", saga.last_error),
        ):  # fmt: skip
            console.print(f"[bold]{name + ':':<14}[/] {escape(str(value))}")
        console.print()
    for event in history:
        console.print(f"{event.sequence:>4}  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.payload.type}")


@sagas_app.command()
def retry(booking: Booking) -> None:
    """Let what is stuck of a booking go on with the step at which it stopped. Mend the cause first."""
    from shared.db import utc_now
    from subgraphs.bookings.repository import sagas

    async def let_go(database: Database) -> list[str]:
        async with database.transaction() as session:
            booking_id = await _booking_id(session, booking)
            ids = list(await sagas.lock_all(session, booking_id))
            retried = [await sagas.retry(session, saga_id, utc_now()) for saga_id in ids]
        return [str(each["step"]) for each in retried if each is not None]

    steps = with_bookings(let_go)
    if not steps:
        raise LocalRuntimeError(f"The sagas of {booking} are not stuck.", "See `reservei sagas show`.")
    for step in steps:
        typer.echo(f"It goes on with {step}.")


async def _booking_id(session: ReadSession, given: str) -> UUID:
    """The booking with this id or code.

    Raises:
        LocalRuntimeError: there is none.
    """
    from subgraphs.bookings.booking.codes import normalised_code
    from subgraphs.bookings.repository import bookings, listing

    if (code := normalised_code(given)) is not None:
        booking_id = (await bookings.ids_by_codes(session, [code])).get(code)
    else:
        try:
            booking_id = UUID(given)
        except ValueError:
            booking_id = None
    if booking_id is None or not await listing.by_ids(session, [booking_id]):
        raise LocalRuntimeError(f"There is no booking {given!r}.", "Give its id, or its code of eight characters.")
    return booking_id
