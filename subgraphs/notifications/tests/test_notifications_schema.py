"""The schema keeps the house rules, and the migration makes the tables that the models describe."""

from __future__ import annotations

from alembic import command
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from shared.db import Database
from shared.db.migrate import migrations_config
from subgraphs.notifications import messages
from subgraphs.notifications.schema import schema


def test_everything_in_the_schema_is_described() -> None:
    api = build_schema(schema.as_str(), assume_valid=True)
    missing: list[str] = []
    for name, kind in api.type_map.items():
        if name.startswith("_") or name in {"Query", "Mutation", "String", "Int", "Float", "Boolean", "ID"}:
            continue
        if not kind.description:
            missing.append(name)
    for name, kind in api.type_map.items():
        if name.startswith("_"):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                if not field.description and not field_name.startswith("_"):
                    missing.append(f"{name}.{field_name}")
                if not field_name.startswith("_"):
                    missing += [
                        f"{name}.{field_name}({arg})" for arg, value in field.args.items() if not value.description
                    ]
        elif isinstance(kind, GraphQLInputObjectType):
            missing += [f"{name}.{field}" for field, value in kind.fields.items() if not value.description]
        elif isinstance(kind, GraphQLEnumType):
            missing += [f"{name}.{value}" for value, definition in kind.values.items() if not definition.description]
    assert not missing


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.check(migrations_config("notifications", sync)))


def test_every_message_is_there_in_both_languages_with_the_same_values() -> None:
    def placeholders(template: str) -> set[str]:
        return {part.split("}")[0] for part in template.split("{")[1:]}

    assert {key: placeholders(text) for key, text in messages._ENGLISH.items()} == {
        key: placeholders(text) for key, text in messages._PORTUGUESE.items()
    }
