"""The tables ``deliveries`` and ``delivery_attempts``: the queue, and the log of what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.notifications.kinds import Channel, Kind, Priority
from subgraphs.notifications.models import Delivery, DeliveryAttempt, ProviderReport, Suppression

WAKE_CHANNEL: Final = "notification_deliveries"
MOST_UNANSWERED: Final = 2
"""A message whose fate nobody knows is sent once more, not oftener."""
SETTLED: Final = ("SENT", "DIGESTED", "DEAD", "CANCELLED", "BOUNCED")


async def add(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put deliveries into the queue; one that is there already stays as it is."""
    if rows:
        statement = insert(Delivery).values([dict(row) for row in rows])
        await session.execute(statement.on_conflict_do_nothing(index_elements=["notification_id", "channel", "target"]))


async def wake(session: WriteSession) -> None:
    """Tell the workers, after the commit, that there is something to send."""
    await session.execute(select(func.pg_notify(WAKE_CHANNEL, "")))


async def lease(
    session: WriteSession,
    *,
    owner: str,
    now: datetime,
    seconds: float,
    limit: int,
    channels: Collection[Channel],
    lowest: Priority = Priority.CAMPAIGN,
) -> Sequence[Delivery]:
    """Take deliveries that are due, the most urgent first. Workers skip rows that another is just taking.

    Args:
        session: A transaction of its own.
        owner: Who takes them.
        now: The present moment.
        seconds: For how long.
        limit: How many at most.
        channels: Only of these.
        lowest: Nothing less urgent than this.
    """
    due = (
        select(Delivery.id)
        .where(
            Delivery.state == "PENDING",
            Delivery.next_attempt_at <= now,
            or_(Delivery.leased_until.is_(None), Delivery.leased_until < now),
            Delivery.channel.in_([channel.value for channel in channels]),
            Delivery.priority <= int(lowest),
        )
        .order_by(Delivery.priority, Delivery.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(leased_until=now + timedelta(seconds=seconds), lease_owner=owner)
        .returning(Delivery)
    )
    rows = (await session.scalars(statement, execution_options={"populate_existing": True})).all()
    return sorted(rows, key=lambda row: (row.priority, row.next_attempt_at))


def _ours(leased: Delivery, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.id == leased.id,
        Delivery.state == "PENDING",
        Delivery.lease_owner == leased.lease_owner,
        Delivery.leased_until > now,
    )


async def begin(session: WriteSession, leased: Delivery, provider: str, now: datetime) -> int | None:
    """Note, before the provider is asked, that it will be; return the number of the attempt.

    ``None`` when the delivery is no longer ours, or when its fate is unknown twice already.
    """
    statement = (
        update(Delivery)
        .where(*_ours(leased, now), Delivery.unanswered < MOST_UNANSWERED)
        .values(attempts=Delivery.attempts + 1, unanswered=Delivery.unanswered + 1)
        .returning(Delivery.attempts)
    )
    number = (await session.execute(statement)).scalar_one_or_none()
    if number is not None:
        session.add(DeliveryAttempt(delivery_id=leased.id, number=number, provider=provider, started_at=now))
    return number


async def end(
    session: WriteSession,
    leased: Delivery,
    number: int,
    *,
    outcome: str,
    now: datetime,
    detail: str | None,
    values: Mapping[str, Any],
) -> bool:
    """Write down what the provider answered to attempt ``number``; ``False`` when the delivery is gone or not ours.

    The lease may have run out meanwhile: what is known is known, unless another attempt has begun.
    """
    statement = (
        update(Delivery)
        .where(Delivery.id == leased.id, Delivery.state == "PENDING", Delivery.attempts == number)
        .values(unanswered=Delivery.unanswered - 1, leased_until=None, lease_owner=None, **values)
        .returning(Delivery.id)
    )
    is_ours = (await session.execute(statement)).one_or_none() is not None
    await session.execute(
        update(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id == leased.id, DeliveryAttempt.number == number)
        .values(outcome=outcome, ended_at=now, detail=detail)
    )
    return is_ours


async def leave_unanswered(
    session: WriteSession, leased: Delivery, number: int, *, now: datetime, detail: str, next_attempt_at: datetime
) -> None:
    """Nobody knows what became of attempt ``number``: say so, and let the delivery be taken up again later."""
    await session.execute(
        update(Delivery)
        .where(Delivery.id == leased.id, Delivery.state == "PENDING", Delivery.attempts == number)
        .values(next_attempt_at=next_attempt_at, leased_until=None, lease_owner=None, reason=detail)
    )
    await session.execute(
        update(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id == leased.id, DeliveryAttempt.number == number)
        .values(ended_at=now, detail=detail)
    )


async def put_off(session: WriteSession, leased: Delivery, now: datetime, *, until: datetime, reason: str) -> None:
    """Let a leased delivery wait; no attempt was made."""
    await session.execute(
        update(Delivery)
        .where(*_ours(leased, now))
        .values(next_attempt_at=until, leased_until=None, lease_owner=None, reason=reason)
    )


async def settle(session: WriteSession, leased: Delivery, now: datetime, *, state: str, reason: str | None) -> None:
    """End a leased delivery without an attempt."""
    await session.execute(
        update(Delivery)
        .where(*_ours(leased, now))
        .values(state=state, reason=reason, settled_at=now, leased_until=None, lease_owner=None)
    )


async def release(session: WriteSession, leased: Collection[Delivery], now: datetime) -> None:
    """Give leased deliveries back at once."""
    for delivery in leased:
        await session.execute(update(Delivery).where(*_ours(delivery, now)).values(leased_until=None, lease_owner=None))


async def expect_address(session: WriteSession, user_id: UUID, now: datetime) -> None:
    """The user's address is known now: send what waits for it."""
    await session.execute(
        update(Delivery)
        .where(Delivery.user_id == user_id, Delivery.state == "PENDING", Delivery.reason == "no_address")
        .values(next_attempt_at=now)
    )


async def sent_since(session: ReadSession, user_ids: Collection[UUID], since: datetime, kinds: Collection[Kind]
) -> dict[tuple[UUID, str], int]:  # fmt: skip
    """How many deliveries of these kinds each user has had or will have, by channel, that are not older."""
    statement = (
        select(Delivery.user_id, Delivery.channel, func.count(func.distinct(Delivery.notification_id)))
        .where(
            Delivery.user_id.in_(user_ids),
            Delivery.created_at > since,
            Delivery.kind.in_([kind.value for kind in kinds]),
            Delivery.state.in_(["PENDING", "SENT"]),
        )
        .group_by(Delivery.user_id, Delivery.channel)
    )
    return {(user_id, channel): count for user_id, channel, count in await session.execute(statement)}


async def take_held(session: WriteSession, user_id: UUID, now: datetime) -> Sequence[UUID]:
    """Take what is held for the user's digest; return the notifications, the oldest first. Under the feed's lock."""
    statement = (
        update(Delivery)
        .where(Delivery.user_id == user_id, Delivery.state == "HELD")
        .values(state="DIGESTED", settled_at=now)
        .returning(Delivery.id, Delivery.notification_id)
    )
    return [row.notification_id for row in sorted(await session.execute(statement), key=lambda row: row.id)]


async def release_held(session: WriteSession, user_id: UUID, now: datetime) -> None:
    """Send one by one what is held for a digest that the user no longer wants."""
    await session.execute(
        update(Delivery)
        .where(Delivery.user_id == user_id, Delivery.state == "HELD")
        .values(state="PENDING", next_attempt_at=now)
    )


async def retry(session: WriteSession, delivery_id: UUID, now: datetime) -> bool:
    """Let a dead delivery be tried again from the start; ``False`` unless it is dead."""
    statement = (
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == "DEAD")
        .values(
            state="PENDING",
            unanswered=0,
            next_attempt_at=now,
            expires_at=None,
            settled_at=None,
            reason=None,
            leased_until=None,
            lease_owner=None,
        )
        .returning(Delivery.id)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """The deliveries with these ids."""
    return {row.id: row for row in await session.scalars(select(Delivery).where(Delivery.id.in_(ids)))}


async def listed(
    session: ReadSession, *, states: Collection[str], user_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Delivery]:
    """Deliveries, the newest first."""
    statement = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    if states:
        statement = statement.where(Delivery.state.in_(states))
    if user_id is not None:
        statement = statement.where(Delivery.user_id == user_id)
    if before is not None:
        statement = statement.where(Delivery.id < before)
    return (await session.scalars(statement)).all()


async def attempts_of(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Sequence[DeliveryAttempt]]:
    """The attempts at deliveries, the first one first."""
    found: dict[UUID, list[DeliveryAttempt]] = {delivery_id: [] for delivery_id in ids}
    statement = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id.in_(found))
        .order_by(DeliveryAttempt.delivery_id, DeliveryAttempt.number)
    )
    for row in await session.scalars(statement):
        found[row.delivery_id].append(row)
    return dict(found)


