"""The example operations of `schema/operations/` are what the page expects, and fit the supergraph."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, get_operation_ast, parse, validate
from graphql.execution.values import get_variable_values

from router.supergraph import read_supergraph

SCHEMA = Path(__file__).parents[3] / "schema"
FILES = sorted((SCHEMA / "operations").glob("*.graphql"))

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def api_schema() -> GraphQLSchema:
    return read_supergraph((SCHEMA / "supergraph.graphql").read_text(encoding="utf-8")).api_schema


def only_operation(file: Path) -> OperationDefinitionNode:
    operation = get_operation_ast(parse(file.read_text(encoding="utf-8")))
    assert operation is not None, "the page opens one tab per file, so a file holds one operation"
    return operation


def variables(file: Path) -> dict[str, Any]:
    """The example's variables with `{{today+30}}` resolved as the page does it."""
    path = file.with_suffix(".variables.json")
    text = path.read_text(encoding="utf-8") if path.exists() else "{}"

    def resolve(match: re.Match[str]) -> str:
        return (date.today() + timedelta(days=int(match[1] or 0))).isoformat()  # noqa: DTZ011  # as the browser does

    values = json.loads(re.sub(r"\{\{today([+-]\d+)?\}\}", resolve, text))
    assert isinstance(values, dict)
    return values


def test_begins_with_a_comment_that_explains_it(file: Path) -> None:
    title, blank, explanation, *_ = file.read_text(encoding="utf-8").splitlines()
    assert re.match(r"# \S", title)
    assert blank == "#"
    assert re.match(r"# \S", explanation)


def test_has_a_name_for_its_tab(file: Path) -> None:
    assert only_operation(file).name is not None


def test_is_valid_with_its_variables(file: Path, api_schema: GraphQLSchema) -> None:
    document = parse(file.read_text(encoding="utf-8"))
    assert validate(api_schema, document) == []
    definitions = only_operation(file).variable_definitions or ()
    assert {definition.variable.name.value for definition in definitions} >= set(variables(file))
    coerced = get_variable_values(api_schema, definitions, variables(file))
    assert not isinstance(coerced, list), coerced
