"""Documents that ask for too much are refused with a code, quickly, and one by one."""

from __future__ import annotations

import aiohttp
import pytest
from graphql import OperationDefinitionNode, parse

from router.config import LimitsConfig
from router.policies.limits import document_checks
from router.tests.edge.support import errors


def refusals(query: str, *, introspection: bool = True, **limits: int) -> list[str]:
    document = parse(query)
    (check,) = document_checks(LimitsConfig(**limits), introspection=introspection)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return [error.message for error in check(document, operation)]


def nested(depth: int) -> str:
    return "{ a " * depth + "{ b }" + "}" * depth


def test_depth_is_allowed_up_to_the_limit() -> None:
    assert refusals(nested(3), max_depth=4) == []
    assert refusals(nested(4), max_depth=4) == ["The operation is too large: its depth is over the limit of 4."]


def test_depth_counts_through_fragments() -> None:
    query = "{ a { ...F } } fragment F on T { b { ... on T { c { d } } } }"
    assert refusals(query, max_depth=4) == []
    assert refusals(query, max_depth=3) == ["The operation is too large: its depth is over the limit of 3."]


def test_each_use_of_a_fragment_counts_its_aliases() -> None:
    query = "{ a { ...F } b { ...F } } fragment F on T { x: c y: c }"
    assert refusals(query, max_aliases=4) == []
    assert "aliases" in refusals(query, max_aliases=3)[0]


def test_root_fields_and_directives_are_counted() -> None:
    assert "root fields" in refusals("{ a b ... { c } }", max_root_fields=2)[0]
    assert "directives" in refusals("query @x { a @x @x }", max_directives=2)[0]


def test_fragments_that_double_are_refused_without_spreading_them_out() -> None:
    """Spread out they would have sixteen million fields: then this test would not end in its time."""
    levels = 24
    fragments = " ".join(
        f"fragment F{level} on T {{ a {{ ...F{level + 1} }} b {{ ...F{level + 1} }} }}" for level in range(levels)
    )
    assert "number of fields" in refusals(f"{{ ...F0 }} {fragments} fragment F{levels} on T {{ c }}", max_depth=100)[0]


def test_fragments_nested_past_the_stack_are_refused() -> None:
    chain = " ".join(f"fragment F{n} on T {{ ...F{n + 1} }}" for n in range(3000))
    assert refusals(f"{{ ...F0 }} {chain} fragment F3000 on T {{ a }}") == [
        "The operation is too large: its fragments are nested too deeply."
    ]


def test_a_cycle_of_fragments_is_left_to_validation() -> None:
    assert refusals("{ ...A } fragment A on T { ...B } fragment B on T { ...A }") == []


def test_introspection_can_be_switched_off_even_inside_a_fragment() -> None:
    query = "{ ...F } fragment F on Query { hidden: __schema { types { name } } }"
    assert refusals(query) == []
    assert refusals(query, introspection=False) == ["Introspection is switched off on this router."]
    assert refusals("{ __typename a }", introspection=False) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ " + " ".join(f"a{n}: __typename" for n in range(10_000)) + " }", "GRAPHQL_PARSE_FAILED"),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(201)) + " }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hotels " + nested(50) + " }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ hotels " * 5_000, "GRAPHQL_PARSE_FAILED"),
        ("{ echo(text: " + "[" * 4_000 + ")", "GRAPHQL_PARSE_FAILED"),
        ("{ __typename " + "@x " * 3_000 + "}", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_the_router_refuses_greedy_documents(
    http: aiohttp.ClientSession, router: str, query: str, code: str
) -> None:
    async with http.post(f"{router}/graphql", json={"query": query}) as response:
        body = await response.json()
    assert "data" not in body
    assert {each for each, _ in errors(body)} == {code}
