"""GraphQL over HTTP: media types, methods, status codes, and bodies nobody should send."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import aiohttp
import orjson
import pytest

from router.tests.edge.conftest import RouterServer
from router.tests.edge.subgraphs import COUNTERS
from router.tests.edge.support import DEADLINE_SECONDS, errors, only_code

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


async def post(http: aiohttp.ClientSession, router: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
    """POST ``body``; keyword names become headers (`content_type` for Content-Type)."""
    sent = {"content-type": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return await http.post(f"{router}/graphql", data=data, headers=sent)


async def test_a_query_is_answered(http: aiohttp.ClientSession, router: str) -> None:
    response = await post(http, router, {"query": '{ hotel(id: "2") { name } }'})
    assert response.status == 200
    assert await response.json() == {"data": {"hotel": {"name": "Pousada do Ouro 🏨"}}}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.4", JSON),
        (f"multipart/mixed;boundary=graphql, {GRAPHQL}, {JSON}", GRAPHQL),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, {JSON}", JSON),
    ],
)
async def test_the_answer_has_the_type_that_the_client_prefers(
    http: aiohttp.ClientSession, router: str, accept: str | None, media_type: str
) -> None:
    headers = {"content-type": JSON} | ({"accept": accept} if accept else {})
    skip = () if accept else ("accept",)
    async with http.post(
        f"{router}/graphql", json={"query": "{ __typename }"}, headers=headers, skip_auto_headers=skip
    ) as response:
        assert response.status == 200
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert await response.json(content_type=None) == {"data": {"__typename": "Query"}}


async def test_who_accepts_none_of_our_types_is_told_them(http: aiohttp.ClientSession, router: str) -> None:
    response = await post(http, router, {"query": "{ __typename }"}, accept="image/png")
    assert response.status == 406
    assert only_code(await response.json()) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ hotel(id: ", "GRAPHQL_PARSE_FAILED"),
        ("{ hotell { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hotel(id: {}) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_bad_document_is_400_in_the_graphql_type_and_200_in_plain_json(
    http: aiohttp.ClientSession, router: str, query: str, code: str
) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        response = await post(http, router, {"query": query}, accept=accept)
        body = await response.json(content_type=None)
        assert response.status == status
        assert "data" not in body
        assert {each for each, _ in errors(body)} == {code}


async def test_variables_of_the_wrong_type_are_refused_by_name(http: aiohttp.ClientSession, router: str) -> None:
    body = {"query": 'query($n: Int!) { echo(text: "a", number: $n) }', "variables": {"n": "many"}}
    response = await post(http, router, body, accept=GRAPHQL)
    answer = await response.json(content_type=None)
    assert response.status == 400
    assert "data" not in answer
    ((code, message),) = errors(answer)
    assert code in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    assert "$n" in message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"query"',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 7}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "extensions": "x"}',
        b'[{"query": "{ __typename }"}]',
    ],
)
async def test_a_malformed_body_is_400_with_a_code(http: aiohttp.ClientSession, router: str, body: bytes) -> None:
    response = await post(http, router, body)
    assert response.status == 400
    assert only_code(await response.json()) == "BAD_USER_INPUT"


async def test_batches_are_refused_in_words(http: aiohttp.ClientSession, router: str) -> None:
    response = await post(http, router, [{"query": "{ __typename }"}] * 2)
    assert errors(await response.json()) == [
        ("BAD_USER_INPUT", "Batching is not offered. Send one operation a request.")
    ]


@pytest.mark.parametrize("size", [1_000_001, 2_000_000, 20_000_000])
async def test_a_body_over_a_megabyte_is_413_with_a_graphql_error(router: str, size: int) -> None:
    prefix = b'{"query": "{ __typename }", "extensions": {"x": "'
    body = prefix + b"x" * (size - len(prefix) - 3) + b'"}}'
    request = (
        b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    )

    def send() -> tuple[bytes, bytes]:
        """As a client that reads what came when the connection of a very large body is closed on it."""
        with socket.create_connection(("127.0.0.1", int(router.rpartition(":")[2])), DEADLINE_SECONDS) as connection:
            with suppress(ConnectionResetError, BrokenPipeError):
                connection.sendall(request + body)
            answer = connection.makefile("rb")
            head = b"".join(iter(answer.readline, b"\r\n"))
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head, answer.read(length)

    head, answer = await asyncio.to_thread(send)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert only_code(orjson.loads(answer)) == "BAD_USER_INPUT"


async def test_a_chunked_body_has_the_same_limit(http: aiohttp.ClientSession, router: str) -> None:
    async def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 50_000

    async with http.post(f"{router}/graphql", data=chunks(), headers={"content-type": JSON}) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("text/plain", "not accepted"),
        ("application/x-www-form-urlencoded", "not accepted"),
        ("multipart/form-data; boundary=x", "File upload"),
        ("application/json; charset=iso-8859-1", "UTF-8"),
        ("application/graphql", "not accepted"),
    ],
)
async def test_only_json_may_be_posted(http: aiohttp.ClientSession, router: str, content_type: str, words: str) -> None:
    before = COUNTERS.mutations
    response = await post(http, router, {"query": "mutation { increment }"}, content_type=content_type)
    assert response.status == 415
    ((code, message),) = errors(await response.json())
    assert code == "BAD_USER_INPUT"
    assert words in message
    assert COUNTERS.mutations == before


async def test_a_request_without_content_type_is_415(http: aiohttp.ClientSession, router: str) -> None:
    async with http.post(f"{router}/graphql", data=b"{}", skip_auto_headers=["content-type"]) as response:
        assert response.status == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"'])
async def test_spelling_of_the_json_type_does_not_matter(
    http: aiohttp.ClientSession, router: str, content_type: str
) -> None:
    response = await post(http, router, {"query": "{ __typename }"}, content_type=content_type)
    assert response.status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_405_with_allow(http: aiohttp.ClientSession, router: str, method: str) -> None:
    async with http.request(method, f"{router}/graphql", json={"query": "{ __typename }"}) as response:
        assert response.status == 405
        assert response.headers["allow"] == "GET, POST"
        assert only_code(await response.json()) == "BAD_USER_INPUT"


async def test_a_query_by_get_is_answered(http: aiohttp.ClientSession, router: str) -> None:
    parameters = {
        "query": "query A($t: String!) { echo(text: $t) } query B { __typename }",
        "variables": '{"t": "olá & mundo"}',
        "operationName": "A",
    }
    async with http.get(f"{router}/graphql", params=parameters) as response:
        assert response.status == 200
        assert await response.json() == {"data": {"echo": "olá & mundo"}}


async def test_a_mutation_by_get_is_405_and_does_nothing(http: aiohttp.ClientSession, router: str) -> None:
    before = COUNTERS.mutations
    async with http.get(f"{router}/graphql", params={"query": "mutation { increment }"}) as response:
        assert response.status == 405
        assert response.headers["allow"] == "POST"
    assert COUNTERS.mutations == before


@pytest.mark.parametrize("query_string", ["", "query=", "variables=%7B", "query=%7B__typename%7D&variables=%7B", "%ff"])
async def test_a_malformed_query_string_is_400(http: aiohttp.ClientSession, router: str, query_string: str) -> None:
    import yarl

    async with http.get(yarl.URL(f"{router}/graphql?{query_string}", encoded=True)) as response:
        assert response.status == 400
        assert only_code(await response.json()) == "BAD_USER_INPUT"


async def test_a_subscription_by_post_is_told_where_to_go(http: aiohttp.ClientSession, router: str) -> None:
    response = await post(http, router, {"query": "subscription { count(to: 1) }"})
    ((code, message),) = errors(await response.json())
    assert (response.status, code) == (400, "BAD_USER_INPUT")
    assert "graphql-transport-ws" in message


async def test_an_unknown_operation_name_is_refused(http: aiohttp.ClientSession, router: str) -> None:
    body = {"query": "query A { __typename }", "operationName": "B"}
    response = await post(http, router, body, accept=GRAPHQL)
    assert response.status == 400
    assert errors(await response.json(content_type=None))


async def test_the_request_id_comes_back_and_reaches_the_subgraph(http: aiohttp.ClientSession, router: str) -> None:
    response = await post(http, router, {"query": '{ header(name: "x-request-id") }'}, x_request_id="abc-123")
    assert response.headers["x-request-id"] == "abc-123"
    assert await response.json() == {"data": {"header": "abc-123"}}


@pytest.mark.parametrize("given", ["a" * 65, "a b", "<script>"])
async def test_a_request_id_that_is_not_plain_is_replaced(http: aiohttp.ClientSession, router: str, given: str) -> None:
    response = await post(http, router, {"query": "{ __typename }"}, x_request_id=given)
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 32


async def test_only_listed_headers_reach_subgraphs(http: aiohttp.ClientSession, router: str) -> None:
    query = """{
        language: header(name: "accept-language") secret: header(name: "x-secret") cookie: header(name: "cookie")
        signature: header(name: "x-reservei-signature") address: header(name: "x-reservei-client-address")
    }"""
    response = await post(
        http,
        router,
        {"query": query},
        accept_language="pt-BR",
        x_secret="s",
        cookie="a=b",
        x_reservei_signature="t=1,v1=0",
        x_reservei_client_address="10.0.0.1",
    )
    assert (await response.json())["data"] == {
        "language": "pt-BR",
        "secret": None,
        "cookie": None,
        "signature": None,
        "address": "127.0.0.1",
    }


async def test_introspection_passes_the_limits(http: aiohttp.ClientSession, router: str) -> None:
    from graphql import build_client_schema, get_introspection_query

    query = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True)
    response = await post(http, router, {"query": query})
    body = await response.json()
    assert "errors" not in body
    assert "Hotel" in build_client_schema(body["data"]).type_map


async def test_production_hides_the_schema_suggestions_and_internals(
    http: aiohttp.ClientSession, router_server: RouterServer
) -> None:
    async with router_server("mode: production") as router:
        response = await post(http, router, {"query": "{ __schema { types { name } } }"})
        assert only_code(await response.json()) == "GRAPHQL_VALIDATION_FAILED"

        response = await post(http, router, {"query": "{ hotelz { id } }"})
        ((_, message),) = errors(await response.json())
        assert "hotelz" in message
        assert "Did you mean" not in message

        response = await post(http, router, {"query": "{ boom }"}, x_request_id="find-me")
        body = await response.json()
        assert body["data"] == {"boom": None}
        ((code, message),) = errors(body)
        assert code == "INTERNAL"
        assert "find-me" in message
        assert "secret" not in str(body)


async def test_hostile_strings_are_data(http: aiohttp.ClientSession, router: str) -> None:
    for text in ("'; DROP TABLE hotels; --", "<script>alert(1)</script>", "مرحبا\u202e", "😀" * 100, "\u0000", '"\\'):
        body = {"query": "query($t: String!) { echo(text: $t) }", "variables": {"t": text}}
        response = await post(http, router, body)
        assert await response.json() == {"data": {"echo": text}}


async def test_cors_answers_loopback_pages_in_development_and_nobody_else(
    http: aiohttp.ClientSession, router: str, router_server: RouterServer
) -> None:
    async def preflight(url: str, origin: str) -> aiohttp.ClientResponse:
        return await http.options(
            f"{url}/graphql",
            headers={
                "origin": origin,
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-type, authorization",
            },
        )

    allowed = await preflight(router, "http://localhost:5173")
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert (await preflight(router, "https://evil.example")).status == 400
    assert (await preflight(router, "http://localhost.evil.example")).status == 400
    async with router_server("{mode: production, cors: {allow_origins: ['https://www.example.com']}}") as production:
        assert (await preflight(production, "http://localhost:5173")).status == 400
        response = await preflight(production, "https://www.example.com")
        assert response.headers["access-control-allow-origin"] == "https://www.example.com"


@pytest.mark.parametrize("mode", ["no-cors", "navigate"])
async def test_a_foreign_page_cannot_run_queries_by_get(http: aiohttp.ClientSession, router: str, mode: str) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
    async with http.get(f"{router}/graphql", params={"query": "{ __typename }"}, headers=headers) as response:
        assert response.status == 403
        assert only_code(await response.json()) == "FORBIDDEN"


async def test_a_slow_operation_is_given_up(http: aiohttp.ClientSession, router_server: RouterServer) -> None:
    async with router_server("timeouts: {operation: 0.2}") as router:
        response = await post(http, router, {"query": "{ slow(seconds: 600) }"})
        assert only_code(await response.json()) == "UNAVAILABLE"
