"""The example operations of `schema/operations/` are what the page expects, and fit the supergraph."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_operation_ast,
    parse,
    validate,
)
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
    """The example's variables with `{{today+30}}` and `{{uuid}}` resolved as the page does it."""
    path = file.with_suffix(".variables.json")
    text = path.read_text(encoding="utf-8") if path.exists() else "{}"

    def resolve(match: re.Match[str]) -> str:
        return (date.today() + timedelta(days=int(match[1] or 0))).isoformat()  # noqa: DTZ011  # as the browser does

    text = text.replace("{{uuid}}", str(UUID(int=0)))
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
    values = variables(file)
    assert {definition.variable.name.value for definition in definitions} >= set(values)
    if not references(values):  # those have values only when the page has run the operations before
        coerced = get_variable_values(api_schema, definitions, values)
        assert not isinstance(coerced, list), coerced


def test_refers_to_fields_that_an_earlier_example_asks_for(file: Path) -> None:
    earlier = {only_operation(other).name.value: only_operation(other) for other in FILES if other < file}  # type: ignore[union-attr]
    for reference in references(variables(file)):
        name, *fields = reference.split(".")
        selections = [earlier[name].selection_set]
        for field in (field for field in fields if not field.isdecimal()):
            assert selections, f"{reference}: nothing is asked for below the field before {field}"
            selections = [below for selection in selections for below in asked_for(selection, field)]


def references(value: Any) -> list[str]:
    """The `{{Operation.path}}` among the variables."""
    if isinstance(value, dict):
        return [found for item in value.values() for found in references(item)]
    match = re.fullmatch(r"\{\{(\w+(?:\.\w+)+)\}\}", value) if isinstance(value, str) else None
    return [match[1]] if match else []


def asked_for(selection: SelectionSetNode, field: str) -> list[SelectionSetNode]:
    """The selections below ``field``; fails where it is not asked for."""
    fields = [node for node in flat(selection) if (node.alias or node.name).value == field]
    assert fields, f"{field} is not asked for"
    return [node.selection_set for node in fields if node.selection_set]


def flat(selection: SelectionSetNode) -> list[FieldNode]:
    """The fields of a selection, those of its inline fragments too."""
    found: list[FieldNode] = []
    for node in selection.selections:
        if isinstance(node, InlineFragmentNode):
            found += flat(node.selection_set)
        elif isinstance(node, FieldNode):
            found.append(node)
    return found
