"""The tables of the rules of the game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.gamification.models import (
    AchievementRow,
    CatalogueRevision,
    EarningRuleRow,
    LevelRow,
    Mission,
    MissionVersion,
)


async def revision(session: ReadSession) -> UUID:
    """Changes whenever anything here does."""
    found: UUID | None = await session.scalar(select(CatalogueRevision.revision))
    assert found is not None  # a migration put it there
    return found


async def bump(session: WriteSession) -> None:
    """Have every process read the rules again. Writers of rules wait for each other here."""
    await session.execute(update(CatalogueRevision).values(revision=new_id()))


async def missions(session: ReadSession) -> Sequence[tuple[Mission, MissionVersion]]:
    """All published versions of all missions, by mission in their order, the oldest first."""
    rows = await session.execute(
        select(Mission, MissionVersion)
        .join(MissionVersion, MissionVersion.mission_id == Mission.id)
        .where(MissionVersion.published_at.is_not(None))
        .order_by(Mission.position, Mission.id, MissionVersion.version)
    )
    return [(mission, version) for mission, version in rows]


async def achievements(session: ReadSession) -> Sequence[AchievementRow]:
    """All achievements in their order."""
    return (await session.scalars(select(AchievementRow).order_by(AchievementRow.position, AchievementRow.code))).all()


async def levels(session: ReadSession) -> Sequence[LevelRow]:
    """All levels from the lowest."""
    return (await session.scalars(select(LevelRow).order_by(LevelRow.position))).all()


async def earning_rules(session: ReadSession) -> Sequence[EarningRuleRow]:
    """All earning rules."""
    return (await session.scalars(select(EarningRuleRow).order_by(EarningRuleRow.code))).all()


async def add_mission(session: WriteSession, mission_id: UUID, code: str, position: int) -> bool:
    """A new mission; false when its code is taken."""
    statement = (
        insert(Mission)
        .values(id=mission_id, code=code, position=position)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(Mission.id)
    )
    return await session.scalar(statement) is not None


async def lock_mission(session: WriteSession, mission_id: UUID) -> Mission | None:
    """A mission, for us alone until the transaction ends; progress in it may be written meanwhile."""
    return await session.scalar(
        select(Mission)
        .where(Mission.id == mission_id)
        .with_for_update(key_share=True)  # or who writes progress would wait for us, and we for their traveler
        .execution_options(populate_existing=True)
    )


async def mission_by_code(session: ReadSession, code: str) -> Mission | None:
    """A mission by its code."""
    return await session.scalar(select(Mission).where(Mission.code == code))


async def versions_of(session: ReadSession, mission_id: UUID) -> Sequence[MissionVersion]:
    """All versions of a mission, the oldest first, drafts too."""
    return (
        await session.scalars(
            select(MissionVersion).where(MissionVersion.mission_id == mission_id).order_by(MissionVersion.version)
        )
    ).all()


async def write_draft(
    session: WriteSession, mission_id: UUID, definition: Mapping[str, Any], author_id: UUID, now: datetime
) -> None:
    """Replace the draft of a mission whose row the caller holds, or begin one behind its newest version."""
    values = {"definition": dict(definition), "author_id": author_id, "updated_at": now}
    replaced = await session.scalar(
        update(MissionVersion)
        .where(MissionVersion.mission_id == mission_id, MissionVersion.published_at.is_(None))
        .values(**values)
        .returning(MissionVersion.version)
    )
    if replaced is None:
        newest = await session.scalar(
            select(func.max(MissionVersion.version)).where(MissionVersion.mission_id == mission_id)
        )
        await session.execute(insert(MissionVersion).values(mission_id=mission_id, version=(newest or 0) + 1, **values))


async def publish_draft(session: WriteSession, mission_id: UUID, now: datetime) -> bool:
    """Publish the draft of a mission whose row the caller holds; false when there is none."""
    published = await session.scalar(
        update(MissionVersion)
        .where(MissionVersion.mission_id == mission_id, MissionVersion.published_at.is_(None))
        .values(published_at=now, effective_from=now)
        .returning(MissionVersion.version)
    )
    return published is not None


async def archive(session: WriteSession, mission_id: UUID, now: datetime) -> bool:
    """End a mission; false when it has ended already."""
    archived = await session.scalar(
        update(Mission)
        .where(Mission.id == mission_id, Mission.archived_at.is_(None))
        .values(archived_at=now)
        .returning(Mission.id)
    )
    return archived is not None


async def drafts(session: ReadSession) -> Sequence[tuple[Mission, MissionVersion]]:
    """The drafts of all missions, in the missions' order."""
    rows = await session.execute(
        select(Mission, MissionVersion)
        .join(MissionVersion, MissionVersion.mission_id == Mission.id)
        .where(MissionVersion.published_at.is_(None))
        .order_by(Mission.position, Mission.id)
    )
    return [(mission, version) for mission, version in rows]


async def add_earning_rule(session: WriteSession, code: str, definition: Mapping[str, Any]) -> bool:
    """A new earning rule; false when its code is taken."""
    statement = (
        insert(EarningRuleRow)
        .values(code=code, definition=dict(definition))
        .on_conflict_do_nothing()
        .returning(EarningRuleRow.code)
    )
    return await session.scalar(statement) is not None


async def earning_rule(session: WriteSession, code: str) -> EarningRuleRow | None:
    """An earning rule, for us alone until the transaction ends."""
    return await session.scalar(
        select(EarningRuleRow)
        .where(EarningRuleRow.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
