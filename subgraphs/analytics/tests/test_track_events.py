"""``trackEvents``: who may, what is taken, and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from shared.auth import Role
from shared.contracts.analytics import ClientEvents
from shared.db import utc_now
from shared.messaging import EventEnvelope
from shared.messaging.names import STREAM_PREFIX
from shared.testing import SubgraphClient
from shared.testing.identity import make_principal
from shared.testing.plugin import SubgraphClients
from subgraphs.analytics.ingest import write_events
from subgraphs.analytics.store import AnalyticsStore

TRACK = """
mutation ($input: TrackEventsInput!) {
  trackEvents(input: $input) {
    __typename
    ... on TrackedEvents { accepted isStored rejected { id reason } }
    ... on TooManyEvents { message limit }
  }
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def client(subgraph_client: SubgraphClients, analytics_store: AnalyticsStore) -> SubgraphClient:
    assert analytics_store is not None
    return await subgraph_client("analytics")


@pytest.fixture(autouse=True)
def _on_redis_streams(broker_url: str) -> None:
    if not broker_url.startswith("redis"):
        pytest.skip("reads the stream that the broker keeps")


def event(**changes: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": "VIEW", "occurredAt": utc_now().isoformat(), **changes}


def batch(events: list[dict[str, Any]], visitor_id: UUID, *, has_consent: bool = True) -> dict[str, Any]:
    return {"input": {"events": events, "visitorId": str(visitor_id), "hasConsent": has_consent}}


async def published(broker_url: str, visitor_id: UUID) -> list[EventEnvelope]:
    async with Redis.from_url(broker_url) as redis:
        entries: Any = await redis.xrange(f"{STREAM_PREFIX}analytics")
    envelopes = [msgspec.json.decode(fields[b"body"], type=EventEnvelope) for _, fields in entries]
    return [each for each in envelopes if each.aggregate_id == visitor_id]


def told(envelope: EventEnvelope) -> ClientEvents:
    return msgspec.json.decode(envelope.payload, type=ClientEvents)


@pytest.mark.parametrize("role", [None, Role.TRAVELER, Role.HOTEL_MANAGER, Role.ADMIN])
async def test_anybody_may_and_the_user_is_the_one_of_the_token(
    client: SubgraphClient, broker_url: str, role: Role | None
) -> None:
    visitor_id = uuid4()
    principal = None if role is None else make_principal(role)
    answer = (await client.data(TRACK, batch([event()], visitor_id), as_=principal))["trackEvents"]
    assert answer == {"__typename": "TrackedEvents", "accepted": 1, "isStored": True, "rejected": []}
    (sent,) = await published(broker_url, visitor_id)
    assert told(sent).user_id == (None if principal is None else principal.user_id)


async def test_without_consent_nothing_is_kept(client: SubgraphClient, broker_url: str) -> None:
    visitor_id = uuid4()
    answer = (await client.data(TRACK, batch([event()], visitor_id, has_consent=False)))["trackEvents"]
    assert (answer["accepted"], answer["isStored"]) == (0, False)
    assert await published(broker_url, visitor_id) == []


async def test_too_many_in_one_call_are_refused_as_a_whole(client: SubgraphClient, broker_url: str) -> None:
    visitor_id = uuid4()
    response = await client.execute(TRACK, batch([event() for _ in range(10_000)], visitor_id))
    answer = response["data"]["trackEvents"]
    assert (answer["__typename"], answer["limit"]) == ("TooManyEvents", 500)
    assert await published(broker_url, visitor_id) == []


async def test_each_event_is_judged_by_itself(client: SubgraphClient, broker_url: str) -> None:
    now, visitor_id = utc_now(), uuid4()
    good = event()
    bad = [
        (event(occurredAt=(now + timedelta(minutes=10)).isoformat()), "IN_THE_FUTURE"),
        (event(occurredAt=(now - timedelta(days=8)).isoformat()), "TOO_OLD"),
        (event(id=good["id"]), "DUPLICATE_ID"),
        (event(destination="x'; DROP TABLE events; --"), "MALFORMED"),
        (event(destination="a" * 81), "MALFORMED"),
        (event(checkIn="2026-06-03", checkOut="2026-06-01"), "MALFORMED"),
        (event(checkIn="2026-06-03"), "MALFORMED"),
        (event(position=0), "MALFORMED"),
        (event(queryLength=-1), "MALFORMED"),
    ]
    sent = [good, *(each for each, _ in bad)]
    answer = (await client.data(TRACK, batch(sent, visitor_id)))["trackEvents"]
    assert answer["accepted"] == 1
    assert answer["rejected"] == [{"id": each["id"], "reason": reason} for each, reason in bad]
    (envelope,) = await published(broker_url, visitor_id)
    assert [str(each.event_id) for each in told(envelope).events] == [good["id"]]


@pytest.mark.parametrize("hostile", ["x' OR 1=1 --", "", "\u0000", "é" * 5_000])
async def test_ids_that_are_none_are_an_error(client: SubgraphClient, hostile: str) -> None:
    visitor_id = uuid4()
    for variables in (
        batch([event(id=hostile)], visitor_id),
        batch([event(hotelId=hostile)], visitor_id),
        {"input": {**batch([event()], visitor_id)["input"], "visitorId": hostile}},
    ):
        response = await client.execute(TRACK, variables)
        assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_call_that_is_repeated_counts_once(
    client: SubgraphClient, broker_url: str, analytics_store: AnalyticsStore
) -> None:
    visitor_id, hotel_id = uuid4(), uuid4()
    variables = batch([event(kind="SEARCH", queryLength=12), event(hotelId=str(hotel_id))], visitor_id)
    for _ in range(2):
        await client.data(TRACK, variables)
    sent = await published(broker_url, visitor_id)
    assert len(sent) == 2
    for envelope in sent:
        await write_events(analytics_store, [envelope])
    rows = await analytics_store.query(
        "SELECT type, payload FROM events FINAL WHERE aggregate_id = {visitor:UUID} ORDER BY type",
        {"visitor": visitor_id},
    )
    assert [type_ for type_, _ in rows] == ["client.search", "client.view"]
    assert msgspec.json.decode(rows[0][1]) == {"visitor_id": str(visitor_id), "query_length": 12}
    assert msgspec.json.decode(rows[1][1]) == {"visitor_id": str(visitor_id), "hotel_id": str(hotel_id)}


async def test_a_visitor_that_never_stops_is_slowed_down(client: SubgraphClient, broker_url: str) -> None:
    visitor_id = uuid4()
    full = [event() for _ in range(500)]
    codes: list[str] = []
    for _ in range(6):
        response = await client.execute(TRACK, batch(full, visitor_id))
        codes += [error["extensions"]["code"] for error in response.get("errors", [])]
    assert codes == ["RATE_LIMITED"] * len(codes)
    assert codes
    assert len(await published(broker_url, visitor_id)) == 6 - len(codes)
