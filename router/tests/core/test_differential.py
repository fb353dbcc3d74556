"""Generated operations: answers equal those of one schema, and what fails never breaks the schema's promises."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from graphql import GraphQLList, GraphQLNonNull
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from router.tests.core.harness import Running, read_zoo
from router.tests.core.monolith import Monolith
from router.tests.core.operations import operations
from router.tests.core.zoo import ZOOS

EXAMPLES = int(os.environ.get("RESERVEI_FUZZ_EXAMPLES", "4"))
"""Operations per supergraph; raise it for a long search."""

SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("name", sorted(ZOOS))
def test_any_operation_is_answered_like_one_schema(name: str) -> None:
    schema = read_zoo(ZOOS[name]).api_schema

    @SETTINGS
    @given(operations(schema))
    def check(case: tuple[str, dict[str, Any]]) -> None:
        query, variables = case
        running = Running(ZOOS[name])
        answer = asyncio.run(running.execute(query, variables))
        assert json.dumps(answer, indent=1) == json.dumps(running.monolith(query, variables), indent=1)

    check()


@pytest.mark.parametrize("name", sorted(ZOOS))
def test_whatever_fails_the_rest_is_right_and_no_promise_is_broken(name: str) -> None:
    schema = read_zoo(ZOOS[name]).api_schema

    @SETTINGS
    @given(operations(schema), st.data())
    def check(case: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
        query, variables = case
        running = Running(ZOOS[name])
        monolith = Monolith(schema, running.world)
        expected = monolith.execute(query, variables)
        entities = [
            (graph, type_name, record_id)
            for graph in running.subgraphs
            for type_name, records in running.world.records.items()
            for record_id in records
        ]
        running.subgraphs[data.draw(st.sampled_from(sorted(running.subgraphs)))].down = data.draw(st.booleans())
        running.world.failing = data.draw(st.sets(st.sampled_from(entities), max_size=2))
        running.world.hidden = data.draw(st.sets(st.sampled_from(entities), max_size=2))

        answer = asyncio.run(running.execute(query, variables))

        errors = answer.get("errors", [])
        assert all(error["message"] and error["extensions"]["code"] for error in errors)
        assert ("errors" in answer) == bool(errors)
        if answer["data"] is None:
            assert errors
        else:
            _assert_part_of(answer["data"], expected["data"], (), monolith.types)
        if not running.world.hidden and not errors:
            assert answer == expected

    check()


def _assert_part_of(actual: Any, expected: Any, path: tuple[str | int, ...], types: dict[Any, Any]) -> None:
    """What is there is right, and what is null may be."""
    if isinstance(actual, dict):
        assert list(actual) == list(expected), path
        for key, value in actual.items():
            here = (*path, key)
            _assert_nulls_allowed(value, types.get(here), here)
            _assert_part_of(value, expected[key], here, types)
    elif isinstance(actual, list):
        assert len(actual) == len(expected), path
        for index, value in enumerate(actual):
            _assert_part_of(value, expected[index], (*path, index), types)
    elif actual is not None:
        assert actual == expected, path


def _assert_nulls_allowed(value: Any, type_: Any, path: tuple[str | int, ...]) -> None:
    if isinstance(type_, GraphQLNonNull):
        assert value is not None, path
        type_ = type_.of_type
    if isinstance(type_, GraphQLList) and isinstance(value, list):
        for index, item in enumerate(value):
            _assert_nulls_allowed(item, type_.of_type, (*path, index))
