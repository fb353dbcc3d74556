"""`graphql-transport-ws`: what clients may do, and that nothing they do takes the router down."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from router.tests.edge.conftest import RouterServer
from router.tests.edge.subgraphs import COUNTERS, NAMES
from router.tests.edge.support import (
    close_code,
    eventually,
    hear,
    no_subscriptions,
    open_session,
    open_socket,
    say,
    subscribe,
)


async def test_a_subscription_sends_each_event_and_completes(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, "subscription($to: Int!) { count(to: $to) }", variables={"to": 3})
        for number in (1, 2, 3):
            assert await hear(client) == {"id": "1", "type": "next", "payload": {"data": {"count": number}}}
        assert await hear(client) == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_run_on_the_socket_too(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, '{ echo(text: "a") }', "q")
        assert await hear(client) == {"id": "q", "type": "next", "payload": {"data": {"echo": "a"}}}
        assert await hear(client) == {"id": "q", "type": "complete"}
        await subscribe(client, "mutation { increment }", "q")
        assert (await hear(client))["payload"]["data"]["increment"] >= 1


async def test_operations_of_one_socket_are_independent(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, "subscription { silence }", "quiet")
        await subscribe(client, "subscription { count(to: 2) }", "a")
        await subscribe(client, "{ nope }", "b")
        seen: dict[str, list[str]] = {"a": [], "b": []}
        while seen["a"][-1:] != ["complete"] or not seen["b"]:
            message = await hear(client)
            seen[message["id"]].append(message["type"])
        assert seen == {"a": ["next", "next", "complete"], "b": ["error"]}


async def test_a_refused_document_is_an_error_message_with_a_code(router: str) -> None:
    async with open_session(router) as client:
        for query, code in (
            ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("{ " + "a: __typename " * 201 + "}", "GRAPHQL_VALIDATION_FAILED"),
            ("", "BAD_USER_INPUT"),
        ):
            await subscribe(client, query)
            message = await hear(client)
            assert (message["id"], message["type"]) == ("1", "error")
            assert message["payload"][0]["extensions"]["code"] == code


async def test_a_subscription_that_breaks_ends_with_an_error_without_internals(router_server: RouterServer) -> None:
    async with router_server("mode: production") as router, open_session(router) as client:
        await subscribe(client, "subscription { broken }")
        assert (await hear(client))["payload"] == {"data": {"broken": 1}}
        end = await hear(client)
        if end["type"] == "next":
            assert end["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
            assert (await hear(client))["type"] == "complete"
        else:
            assert end["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "redis" not in str(end)


async def test_complete_stops_the_subscription_everywhere_and_frees_its_id(router: str) -> None:
    before = await no_subscriptions()
    async with open_session(router) as client:
        await subscribe(client, "subscription { forever }")
        assert (await hear(client))["type"] == "next"
        assert COUNTERS.open_subscriptions > before
        await say(client, {"id": "1", "type": "complete"})
        await eventually(lambda: COUNTERS.open_subscriptions == before, "the source went on")
        await subscribe(client, "subscription { count(to: 1) }")
        while (message := await hear(client))["payload"]["data"].get("count") is None:
            assert "forever" in message["payload"]["data"]
        assert message["payload"] == {"data": {"count": 1}}


async def test_a_client_that_goes_away_ends_its_subscriptions(router: str) -> None:
    before = await no_subscriptions()
    async with open_session(router) as client:
        await subscribe(client, "subscription { silence }", "1")
        await subscribe(client, "subscription { forever }", "2")
        await hear(client)
        await eventually(lambda: COUNTERS.open_subscriptions == before + 2, "both should be open")
    await eventually(lambda: COUNTERS.open_subscriptions == before, "the sources went on")


async def test_a_connection_that_is_cut_ends_its_subscriptions(router: str) -> None:
    before = await no_subscriptions()
    async with open_session(router) as client:
        await subscribe(client, "subscription { forever }")
        await hear(client)
        client.transport.abort()
    await eventually(lambda: COUNTERS.open_subscriptions == before, "the source went on")


async def test_ping_is_answered_with_its_payload_even_before_init(router: str) -> None:
    async with open_socket(router) as client:
        await say(client, {"type": "ping", "payload": {"n": 1}})
        assert await hear(client) == {"type": "pong", "payload": {"n": 1}}
        await say(client, {"type": "ping"})
        assert await hear(client) == {"type": "pong"}
        await say(client, {"type": "pong"})
        await say(client, {"type": "connection_init", "payload": None})
        assert await hear(client) == {"type": "connection_ack"}


MALFORMED = {
    "not json": "{",
    "not an object": "[]",
    "null": "null",
    "no type": "{}",
    "type is a number": '{"type": 1}',
    "unknown type": '{"type": "start"}',
    "init with a list": '{"type": "connection_init", "payload": []}',
    "deep": "[" * 10_000,
}
MALFORMED_SUBSCRIBES = {
    "no id": {"type": "subscribe", "payload": {"query": "{ __typename }"}},
    "empty id": {"id": "", "type": "subscribe", "payload": {"query": "{ __typename }"}},
    "id is a number": {"id": 1, "type": "subscribe", "payload": {"query": "{ __typename }"}},
    "no payload": {"id": "1", "type": "subscribe"},
    "payload is a string": {"id": "1", "type": "subscribe", "payload": "{ __typename }"},
    "no query": {"id": "1", "type": "subscribe", "payload": {}},
    "query is null": {"id": "1", "type": "subscribe", "payload": {"query": None}},
    "complete without id": {"type": "complete"},
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_message_closes_with_4400(router: str, what: str) -> None:
    async with open_socket(router) as client:
        await client.send(MALFORMED[what])
        assert await close_code(client) == 4400


@pytest.mark.parametrize("what", MALFORMED_SUBSCRIBES)
async def test_a_malformed_subscribe_closes_with_4400(router: str, what: str) -> None:
    async with open_session(router) as client:
        await say(client, MALFORMED_SUBSCRIBES[what])
        assert await close_code(client) == 4400


async def test_a_binary_message_closes_with_4400(router: str) -> None:
    async with open_socket(router) as client:
        await client.send(b'{"type": "connection_init"}')
        assert await close_code(client) == 4400


async def test_bad_variables_are_an_error_of_that_operation_only(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, "{ __typename }", variables=[1])
        message = await hear(client)
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")
        await subscribe(client, "{ __typename }")
        assert (await hear(client))["type"] == "next"


async def test_subscribing_before_the_acknowledgement_closes_with_4401(router: str) -> None:
    async with open_socket(router) as client:
        await subscribe(client, "{ __typename }")
        assert await close_code(client) == 4401


async def test_another_subprotocol_closes_with_4406(router: str) -> None:
    async with open_socket(router, subprotocols=["graphql-ws"]) as client:
        assert await close_code(client) == 4406


async def test_silence_after_connecting_closes_with_4408(router_server: RouterServer) -> None:
    async with router_server("timeouts: {connection_init: 0.2}") as router, open_socket(router) as client:
        with suppress(ConnectionClosed):  # a busy machine may be late even with this
            await say(client, {"type": "ping"})
        assert await close_code(client) == 4408


async def test_the_time_for_introducing_oneself_ends_with_the_introduction(router_server: RouterServer) -> None:
    for seconds in (0.2, 2, 20):  # longer when the machine was too slow for the introduction
        async with router_server(f"timeouts: {{connection_init: {seconds}}}") as router:
            try:
                async with open_session(router) as client:
                    await _let_pass(seconds)
                    await subscribe(client, "{ __typename }")
                    assert (await hear(client))["type"] == "next"
                    return
            except ConnectionClosed:
                continue
    pytest.fail("the router closed the socket of a client that had introduced itself")


async def _let_pass(seconds: float) -> None:
    """Wait until at least so much time has passed."""
    over = asyncio.get_running_loop().time() + seconds
    await eventually(lambda: asyncio.get_running_loop().time() > over, "time passes")


async def test_an_id_in_use_closes_with_4409(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, "subscription { silence }")
        await subscribe(client, "subscription { silence }")
        assert await close_code(client) == 4409
        assert client.close_reason == "Subscriber for 1 already exists"


async def test_a_second_init_closes_with_4429(router: str) -> None:
    async with open_session(router) as client:
        await say(client, {"type": "connection_init"})
        assert await close_code(client) == 4429


async def test_a_message_over_the_limit_closes_with_1009(router: str) -> None:
    async with open_session(router) as client:
        await subscribe(client, "{ __typename }" + " " * 1_500_000)
        assert await close_code(client) == 1009


async def test_operations_of_a_socket_are_limited(router_server: RouterServer) -> None:
    async with (
        router_server("subscriptions: {max_operations_per_socket: 2}") as router,
        open_session(router) as client,
    ):
        for operation_id in ("1", "2", "3"):
            await subscribe(client, "subscription { silence }", operation_id)
        message = await hear(client)
        assert (message["id"], message["type"]) == ("3", "error")
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_client_that_does_not_read_is_disconnected_and_its_source_stopped(
    router_server: RouterServer,
) -> None:
    before = await no_subscriptions()
    started = COUNTERS.started_subscriptions
    async with (
        router_server("subscriptions: {max_queued_messages: 16}") as router,
        open_session(router, max_queue=1, compression=None) as client,
    ):
        await subscribe(client, "subscription { flood }")
        await eventually(lambda: COUNTERS.started_subscriptions == started + 1, "it should have started")
        await eventually(lambda: COUNTERS.open_subscriptions == before, "the source went on")
        client.transport.abort()  # a polite goodbye would have to wait for the flood to be read


async def test_a_client_that_does_not_read_may_lose_the_oldest_instead(router_server: RouterServer) -> None:
    async with (
        router_server("subscriptions: {max_queued_messages: 16, slow_client: drop_oldest}") as router,
        open_session(router, max_queue=1, compression=None) as client,
    ):
        before = COUNTERS.flooded
        await subscribe(client, "subscription { flood }")
        # Thirty megabytes: three times what all buffers between the two have room for.
        await eventually(lambda: COUNTERS.flooded >= before + 300, "the source must not wait for the client")
        heard = [await _number(client)]
        while len(heard) == heard[-1]:
            heard.append(await _number(client))
        assert heard[-1] > len(heard), "something was dropped"
        client.transport.abort()


async def _number(client: ClientConnection) -> int:
    """The number of the flood's event that comes next."""
    message = await hear(client)
    assert message["type"] == "next"
    return int(message["payload"]["data"]["flood"].split()[0])


