"""Executable supergraphs: one set of records, seen by subgraphs each through its own SDL, and by a monolith."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reservei.compose import SubgraphSdl, compose
from router.execution import Engine, RequestContext
from router.supergraph import Supergraph, read_supergraph
from router.tests.core.monolith import Monolith
from router.tests.core.subgraph import SubgraphUnderTest
from router.tests.core.world import Zoo
from shared.graphql.messages import GraphQLRequest

FEDERATION = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@external", "@provides", "@shareable", "@override", "@inaccessible", "@interfaceObject",
  "@extends", "@tag"
])
"""

_CACHE = Path(__file__).parents[3] / ".reservei" / "composed"


def supergraph_sdl(subgraphs: Mapping[str, str]) -> str:
    """Compose with the real composer, once for each content."""
    inputs = [SubgraphSdl(name, f"http://{name}.test/graphql", _with_link(sdl)) for name, sdl in subgraphs.items()]
    digest = hashlib.sha256(json.dumps([[one.name, one.sdl] for one in inputs]).encode()).hexdigest()[:32]
    file = _CACHE / f"{digest}.graphql"
    if not file.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(compose(inputs), encoding="utf-8")
        draft.replace(file)
    return file.read_text(encoding="utf-8")


def _with_link(sdl: str) -> str:
    return sdl if "#fed1" in sdl else FEDERATION + sdl


@cache
def _read(sdl: str) -> Supergraph:
    return read_supergraph(sdl)


def read_zoo(zoo: Zoo) -> Supergraph:
    return _read(supergraph_sdl(zoo.subgraphs))


class Running:
    """A supergraph in operation."""

    def __init__(self, zoo: Zoo, **engine_options: Any) -> None:
        self.supergraph = read_zoo(zoo)
        self.world = zoo.fresh_world()
        self.subgraphs = {
            name: SubgraphUnderTest(name, sdl.replace("#fed1", ""), self.world) for name, sdl in zoo.subgraphs.items()
        }
        self.engine = Engine(self.supergraph, self.subgraphs, **engine_options)

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        context: RequestContext | None = None,
    ) -> dict[str, Any]:
        request = GraphQLRequest(query, variables or {}, operation_name)
        return await self.engine.execute(request, context or RequestContext())

    def subscribe(self, query: str, variables: Mapping[str, Any] | None = None) -> AsyncIterator[dict[str, Any]]:
        return self.engine.subscribe(GraphQLRequest(query, variables or {}), RequestContext())

    def calls(self) -> list[str]:
        """The subgraphs in the order in which they were asked."""
        return [entry for entry in self.world.log if ":" not in entry]

    def plan(self, query: str, operation_name: str | None = None) -> Any:
        prepared = self.engine.prepare(query, operation_name)
        assert not isinstance(prepared, list), prepared
        return prepared.plan

    def monolith(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer of one schema over all the data, by graphql-core."""
        return Monolith(self.supergraph.api_schema, self.world).execute(query, variables or {})
