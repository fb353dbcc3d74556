"""What is decided just before a message goes out: to which address, in which words, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.config import PlatformSettings
from shared.db import Database, ReadSession
from subgraphs.notifications.channels.port import Address, Outgoing, PushAddress
from subgraphs.notifications.kinds import RULES, Channel, Kind, Priority, is_locked
from subgraphs.notifications.links import link_of
from subgraphs.notifications.models import Contact, Delivery, Notification
from subgraphs.notifications.repository import contacts, deliveries, notifications, preferences
from subgraphs.notifications.secrets import Secrets
from subgraphs.notifications.service.notify import is_wanted
from subgraphs.notifications.settings import NotificationsSettings
from subgraphs.notifications.words import Language, Words, language_of, words_of


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Not at all."""

    state: str
    """``CANCELLED`` or ``DEAD``."""
    reason: str


class Preparer:
    """Prepares deliveries that are leased."""

    def __init__(
        self, database: Database, platform: PlatformSettings, settings: NotificationsSettings, secrets: Secrets
    ) -> None:
        self._database = database
        self._site = platform.public_url.rstrip("/")
        self._settings = settings
        self._secrets = secrets

    async def prepare(self, delivery: Delivery, now: datetime) -> Outgoing | Wait | Drop:
        """The message to send, or why not."""
        if delivery.expires_at is not None and delivery.expires_at <= now:
            return Drop("CANCELLED", "expired")
        if delivery.unanswered >= deliveries.MOST_UNANSWERED:
            return Drop("DEAD", "unanswered_twice")
        kind, channel = Kind(delivery.kind), Channel(delivery.channel)
        async with self._database.read() as session:
            notification = (await notifications.by_ids(session, [delivery.notification_id])).get(
                delivery.notification_id
            )
            if notification is None:
                return Drop("CANCELLED", "forgotten")
            choices = (await preferences.choices_of(session, [delivery.user_id]))[delivery.user_id]
            if kind is not Kind.DIGEST and not is_wanted(kind, channel, choices):
                return Drop("CANCELLED", "switched_off")
            contact = await contacts.get(session, delivery.user_id)
            address = await self._address(session, delivery, channel, contact, now)
            if not isinstance(address, Address):
                return address
            language = language_of("pt-BR" if contact is None else contact.locale)
            words = await self._words(session, kind, language, notification)
        is_name_safe = contact is not None and contact.is_email_verified
        return Outgoing(
            delivery_id=delivery.id,
            notification_id=notification.id,
            kind=kind,
            priority=Priority(delivery.priority),
            address=address,
            words=words,
            language=language,
            link=notification.data.get("url") or f"{self._site}{link_of(kind, notification.data)}",
            recipient_name=contact.display_name if contact is not None and is_name_safe else None,
            unsubscribe_url=self._unsubscribe_url(delivery.user_id, kind, channel),
        )

    async def _address(
        self, session: ReadSession, delivery: Delivery, channel: Channel, contact: Contact | None, now: datetime
    ) -> Address | Wait | Drop:
        if channel is Channel.PUSH:
            browser = await preferences.subscription(session, UUID(delivery.target))
            if browser is None or browser.user_id != delivery.user_id:
                return Drop("CANCELLED", "unsubscribed")
            return Address(push=PushAddress(browser.endpoint, browser.p256dh, browser.auth))
        if channel is Channel.SMS:
            chosen = (await preferences.settings_of(session, [delivery.user_id])).get(delivery.user_id)
            given = None if chosen is None else chosen.phone_number
            if given is None:
                return Drop("CANCELLED", "no_address")
        else:
            given = None if contact is None else contact.email
            if given is None:
                # Bookings can be quicker than users. The first word of users about them ends the wait at once.
                if now - delivery.created_at > timedelta(hours=self._settings.contact_wait_hours):
                    return Drop("DEAD", "no_address")
                return Wait(now + timedelta(minutes=10), "no_address")
        suppressed = await deliveries.suppression(session, channel, self._secrets.address_digest(channel, given))
        if suppressed is not None:
            return Drop("CANCELLED", f"suppressed: {suppressed}")
        return Address(phone=given) if channel is Channel.SMS else Address(email=given)

    async def _words(self, session: ReadSession, kind: Kind, language: Language, notification: Notification) -> Words:
        if kind is not Kind.DIGEST:
            return words_of(kind, language, notification.data)
        parts = await notifications.by_ids(session, [UUID(each) for each in notification.data["notification_ids"]])
        ordered = sorted(parts.values(), key=lambda row: row.sequence)
        items = [words_of(Kind(part.kind), language, part.data) for part in ordered]
        return words_of(kind, language, notification.data, items=items)

    def _unsubscribe_url(self, user_id: UUID, kind: Kind, channel: Channel) -> str | None:
        if channel is not Channel.EMAIL or (is_locked(kind, channel) and kind is not Kind.DIGEST):
            return None
        if not RULES[kind].can_be_switched_off:
            return None
        token = self._secrets.unsubscribe_token(user_id, kind, channel)
        return f"{self._settings.public_url.rstrip('/')}/unsubscribe/{token}"
