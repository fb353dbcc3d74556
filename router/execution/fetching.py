"""Compiles the fetches of a plan: send, receive, merge, and turn what goes wrong into errors for the client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from graphql import GraphQLSchema

from router.execution.errors import Path, client_error, client_path, error_path, subgraph_error
from router.execution.merge import merge_deeply
from router.execution.representations import Targets, compile_representations, compile_targets, places
from router.execution.state import ExecutionState
from router.execution.transport import SubgraphRequest, Transport, TransportError
from router.planner.nodes import Fetch
from shared.graphql.messages import GraphQLResponse

logger = logging.getLogger(__name__)

Step: TypeAlias = Callable[[ExecutionState], Awaitable[None]]
"""A part of a compiled plan. It reports what goes wrong in the state and raises nothing for it."""


class RootFetcher:
    """Fetches root fields and merges them, into each object at its place where that is not the root itself."""

    def __init__(self, fetch: Fetch, transport: Transport) -> None:
        self._fetch = fetch
        self._transport = transport
        self._targets = compile_targets(fetch) if fetch.slot.parent is not None else None

    async def run(self, state: ExecutionState) -> None:
        """Send the operation and merge its data."""
        targets = [state.data] if self._targets is None else self._targets(state.data)
        if not targets:
            return
        response = await call(self._fetch, self._transport, self.request(state), state)
        if response is not None:
            self.receive(response, state, targets)

    def request(self, state: ExecutionState) -> SubgraphRequest:
        """The request for the subgraph."""
        fetch = self._fetch
        return SubgraphRequest(
            fetch.operation, _variables(fetch, state), fetch.operation_name, fetch.kind, state.context.headers
        )

    def receive(
        self, response: GraphQLResponse, state: ExecutionState, targets: Sequence[dict[str, Any]] | None = None
    ) -> None:
        """Merge a response, at the root if no ``targets`` are given."""
        errors, data = response.get("errors"), response.get("data")
        if errors:
            self._report(errors, data, state)
        elif not isinstance(data, dict):
            report_failure(self._fetch, state, "The subgraph gave neither data nor errors.", "INTERNAL")
        if isinstance(data, dict):
            for target in (state.data,) if targets is None else targets:
                if self._fetch.merges_deeply:
                    merge_deeply(target, data)
                else:
                    target.update(data)

    def _report(self, errors: Any, data: Any, state: ExecutionState) -> None:
        errors = errors if isinstance(errors, list) else [errors]
        prefixes: list[Path] = [()]
        if self._fetch.slot.parent is not None:
            prefixes = [prefix for prefix, _ in places(state.data, self._fetch.slot.path)]
        located = [(error, path) for error in errors if (path := error_path(error))]
        if data is None and not located:
            report_refusal(self._fetch, state, errors)
            return
        for error, path in located:
            here = [client_path(state.shape, (*prefix, *path)) for prefix in prefixes]
            state.report(subgraph_error(error, self._fetch.service, here[0]), *here)
        for error in errors:
            if not error_path(error):
                state.report(subgraph_error(error, self._fetch.service, None), *_whereabouts(self._fetch, state))


class EntityFetcher:
    """Fetches entities and merges each into the objects that stand for it."""

    def __init__(self, fetch: Fetch, transport: Transport, schema: GraphQLSchema) -> None:
        assert fetch.representations is not None
        self._fetch = fetch
        self._transport = transport
        self._representations_variable = fetch.representations
        self._build = compile_representations(fetch, schema)

    async def run(self, state: ExecutionState) -> None:
        """Make representations of what is at the place, send them if there are any, and merge the entities."""
        fetch = self._fetch
        try:
            representations, targets = self._build(state.data)
        except (TypeError, AttributeError):
            logger.warning("data at %s does not have the shape that its subgraph declares", ".".join(fetch.slot.path))
            report_failure(fetch, state, "The objects to be completed are malformed.", "INTERNAL")
            return
        if not representations:
            return
        variables = _variables(fetch, state)
        variables[self._representations_variable] = representations
        request = SubgraphRequest(fetch.operation, variables, fetch.operation_name, "query", state.context.headers)
        response = await call(fetch, self._transport, request, state)
        if response is None:
            return
        errors, data = response.get("errors"), response.get("data")
        entities = data.get("_entities") if isinstance(data, dict) else None
        if errors:
            self._report(errors, entities, targets, state)
        elif not isinstance(entities, list) or len(entities) != len(representations):
            report_failure(fetch, state, "The subgraph did not answer for each entity.", "INTERNAL")
            return
        if isinstance(entities, list):
            merge = merge_deeply if fetch.merges_deeply else dict.update
            for entity, objects in zip(entities, targets, strict=False):
                if isinstance(entity, dict):
                    for target in objects:
                        merge(target, entity)

    def _report(self, errors: Any, entities: Any, targets: Targets, state: ExecutionState) -> None:
        errors = errors if isinstance(errors, list) else [errors]
        located = [error for error in errors if self._entity_index(error, targets) is not None]
        if entities is None and not located:
            report_refusal(self._fetch, state, errors)
            return
        paths: dict[int, list[Path]] = {}
        for path, found in places(state.data, self._fetch.slot.path):
            paths.setdefault(id(found), []).append(path)
        for error in errors:
            index = self._entity_index(error, targets)
            if index is None:
                state.report(subgraph_error(error, self._fetch.service, None), *_whereabouts(self._fetch, state))
                continue
            below = (error_path(error) or ())[2:]
            seen = {id(target): target for target in targets[index]}
            here = [client_path(state.shape, (*path, *below)) for target in seen for path in paths.get(target, ())]
            # One error for the entity, at the first of its places; it explains the nulls at all of them.
            state.report(subgraph_error(error, self._fetch.service, here[0] if here else None), *here)

    def _entity_index(self, error: Any, targets: Targets) -> int | None:
        path = error_path(error)
        if path is None or len(path) < 2 or path[0] != "_entities":
            return None
        index = path[1]
        return index if isinstance(index, int) and 0 <= index < len(targets) else None


async def call(
    fetch: Fetch, transport: Transport, request: SubgraphRequest, state: ExecutionState
) -> GraphQLResponse | None:
    """Send a request within the deadline; ``None`` once a failure has been reported."""
    try:
        if state.context.deadline is None:
            return await transport.execute(request)
        async with asyncio.timeout_at(state.context.deadline):
            return await transport.execute(request)
    except TransportError as error:
        report_failure(fetch, state, error.message, error.code)
    except TimeoutError:
        report_failure(fetch, state, "The subgraph did not answer in time.", "UNAVAILABLE")
    except Exception:  # a fault in one transport must not cost the client what the others bring
        logger.exception("transport of subgraph %s failed", fetch.service)
        report_failure(fetch, state, "The subgraph could not be asked.", "INTERNAL")
    return None


def report_failure(fetch: Fetch, state: ExecutionState, message: str, code: str) -> None:
    """Report that a fetch brought nothing."""
    whereabouts = _whereabouts(fetch, state)
    state.report(client_error(message, code, path=whereabouts[0], service=fetch.service), *whereabouts)


def report_refusal(fetch: Fetch, state: ExecutionState, errors: Sequence[Any]) -> None:
    """Report that a subgraph answered with errors and no data: as one error, the first one given."""
    if len(errors) > 1:
        logger.info("subgraph %s refused an operation with %d errors", fetch.service, len(errors))
    whereabouts = _whereabouts(fetch, state)
    first = errors[0] if errors else None
    state.report(subgraph_error(first, fetch.service, whereabouts[0]), *whereabouts)


def _whereabouts(fetch: Fetch, state: ExecutionState) -> list[Path]:
    """Where in the answer the results of a fetch belong, as precisely as one path without indices can say."""
    path = fetch.slot.path
    return [client_path(state.shape, path[: path.index("@")] if "@" in path else path)]


def _variables(fetch: Fetch, state: ExecutionState) -> dict[str, Any]:
    given = state.variables
    return {name: given[name] for name in fetch.variables if name in given}
