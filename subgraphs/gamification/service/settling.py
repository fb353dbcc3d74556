"""Settles a traveler: works out where they stand, and makes points, progress, badges and level say so.

Everything that may have changed a standing ends here: an event, an enrolment, new rules, or time. It is the same
calculation each time, so doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from shared.contracts.gamification import LevelReached, MissionCompleted
from shared.db import WriteSession
from subgraphs.gamification.events import AchievementReached, Cause, MissionProgressed, PointsChanged, publish
from subgraphs.gamification.models import Badge, Progress, Traveler
from subgraphs.gamification.repository import activity, progress, travelers
from subgraphs.gamification.rules.catalogue import Catalogue, Mission
from subgraphs.gamification.rules.standing import MissionStanding, Standing, standing
from subgraphs.gamification.service import catalogue as rules
from subgraphs.gamification.service import coupons
from subgraphs.gamification.service.grants import bring_into_line


async def settle(session: WriteSession, traveler: Traveler, now: datetime, cause: Cause) -> None:
    """Bring everything that follows from the activities of the traveler, whose row the caller holds, up to date."""
    if traveler.deleted_at is not None:
        traveler.due_at = None
        return
    catalogue = await rules.current(session)
    found = standing(
        await activity.of_user(session, traveler.user_id),
        catalogue,
        await activity.enrolments(session, traveler.user_id),
        now,
    )
    # What is written is read by nobody before the end, so it goes to the database once and not piece by piece.
    with session.no_autoflush:
        await _make_it_so(session, traveler, found, catalogue, now, cause)


async def _make_it_so(
    session: WriteSession, traveler: Traveler, found: Standing, catalogue: Catalogue, now: datetime, cause: Cause
) -> None:
    entries, lifetime = traveler.ledger_sequence, traveler.lifetime
    expiry = await bring_into_line(session, traveler, found.grants, now)
    traveler.lifetime = found.lifetime
    traveler.streak, traveler.longest_streak = found.streak, found.longest_streak
    traveler.due_at = min((each for each in (found.due_at, expiry) if each is not None), default=None)
    if traveler.ledger_sequence != entries:
        tell_points(session, traveler, cause)
    if traveler.ledger_sequence != entries or traveler.lifetime != lifetime:
        await travelers.note_board_change(session, traveler.user_id)
    await _settle_missions(session, traveler, found, catalogue, now, cause)
    await _settle_badges(session, traveler, found, cause)
    _settle_level(session, traveler, catalogue, now, cause)


def tell_points(session: WriteSession, traveler: Traveler, cause: Cause) -> None:
    """Publish the balances of a traveler whose ledger has new entries."""
    publish(
        session,
        traveler,
        PointsChanged(
            user_id=traveler.user_id,
            pending=traveler.pending,
            available=traveler.available,
            reserved=traveler.reserved,
            ledger_sequence=traveler.ledger_sequence,
        ),
        cause,
    )


async def _settle_missions(
    session: WriteSession, traveler: Traveler, found: Standing, catalogue: Catalogue, now: datetime, cause: Cause
) -> None:
    rows = {
        row.mission_id: row for row in (await progress.of_users(session, [traveler.user_id])).get(traveler.user_id, ())
    }
    for mission in catalogue.missions:
        state = found.missions.get(mission.id)
        row = rows.get(mission.id)
        if state is None:
            if row is None:
                continue
            state = MissionStanding(mission.newest.version, 0, mission.newest.definition.target, ())
        if row is None:
            row = Progress(user_id=traveler.user_id, mission_id=mission.id, announced=0)
            session.add(row)
        elif _says(row) == _of(state):
            continue
        traveler.mission_sequence += 1
        row.version, row.value, row.target, row.completions, row.completed_at = _of(state)
        row.sequence = traveler.mission_sequence
        progress.note(session, row, now)
        publish(
            session,
            traveler,
            MissionProgressed(
                user_id=traveler.user_id,
                mission_id=mission.id,
                value=state.value,
                target=state.target,
                completions=len(state.completed_at),
            ),
            cause,
        )
        await _celebrate(session, traveler, mission, row, state, now, cause)


async def _celebrate(
    session: WriteSession,
    traveler: Traveler,
    mission: Mission,
    row: Progress,
    state: MissionStanding,
    now: datetime,
    cause: Cause,
) -> None:
    """Tell of completions that were never told of, and give their coupons. Points and badges have come already."""
    for number in range(row.announced + 1, len(state.completed_at) + 1):
        at = state.completed_at[number - 1]
        definition = mission.version_at(at).definition
        coupon = None
        if definition.rewards.coupon is not None:
            source = f"mission:{mission.id}:{number}"
            coupon = await coupons.grant(session, traveler, source, definition.rewards.coupon, now, cause)
        publish(
            session,
            traveler,
            MissionCompleted(
                user_id=traveler.user_id,
                mission_id=mission.id,
                title_pt=definition.title.pt,
                title_en=definition.title.en,
                points=definition.rewards.points,
                badge=definition.rewards.badge,
                coupon_code=None if coupon is None else coupon.code,
                at=at,
            ),
            cause,
        )
        row.announced = number


def _says(row: Progress) -> tuple[int, int, int, int, datetime | None]:
    return row.version, row.value, row.target, row.completions, row.completed_at


def _of(state: MissionStanding) -> tuple[int, int, int, int, datetime | None]:
    last = state.completed_at[-1] if state.completed_at else None
    return state.version, state.value, state.target, len(state.completed_at), last


async def _settle_badges(session: WriteSession, traveler: Traveler, found: Standing, cause: Cause) -> None:
    owned = await progress.badges_of_users(session, [traveler.user_id])
    rows = {row.code: row for row in owned.get(traveler.user_id, ())}
    for code in {**rows, **found.badges}:
        state = found.badges.get(code)
        row = rows.get(code)
        if row is None:
            row = Badge(user_id=traveler.user_id, code=code, announced=0)
            session.add(row)
        row.tier, row.value = (0, 0) if state is None else (state.tier, state.value)
        row.reached_at = None if state is None else state.reached_at
        for tier in range(row.announced + 1, row.tier + 1):
            publish(session, traveler, AchievementReached(user_id=traveler.user_id, code=code, tier=tier), cause)
            row.announced = tier


def _settle_level(session: WriteSession, traveler: Traveler, catalogue: Catalogue, now: datetime, cause: Cause) -> None:
    level = catalogue.level_of(traveler.lifetime)
    traveler.level = None if level is None else level.definition.code
    if level is None or level.position <= traveler.announced_level:
        return
    traveler.announced_level = level.position
    if level.position == 1:  # everybody begins there
        return
    name = level.definition.name
    publish(
        session,
        traveler,
        LevelReached(user_id=traveler.user_id, level=level.definition.code, name_pt=name.pt, name_en=name.en, at=now),
        cause,
    )


async def settle_all(session: WriteSession, user_ids: Iterable[UUID], now: datetime) -> None:
    """Settle these travelers, each in turn in the order of their ids, so that two who do this never wait in a ring."""
    for user_id in sorted(user_ids):
        await settle(session, await travelers.lock(session, user_id), now, Cause())
