"""Reading supergraph SDL: what is understood, what is hidden, what is refused."""

from __future__ import annotations

import pytest
from graphql import parse, print_schema

from reservei.compose import CompositionError, SubgraphSdl, compose
from router.planner import Planner
from router.supergraph import SupergraphError, read_supergraph
from router.tests.core.harness import Running, read_zoo
from router.tests.core.world import Ref, World, Zoo
from router.tests.core.zoo_abstract import INTERFACE_OBJECT, UNIONS
from router.tests.core.zoo_entities import SHOP
from router.tests.core.zoo_various import INACCESSIBLE, OVERRIDE

JOIN = """
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__type(graph: join__Graph!, key: String, resolvable: Boolean) repeatable on OBJECT
directive @join__field(graph: join__Graph, requires: String, contextArguments: [String!]) repeatable on FIELD_DEFINITION
enum join__Graph { A @join__graph(name: "a", url: "http://a") B @join__graph(name: "b", url: "http://b") }
"""


def _supergraph(links: str = "", query: str = "x: Int") -> str:
    return f"""
      schema @link(url: "https://specs.apollo.dev/link/v1.0")
             @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION) {links} {{ query: Query }}
      {JOIN}
      type Query @join__type(graph: A) @join__type(graph: B) {{ {query} }}
    """


def test_subgraphs_are_known_by_their_own_names() -> None:
    supergraph = read_zoo(SHOP)
    assert supergraph.subgraphs["inventory"].url == "http://inventory.test/graphql"
    assert set(supergraph.subgraphs) == set(SHOP.subgraphs)


def test_the_api_schema_has_no_federation_machinery_and_nothing_inaccessible() -> None:
    text = print_schema(read_zoo(INACCESSIBLE).api_schema)
    for hidden in ("join__", "link__", "@inaccessible", "SECRET", "secret", "Ghost", "hidden", "cost"):
        assert hidden not in text
    for visible in ("enum Mood", "HAPPY", "pick(by: Mood): Int", "total: Int"):
        assert visible in text


def test_ownership_is_read_per_subgraph() -> None:
    product = read_zoo(SHOP).types["Product"]
    assert product.fields["weight"].graphs["inventory"].external
    assert not product.fields["weight"].graphs["products"].external
    assert product.fields["shipping"].graphs["inventory"].requires is not None
    assert [key.text for key in read_zoo(SHOP).types["User"].graphs["accounts"].keys] == ["id", "email"]
    assert "old" not in {
        graph for graph, one in read_zoo(OVERRIDE).types["Car"].fields["colour"].graphs.items() if not one.external
    }


def test_possible_types_are_read_per_subgraph() -> None:
    hit = read_zoo(UNIONS).types["Hit"]
    assert hit.possible_in == {"a": {"Song", "Album"}, "b": {"Song", "Artist"}}
    assert hit.possible_types == {"Song", "Album", "Artist"}
    media = read_zoo(INTERFACE_OBJECT).types["Media"]
    assert media.graphs["ratings"].is_interface_object
    assert media.possible_in == {"media": {"Book", "Movie"}}


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ('@link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY)', "requiresScopes"),
        ('@link(url: "https://specs.apollo.dev/source/v0.1", for: EXECUTION)', "source"),
        ('@link(url: "https://example.com/magic/v1.0", for: EXECUTION)', "https://example.com/magic"),
    ],
)
def test_an_unknown_feature_that_matters_is_refused_by_name(link: str, name: str) -> None:
    with pytest.raises(SupergraphError, match=f'"{name}"'):
        read_supergraph(_supergraph(link))


def test_an_unknown_feature_that_does_not_matter_is_left_out_of_the_api() -> None:
    link = '@link(url: "https://example.com/notes/v1.0", import: ["@note", {name: "Extra", as: "NoteExtra"}])'
    sdl = _supergraph(link, 'x: Int @note(text: "n")')
    sdl += "directive @note(text: String) on FIELD_DEFINITION | FIELD\nscalar NoteExtra\nscalar notes__More\n"
    text = print_schema(read_supergraph(sdl).api_schema)
    assert text == "type Query {\n  x: Int\n}"


def test_arguments_from_a_context_are_refused() -> None:
    with pytest.raises(SupergraphError, match=r"Query\.x takes arguments from a @context"):
        read_supergraph(_supergraph(query='x: Int @join__field(graph: A, contextArguments: ["c"])'))


