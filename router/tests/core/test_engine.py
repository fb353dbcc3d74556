"""The engine: refusals and their codes, the cache, introspection, limits."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, GraphQLError, OperationDefinitionNode, get_introspection_query, parse

from router.execution import DocumentStats, Engine, PreparedOperation, RequestContext
from router.execution import engine as engine_module
from router.planner import Planner, PlanningBudgetError
from router.tests.core.harness import Running, read_zoo
from router.tests.core.zoo_entities import SHOP
from router.tests.core.zoo_various import INACCESSIBLE


def _codes(answer: dict[str, Any]) -> list[str]:
    assert "data" not in answer
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize(
    ("query", "variables", "name", "code"),
    [
        ("{ me { name }", {}, None, "GRAPHQL_PARSE_FAILED"),
        ("", {}, None, "GRAPHQL_PARSE_FAILED"),
        ("{ me { } }", {}, None, "GRAPHQL_PARSE_FAILED"),
        ("{ me { nope } }", {}, None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ me { ...F } } fragment F on User { ...F }", {}, None, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { me { id } } query B { me { id } }", {}, None, "BAD_USER_INPUT"),
        ("query A { me { id } }", {}, "B", "BAD_USER_INPUT"),
        ("fragment F on User { id }", {}, None, "BAD_USER_INPUT"),
        ("query ($u: ID!) { product(upc: $u) { name } }", {}, None, "BAD_USER_INPUT"),
        ("query ($u: ID!) { product(upc: $u) { name } }", {"u": {"a": 1}}, None, "BAD_USER_INPUT"),
        ("query ($n: Int) { topProducts(first: $n) { name } }", {"n": "two"}, None, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_with_a_code(
    query: str, variables: dict[str, Any], name: str | None, code: str
) -> None:
    running = Running(SHOP)
    assert set(_codes(await running.execute(query, variables, name))) == {code}
    assert running.calls() == []


async def test_one_of_several_operations_is_chosen_by_name() -> None:
    running = Running(SHOP)
    query = "query A { me { id } } query B { me { name } }"
    assert await running.execute(query, operation_name="A") == {"data": {"me": {"id": "u1"}}}
    assert await running.execute(query, operation_name="B") == {"data": {"me": {"name": "Ana"}}}


def test_an_operation_is_prepared_once_however_it_is_written() -> None:
    engine = Running(SHOP).engine
    first = engine.prepare("{ me { name } }")
    assert isinstance(first, PreparedOperation)
    assert engine.prepare("{ me { name } }") is first
    assert engine.prepare("{\n  me {\n    name # the name\n  }\n}") is first
    assert engine.prepare("{ me { id } }") is not first


def test_the_cache_forgets_what_was_not_used_for_longest() -> None:
    engine = Running(SHOP, cache_size=2).engine
    first = engine.prepare("{ a: __typename }")
    second = engine.prepare("{ b: __typename }")
    assert engine.prepare("{ a: __typename }") is first
    for name in "cde":
        engine.prepare(f"{{ {name}: __typename }}")
    assert engine.prepare("{ a: __typename }") is not first
    assert engine.prepare("{ b: __typename }") is not second


def test_a_prepared_operation_tells_its_size() -> None:
    prepared = Running(SHOP).engine.prepare(
        "query Q { a: me { ...F } topProducts { name ...G } }"
        " fragment F on User { id reviews { x: id product { ...G } } }"
        " fragment G on Product { upc name }"
    )
    assert isinstance(prepared, PreparedOperation)
    assert (prepared.kind, prepared.name) == ("query", "Q")
    assert sorted(prepared.root_fields) == ["me", "topProducts"]
    assert prepared.stats == DocumentStats(fields=11, depth=4, aliases=2, root_fields=2)


def _no_more_than_ten_aliases(_: DocumentNode, operation: OperationDefinitionNode) -> list[GraphQLError]:
    aliases = [one for one in operation.selection_set.selections if isinstance(one, FieldNode) and one.alias]
    return [GraphQLError("Too many aliases.", extensions={"code": "BAD_USER_INPUT"})] if len(aliases) > 10 else []


async def test_ten_thousand_aliases_are_refused_before_they_cost_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing is what they cost; validating and planning would take many times as long."""

    def dear(*_: Any) -> None:
        raise AssertionError("a refused document is neither validated nor planned")

    monkeypatch.setattr(engine_module, "validate", dear)
    monkeypatch.setattr(Planner, "plan", dear)
    running = Running(SHOP, checks=[_no_more_than_ten_aliases])
    query = "{" + " ".join(f"a{n}: me {{ id }}" for n in range(10_000)) + "}"

    answer = await running.execute(query)

    assert _codes(answer) == ["BAD_USER_INPUT"]


async def test_too_many_tokens_are_refused_by_the_parser() -> None:
    running = Running(SHOP, max_tokens=20)
    assert "errors" not in await running.execute("{ me { name } }")
    assert _codes(await running.execute("{ me { " + "name " * 20 + "} }")) == ["GRAPHQL_PARSE_FAILED"]


async def test_fragments_that_multiply_are_given_up() -> None:
    levels = 24
    fragments = [
        f"fragment F{n} on User {{ reviews {{ author {{ ...F{n + 1} }} a: author {{ ...F{n + 1} }} }} }}"
        for n in range(levels)
    ]
    query = "{ me { ...F0 } } " + " ".join(fragments) + f" fragment F{levels} on User {{ id }}"
    engine = Running(SHOP).engine

    with pytest.raises(PlanningBudgetError):
        Planner(engine.supergraph).plan(parse(query))


async def test_an_operation_nested_too_deeply_is_refused() -> None:
    depth = 90
    query = "{ topProducts " + "{ similar " * depth + "{ upc }" + "}" * (depth + 1)
    answer = await Running(SHOP).execute(query)
    assert answer.get("data") is not None or _codes(answer) == ["BAD_USER_INPUT"]


async def test_introspection_is_answered_without_a_subgraph() -> None:
    running = Running(INACCESSIBLE)
    answer = await running.execute(get_introspection_query())
    types = {one["name"] for one in answer["data"]["__schema"]["types"]}
    assert running.calls() == []
    assert {"Row", "Mood", "Shape", "Square"} <= types
    assert not types & {"Ghost", "join__Graph", "link__Import", "_Entity", "_Any"}


async def test_introspection_beside_data_keeps_the_clients_order() -> None:
    running = Running(SHOP)
    query = """
      query ($n: String!) {
        b: __type(name: $n) { name }
        me { id }
        ...F
        __typename
      }
      fragment F on Query { __schema { queryType { name } } }
    """
    answer = await running.execute(query, {"n": "User"})
    assert list(answer["data"]) == ["b", "me", "__schema", "__typename"]
    assert answer["data"]["b"] == {"name": "User"}
    assert answer["data"]["__schema"] == {"queryType": {"name": "Query"}}
    again = await running.execute(query, {"n": "Nope"})
    assert again["data"]["b"] is None


async def test_headers_of_the_context_reach_every_subgraph() -> None:

    running = Running(SHOP)
    await running.execute("{ topProducts { inStock } }", context=RequestContext({"authorization": "Bearer x"}))
    for name in ("products", "inventory"):
        assert running.subgraphs[name].requests[0].headers == {"authorization": "Bearer x"}


def test_every_subgraph_needs_a_transport() -> None:
    with pytest.raises(ValueError, match="no transport for: inventory, reviews"):
        Engine(
            read_zoo(SHOP),
            {"products": Running(SHOP).subgraphs["products"], "accounts": Running(SHOP).subgraphs["accounts"]},
        )
