"""Root fields of the zoo."""

from __future__ import annotations

from typing import Any

from router.tests.core.world import Ref


def all_of(type_name: str) -> Any:
    return lambda world, **_: [Ref(type_name, each) for each in world.records[type_name]]


def one(type_name: str, record_id: str) -> Any:
    return lambda _world, **_: Ref(type_name, record_id)


def by(type_name: str, argument: str = "id") -> Any:
    return lambda world, **arguments: (
        Ref(type_name, arguments[argument]) if arguments[argument] in world.records[type_name] else None
    )
