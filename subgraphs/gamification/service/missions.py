"""Missions: written and published by admins, chosen by travelers, tried on the past."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.gamification.events import Cause
from subgraphs.gamification.models import Mission as MissionRow
from subgraphs.gamification.models import Traveler
from subgraphs.gamification.repository import activity, travelers
from subgraphs.gamification.repository import catalogue as tables
from subgraphs.gamification.rules.catalogue import Catalogue, Mission, MissionVersion
from subgraphs.gamification.rules.definitions import MissionDefinition
from subgraphs.gamification.rules.standing import standing
from subgraphs.gamification.rules.validation import InvalidDefinition, read_mission
from subgraphs.gamification.service import catalogue as rules
from subgraphs.gamification.service.errors import (
    AccountGone,
    CodeTaken,
    InvalidMission,
    InvalidValue,
    NothingToPublish,
    UnknownMission,
)
from subgraphs.gamification.service.settling import settle

CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,59}")
_BATCH: Final = 200
_POSITION: Final = 100


@dataclass(frozen=True, slots=True)
class MissionRecord:
    """A mission as admins see it."""

    row: MissionRow
    versions: tuple[tuple[int, Mapping[str, Any], datetime | None], ...]
    """Number, definition and moment of publishing, the oldest first; the last can be a draft."""


async def create(session: WriteSession, code: str, definition: Any, *, author_id: UUID, now: datetime) -> MissionRecord:
    """Write a new mission as a draft. The same code with the same draft again answers that mission.

    Raises:
        InvalidValue: the code is malformed.
        InvalidMission: the definition has mistakes.
        CodeTaken: there is a mission with the code that says something else.
    """
    if not CODE.fullmatch(code):
        raise InvalidValue("code", "code_malformed")
    await _checked(session, definition)
    mission_id = new_id()
    if not await tables.add_mission(session, mission_id, code, _POSITION):
        known = await tables.mission_by_code(session, code)
        assert known is not None  # missions are never deleted
        record = await read(session, known.id)
        if len(record.versions) == 1 and record.versions[0][1] == definition:
            return record
        raise CodeTaken
    await tables.write_draft(session, mission_id, definition, author_id, now)
    return await read(session, mission_id)


async def update(
    session: WriteSession, mission_id: UUID, definition: Any, *, author_id: UUID, now: datetime
) -> MissionRecord:
    """Write the mission's draft anew; what is published stays as it is until the draft is published.

    Raises:
        InvalidMission: the definition has mistakes.
        UnknownMission: there is none with the id.
    """
    await _checked(session, definition)
    if await tables.lock_mission(session, mission_id) is None:
        raise UnknownMission
    await tables.write_draft(session, mission_id, definition, author_id, now)
    return await read(session, mission_id)


async def publish(session: WriteSession, mission_id: UUID, now: datetime) -> MissionRecord:
    """Publish the draft: from now on it decides. Without a draft, what is published stays as it is.

    Raises:
        UnknownMission: there is none with the id.
        NothingToPublish: it has neither a draft nor anything published.
    """
    if await tables.lock_mission(session, mission_id) is None:
        raise UnknownMission
    if await tables.publish_draft(session, mission_id, now):
        await _changed(session, now)
    record = await read(session, mission_id)
    if all(published_at is None for _, _, published_at in record.versions):
        raise NothingToPublish
    return record


async def archive(session: WriteSession, mission_id: UUID, now: datetime) -> MissionRecord:
    """End a mission; what travelers completed stays theirs. Again changes nothing. Raises :class:`UnknownMission`."""
    if await tables.lock_mission(session, mission_id) is None:
        raise UnknownMission
    if await tables.archive(session, mission_id, now):
        await _changed(session, now)
    return await read(session, mission_id)


async def read(session: ReadSession, mission_id: UUID) -> MissionRecord:
    """A mission with all its versions. Raises :class:`UnknownMission`."""
    row = await session.get(MissionRow, mission_id, populate_existing=True)
    if row is None:
        raise UnknownMission
    versions = await tables.versions_of(session, mission_id)
    return MissionRecord(row, tuple((each.version, each.definition, each.published_at) for each in versions))


async def enrol(session: WriteSession, user_id: UUID, mission_id: UUID, now: datetime) -> Traveler:
    """Have a traveler choose a mission: what they do from now on counts. Again changes nothing.

    Raises:
        UnknownMission: there is none that is open.
        AccountGone: the account was deleted.
    """
    mission = (await rules.current(session)).missions_by_id.get(mission_id)
    if mission is None or not mission.is_open(now):
        raise UnknownMission
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is not None:
        raise AccountGone
    await activity.enrol(session, user_id, mission_id, now)
    await settle(session, traveler, now, Cause())
    return traveler


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a mission would have done."""

    travelers: int
    """Who did anything at all since then."""
    participants: int
    """Who would have made progress."""
    completed: int
    """Who would have completed it."""
    completions: int
    points: int
    coupons: int


async def dry_run(session: ReadSession, definition: Any, *, since: datetime, now: datetime) -> DryRun:
    """Try a definition on what travelers did since a moment, as if everybody had been enrolled. Changes nothing.

    Raises:
        InvalidMission: the definition has mistakes.
    """
    mission = await _checked(session, definition)
    trial = Mission(new_id(), "dry-run", 0, (MissionVersion(1, since, mission),))
    catalogue = Catalogue(missions=(trial,))
    everybody = {trial.id: since}
    seen = participants = completed = completions = 0
    last: UUID | None = None
    while ids := await activity.users_after(session, last, _BATCH):
        last = ids[-1]
        for activities in (await activity.of_users(session, ids, since=since)).values():
            seen += 1
            found = standing(activities, catalogue, everybody, now).missions.get(trial.id)
            if found is not None:
                participants += 1
                completed += bool(found.completed_at)
                completions += len(found.completed_at)
    rewards = mission.rewards
    return DryRun(
        travelers=seen,
        participants=participants,
        completed=completed,
        completions=completions,
        points=completions * rewards.points,
        coupons=completions if rewards.coupon is not None else 0,
    )


async def _checked(session: ReadSession, definition: Any) -> MissionDefinition:
    try:
        return read_mission(definition, (await rules.current(session)).badges)
    except InvalidDefinition as error:
        raise InvalidMission(error.mistakes) from error


async def _changed(session: WriteSession, now: datetime) -> None:
    await tables.bump(session)
    await travelers.make_all_due(session, now)
