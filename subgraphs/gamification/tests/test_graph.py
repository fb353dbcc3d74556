"""Points and missions through GraphQL: who may see and do what, outcomes, pages, and how many queries it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal, Role
from shared.db import utc_now
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.gamification.app import subgraph
from subgraphs.gamification.models import Coupon, EarningRuleRow, MissionVersion
from subgraphs.gamification.service import campaigns
from subgraphs.gamification.service.rebuilding import rebuild
from subgraphs.gamification.tests.test_rules import definition, rule
from subgraphs.gamification.tests.world import START, World, booking_event, stay

PRIVATE = """... on User {
  points { available pending reserved history { edges { node { kind available } } } }
  level { level { code } pointsToNextLevel } streak { currentMonths longestMonths }
  missions { edges { node { status value mission { code } } } }
  achievements { achievement { code } tier { number } } rank { rank } isOnLeaderboards }"""
REDEEM = """mutation($points: Int!, $key: String!) { redeemPoints(points: $points, idempotencyKey: $key) {
  __typename ... on PointsRedeemed { coupon { code amount { amount currency } } points { available } }
  ... on TooFewPoints { available } ... on InvalidInput { field } ... on Problem { message } } }"""
CREATE = """mutation($code: String!, $definition: JSON!) { createMission(code: $code, definition: $definition) {
  __typename ... on MissionDraft { id versions { version publishedAt } }
  ... on InvalidMission { mistakes { path message } } ... on InvalidInput { field } ... on Problem { message } } }"""
UPDATE = """mutation($id: ID!, $definition: JSON!) { updateMission(id: $id, definition: $definition) {
  __typename ... on MissionDraft { versions { version publishedAt } } } }"""
PUBLISH = """mutation($id: ID!) { publishMission(id: $id) {
  __typename ... on MissionDraft { versions { version publishedAt } mission { code target } } } }"""
ARCHIVE = "mutation($id: ID!) { archiveMission(id: $id) { __typename ... on MissionDraft { archivedAt } } }"
ENROL = "mutation($id: ID!) { enrollMission(id: $id) { __typename ... on MissionProgress { status value } } }"
DRY_RUN = """query($definition: JSON!, $since: DateTime) { dryRunMission(definition: $definition, since: $since) {
  __typename ... on MissionDryRun { travelerCount completedCount } ... on InvalidMission { mistakes { path } } } }"""
CAMPAIGN = """mutation($input: CreateCampaignInput!) { createCampaign(input: $input) {
  __typename ... on Campaign { code endsAt } ... on InvalidInput { field } } }"""
END = "mutation($code: String!) { endCampaign(code: $code) { __typename ... on Campaign { endsAt } } }"
WEEKENDS = UUID("0195f3a0-0000-7000-8000-000000000105")


def user_key(user_id: UUID) -> dict[str, Any]:
    return {"__typename": "User", "id": str(user_id)}


def codes_of(response: Any) -> set[str]:
    return {error["extensions"]["code"] for error in response.get("errors", ())}


async def test_oneself_and_staff_see_everything_private(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.deliver(*stay(traveler.user_id))
    for caller in (traveler, make_principal(Role.SUPPORT), make_principal(Role.ADMIN)):
        response = await client.entities(PRIVATE, [user_key(traveler.user_id)], as_=caller)
        assert "errors" not in response
        found = response["data"]["_entities"][0]  # type: ignore[index]
        assert (found["points"]["available"], found["points"]["pending"]) == (940, 0)
        kinds = [edge["node"]["kind"] for edge in found["points"]["history"]["edges"]]
        assert sorted(kinds) == ["BONUS", "EARN", "MATURE"]
        assert found["level"] == {"level": {"code": "explorer"}, "pointsToNextLevel": 4060}
        assert found["streak"]["longestMonths"] == 1
        states = {each["node"]["mission"]["code"]: each["node"]["status"] for each in found["missions"]["edges"]}
        assert (states["first-trip"], states["weekends"], states["planner"]) == ("COMPLETED", "JOINABLE", "IN_PROGRESS")
        tiers = {each["achievement"]["code"]: each["tier"] for each in found["achievements"]}
        assert (tiers["traveler"], tiers["critic"]) == ({"number": 1}, None)


@pytest.mark.parametrize(
    ("caller", "code"),
    [(None, "UNAUTHENTICATED"), (make_principal(), "FORBIDDEN"), (make_principal(Role.HOTEL_MANAGER), "FORBIDDEN")],
)
async def test_others_see_nothing_private(
    client: SubgraphClient, world: World, caller: Principal | None, code: str
) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    response = await client.entities(PRIVATE, [user_key(user)], as_=caller)
    found = response["data"]["_entities"][0]  # type: ignore[index]
    private = ("points", "level", "streak", "missions", "achievements", "rank", "isOnLeaderboards")
    assert [found[field] for field in private] == [None] * len(private)
    assert codes_of(response) == {code}


async def test_a_new_user_sees_missions_at_once(client: SubgraphClient, world: World) -> None:
    public = await client.data("{ missions { edges { node { code title myProgress { value } } } } levels { code } }")
    titles = {each["node"]["code"]: each["node"]["title"] for each in public["missions"]["edges"]}
    assert titles["three-states"] == "3 estados em 90 dias"
    assert all(each["node"]["myProgress"] is None for each in public["missions"]["edges"])
    assert [level["code"] for level in public["levels"]] == ["explorer", "silver", "gold", "diamond"]
    mine = await client.data(
        "{ missions { edges { node { code myProgress { value status target } } } } }", as_=make_principal()
    )
    assert mine["missions"]["edges"][0]["node"] == {
        "code": "first-trip", "myProgress": {"value": 0, "status": "IN_PROGRESS", "target": 1}
    }  # fmt: skip


async def test_missions_come_in_pages_and_by_status(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    query = """... on User { missions(first: 3, after: %s, status: %s) {
      edges { node { mission { code } } } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = "null"
    while True:
        response = await client.entities(query % (after, "IN_PROGRESS"), [user_key(traveler.user_id)], as_=traveler)
        page = response["data"]["_entities"][0]["missions"]  # type: ignore[index]
        seen += [edge["node"]["mission"]["code"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f'"{page["pageInfo"]["endCursor"]}"'
    assert seen == ["first-trip", "three-states", "marathoner", "planner", "every-month", "reviewer"]


async def test_the_history_comes_in_pages_the_newest_first(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.give_points(traveler.user_id, 1000)
    for _ in range(3):
        await world.release(await world.reserve(traveler.user_id, 10))
    query = """... on User { points { history(first: 3, after: %s) {
      edges { node { sequence } } pageInfo { hasNextPage endCursor } } } }"""
    seen: list[int] = []
    after = "null"
    while True:
        response = await client.entities(query % after, [user_key(traveler.user_id)], as_=traveler)
        page = response["data"]["_entities"][0]["points"]["history"]  # type: ignore[index]
        seen += [edge["node"]["sequence"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f'"{page["pageInfo"]["endCursor"]}"'
    assert seen == list(range(8, 0, -1))


async def test_references_take_the_same_queries_for_one_and_for_many(client: SubgraphClient, world: World) -> None:
    users = [uuid4() for _ in range(6)]
    for user in users:
        await world.deliver(*stay(user))
    staff = make_principal(Role.SUPPORT)
    counts = []
    for asked in (users[:1], users):
        with count_queries(subgraph.resources.database) as statements:
            response = await client.entities(PRIVATE, [user_key(user) for user in asked], as_=staff)
        assert "errors" not in response
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_booking_shows_its_points_to_who_made_it_and_to_staff(client: SubgraphClient, world: World) -> None:
    traveler, booking_id = make_principal(), uuid4()
    await world.deliver(booking_event("confirmed", user_id=traveler.user_id, booking_id=booking_id))
    keys = [{"__typename": "Booking", "id": str(booking_id)}, {"__typename": "Booking", "id": str(uuid4())}]

    async def points(caller: Principal | None) -> Any:
        response = await client.entities("... on Booking { pointsEarned }", keys, as_=caller)
        found = response["data"]["_entities"]  # type: ignore[index]
        return [each["pointsEarned"] for each in found], codes_of(response)

    for caller in (traveler, make_principal(Role.SUPPORT), make_principal(Role.ADMIN)):
        assert await points(caller) == ([440, None], set())
    assert await points(make_principal()) == ([None, None], {"FORBIDDEN"})
    assert await points(None) == ([None, None], {"UNAUTHENTICATED"})


async def test_references_to_entries_and_progress_are_for_who_may_see_them(
    client: SubgraphClient, world: World
) -> None:
    traveler = make_principal()
    await world.deliver(*stay(traveler.user_id))
    response = await client.entities(
        "... on User { points { history { edges { node { id } } } } missions(first: 1) { edges { node { id } } } }",
        [user_key(traveler.user_id)], as_=traveler,
    )  # fmt: skip
    found = response["data"]["_entities"][0]  # type: ignore[index]
    keys = [
        {"__typename": "PointsEntry", "id": found["points"]["history"]["edges"][0]["node"]["id"]},
        {"__typename": "MissionProgress", "id": found["missions"]["edges"][0]["node"]["id"]},
        {"__typename": "MissionProgress", "id": "nonsense"},
        {"__typename": "Mission", "id": str(WEEKENDS)},
        {"__typename": "Achievement", "code": "critic"},
    ]
    selection = "... on PointsEntry { kind } ... on MissionProgress { value } ... on Mission { code }"
    visible = (await client.entities(selection, keys, as_=traveler))["data"]["_entities"]  # type: ignore[index]
    assert [each is not None for each in visible] == [True, True, False, True, True]
    for caller in (make_principal(), None):
        hidden = (await client.entities(selection, keys, as_=caller))["data"]["_entities"]  # type: ignore[index]
        assert [each is not None for each in hidden] == [False, False, False, True, True]


async def test_redeeming_and_its_problems(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.give_points(traveler.user_id, 1000)

    async def redeem(points: int, key: str, caller: Principal | None = traveler) -> Any:
        return await client.execute(REDEEM, {"points": points, "key": key}, as_=caller)

    async def outcome(points: int, key: str) -> Any:
        return (await redeem(points, key))["data"]["redeemPoints"]  # type: ignore[index]

    assert codes_of(await redeem(600, "k", None)) == {"UNAUTHENTICATED"}
    assert (await outcome(1, "k"))["field"] == "points"
    assert (await outcome(600, ""))["field"] == "idempotencyKey"
    few = await outcome(5000, "k")
    assert (few["__typename"], few["available"]) == ("TooFewPoints", 1500)
    assert await world.count(Coupon) == 0
    done = await outcome(600, "k")
    assert done["coupon"]["amount"] == {"amount": "6.00", "currency": "BRL"}
    assert done["points"] == {"available": 900}
    assert await outcome(600, "k") == done
    assert (await outcome(700, "k"))["__typename"] == "IdempotencyKeyReused"
    assert await world.count(Coupon) == 1
    assert (await world.balances(traveler.user_id)).available == 900


async def test_choosing_a_mission(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    assert codes_of(await client.execute(ENROL, {"id": str(WEEKENDS)})) == {"UNAUTHENTICATED"}
    for _ in range(2):
        data = await client.data(ENROL, {"id": str(WEEKENDS)}, as_=traveler)
        assert data["enrollMission"] == {"__typename": "MissionProgress", "status": "IN_PROGRESS", "value": 0}
    data = await client.data(ENROL, {"id": str(uuid4())}, as_=traveler)
    assert data["enrollMission"] == {"__typename": "MissionNotFound"}


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (None, "UNAUTHENTICATED"),
        (make_principal(), "FORBIDDEN"),
        (make_principal(Role.HOTEL_MANAGER), "FORBIDDEN"),
        (make_principal(Role.SUPPORT), "FORBIDDEN"),
    ],
)
async def test_only_admins_write_missions(
    client: SubgraphClient, world: World, caller: Principal | None, code: str
) -> None:
    versions = await world.count(MissionVersion)
    given = {"code": "mine", "definition": definition(), "id": str(WEEKENDS)}
    for operation in (CREATE, UPDATE, PUBLISH, ARCHIVE, DRY_RUN, "query($id: ID!) { missionDraft(id: $id) { code } }"):
        asked = {name: value for name, value in given.items() if f"${name}" in operation}
        assert codes_of(await client.execute(operation, asked, as_=caller)) == {code}
    assert await world.count(MissionVersion) == versions
    assert (await world.missions())["weekends"].archived_at is None


async def test_the_life_of_a_mission(client: SubgraphClient, world: World) -> None:
    admin = make_principal(Role.ADMIN)

    async def ask(operation: str, **variables: Any) -> Any:
        (found,) = (await client.data(operation, variables, as_=admin)).values()
        return found

    wrong = await ask(CREATE, code="summer", definition=definition(rule=rule(event="booking.dreamt"), target=0))
    assert [each["path"] for each in wrong["mistakes"]] == ["rule.event", "target"]
    assert (await ask(CREATE, code="No!", definition=definition()))["field"] == "code"
    draft = await ask(CREATE, code="summer", definition=definition())
    assert draft["versions"] == [{"version": 1, "publishedAt": None}]
    assert await ask(CREATE, code="summer", definition=definition()) == draft
    taken = await ask(CREATE, code="summer", definition=definition(target=9))
    assert taken["__typename"] == "MissionCodeTaken"
    assert "summer" not in await world.missions()
    published = await ask(PUBLISH, id=draft["id"])
    assert published["mission"] == {"code": "summer", "target": 3}
    assert await ask(PUBLISH, id=draft["id"]) == published
    changed = await ask(UPDATE, id=draft["id"], definition=definition(target=5))
    assert [each["version"] for each in changed["versions"]] == [1, 2]
    assert (await world.missions())["summer"].newest.definition.target == 3
    assert (await ask(PUBLISH, id=draft["id"]))["mission"]["target"] == 5
    ended = await ask(ARCHIVE, id=draft["id"])
    assert ended["archivedAt"] is not None
    assert await ask(ARCHIVE, id=draft["id"]) == ended
    data = await client.data("{ missions(first: 100) { edges { node { code } } } }")
    assert "summer" not in {edge["node"]["code"] for edge in data["missions"]["edges"]}
    for operation in (PUBLISH, ARCHIVE):
        assert (await ask(operation, id=str(uuid4())))["__typename"] == "MissionNotFound"


async def test_a_dry_run_through_graphql(client: SubgraphClient, world: World) -> None:
    await world.deliver(*stay(uuid4()))
    given = {"definition": definition(target=1), "since": (START - timedelta(days=1)).isoformat()}
    data = await client.data(DRY_RUN, given, as_=make_principal(Role.ADMIN))
    assert data["dryRunMission"] == {"__typename": "MissionDryRun", "travelerCount": 1, "completedCount": 1}
    wrong = await client.data(DRY_RUN, {"definition": {}}, as_=make_principal(Role.ADMIN))
    assert wrong["dryRunMission"]["__typename"] == "InvalidMission"


def campaign(**changes: Any) -> dict[str, Any]:
    now = utc_now()
    return {
        "code": "double", "percent": 200, "validFrom": (now + timedelta(minutes=30)).isoformat(),
        "validUntil": (now + timedelta(days=7)).isoformat(), **changes,
    }  # fmt: skip


async def test_the_life_of_a_campaign(client: SubgraphClient, world: World) -> None:
    admin = make_principal(Role.ADMIN)

    async def ask(operation: str, **variables: Any) -> Any:
        (found,) = (await client.data(operation, variables, as_=admin)).values()
        return found

    given = campaign()
    for wrong, field in (
        (campaign(percent=100), "percent"),
        (campaign(validFrom=START.isoformat()), "validFrom"),
        (campaign(validUntil=given["validFrom"]), "validUntil"),
        (campaign(code="No!"), "code"),
    ):
        assert await ask(CAMPAIGN, input=wrong) == {"__typename": "InvalidInput", "field": field}
    for _ in range(2):
        assert (await ask(CAMPAIGN, input=given))["__typename"] == "Campaign"
    assert (await ask(CAMPAIGN, input={**given, "percent": 300}))["__typename"] == "CampaignCodeTaken"
    assert (await ask(CAMPAIGN, input=campaign(code="base-brl")))["__typename"] == "CampaignCodeTaken"
    assert (await ask(END, code="base-brl"))["__typename"] == "CampaignNotFound"
    assert (await ask(END, code="double"))["__typename"] == "Campaign"
    assert (await ask(END, code="double"))["__typename"] == "CampaignNotFound", "it never began"


async def test_ending_a_campaign_keeps_what_it_promised(client: SubgraphClient, world: World) -> None:
    user = uuid4()
    async with world.database.transaction() as session:
        await campaigns.create(session, "double", 200, START, START + timedelta(days=9999), now=START)
    await world.deliver(booking_event("confirmed", user_id=user))
    for _ in range(2):
        data = await client.data(END, {"code": "double"}, as_=make_principal(Role.ADMIN))
        assert data["endCampaign"]["__typename"] == "Campaign"
    later = uuid4()
    await world.deliver(booking_event("confirmed", user_id=later, at=utc_now() + timedelta(days=1)))
    await rebuild(world.database, world.now, lambda _: None)
    assert ((await world.balances(user)).pending, (await world.balances(later)).pending) == (880, 440)


@pytest.mark.parametrize(("caller", "code"), [(None, "UNAUTHENTICATED"), (make_principal(Role.SUPPORT), "FORBIDDEN")])
async def test_only_admins_make_campaigns(
    client: SubgraphClient, world: World, caller: Principal | None, code: str
) -> None:
    before = await world.count(EarningRuleRow)
    assert codes_of(await client.execute(CAMPAIGN, {"input": campaign()}, as_=caller)) == {code}
    assert codes_of(await client.execute(END, {"code": "double"}, as_=caller)) == {code}
    assert await world.count(EarningRuleRow) == before
