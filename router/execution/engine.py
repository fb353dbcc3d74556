"""The engine: one GraphQL request in, one GraphQL response (or a stream of them) out."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    get_variable_values,
    parse,
    print_ast,
    validate,
)

from router.execution.cache import LruCache
from router.execution.compilation import CompiledPlan
from router.execution.context import RequestContext
from router.execution.errors import client_error, formatted, with_code
from router.execution.introspection import Introspection
from router.execution.prepared import PreparedOperation, document_stats, root_field_names
from router.execution.state import ExecutionState
from router.execution.transport import Transport, TransportError
from router.planner import Planner, PlanningBudgetError, PlanningError
from router.supergraph import Supergraph
from shared.graphql.messages import GraphQLRequest, GraphQLResponse

DocumentCheck: TypeAlias = Callable[[DocumentNode, OperationDefinitionNode], list[GraphQLError]]
"""A limit on documents: the errors that refuse this one, run after the parse and before validation and planning."""

LONGEST_CACHED_QUERY = 20_000
"""Characters. The caches count entries, so what is long is prepared each time instead of filling the memory."""

_PERCENT = re.compile(r"^percent\((?P<share>\d+(?:\.\d+)?)\)$")


class Engine:
    """Runs client operations against the subgraphs of one supergraph."""

    def __init__(
        self,
        supergraph: Supergraph,
        transports: Mapping[str, Transport],
        *,
        checks: Sequence[DocumentCheck] = (),
        max_tokens: int | None = None,
        cache_size: int = 1000,
    ) -> None:
        """Serve ``supergraph``.

        Args:
            supergraph: What ``read_supergraph`` returned.
            transports: One for each subgraph, by subgraph name.
            checks: Limits that run on each new document before it is validated and planned.
            max_tokens: Most tokens a document may have; ``None`` for no limit.
            cache_size: How many prepared operations to keep.
        """
        if missing := sorted(supergraph.subgraphs.keys() - transports.keys()):
            raise ValueError(f"no transport for: {', '.join(missing)}")
        self.supergraph = supergraph
        self._schema = supergraph.api_schema
        self._transports = transports
        self._checks = tuple(checks)
        self._max_tokens = max_tokens
        self._planners: dict[frozenset[str], Planner] = {}
        self._by_text: LruCache[tuple[str, str | None, frozenset[str]], PreparedOperation] = LruCache(cache_size)
        self._by_document: LruCache[tuple[str, str | None, frozenset[str]], PreparedOperation] = LruCache(cache_size)

    def prepare(self, query: str, operation_name: str | None = None) -> PreparedOperation | list[GraphQLError]:
        """Parse, check, validate and plan an operation, or take it from the cache; the errors when it is refused."""
        labels = self._active_labels() if self.supergraph.override_labels else frozenset()
        key = (query, operation_name, labels)
        prepared = self._by_text.get(key)
        if prepared is None:
            try:
                prepared = self._prepare(query, operation_name, labels)
            except _RefusedError as refusal:
                return refusal.errors
            except RecursionError:
                return [GraphQLError("The operation is nested too deeply.", extensions={"code": "BAD_USER_INPUT"})]
            if len(query) <= LONGEST_CACHED_QUERY:
                self._by_text.put(key, prepared)
        return prepared

    async def execute(self, request: GraphQLRequest, context: RequestContext) -> GraphQLResponse:
        """Answer a query or mutation. Never raises for what a client or a subgraph did wrong."""
        prepared = self.prepare(request.query, request.operation_name)
        if isinstance(prepared, list):
            return {"errors": formatted(prepared)}
        if prepared.kind == "subscription":
            return {"errors": [client_error("A subscription needs a stream of responses.", "BAD_USER_INPUT")]}
        state = self._start(prepared, request, context)
        if isinstance(state, list):
            return {"errors": formatted(state)}
        return await self._run(prepared, state)

    async def subscribe(self, request: GraphQLRequest, context: RequestContext) -> AsyncIterator[GraphQLResponse]:
        """Stream the responses of a subscription; for a query or mutation, its one response.

        The deadline of ``context`` does not end a subscription, but it does end a query.
        """
        prepared = self.prepare(request.query, request.operation_name)
        if isinstance(prepared, list):
            yield {"errors": formatted(prepared)}
            return
        state = self._start(prepared, request, context)
        if isinstance(state, list):
            yield {"errors": formatted(state)}
        elif prepared.kind != "subscription":
            yield await self._run(prepared, state)
        else:
            async with aclosing(self._stream(prepared.compiled, state)) as responses:
                async for response in responses:
                    yield response

    async def _run(self, prepared: PreparedOperation, state: ExecutionState) -> GraphQLResponse:
        if prepared.introspection is not None:
            data, errors = prepared.introspection.answer(state.variables)
            state.data.update(data)
            state.errors.extend(formatted(errors))
        await prepared.compiled.run(state)
        return prepared.compiled.respond(state)

    async def _stream(self, compiled: CompiledPlan, first: ExecutionState) -> AsyncGenerator[GraphQLResponse]:
        """Run the plan for each event of the subgraph's stream."""
        assert compiled.primary is not None
        assert compiled.service is not None
        context = RequestContext(first.context.headers, None, first.context.claims)
        events = self._transports[compiled.service].subscribe(compiled.primary.request(first))
        try:
            async for event in events:
                state = compiled.new_state(first.variables, context)
                compiled.primary.receive(event, state)
                await compiled.run(state)
                yield compiled.respond(state)
        except TransportError as error:
            yield {"data": None, "errors": [client_error(error.message, error.code, service=compiled.service)]}
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    def _start(
        self, prepared: PreparedOperation, request: GraphQLRequest, context: RequestContext
    ) -> ExecutionState | list[GraphQLError]:
        """A state with the coerced variables, or what is wrong with them."""
        variables: Mapping[str, Any] = {}
        definitions = prepared.operation.variable_definitions
        if definitions:
            coerced = get_variable_values(self._schema, definitions, dict(request.variables or {}), max_errors=50)
            if isinstance(coerced, list):
                return [with_code(error, "BAD_USER_INPUT") for error in coerced]
            variables = coerced.coerced
        return prepared.compiled.new_state(variables, context)

    def _prepare(self, query: str, operation_name: str | None, labels: frozenset[str]) -> PreparedOperation:
        document = self._parse(query)
        operation = _select_operation(document, operation_name)
        for check in self._checks:
            if errors := check(document, operation):
                raise _RefusedError(errors)
        key = (print_ast(document), operation_name, labels)
        prepared = self._by_document.get(key)
        if prepared is None:
            if errors := validate(self._schema, document):
                raise _RefusedError([with_code(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
            prepared = self._plan(document, operation, labels)
            if len(query) <= LONGEST_CACHED_QUERY:
                self._by_document.put(key, prepared)
        return prepared

    def _parse(self, query: str) -> DocumentNode:
        try:
            return parse(query, max_tokens=self._max_tokens, allow_empty_selection_sets=False)
        except GraphQLError as error:
            raise _RefusedError([with_code(error, "GRAPHQL_PARSE_FAILED")]) from error

    def _plan(
        self, document: DocumentNode, operation: OperationDefinitionNode, labels: frozenset[str]
    ) -> PreparedOperation:
        planner = self._planners.get(labels)
        if planner is None:
            planner = self._planners[labels] = Planner(self.supergraph, active_labels=labels)
        name = operation.name.value if operation.name else None
        try:
            plan = planner.plan(document, name)
        except PlanningError as error:
            code = "BAD_USER_INPUT" if isinstance(error, PlanningBudgetError) else "INTERNAL"
            raise _RefusedError([GraphQLError(str(error), extensions={"code": code})]) from error
        return PreparedOperation(
            kind=plan.kind,
            name=name,
            document=document,
            operation=operation,
            root_fields=root_field_names(document, operation),
            stats=document_stats(document, operation),
            plan=plan,
            compiled=CompiledPlan(plan, self._transports, self._schema),
            introspection=Introspection(self._schema, document, operation) if plan.introspects else None,
        )

    def _active_labels(self) -> frozenset[str]:
        """The progressive overrides that this request follows: ``percent(n)`` holds for n in a hundred requests."""
        active = set()
        for label in self.supergraph.override_labels:
            match = _PERCENT.match(label)
            if match and random.random() * 100 < float(match["share"]):  # noqa: S311 -- a share of traffic, no secret
                active.add(label)
        return frozenset(active)


class _RefusedError(Exception):
    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


def _select_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    if name is None:
        message = "The document has no operation." if not operations else "Several operations: say which by its name."
        raise _RefusedError([GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})])
    for operation in operations:
        if operation.name and operation.name.value == name:
            return operation
    raise _RefusedError([GraphQLError(f'Unknown operation named "{name}".', extensions={"code": "BAD_USER_INPUT"})])
