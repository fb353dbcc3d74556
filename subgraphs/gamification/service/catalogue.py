"""The rules of the game as the database has them: read once, and again when they have changed."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from shared.db import ReadSession
from subgraphs.gamification.repository import catalogue as tables
from subgraphs.gamification.rules.catalogue import Achievement, Catalogue, Level, Mission, MissionVersion
from subgraphs.gamification.rules.validation import read_achievement, read_earning_rule, read_level, read_mission

_known: Final[dict[UUID, Catalogue]] = {}
"""The newest one that this process has read. A revision is unique, so it needs no lock and never grows stale."""


async def current(session: ReadSession) -> Catalogue:
    """The rules as they are now: one query, unless they have changed."""
    revision = await tables.revision(session)
    found = _known.get(revision)
    if found is None:
        found = await _read(session)
        _known.clear()
        _known[revision] = found
    return found


async def _read(session: ReadSession) -> Catalogue:
    achievements = [
        Achievement(row.code, row.position, read_achievement(row.definition))
        for row in await tables.achievements(session)
    ]
    badges = {each.code for each in achievements if each.definition.rule is None}
    missions: dict[UUID, Mission] = {}
    for row, version in await tables.missions(session):
        assert version.effective_from is not None  # it is published
        read = MissionVersion(version.version, version.effective_from, read_mission(version.definition, badges))
        known = missions.get(row.id)
        versions = (read,) if known is None else (*known.versions, read)
        missions[row.id] = Mission(row.id, row.code, row.position, versions, row.archived_at)
    return Catalogue(
        missions=tuple(missions.values()),
        achievements=achievements,
        levels=[Level(row.position, read_level(row.definition)) for row in await tables.levels(session)],
        earning=[read_earning_rule(row.definition) for row in await tables.earning_rules(session)],
    )