async def bounce(session: WriteSession, provider_id: str, now: datetime, reason: str) -> Delivery | None:
    """Note that a message that went out came back; ``None`` when we know of none."""
    statement = (
        update(Delivery)
        .where(Delivery.provider_id == provider_id, Delivery.state.in_(["SENT", "PENDING"]))
        .values(state="BOUNCED", reason=reason, settled_at=now)
        .returning(Delivery)
    )
    return (await session.scalars(statement)).one_or_none()


async def suppress(session: WriteSession, channel: Channel, digest: str, reason: str) -> None:
    """Send nothing to an address any more."""
    statement = insert(Suppression).values(channel=channel, address_digest=digest, reason=reason)
    await session.execute(statement.on_conflict_do_nothing())


async def suppression(session: ReadSession, channel: Channel, digest: str) -> str | None:
    """Why an address takes nothing; ``None`` when it does."""
    return await session.scalar(
        select(Suppression.reason).where(Suppression.channel == channel, Suppression.address_digest == digest)
    )


async def add_report_if_new(session: WriteSession, provider: str, event_id: str) -> bool:
    """Remember a webhook; ``False`` when it came before."""
    statement = insert(ProviderReport).values(provider=provider, event_id=event_id).on_conflict_do_nothing()
    return (await session.execute(statement.returning(ProviderReport.provider))).one_or_none() is not None
