"""An operation that could return millions of objects is refused, however short its text."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse

from router.policies.cost import cost_check

SCHEMA = build_schema(
    """
    type Query { hotels(first: Int = 20): HotelConnection!  tags: [Tag!]!  me: User }
    type HotelConnection { edges: [HotelEdge!]!  total: Int }
    type HotelEdge { node: Hotel! }
    type Hotel { name: String!  tags: [Tag!]!  reviews(first: Int): ReviewConnection! }
    type ReviewConnection { edges: [ReviewEdge!]! }
    type ReviewEdge { node: Review! }
    type Review { hotel: Hotel!  author: User }
    type User { name: String! }
    type Tag { name: String! }
    """
)


def _objects(query: str, limit: int = 10**9) -> bool:
    document = parse(query)
    return not cost_check(SCHEMA, limit)(document, document.definitions[0])


def _hotels(page: str, inner: str) -> str:
    return f"{{ hotels{page} {{ edges {{ node {{ {inner} }} }} }} }}"


@pytest.mark.parametrize(
    ("query", "objects"),
    [
        ("{ me { name } }", 1),
        ("{ tags { name } }", 5),
        (_hotels("(first: 10)", "name"), 20),  # an edge and a node each
        (_hotels("", "name"), 40),
        (_hotels("(first: 3)", "reviews(first: 7) { edges { node { author { name } } } }"), 3 * (2 + 7 * 3)),
        (_hotels("(first: 1000000)", "name"), 200),  # no page is larger than 100
        ("query($n: Int) " + _hotels("(first: $n)", "name"), 200),
        ("{ ...F } fragment F on Query { hotels(first: 2) { edges { node { name } } } }", 4),
        ("{ __schema { types { fields { name } } } }", 0),
    ],
)
def test_objects_are_counted_through_pages_and_fragments(query: str, objects: int) -> None:
    assert _objects(query, objects)
    if objects:
        assert not _objects(query, objects - 1)


def test_pages_inside_pages_are_refused() -> None:
    inner = "name"
    for _ in range(4):
        inner = f"reviews(first: 100) {{ edges {{ node {{ hotel {{ {inner} }} }} }} }}"
    document = parse(_hotels("(first: 3)", inner))
    errors = cost_check(SCHEMA, 20_000)(document, document.definitions[0])
    assert [error.extensions["code"] for error in errors] == ["BAD_USER_INPUT"]
    assert "20,000" in errors[0].message


@pytest.mark.parametrize("query", ["{ nothing { name } }", "{ ...A } fragment A on Query { ...A }", "{ ...B }"])
def test_what_validation_will_refuse_is_left_to_it(query: str) -> None:
    assert _objects(query)
