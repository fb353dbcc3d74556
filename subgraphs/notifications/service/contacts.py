"""Who is who: what users tells of its accounts, and forgetting those that are deleted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.contracts.users import DEFAULT_TIME_ZONE, UserEmailVerified, UserProfileUpdated, UserRegistered
from shared.db import WriteSession
from subgraphs.notifications.repository import contacts, deliveries, feeds, notifications
from subgraphs.notifications.words import language_of

_DEFAULT_LOCALE = "pt-BR"


async def registered(session: WriteSession, event: UserRegistered, sequence: int, now: datetime) -> None:
    """There is a new account. Mail that waits for its address goes out."""
    if not await feeds.lock(session, event.user_id):
        return
    await contacts.put_profile(
        session,
        event.user_id,
        sequence=sequence,
        display_name=event.display_name,
        locale=language_of(event.locale),
        time_zone=_known_zone(event.time_zone),
        email=event.email,
    )
    await deliveries.expect_address(session, event.user_id, now)
    await deliveries.wake(session)


async def profile_updated(session: WriteSession, event: UserProfileUpdated, sequence: int) -> None:
    """Name, language or time zone are others."""
    if await feeds.lock(session, event.user_id):
        await contacts.put_profile(
            session,
            event.user_id,
            sequence=sequence,
            display_name=event.display_name,
            locale=language_of(event.locale),
            time_zone=_known_zone(event.time_zone),
        )


async def email_verified(session: WriteSession, event: UserEmailVerified, now: datetime) -> None:
    """The address is the user's own."""
    if not await feeds.lock(session, event.user_id):
        return
    await contacts.put_verified_email(
        session, event.user_id, event.email, locale=_DEFAULT_LOCALE, time_zone=DEFAULT_TIME_ZONE
    )
    await deliveries.expect_address(session, event.user_id, now)
    await deliveries.wake(session)


async def deleted(session: WriteSession, user_id: UUID, now: datetime) -> None:
    """Forget a user (LGPD, article 18): addresses, choices, messages and their log. What comes late is refused."""
    await feeds.forget(session, user_id, now)
    await notifications.delete_everything(session, user_id)


def _known_zone(name: str) -> str:
    """The time zone, if this machine knows it."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return DEFAULT_TIME_ZONE
