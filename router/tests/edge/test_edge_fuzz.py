"""Whatever arrives, the answer is a GraphQL response: no 500, no masked failure, no hang."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from router.tests.edge.support import DEADLINE_SECONDS, hear, open_session, open_socket

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
DOCUMENTS = st.sampled_from(
    [
        "{ __typename }",
        "query Q($id: ID!, $n: Int) { hotel(id: $id) { name rating } echo(text: $id, number: $n) }",
        "mutation M { increment }",
        "subscription S { count(to: 1) }",
        "{ hotel(id: $missing) { name } }",
        "query A { __typename } query B { hotels { ...F } } fragment F on Hotel { id }",
        'query Q($n: Int!) @skip(if: true) { echo(text: "", number: $n) @include(if: $n) }',
        "fragment F on Hotel { ...F }",
        "type Query { a: Int }",
    ]
) | st.text('{}()$@:!.#"\\ \nabQ\u0000é😀', max_size=30)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "query": DOCUMENTS | JSON,
        "operationName": st.sampled_from(["Q", "A", "B", "M", "S"]) | JSON,
        "variables": st.dictionaries(st.sampled_from(["id", "n", "x"]), JSON, max_size=3) | JSON,
        "extensions": JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["subscribe", "complete", "ping", "pong", "connection_init", "next"]) | JSON,
        "id": st.sampled_from(["1", "2", ""]) | JSON,
        "payload": PARAMETERS | JSON,
    },
)

fuzz = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def assert_no_failure_of_ours(response: Any) -> None:
    assert isinstance(response, dict)
    assert "data" in response or response["errors"]
    for error in response.get("errors", []):
        assert error["extensions"]["code"] not in ("INTERNAL", "UNAVAILABLE"), error


@fuzz
@given(body=PARAMETERS | JSON, accept=st.sampled_from(["application/json", "application/graphql-response+json"]))
async def test_any_body(http: aiohttp.ClientSession, router: str, body: Any, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    async with http.post(f"{router}/graphql", data=orjson.dumps(body), headers=headers) as response:
        assert response.status in (200, 400)
        assert_no_failure_of_ours(orjson.loads(await response.read()))


@fuzz
@given(parameters=st.dictionaries(st.sampled_from(["query", "variables", "operationName"]), DOCUMENTS, max_size=3))
async def test_any_query_string(http: aiohttp.ClientSession, router: str, parameters: dict[str, str]) -> None:
    async with http.get(f"{router}/graphql", params=parameters) as response:
        assert response.status in (200, 400, 405)
        assert_no_failure_of_ours(orjson.loads(await response.read()))


@fuzz
@given(messages=st.lists(MESSAGES | JSON, max_size=5))
async def test_any_messages_on_a_socket(router: str, messages: list[Any]) -> None:
    async with open_session(router) as client:
        try:
            for message in messages:
                await client.send(orjson.dumps(message).decode())
            # Answered after everything before it was handled, unless that closed the socket.
            await client.send('{"type": "ping", "payload": {"last": true}}')
            while (answer := await hear(client)) != {"type": "pong", "payload": {"last": True}}:
                assert answer["type"] in ("next", "error", "complete", "pong")
                if answer["type"] == "next":
                    assert_no_failure_of_ours(answer["payload"])
                elif answer["type"] == "error":
                    assert_no_failure_of_ours({"errors": answer["payload"]})
        except ConnectionClosed:
            assert client.close_code in (4400, 4409, 4429)


@fuzz
@given(text=st.text(max_size=50) | st.binary(max_size=50))
async def test_any_first_message_on_a_socket(router: str, text: str | bytes) -> None:
    async with open_socket(router) as client, asyncio.timeout(DEADLINE_SECONDS):
        await client.send(text)
        await client.wait_closed()
    assert client.close_code == 4400