@pytest.mark.parametrize(
    ("sdl", "message"),
    [
        ("type Query {", "cannot be parsed"),
        ("type Query { a: Int }", "not a supergraph"),
        ('schema @link(url: "https://specs.apollo.dev/join/v0.9") { query: Query } type Query { a: Int }', "join v0.9"),
        (
            'schema @link(url: "https://specs.apollo.dev/join/v0.3") { query: Query } type Query { a: Int }',
            "no subgraph",
        ),
        (_supergraph(query="x: Int @join__field(graph: C)"), "names the graph C"),
        (_supergraph(query='x: Int @join__field(graph: A, requires: "{")'), "not a field set"),
    ],
)
def test_what_is_no_supergraph_is_refused_with_a_reason(sdl: str, message: str) -> None:
    with pytest.raises(SupergraphError, match=message):
        read_supergraph(sdl)


FEDERATION_1 = """
schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") {
  query: Query
}
directive @core(feature: String!) repeatable on SCHEMA
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet) on FIELD_DEFINITION
directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on OBJECT | INTERFACE
directive @join__owner(graph: join__Graph!) on OBJECT | INTERFACE
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
scalar join__FieldSet
enum join__Graph {
  BOOKS @join__graph(name: "books" url: "http://books")
  LOANS @join__graph(name: "loans" url: "http://loans")
}
type Book @join__owner(graph: BOOKS) @join__type(graph: BOOKS, key: "isbn") @join__type(graph: LOANS, key: "isbn") {
  isbn: ID! @join__field(graph: BOOKS)
  size: Size
  loans: [Loan] @join__field(graph: LOANS)
}
type Size { pages: Int }
type Loan { book: Book until: String }
type Query { books: [Book] @join__field(graph: BOOKS)  late: [Loan] @join__field(graph: LOANS) }
"""


def test_join_v0_1_is_read() -> None:
    supergraph = read_supergraph(FEDERATION_1)

    plan = Planner(supergraph).plan(parse("{ books { size { pages } loans { until } } }"))
    assert [(one.service, one.operation) for one in plan.fetches()] == [
        ("books", "{ books { isbn size { pages } } }"),
        (
            "loans",
            (
                "query($representations: [_Any!]!) "
                "{ _entities(representations: $representations) { ... on Book { loans { until } } } }"
            ),
        ),
    ]
    plan = Planner(supergraph).plan(parse("{ late { book { isbn size { pages } } } }"))
    assert [one.service for one in plan.fetches()] == ["loans", "books"]


def test_progressive_overrides_follow_their_labels() -> None:
    subgraphs = {
        "old": 'type Query { car: Car } type Car @key(fields: "id") { id: ID!  colour: String }',
        "new": """type Car @key(fields: "id") {
          id: ID!  colour: String @override(from: "old", label: "percent(40)")
        }""",
    }

    supergraph = read_zoo(Zoo(subgraphs, World()))
    assert supergraph.override_labels == {"percent(40)"}
    document = parse("{ car { colour } }")
    before = Planner(supergraph).plan(document)
    after = Planner(supergraph, active_labels=frozenset({"percent(40)"})).plan(document)
    assert [one.service for one in before.fetches()] == ["old"]
    assert [one.service for one in after.fetches()] == ["old", "new"]


async def test_a_share_of_requests_follows_a_progressive_override() -> None:

    for share, expected in (("0", ["old"]), ("100", ["old", "new"])):
        label = f"percent({share})"
        zoo = Zoo(
            {
                "old": 'type Query { car: Car } type Car @key(fields: "id") { id: ID!  colour: String }',
                "new": f"""type Car @key(fields: "id") {{
                  id: ID!  colour: String @override(from: "old", label: "{label}")
                }}""",
            },
            World({"Car": {"1": {"id": "1", "colour": "red"}}}, {"Query.car": lambda _w: Ref("Car", "1")}),
        )
        running = Running(zoo)
        assert await running.execute("{ car { colour } }") == {"data": {"car": {"colour": "red"}}}
        assert running.calls() == expected


def test_composition_errors_say_what_does_not_fit() -> None:
    with pytest.raises(CompositionError, match="INVALID_FIELD_SHARING") as caught:
        compose(
            [
                SubgraphSdl("a", "http://a", _V2 + "type Query { x: Int }"),
                SubgraphSdl("b", "http://b", _V2 + "type Query { x: Int }"),
            ]
        )
    assert len(caught.value.messages) == 1
    with pytest.raises(CompositionError, match=r"INVALID_GRAPHQL: \[b\]"):
        compose([SubgraphSdl("a", "http://a", "type Query { x: Int }"), SubgraphSdl("b", "http://b", "type {")])


def test_composing_without_node_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESERVEI_NODE", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(CompositionError, match="RESERVEI_NODE"):
        compose([SubgraphSdl("a", "http://a", "type Query { x: Int }")])


_V2 = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"]) '
