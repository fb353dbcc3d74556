"""The kinds of sagas. All share one table, one executor and one lease; a course says what the steps of a kind do."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.models import Saga
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.saga import calls, table
from subgraphs.bookings.saga.changing import Change
from subgraphs.bookings.saga.payments_port import PaymentCalls
from subgraphs.bookings.saga.signals import Signal
from subgraphs.bookings.saga.table import Command, Move, Step


class Course(Protocol):
    """What the executor and the lifecycle need to know of one saga."""

    ended_by_deadline: frozenset[Step]
    """Steps that the deadline ends. All others go on until they are decided."""

    def hold_id(self, booking: Booking) -> UUID:
        """The hold of rooms that the saga is about: what hotels says of any other is nothing to it."""
        ...

    def command(self, step: Step, booking: Booking) -> Command | None:
        """What a step that waits for another domain sends; ``None`` for steps that call the payment provider."""
        ...

    def move(self, step: Step, booking: Booking, signal: Signal) -> Move | None:
        """What follows when the saga is told ``signal`` at ``step``; ``None`` when it has no meaning there."""
        ...

    async def call(self, step: Step, booking: Booking, payments: PaymentCalls) -> Signal:
        """Do what ``step`` does at the payment provider. Safe to repeat."""
        ...


class _Sale:
    """The sale of a booking: see ``table``."""

    ended_by_deadline = table.BEFORE_THE_MONEY

    def hold_id(self, booking: Booking) -> UUID:
        """See :class:`Course`."""
        return booking.hold_id

    def command(self, step: Step, booking: Booking) -> Command | None:
        """See :class:`Course`."""
        make = table.COMMANDS.get(step)
        return None if make is None else make(booking)

    def move(self, step: Step, booking: Booking, signal: Signal) -> Move | None:
        """See :class:`Course`."""
        return table.move(step, booking, signal)

    async def call(self, step: Step, booking: Booking, payments: PaymentCalls) -> Signal:
        """See :class:`Course`."""
        return await calls.call(step, booking, payments)


_SALE: Final = _Sale()


def course_of(saga: Saga) -> Course:
    """The course of a saga, by its kind."""
    return Change.of(saga) if saga.kind == sagas.CHANGE else _SALE
