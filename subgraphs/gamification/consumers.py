"""What gamification does when other domains say something, and the commands of ``shared.contracts.points``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from shared.config import PlatformSettings
from shared.contracts.bookings import BookingEvent
from shared.contracts.hotels import ReviewAdded
from shared.contracts.points import ConfirmPoints, ReleasePoints, ReservePoints
from shared.contracts.users import UserDeleted, UserProfileUpdated, UserRegistered
from shared.db import WriteSession, utc_now
from shared.messaging import EventEnvelope
from shared.messaging.consumer import Handler, Reject
from subgraphs.gamification.events import Cause
from subgraphs.gamification.service import happenings, points

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)
CommandT_contra = TypeVar("CommandT_contra", bound=msgspec.Struct, contravariant=True)
PAYLOAD_VERSION = 1
"""The version of the payloads that we understand."""


class Command(Protocol[CommandT_contra]):
    """Carries a command out and records the answer to it."""

    async def __call__(self, session: WriteSession, command: CommandT_contra, *, cause: Cause, now: datetime) -> Any:
        """Raise ``InvalidCommand`` for a command that can never be carried out."""
        ...


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic."""
    return handlers(utc_now)


def handlers(clock: Callable[[], datetime]) -> Mapping[str, Handler]:
    """The same, for tests that travel in time."""

    async def booking(session: WriteSession, envelope: EventEnvelope) -> None:
        payload = _payload(envelope, BookingEvent)
        what = happenings.activity_of_booking(
            envelope.id, envelope.type, envelope.occurred_at, envelope.aggregate_sequence, payload
        )
        if what is not None:
            await happenings.happened(session, payload.user_id, what, cause=_cause(envelope), now=clock())

    async def review(session: WriteSession, envelope: EventEnvelope) -> None:
        payload = _payload(envelope, ReviewAdded)
        what = happenings.activity_of_review(envelope.id, envelope.occurred_at, payload)
        await happenings.happened(session, payload.author_id, what, cause=_cause(envelope), now=clock())

    async def profile(session: WriteSession, envelope: EventEnvelope) -> None:
        payload = (
            _payload(envelope, UserRegistered)
            if envelope.type == UserRegistered.type
            else _payload(envelope, UserProfileUpdated)
        )
        await happenings.introduced(
            session,
            payload.user_id,
            payload.display_name,
            envelope.aggregate_sequence,
            cause=_cause(envelope),
            now=clock(),
        )

    async def deleted(session: WriteSession, envelope: EventEnvelope) -> None:
        payload = _payload(envelope, UserDeleted)
        await happenings.forget(session, payload.user_id, cause=_cause(envelope), now=clock())

    def command(kind: type[CommandT_contra], carry_out: Command[CommandT_contra]) -> Handler:
        async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
            try:
                await carry_out(session, _payload(envelope, kind), cause=_cause(envelope), now=clock())
            except points.InvalidCommand as error:
                raise Reject(str(error)) from error

        return handle

    return {
        "booking.*": booking,
        ReviewAdded.type: review,
        UserRegistered.type: profile,
        UserProfileUpdated.type: profile,
        UserDeleted.type: deleted,
        ReservePoints.topic: command(ReservePoints, points.reserve),
        ConfirmPoints.topic: command(ConfirmPoints, points.confirm),
        ReleasePoints.topic: command(ReleasePoints, points.release),
    }


def _payload(envelope: EventEnvelope, kind: type[PayloadT]) -> PayloadT:
    if envelope.version != PAYLOAD_VERSION:
        raise Reject(f"version {envelope.version} of {envelope.type}; this release knows {PAYLOAD_VERSION}")
    try:
        return msgspec.json.decode(envelope.payload, type=kind)
    except msgspec.DecodeError as error:
        raise Reject(str(error)) from error


def _cause(envelope: EventEnvelope) -> Cause:
    return Cause(envelope.correlation_id, envelope.id)