async def test_a_fast_source_does_not_make_a_reading_client_look_slow(router_server: RouterServer) -> None:
    async with (
        router_server("subscriptions: {max_queued_messages: 16}") as router,
        open_session(router) as client,
    ):
        await subscribe(client, "subscription { count(to: 1000) }")
        for number in range(1, 1001):
            assert (await hear(client))["payload"] == {"data": {"count": number}}


async def test_pages_of_foreign_origins_cannot_connect(router: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(router, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with open_session(router, origin=router), open_session(router, origin="http://localhost:5173"):
        pass


async def test_there_is_no_socket_elsewhere(router: str) -> None:
    with pytest.raises(InvalidStatus):
        async with open_socket(f"{router}/elsewhere"):
            pass


async def test_the_router_survives_every_violation_and_serves_on(
    http: aiohttp.ClientSession, router_server: RouterServer
) -> None:
    """The Node gateway of our comparison dies on two malformed subscription requests when a time-out is set."""
    async with router_server("timeouts: {operation: 60, connection_init: 60}") as router:
        for _ in range(5):
            for text in MALFORMED.values():
                async with open_socket(router) as client:
                    await client.send(text)
                    await close_code(client)
            for message in MALFORMED_SUBSCRIBES.values():
                async with open_session(router) as client:
                    await say(client, message)
                    await close_code(client)
            for query in ("subscription { nope }", "subscription { count }", "subscription { count(to: {}) }", "}"):
                async with open_session(router) as client:
                    await subscribe(client, query)
                    assert (await hear(client))["type"] == "error"
                async with http.get(
                    f"{router}/graphql", params={"query": query}, headers={"accept": "text/event-stream"}
                ) as response:
                    assert b"event: complete" in await response.read()
        async with open_session(router) as client:
            await subscribe(client, "subscription { hotelChanged { name } }")
            for name in NAMES.values():
                assert (await hear(client))["payload"] == {"data": {"hotelChanged": {"name": name}}}


async def test_garbage_on_the_wire_is_survived(router: str) -> None:
    async with open_session(router) as client:
        client.transport.write(b"\xff" * 100)
        with pytest.raises(ConnectionClosed):
            await client.recv()
    async with open_session(router):
        pass
