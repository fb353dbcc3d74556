"""Telling a user something: one notification for each cause, and a delivery for each channel that the user wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.db import WriteSession, new_id
from subgraphs.notifications import events
from subgraphs.notifications.kinds import OUTSIDE, RULES, Channel, Kind
from subgraphs.notifications.models import Contact, Notification, PushSubscription, RecipientSettings
from subgraphs.notifications.repository import contacts, deliveries, feeds, notifications, preferences, schedules
from subgraphs.notifications.settings import NotificationsSettings

CAPPED = tuple(kind for kind, rule in RULES.items() if rule.is_capped)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell a user."""

    user_id: UUID
    kind: Kind
    cause_id: str
    """What it is about: of one kind it is told once."""
    data: Mapping[str, Any]
    """What the words need, as JSON."""
    booking_id: UUID | None = None
    expires_at: datetime | None = None
    """When a delivery is of no use any more."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is known of a user before something is sent to them."""

    contact: Contact | None = None
    settings: RecipientSettings | None = None
    choices: preferences.Choices = field(default_factory=dict)
    subscriptions: Sequence[PushSubscription] = ()
    sent_today: Mapping[str, int] = field(default_factory=dict)
    """Of the kinds that are capped, by channel."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the user lives."""
        return ZoneInfo(DEFAULT_TIME_ZONE if self.contact is None else self.contact.time_zone)


def is_wanted(kind: Kind, channel: Channel, choices: preferences.Choices) -> bool:
    """Whether a user who chose ``choices`` gets ``kind`` by ``channel``."""
    rule = RULES[kind]
    if channel in rule.unavailable:
        return False
    if not rule.can_be_switched_off and channel in rule.channels:
        return True
    return choices.get((kind, channel), channel in rule.channels)


async def notify(
    session: WriteSession, message: Message, now: datetime, settings: NotificationsSettings
) -> Notification | None:
    """Tell a user something; ``None`` when they were told before, or are gone.

    Locks the user's feed, so what is counted here (the sequence, the day's messages) cannot change meanwhile.
    """
    sequence = await feeds.next_sequence(session, message.user_id)
    if sequence is None:
        return None
    recipient = await recipient_of(session, message.user_id, now, is_capped=RULES[message.kind].is_capped)
    added = await notifications.add_new(session, [_row(message, recipient, sequence, now)])
    if not added:
        return None
    notification = added[0]
    if notification.is_in_app:
        events.publish(session, notification)
    planned = list(plan(notification, message, recipient, now, settings))
    if any(row["state"] == "HELD" for row in planned):
        await _expect_digest(session, message.user_id, recipient, now, settings)
    if planned:
        await deliveries.add(session, planned)
        await deliveries.wake(session)
    return notification


async def recipient_of(session: WriteSession, user_id: UUID, now: datetime, *, is_capped: bool) -> Recipient:
    """What is known of a user whose feed is locked; the day's messages only where they count."""
    sent = await deliveries.sent_since(session, [user_id], now - _A_DAY, CAPPED) if is_capped else {}
    return Recipient(
        contact=await contacts.get(session, user_id),
        settings=(await preferences.settings_of(session, [user_id])).get(user_id),
        choices=(await preferences.choices_of(session, [user_id]))[user_id],
        subscriptions=(await preferences.subscriptions_of(session, [user_id]))[user_id],
        sent_today={channel: count for (_, channel), count in sent.items()},
    )


def plan(
    notification: Notification,
    message: Message,
    recipient: Recipient,
    now: datetime,
    settings: NotificationsSettings,
) -> Iterable[dict[str, Any]]:
    """The deliveries of a notification, as rows of the queue."""
    kind = message.kind
    rule = RULES[kind]
    at = quiet_until(now, recipient) if rule.can_wait else now
    for channel in OUTSIDE:
        if not is_wanted(kind, channel, recipient.choices):
            continue
        if rule.is_capped and recipient.sent_today.get(channel, 0) >= settings.daily_cap:
            continue
        for target in _targets(channel, recipient):
            is_held = rule.in_digest and channel is Channel.EMAIL and _has_digest(recipient)
            yield {
                "id": new_id(),
                "notification_id": notification.id,
                "user_id": message.user_id,
                "kind": kind,
                "channel": channel,
                "target": target,
                "priority": int(rule.priority),
                "state": "HELD" if is_held else "PENDING",
                "next_attempt_at": at,
                "expires_at": message.expires_at,
                "created_at": now,
            }


def quiet_until(now: datetime, recipient: Recipient) -> datetime:
    """When the user may be disturbed: now, or the end of the quiet hours that it is in."""
    chosen = recipient.settings
    if chosen is None or chosen.quiet_from is None or chosen.quiet_until is None:
        return now
    local = now.astimezone(recipient.zone)
    begin, end, clock = chosen.quiet_from, chosen.quiet_until, local.time()
    if begin == end:
        return now
    is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    return next_local(now, recipient.zone, end) if is_quiet else now


def next_local(now: datetime, zone: ZoneInfo, clock: time) -> datetime:
    """The next moment, later than ``now``, at which a clock in ``zone`` shows this time."""
    local = now.astimezone(zone)
    candidate = datetime.combine(local.date(), clock, tzinfo=zone)
    if candidate.astimezone(UTC) <= now:
        candidate = datetime.combine(local.date() + _A_DAY, clock, tzinfo=zone)
    return candidate.astimezone(UTC)


def _row(message: Message, recipient: Recipient, sequence: int, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "user_id": message.user_id,
        "sequence": sequence,
        "kind": message.kind,
        "cause_id": message.cause_id,
        "data": dict(message.data),
        "booking_id": message.booking_id,
        "is_in_app": is_wanted(message.kind, Channel.IN_APP, recipient.choices),
        "created_at": now,
    }


def _targets(channel: Channel, recipient: Recipient) -> Iterable[str]:
    match channel:
        case Channel.PUSH:
            return [str(subscription.id) for subscription in recipient.subscriptions]
        case Channel.SMS:
            has_number = recipient.settings is not None and recipient.settings.phone_number is not None
            return [""] if has_number else []
    return [""]  # an address that is not known yet is waited for


def _has_digest(recipient: Recipient) -> bool:
    return recipient.settings is not None and recipient.settings.has_daily_digest


async def _expect_digest(
    session: WriteSession, user_id: UUID, recipient: Recipient, now: datetime, settings: NotificationsSettings
) -> None:
    """There is to be a digest at its next hour. That hour is also its cause, so a day has one."""
    due_at = next_local(now, recipient.zone, time(settings.digest_hour))
    await schedules.put(
        session,
        user_id=user_id,
        kind=Kind.DIGEST,
        cause_id=due_at.isoformat(),
        sequence=1,
        due_at=due_at,
        data={},
        booking_id=None,
    )
