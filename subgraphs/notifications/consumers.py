"""What notifications does when another domain has said something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec

from shared.config import PlatformSettings
from shared.contracts.bookings import BookingEvent
from shared.contracts.gamification import CouponGranted, LevelReached, MissionCompleted
from shared.contracts.users import (
    DEFAULT_TIME_ZONE,
    UserDeleted,
    UserEmailVerified,
    UserPasswordChanged,
    UserProfileUpdated,
    UserRegistered,
    UserSignedIn,
)
from shared.db import WriteSession, utc_now
from shared.messaging import EventEnvelope, Handler, Reject
from subgraphs.notifications.kinds import Kind
from subgraphs.notifications.repository import contacts as contact_rows
from subgraphs.notifications.service import booking_news, contacts
from subgraphs.notifications.service.notify import Message, notify
from subgraphs.notifications.settings import NotificationsSettings

StructT = TypeVar("StructT", bound=msgspec.Struct)


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic."""
    return Handlers(NotificationsSettings()).by_topic()


class Handlers:
    """Handlers with this domain's knobs, and a clock that tests can set."""

    def __init__(self, settings: NotificationsSettings, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._clock = clock

    def by_topic(self) -> Mapping[str, Handler]:
        """The handler of each topic."""
        return {
            **dict.fromkeys(booking_news.TOPICS, self.booking),
            UserRegistered.type: self.registered,
            UserEmailVerified.type: self.email_verified,
            UserProfileUpdated.type: self.profile_updated,
            UserSignedIn.type: self.signed_in,
            UserPasswordChanged.type: self.password_changed,
            UserDeleted.type: self.deleted,
            MissionCompleted.type: self.mission_completed,
            LevelReached.type: self.level_reached,
            CouponGranted.type: self.coupon_granted,
        }

    async def booking(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """Something happened to a booking."""
        event = _read(envelope, BookingEvent)
        news = booking_news.News(envelope.type, event, envelope.aggregate_sequence, envelope.occurred_at)
        await booking_news.tell(session, news, self._clock(), self._settings)

    async def registered(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """There is a new account."""
        event = _read(envelope, UserRegistered)
        await contacts.registered(session, event, envelope.aggregate_sequence, self._clock())

    async def email_verified(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """An address is proven."""
        await contacts.email_verified(session, _read(envelope, UserEmailVerified), self._clock())

    async def profile_updated(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """Name, language or time zone changed."""
        await contacts.profile_updated(session, _read(envelope, UserProfileUpdated), envelope.aggregate_sequence)

    async def signed_in(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """Somebody signed in; from a new device that is worth an alert."""
        event = _read(envelope, UserSignedIn)
        if event.is_new_device:
            data = {"at": event.at.isoformat(), "user_agent": event.user_agent, "ip_address": event.ip_address}
            await self._tell(session, envelope, event.user_id, Kind.NEW_SIGN_IN, str(envelope.id), data)

    async def password_changed(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """The password is another one."""
        event = _read(envelope, UserPasswordChanged)
        data = {"at": event.at.isoformat(), "by_reset": event.by_reset}
        await self._tell(session, envelope, event.user_id, Kind.PASSWORD_CHANGED, str(envelope.id), data)

    async def deleted(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """The account is gone."""
        await contacts.deleted(session, _read(envelope, UserDeleted).user_id, self._clock())

    async def mission_completed(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """A mission is completed."""
        event = _read(envelope, MissionCompleted)
        data = {
            "title_pt": event.title_pt,
            "title_en": event.title_en,
            "points": event.points,
            "badge": event.badge,
            "coupon_code": event.coupon_code,
        }
        # A mission that can be repeated is completed more than once, each time at another moment.
        cause = f"{event.mission_id}:{event.at.isoformat()}"
        await self._tell(session, envelope, event.user_id, Kind.MISSION_COMPLETED, cause, data)

    async def level_reached(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """A level is reached."""
        event = _read(envelope, LevelReached)
        data = {"level": event.level, "name_pt": event.name_pt, "name_en": event.name_en}
        cause = f"{event.level}:{event.at.isoformat()}"
        await self._tell(session, envelope, event.user_id, Kind.LEVEL_UP, cause, data)

    async def coupon_granted(self, session: WriteSession, envelope: EventEnvelope) -> None:
        """A coupon was granted."""
        event = _read(envelope, CouponGranted)
        data = {
            "coupon_code": event.code,
            "percent": event.percent,
            "amount_minor": event.amount_minor,
            "minimum_minor": event.minimum_minor,
            "currency": event.currency,
            "valid_until": event.valid_until.isoformat(),
        }
        await self._tell(session, envelope, event.user_id, Kind.COUPON_GRANTED, str(event.coupon_id), data)

    async def _tell(
        self,
        session: WriteSession,
        envelope: EventEnvelope,
        user_id: UUID,
        kind: Kind,
        cause_id: str,
        data: Mapping[str, object],
    ) -> None:
        contact = await contact_rows.get(session, user_id)
        zone = DEFAULT_TIME_ZONE if contact is None else contact.time_zone
        message = Message(
            user_id=user_id,
            kind=kind,
            cause_id=cause_id,
            data={**data, "time_zone": zone},
            expires_at=envelope.occurred_at + timedelta(hours=self._settings.stale_hours),
        )
        await notify(session, message, self._clock(), self._settings)


def _read(envelope: EventEnvelope, kind: type[StructT]) -> StructT:
    """The payload. Raises ``Reject`` when it is not one."""
    try:
        return msgspec.json.decode(envelope.payload, type=kind)
    except msgspec.MsgspecError as error:
        raise Reject(f"{envelope.type} has no payload that is a {kind.__name__}: {error}") from error
