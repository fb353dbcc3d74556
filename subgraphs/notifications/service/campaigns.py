"""Campaigns: one message to many who asked for it, behind everything that is urgent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.db import WriteSession, new_id
from subgraphs.notifications import events
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.repository import contacts, deliveries, feeds, notifications, preferences
from subgraphs.notifications.service.notify import CAPPED, Message, Recipient, is_wanted, plan
from subgraphs.notifications.settings import NotificationsSettings

AT_ONCE: Final = 500
"""Users in one transaction."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What to say, in both languages."""

    id: UUID
    title_pt: str
    title_en: str
    text_pt: str
    text_en: str
    path: str
    """Where it leads, on the platform's site."""


async def send(
    session: WriteSession,
    campaign: Campaign,
    user_ids: Sequence[UUID],
    now: datetime,
    settings: NotificationsSettings,
) -> int:
    """Put a campaign into the queue for those of ``user_ids`` who want it by any channel; return how many those are.

    The same campaign again reaches those whom it has not reached. Give :data:`AT_ONCE` users at most: their feeds stay
    locked until the commit.
    """
    if len(user_ids) > AT_ONCE:
        raise ValueError(f"at most {AT_ONCE} users in one transaction")
    choices = await preferences.choices_of(session, user_ids)
    readers = [
        user_id
        for user_id in sorted(set(user_ids))
        if any(is_wanted(Kind.CAMPAIGN, channel, choices[user_id]) for channel in Channel)
    ]
    sequences = await feeds.next_sequences(session, readers)
    if not sequences:
        return 0
    people = await _recipients(session, list(sequences), choices, now)
    data = {
        "title_pt": campaign.title_pt,
        "title_en": campaign.title_en,
        "text_pt": campaign.text_pt,
        "text_en": campaign.text_en,
        "path": campaign.path,
    }
    messages = {
        user_id: Message(user_id=user_id, kind=Kind.CAMPAIGN, cause_id=str(campaign.id), data=data)
        for user_id in sequences
    }
    added = await notifications.add_new(
        session,
        [
            {
                "id": new_id(),
                "user_id": user_id,
                "sequence": sequence,
                "kind": Kind.CAMPAIGN,
                "cause_id": str(campaign.id),
                "data": data,
                "booking_id": None,
                "is_in_app": is_wanted(Kind.CAMPAIGN, Channel.IN_APP, choices[user_id]),
                "created_at": now,
            }
            for user_id, sequence in sequences.items()
        ],
    )
    rows = []
    for notification in added:
        if notification.is_in_app:
            events.publish(session, notification)
        user_id = notification.user_id
        rows += list(plan(notification, messages[user_id], people[user_id], now, settings))
    await deliveries.add(session, rows)
    await deliveries.wake(session)
    return len(added)


async def _recipients(
    session: WriteSession,
    user_ids: Sequence[UUID],
    choices: dict[UUID, dict[tuple[Kind, Channel], bool]],
    now: datetime,
) -> dict[UUID, Recipient]:
    """What is known of users whose feeds are locked: a few queries for all."""
    known = await contacts.by_ids(session, user_ids)
    chosen = await preferences.settings_of(session, user_ids)
    browsers = await preferences.subscriptions_of(session, user_ids)
    sent = await deliveries.sent_since(session, user_ids, now - timedelta(days=1), CAPPED)
    return {
        user_id: Recipient(
            contact=known.get(user_id),
            settings=chosen.get(user_id),
            choices=choices[user_id],
            subscriptions=browsers[user_id],
            sent_today={channel: sent.get((user_id, channel), 0) for channel in Channel},
        )
        for user_id in user_ids
    }
