"""The rules of the game, without a database: definitions and their mistakes, measures, and the standing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.db import new_id
from subgraphs.gamification.rules.activity import Activity
from subgraphs.gamification.rules.catalogue import Catalogue, Mission, MissionVersion
from subgraphs.gamification.rules.standing import expiry_of, standing
from subgraphs.gamification.rules.validation import InvalidDefinition, read_earning_rule, read_mission
from subgraphs.gamification.tests.world import START

TEXT = {"pt": "texto", "en": "text"}


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "title": TEXT, "description": TEXT, "target": 3, "rewards": {"points": 100},
        "rule": {"event": "booking.checked_out", "measure": {"kind": "count"}}, **changes,
    }  # fmt: skip


def rule(measure: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return {"event": "booking.checked_out", "measure": measure or {"kind": "count"}, **changes}


def mission_of(*definitions: dict[str, Any], since: datetime = START - timedelta(days=1000)) -> Mission:
    """A mission whose second version is published a hundred days after ``START``, the third a hundred later."""
    versions = [
        MissionVersion(number, since if number == 1 else START + timedelta(days=100 * (number - 1)),
                       read_mission(each, ()))
        for number, each in enumerate(definitions, 1)
    ]  # fmt: skip
    return Mission(UUID(int=1), "m", 1, versions)


def activity(days: float, kind: str = "booking.checked_out", subject: UUID | None = None, sequence: int = 6,
             **data: Any) -> Activity:  # fmt: skip
    known = {"nights": 2, "total_minor": 100_00, "currency": "BRL", "region": "RJ", **data}
    return Activity(new_id(), kind, START + timedelta(days=days), subject or uuid4(), sequence, known)


def reached(
    mission: Mission, *activities: Activity, at: float = 1000, enrolled: float | None = None
) -> tuple[int, int]:
    """Value and completions."""
    chosen = {} if enrolled is None else {mission.id: START + timedelta(days=enrolled)}
    found = standing(activities, Catalogue(missions=[mission]), chosen, START + timedelta(days=at))
    state = found.missions.get(mission.id)
    return (0, 0) if state is None else (state.value, len(state.completed_at))


@pytest.mark.parametrize(
    ("changes", "path", "part"),
    [
        ({"target": 0}, "target", "must be 1 to"),
        ({"target": "3"}, "target", "Expected `int`"),
        ({"surprise": 1}, "", "unknown field `surprise`"),
        ({"title": {"pt": "só"}}, "title", "missing required field `en`"),
        ({"title": {"pt": " ", "en": "x"}}, "title.pt", "1 to 500 characters"),
        ({"rule": rule(event="booking.dreamt")}, "rule.event", "events: booking.cancelled"),
        ({"rule": rule({"kind": "median"})}, "rule.measure.kind", "Invalid value 'median'"),
        ({"rule": rule({"kind": "sum", "field": "city"})}, "rule.measure.field", "no number"),
        ({"rule": rule({"kind": "distinct", "field": "stars"})}, "rule.measure.field", "no field 'stars'; fields:"),
        ({"rule": rule({"kind": "streak", "unit": "year"})}, "rule.measure.unit", "Invalid enum value"),
        ({"rule": rule({"kind": "streak", "unit": "day"}, window_days=3)}, "rule.window_days", "has no window"),
        ({"rule": rule(window_days=0)}, "rule.window_days", "must be 1 to"),
        ({"rule": rule(where=[{"field": "stars", "value": 5}])}, "rule.where[0].field", "no field"),
        ({"rule": rule(where=[{"field": "nights", "op": "gte", "value": "2"}])}, "rule.where[0].value", "whole number"),
        ({"rule": rule(where=[{"field": "nights", "value": True}])}, "rule.where[0].value", "whole number"),
        ({"rule": rule(where=[{"field": "city", "op": "gt", "value": "A"}])}, "rule.where[0].op", "no number"),
        ({"rule": rule(where=[{"field": "city", "op": "in", "value": []}])}, "rule.where[0].value", "list of values"),
        ({"rule": rule(where=[{"field": "city", "value": ["A"]}])}, "rule.where[0].value", "goes with in"),
        ({"rewards": {"badge": "nobel"}}, "rewards.badge", "badges: marathon"),
        ({"rewards": {"coupon": {}}}, "rewards.coupon", "either percent or amount_minor"),
        ({"rewards": {"coupon": {"percent": 101}}}, "rewards.coupon.percent", "must be 1 to 100"),
        ({"starts_at": "2026-01-01T00:00:00"}, "starts_at", "offset from UTC"),
        ({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at", "after starts_at"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_path(changes: dict[str, Any], path: str, part: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_mission(definition(**changes), {"marathon"})
    assert [mistake.path for mistake in caught.value.mistakes] == [path]
    assert part in caught.value.mistakes[0].message


def test_all_mistakes_are_named_at_once() -> None:
    wrong = definition(target=0, rule=rule(where=[{"field": "a", "value": 1}, {"field": "b", "value": 1}]))
    with pytest.raises(InvalidDefinition) as caught:
        read_mission(wrong, ())
    assert [each.path for each in caught.value.mistakes] == ["rule.where[0].field", "rule.where[1].field", "target"]


@pytest.mark.parametrize("wrong", [{"multiplier_percent": 100}, {"points_per_night": 1, "multiplier_percent": 200},
                                   {"currency": "BRL", "points_per_hundred": -1}])  # fmt: skip
def test_earning_rules_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinition):
        read_earning_rule(wrong)


def test_counting_with_filters() -> None:
    where = [{"field": "nights", "op": "gte", "value": 2}, {"field": "region", "op": "in", "value": ["RJ", "SP"]}]
    mission = mission_of(definition(rule=rule(where=where)))
    stays = [activity(1), activity(2, nights=1), activity(3, region="SP"), activity(4, region="MG")]
    without = Activity(new_id(), "booking.checked_out", START, uuid4(), 6, {"nights": 3, "total_minor": 1,
                                                                            "currency": "BRL"})  # fmt: skip
    assert reached(mission, *stays, without) == (2, 0)
    assert reached(mission, *stays, activity(5)) == (3, 1)


def test_sums_and_distinct_values() -> None:
    nights = mission_of(definition(rule=rule({"kind": "sum", "field": "nights"}), target=10))
    assert reached(nights, *(activity(day, nights=3) for day in range(3))) == (9, 0)
    assert reached(nights, *(activity(day, nights=3) for day in range(4))) == (12, 1)
    states = mission_of(definition(rule=rule({"kind": "distinct", "field": "region"})))
    assert reached(states, *(activity(day, region="RJ") for day in range(5))) == (1, 0)
    assert reached(states, *(activity(day, region=state) for day, state in enumerate(["RJ", "SP", "MG"]))) == (3, 1)


def test_a_window_moves_on() -> None:
    mission = mission_of(definition(rule=rule({"kind": "distinct", "field": "region"}, window_days=90)))
    spread = [activity(0, region="RJ"), activity(50, region="SP"), activity(90, region="MG")]
    assert reached(mission, *spread, at=90) == (2, 0)  # the first is 90 days ago, and no longer in it
    assert reached(mission, *spread, at=141) == (1, 0)
    close = [activity(0, region="RJ"), activity(50, region="SP"), activity(89, region="MG")]
    assert reached(mission, *close, at=500) == (3, 1)


def test_the_moment_at_which_time_alone_changes_something_is_known() -> None:
    mission = mission_of(definition(rule=rule(window_days=90)))
    found = standing([activity(0), activity(10)], Catalogue(missions=[mission]), {}, START + timedelta(days=20))
    assert found.due_at == datetime(2026, 3, 1, 3, tzinfo=UTC)  # the month in São Paulo ends before the window does
    later = standing([activity(0), activity(10)], Catalogue(missions=[mission]), {}, START + timedelta(days=80))
    assert later.due_at == START + timedelta(days=90)


def test_streaks_of_months() -> None:
    mission = mission_of(definition(rule=rule({"kind": "streak", "unit": "month"})))
    months = [activity(0), activity(31), activity(62)]  # January, February, March
    assert reached(mission, *months) == (3, 1)
    assert reached(mission, months[0], months[2]) == (0, 0)
    assert reached(mission, months[0], months[1], at=60) == (2, 0)  # March has begun, and may still have a stay
    assert reached(mission, months[0], months[1], at=90) == (0, 0)


def test_once_is_once_and_repeatable_begins_anew() -> None:
    stays = [activity(day) for day in range(7)]
    assert reached(mission_of(definition()), *stays) == (3, 1)
    assert reached(mission_of(definition(repeat="repeatable")), *stays) == (1, 2)


def test_who_has_to_choose_begins_when_they_did() -> None:
    mission = mission_of(definition(enrolment="opt_in"))
    stays = [activity(day) for day in range(4)]
    assert reached(mission, *stays) == (0, 0)
    assert reached(mission, *stays, enrolled=1) == (3, 1)
    assert reached(mission, *stays, enrolled=2) == (2, 0)


def test_nothing_counts_before_the_beginning_and_from_the_end_on() -> None:
    window = {"starts_at": START.isoformat(), "ends_at": (START + timedelta(days=10)).isoformat()}
    mission = mission_of(definition(**window, target=4))
    assert reached(mission, *(activity(day) for day in (-1, 0, 9, 10)), at=9.5) == (2, 0)


def test_each_version_decides_in_its_time() -> None:
    mission = mission_of(definition(target=3), definition(target=2), definition(target=5))
    assert reached(mission, activity(1), activity(2), at=99) == (2, 0)
    assert reached(mission, activity(1), activity(2), at=150) == (2, 0)  # what was done counts on
    assert reached(mission, activity(1), activity(2), activity(101), at=150) == (3, 1)
    assert reached(mission, activity(201), activity(202), activity(203)) == (3, 0)


def test_what_was_called_off_never_counted() -> None:
    mission = mission_of(definition(rule=rule(event="booking.confirmed"), target=1))
    booking = uuid4()
    confirmed = activity(1, "booking.confirmed", booking, 4)
    assert reached(mission, confirmed) == (1, 1)
    assert reached(mission, confirmed, activity(2, "booking.cancelled", booking, 5)) == (0, 0)


def test_24_months_after_the_29th_of_february_is_the_28th() -> None:
    assert expiry_of(datetime(2028, 2, 29, 12, tzinfo=UTC)) == datetime(2030, 2, 28, 12, tzinfo=UTC)
    assert expiry_of(datetime(2026, 12, 31, tzinfo=UTC)) == datetime(2028, 12, 31, tzinfo=UTC)


KINDS = st.sampled_from(["booking.confirmed", "booking.changed", "booking.checked_out", "booking.cancelled"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(KINDS, st.integers(0, 4), st.integers(0, 300), st.integers(1, 9)), max_size=25), st.integers()
)
def test_the_order_in_which_things_become_known_changes_nothing(
    happenings: list[tuple[str, int, int, int]], seed: int
) -> None:
    nights = rule({"kind": "sum", "field": "nights"}, window_days=60)
    catalogue = Catalogue(
        missions=[mission_of(definition(repeat="repeatable", rule=nights), definition(repeat="repeatable"))],
        earning=[read_earning_rule({"currency": "BRL", "points_per_hundred": 100})],
    )
    known = [
        activity(day + number / 1000, kind, UUID(int=booking), number, nights=nights)
        for number, (kind, booking, day, nights) in enumerate(happenings)
    ]
    shuffled = known.copy()
    random.Random(seed).shuffle(shuffled)
    now = START + timedelta(days=310)
    assert standing(shuffled, catalogue, {}, now) == standing(known, catalogue, {}, now)
