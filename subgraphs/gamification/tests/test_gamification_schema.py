"""The schema keeps the house rules, and the migrations make what the models describe and rules that can be read."""

from __future__ import annotations

from alembic import command
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from shared.db import Database
from shared.db.migrate import migrations_config
from subgraphs.gamification import messages
from subgraphs.gamification.schema import schema
from subgraphs.gamification.service.catalogue import current


def test_everything_in_the_schema_is_described() -> None:
    api = build_schema(schema.as_str(), assume_valid=True)
    missing: list[str] = []
    for name, kind in api.type_map.items():
        if name.startswith("_") or name in {"Query", "Mutation", "String", "Int", "Float", "Boolean", "ID"}:
            continue
        if not kind.description:
            missing.append(name)
        if isinstance(kind, GraphQLEnumType):
            missing += [f"{name}.{value}" for value, definition in kind.values.items() if not definition.description]
        if isinstance(kind, GraphQLInputObjectType):
            missing += [f"{name}.{field}" for field, value in kind.fields.items() if not value.description]
    for name, kind in api.type_map.items():
        if name.startswith("_") or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for field_name, field in kind.fields.items():
            if field_name.startswith("_"):
                continue
            missing += [] if field.description else [f"{name}.{field_name}"]
            missing += [f"{name}.{field_name}({arg})" for arg, value in field.args.items() if not value.description]
    assert not missing


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.check(migrations_config("gamification", sync)))


async def test_the_first_rules_are_valid(database: Database) -> None:
    async with database.read() as session:
        catalogue = await current(session)
    assert len(catalogue.missions) == 7
    assert (len(catalogue.levels), len(catalogue.achievements), len(catalogue.earning)) == (4, 6, 3)


def test_every_message_is_there_in_both_languages_with_the_same_values() -> None:
    def placeholders(template: str) -> set[str]:
        return {part.split("}")[0] for part in template.split("{")[1:]}

    assert {key: placeholders(text) for key, text in messages._ENGLISH.items()} == {
        key: placeholders(text) for key, text in messages._PORTUGUESE.items()
    }
