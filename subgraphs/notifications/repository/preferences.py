"""What users chose: the tables ``preferences``, ``recipient_settings`` and ``push_subscriptions``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.models import Preference, PushSubscription, RecipientSettings

Choices = Mapping[tuple[Kind, Channel], bool]


async def choices_of(session: ReadSession, user_ids: Collection[UUID]) -> dict[UUID, dict[tuple[Kind, Channel], bool]]:
    """What each user chose otherwise than the rule of the kind."""
    found: dict[UUID, dict[tuple[Kind, Channel], bool]] = {user_id: {} for user_id in user_ids}
    for row in await session.scalars(select(Preference).where(Preference.user_id.in_(found))):
        found[row.user_id][Kind(row.kind), Channel(row.channel)] = row.is_enabled
    return found


async def put_choices(session: WriteSession, user_id: UUID, choices: Choices) -> None:
    """Write choices over those that there are."""
    if not choices:
        return
    rows = [
        {"user_id": user_id, "kind": kind, "channel": channel, "is_enabled": is_enabled}
        for (kind, channel), is_enabled in sorted(choices.items())
    ]
    statement = insert(Preference).values(rows)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "kind", "channel"], set_={"is_enabled": statement.excluded.is_enabled}
        )
    )


async def settings_of(session: ReadSession, user_ids: Collection[UUID]) -> dict[UUID, RecipientSettings]:
    """The settings of users; those who never chose anything are missing."""
    rows = await session.scalars(select(RecipientSettings).where(RecipientSettings.user_id.in_(user_ids)))
    return {row.user_id: row for row in rows}


async def put_settings(session: WriteSession, user_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the columns in ``values``; the others stay."""
    if not values:
        return
    statement = insert(RecipientSettings).values(user_id=user_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={**{name: statement.excluded[name] for name in values}, "updated_at": func.now()},
        )
    )


async def subscriptions_of(session: ReadSession, user_ids: Collection[UUID]) -> dict[UUID, Sequence[PushSubscription]]:
    """The browsers of users, the oldest first."""
    found: dict[UUID, list[PushSubscription]] = {user_id: [] for user_id in user_ids}
    statement = select(PushSubscription).where(PushSubscription.user_id.in_(found)).order_by(PushSubscription.id)
    for row in await session.scalars(statement):
        found[row.user_id].append(row)
    return dict(found)


async def subscription(session: ReadSession, subscription_id: UUID) -> PushSubscription | None:
    """A browser."""
    return await session.get(PushSubscription, subscription_id, populate_existing=True)


async def put_subscription(
    session: WriteSession, user_id: UUID, *, endpoint: str, p256dh: str, auth: str, label: str | None
) -> PushSubscription:
    """Add a browser. One that is known becomes this user's: whoever signed in there last gets its messages."""
    statement = insert(PushSubscription).values(
        id=new_id(), user_id=user_id, endpoint=endpoint, p256dh=p256dh, auth=auth, label=label
    )
    names = ("user_id", "p256dh", "auth", "label")
    statement = statement.on_conflict_do_update(
        index_elements=["endpoint"], set_={name: statement.excluded[name] for name in names}
    )
    returning = statement.returning(PushSubscription)
    return (await session.scalars(returning, execution_options={"populate_existing": True})).one()


async def keep_newest_subscriptions(session: WriteSession, user_id: UUID, count: int) -> None:
    """Remove the oldest browsers of a user above ``count``. Under the lock of the feed."""
    newest = (
        select(PushSubscription.id)
        .where(PushSubscription.user_id == user_id)
        .order_by(PushSubscription.id.desc())
        .limit(count)
    )
    await session.execute(
        delete(PushSubscription).where(PushSubscription.user_id == user_id, PushSubscription.id.not_in(newest))
    )


async def delete_subscription(session: WriteSession, subscription_id: UUID, user_id: UUID | None = None) -> bool:
    """Remove a browser; of ``user_id`` only, when given. ``False`` when there is none."""
    statement = delete(PushSubscription).where(PushSubscription.id == subscription_id)
    if user_id is not None:
        statement = statement.where(PushSubscription.user_id == user_id)
    return (await session.execute(statement.returning(PushSubscription.id))).one_or_none() is not None
