"""The table ``activity``: what travelers did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.gamification.models import ActivityRow, Enrolment
from subgraphs.gamification.rules.activity import Activity

_COLUMNS = (
    ActivityRow.event_id,
    ActivityRow.type,
    ActivityRow.occurred_at,
    ActivityRow.subject_id,
    ActivityRow.sequence,
    ActivityRow.data,
)


async def record(session: WriteSession, user_id: UUID, activity: Activity) -> bool:
    """Keep an activity; false when we have it already."""
    statement = (
        insert(ActivityRow)
        .values(
            event_id=activity.event_id,
            user_id=user_id,
            type=activity.type,
            occurred_at=activity.occurred_at,
            subject_id=activity.subject_id,
            sequence=activity.sequence,
            data=dict(activity.data),
        )
        .on_conflict_do_nothing()
        .returning(ActivityRow.event_id)
    )
    return await session.scalar(statement) is not None


async def of_user(session: ReadSession, user_id: UUID) -> list[Activity]:
    """Everything that a traveler did."""
    return (await of_users(session, [user_id])).get(user_id, [])


async def of_users(
    session: ReadSession, user_ids: Collection[UUID], *, since: datetime | None = None
) -> Mapping[UUID, list[Activity]]:
    """Everything that these travelers did, or all of it since a moment."""
    statement = select(ActivityRow.user_id, *_COLUMNS).where(ActivityRow.user_id.in_(user_ids))
    if since is not None:
        statement = statement.where(ActivityRow.occurred_at >= since)
    found: defaultdict[UUID, list[Activity]] = defaultdict(list)
    for user_id, *columns in await session.execute(statement):
        found[user_id].append(Activity(*columns))
    return found


async def users_after(session: ReadSession, last: UUID | None, limit: int) -> Sequence[UUID]:
    """Travelers who did something, in the order of their ids, behind ``last``."""
    statement = select(ActivityRow.user_id).distinct().order_by(ActivityRow.user_id).limit(limit)
    if last is not None:
        statement = statement.where(ActivityRow.user_id > last)
    return (await session.scalars(statement)).all()


async def forget(session: WriteSession, user_id: UUID) -> None:
    """Delete everything that a traveler did."""
    await session.execute(delete(ActivityRow).where(ActivityRow.user_id == user_id))
    await session.execute(delete(Enrolment).where(Enrolment.user_id == user_id))


async def enrolments(session: ReadSession, user_id: UUID) -> Mapping[UUID, datetime]:
    """When the traveler chose which missions."""
    return (await enrolments_of(session, [user_id])).get(user_id, {})


async def enrolments_of(session: ReadSession, user_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, datetime]]:
    """When these travelers chose which missions."""
    found: defaultdict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for row in await session.scalars(select(Enrolment).where(Enrolment.user_id.in_(user_ids))):
        found[row.user_id][row.mission_id] = row.enrolled_at
    return found


async def enrol(session: WriteSession, user_id: UUID, mission_id: UUID, at: datetime) -> None:
    """Have the traveler choose a mission; one that they chose before stays as it was."""
    await session.execute(
        insert(Enrolment).values(user_id=user_id, mission_id=mission_id, enrolled_at=at).on_conflict_do_nothing()
    )
