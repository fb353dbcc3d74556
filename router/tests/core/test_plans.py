"""Plans: which subgraphs are asked, in which order, for what, and how a plan is written down."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import pytest
from graphql import parse

from router.execution import Engine, RequestContext, SubgraphRequest
from router.planner import Condition, Fetch, Flatten, Parallel, Planner, PlanNode, Sequence_, Subscription
from router.supergraph import read_supergraph
from router.tests.core.harness import Running
from router.tests.core.zoo_abstract import CYCLE, INTERFACE_OBJECT, INTERFACES, UNIONS
from router.tests.core.zoo_entities import CHAIN, GATHERED, KEYS, PARENT_CALL, PROVIDES, SHARED, SHOP
from router.tests.core.zoo_various import ORDERS
from shared.graphql.messages import GraphQLRequest


def outline(node: PlanNode | None) -> Any:
    """The services of a plan: tuples run in sequence, sets in parallel."""
    match node:
        case None:
            return None
        case Fetch():
            return node.service
        case Flatten():
            return outline(node.node)
        case Condition():
            return ("if " if node.wanted else "unless ") + f"{node.variable}: {outline(node.node)}"
        case Sequence_():
            return tuple(outline(child) for child in node.nodes)
        case Parallel():
            return frozenset(outline(child) for child in node.nodes)
        case Subscription():
            return ("subscribe", outline(node.primary), outline(node.rest))


@pytest.mark.parametrize(
    ("zoo", "query", "expected"),
    [
        (SHOP, "{ me { name } }", "accounts"),
        (SHOP, "{ me { name } topProducts { name } }", frozenset({"accounts", "products"})),
        (SHOP, "{ topProducts { inStock reviews { id } } }", ("products", frozenset({"inventory", "reviews"}))),
        (SHOP, "{ topProducts { shipping inStock } }", ("products", "inventory")),
        (SHOP, "{ latest { author { id } product { upc } } }", "reviews"),
        (SHOP, "{ authored { by { name } } }", "reviews"),
        (KEYS, "{ things { fromD } }", ("a", "b", "c", "d")),
        (GATHERED, "{ items { result } }", ("start", frozenset({"left", "right"}), "end")),
        (CHAIN, "{ parts { shout } }", ("base", "one", "two", "three", "four")),
        (CHAIN, "{ parts { plain cost } }", ("base", "one", "two")),
        (PROVIDES, "{ feed { author { name address { city } } } }", "feed"),
        (PROVIDES, "{ feed { editor { name } } }", ("feed", "people")),
        (SHARED, "{ place { name } }", "left"),
        (SHARED, "{ place { name spot { lng } } }", "right"),
        (SHARED, "{ place { spot { lat lng } } }", frozenset({"left", "right"})),
        (PARENT_CALL, "{ accounts { profile { bio { text } } } }", ("main", "extra")),
        (INTERFACES, "{ items { ... on Book { price } ... on Toy { cheap } } }", ("catalog", "prices")),
        (UNIONS, "{ one { ... on Song { title } } }", "a"),
        (INTERFACE_OBJECT, "{ topRated { id stars } }", "ratings"),
        (INTERFACE_OBJECT, "{ topRated { stars views } }", ("ratings", "views")),
        (INTERFACE_OBJECT, "{ topRated { __typename stars } }", ("ratings", "media")),
        (CYCLE, '{ person(id: "1") { friends { friends { id } } } }', "people"),
    ],
)
def test_asks_as_few_subgraphs_as_possible_and_at_the_same_time(zoo: Any, query: str, expected: Any) -> None:
    assert outline(Running(zoo).plan(query).node) == expected


def test_prefers_a_subgraph_that_is_asked_anyway() -> None:
    # `one` is in both subgraphs, `plays` in the second only.
    plan = Running(UNIONS).plan("{ one { ... on Song { id plays } } found { ... on Song { id } } }")
    assert outline(plan.node) == "b"


def test_conditions_go_around_whole_fetches() -> None:
    running = Running(SHOP)
    plan = running.plan(
        "query ($a: Boolean!, $b: Boolean!) {"
        "  topProducts { name inStock @include(if: $a) reviews @skip(if: $b) { author { name } } }"
        "  me @include(if: $a) { name }"
        "}"
    )
    assert plan.condition_variables == ("a", "b")
    assert outline(plan.node) == frozenset(
        {
            "if a: accounts",
            ("products", frozenset({"if a: inventory", ("unless b: reviews", "unless b: accounts")})),
        }
    )


async def test_a_fetch_whose_condition_does_not_hold_is_not_made() -> None:
    query = "query ($a: Boolean!) { topProducts { name shipping @include(if: $a) } me @skip(if: $a) { name } }"
    running = Running(SHOP)

    without = await running.execute(query, {"a": False})
    assert running.calls() == ["products", "accounts"]
    with_ = await running.execute(query, {"a": True})
    assert running.calls()[2:] == ["products", "inventory"]

    assert without == running.monolith(query, {"a": False})
    assert with_ == running.monolith(query, {"a": True})


def test_only_the_variables_that_a_fetch_uses_are_declared_and_sent() -> None:
    plan = Running(SHOP).plan(
        "query Q($n: Int = 2, $c: String, $r: Int) {"
        "  topProducts(first: $n) { price(currency: $c) reviews(first: $r) { id } }"
        "}"
    )
    first, second = plan.fetches()
    assert first.variables == ("n", "c")
    assert first.operation.startswith("query Q__products__0($n: Int = 2, $c: String) {")
    assert second.variables == ("r",)
    assert second.operation.startswith("query Q__reviews__1($representations: [_Any!]!, $r: Int) {")


async def test_a_client_may_call_its_variable_representations() -> None:
    query = "query ($representations: Int) { topProducts { reviews(first: $representations) { id } } }"
    running = Running(SHOP)
    assert await running.execute(query, {"representations": 1}) == running.monolith(query, {"representations": 1})


def test_an_interface_is_asked_as_such_where_the_subgraph_can_answer_for_all_its_types() -> None:
    (fetch,) = Running(INTERFACES).plan("{ items { id name } }").fetches()
    assert fetch.operation == "{ items { name id __typename } }"


def test_the_pretty_form_is_apollos() -> None:
    plan = Running(SHOP).plan("query ($a: Boolean!) { topProducts { name shipping @include(if: $a) } }")
    assert plan.pretty() == textwrap.dedent(
        """\
        QueryPlan {
          Sequence {
            Fetch(service: "products") {
              query ($a: Boolean!) {
                topProducts {
                  name
                  upc @include(if: $a)
                  weight @include(if: $a)
                }
              }
            },
            Include(if: $a) {
              Flatten(path: "topProducts.@") {
                Fetch(service: "inventory") {
                  {
                    ... on Product {
                      __typename
                      upc
                      weight
                    }
                  } =>
                  {
                    ... on Product {
                      shipping
                    }
                  }
                },
              },
            },
          },
        }"""
    )


def test_the_json_form_is_apollos() -> None:
    plan = Running(SHOP).plan("query Shelf { topProducts { inStock } }")
    assert plan.to_json() == {
        "kind": "QueryPlan",
        "node": {
            "kind": "Sequence",
            "nodes": [
                {
                    "kind": "Fetch",
                    "serviceName": "products",
                    "variableUsages": [],
                    "operation": "query Shelf__products__0 { topProducts { upc } }",
                    "operationKind": "query",
                    "operationName": "Shelf__products__0",
                },
                {
                    "kind": "Flatten",
                    "path": ["topProducts", "@"],
                    "node": {
                        "kind": "Fetch",
                        "serviceName": "inventory",
                        "requires": [
                            {
                                "kind": "InlineFragment",
                                "typeCondition": "Product",
                                "selections": [
                                    {"kind": "Field", "name": "__typename"},
                                    {"kind": "Field", "name": "upc"},
                                ],
                            }
                        ],
                        "variableUsages": [],
                        "operation": (
                            "query Shelf__inventory__1($representations: [_Any!]!)"
                            " { _entities(representations: $representations) { ... on Product { inStock } } }"
                        ),
                        "operationKind": "query",
                        "operationName": "Shelf__inventory__1",
                    },
                },
            ],
        },
    }


def test_every_plan_node_has_a_json_and_a_pretty_form() -> None:
    running = Running(ORDERS)
    plan = running.plan(
        "subscription ($a: Boolean!) { orderChanged(count: 1) { position @include(if: $a) customer { name } } }"
    )
    json = plan.to_json()
    assert json["node"]["kind"] == "Subscription"
    assert json["node"]["primary"]["operationKind"] == "subscription"
    conditions = [one for one in json["node"]["rest"]["nodes"] if one["kind"] == "Condition"]
    assert [(one["condition"], one["ifClause"]["kind"]) for one in conditions] == [("a", "Flatten")]
    for word in ("Subscription {", "Primary: {", "Rest: {", "Parallel {", "Include(if: $a) {"):
        assert word in plan.pretty()


def test_an_operation_about_the_schema_only_needs_no_subgraph() -> None:
    plan = Running(SHOP).plan("{ __typename __schema { queryType { name } } }")
    assert plan.node is None
    assert plan.to_json() == {"kind": "QueryPlan"}
    assert plan.pretty() == "QueryPlan {}"


NESTED_QUERY = """
schema @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) {
  query: Query
  mutation: Mutation
}
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: String, resolvable: Boolean) repeatable on OBJECT
directive @join__field(graph: join__Graph) repeatable on FIELD_DEFINITION
directive @trace(id: Int) on FIELD
enum join__Graph { A @join__graph(name: "a", url: "http://a") B @join__graph(name: "b", url: "http://b") }
type Query @join__type(graph: A) @join__type(graph: B) { x: Int @join__field(graph: A)  y: Int @join__field(graph: B) }
type Mutation @join__type(graph: A) { go: Payload @join__field(graph: A) }
type Payload @join__type(graph: A) { ok: Int  query: Query!  list: [Query] }
"""


class _Canned:
    """A transport that gives the same data whatever it is asked."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    async def execute(self, _request: SubgraphRequest) -> dict[str, Any]:
        return {"data": copy.deepcopy(self._data)}

    def subscribe(self, _request: SubgraphRequest) -> Any:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


async def test_the_query_type_below_a_mutation_is_completed_by_every_subgraph() -> None:
    engine = Engine(
        read_supergraph(NESTED_QUERY),
        {"a": _Canned({"go": {"ok": 1, "query": {"x": 1}, "list": [{}, None, {}]}}), "b": _Canned({"y": 2})},
    )
    answer = await engine.execute(GraphQLRequest("mutation { go { ok query { x y } list { y } } }"), RequestContext())
    assert answer == {"data": {"go": {"ok": 1, "query": {"x": 1, "y": 2}, "list": [{"y": 2}, None, {"y": 2}]}}}


def test_directives_of_the_clients_own_are_passed_on_with_their_variables() -> None:
    plan = Planner(read_supergraph(NESTED_QUERY)).plan(parse("query ($i: Int) { x @trace(id: $i) y }"))
    assert [one.operation for one in plan.fetches()] == ["query($i: Int) { x @trace(id: $i) }", "{ y }"]
