"""Live updates through the whole supergraph: mutation, outbox, relay, Redis, subgraph, router, client."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websockets

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

pytestmark = [pytest.mark.system]

MANAGER = DEMO_ACCOUNTS[1]
WATCH = (
    "subscription($id: ID!) { hotelUpdated(id: $id) { name reviews(first: 2) {"
    " edges { node { author { displayName } } } } } }"
)
RENAME = "mutation($id: ID!, $name: String!) { updateHotel(input: {hotelId: $id, name: $name}) { __typename } }"


def _own_hotel(supergraph: Supergraph, token: str) -> str:
    data = supergraph.data("{ me { managedHotels(first: 50) { edges { node { id ratingCount } } } } }", token=token)
    nodes = [edge["node"] for edge in data["me"]["managedHotels"]["edges"]]
    return str(max(nodes, key=lambda node: node["ratingCount"])["id"])


async def test_a_change_reaches_a_websocket_with_fields_of_another_subgraph(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(MANAGER.email, MANAGER.password)
    hotel = _own_hotel(supergraph, token)
    url = supergraph.url.replace("http", "ws") + "/graphql"
    async with (
        asyncio.timeout(90),
        websockets.connect(url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], proxy=None) as socket,
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        subscribe = {"type": "subscribe", "id": "1", "payload": {"query": WATCH, "variables": {"id": hotel}}}
        await socket.send(json.dumps(subscribe))
        first = await _next(socket)
        authors = [edge["node"]["author"] for edge in first["hotelUpdated"]["reviews"]["edges"]]
        assert authors
        assert all(author["displayName"] for author in authors if author)
        name = f"Pousada ao Vivo {uuid4().hex[:6]}"
        await asyncio.to_thread(supergraph.data, RENAME, {"id": hotel, "name": name}, token=token)
        assert (await _next(socket))["hotelUpdated"]["name"] == name
        await socket.send(json.dumps({"type": "complete", "id": "1"}))


async def _next(socket: Any) -> dict[str, Any]:
    message = json.loads(await socket.recv())
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    data: dict[str, Any] = message["payload"]["data"]
    return data


async def test_a_change_reaches_a_stream_of_server_sent_events(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(MANAGER.email, MANAGER.password)
    hotel = _own_hotel(supergraph, token)
    name = f"Pousada em Fluxo {uuid4().hex[:6]}"
    names: list[str] = []
    async with (
        asyncio.timeout(90),
        httpx.AsyncClient(base_url=supergraph.url, timeout=60) as client,
        client.stream(
            "POST",
            "/graphql",
            json={"query": WATCH, "variables": {"id": hotel}},
            headers={"accept": "text/event-stream"},
        ) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if not line.startswith("data: {"):
                continue
            names.append(json.loads(line.removeprefix("data: "))["data"]["hotelUpdated"]["name"])
            if len(names) == 1:
                await asyncio.to_thread(supergraph.data, RENAME, {"id": hotel, "name": name}, token=token)
            else:
                break
    assert names[1] == name
