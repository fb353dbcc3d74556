"""The data behind a supergraph under test."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Ref:
    """A link to another record."""

    type: str
    id: str


class FieldFailed(Exception):
    """What a resolver raises when a test asks for it."""


Computed = Callable[..., Any]


@dataclass
class World:
    """The data behind a supergraph.

    Attributes:
        records: Fields by type and by an id of the tests' own; names with an underscore are in no schema.
        computed: Functions for "Type.field", given an accessor for other fields of the object, and the arguments.
            Functions of root fields get the world instead.
        abstract: Object types behind the interfaces that some subgraph knows as interface objects or enters by key.
        hidden: (subgraph, type, id) of entities that a subgraph does not find.
        failing: (subgraph, "Type.field" or the type for the entity as a whole, id) that raise.
    """

    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)
    abstract: dict[str, list[str]] = field(default_factory=dict)
    hidden: set[tuple[str, str, str]] = field(default_factory=set)
    failing: set[tuple[str, str, str]] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def find(self, ref: Ref) -> dict[str, Any]:
        return self.records[ref.type][ref.id]


@dataclass(frozen=True)
class Zoo:
    """A supergraph with its data."""

    subgraphs: Mapping[str, str]
    world: World

    def fresh_world(self) -> World:
        return replace(
            self.world,
            records=copy.deepcopy(self.world.records),
            hidden=set(self.world.hidden),
            failing=set(self.world.failing),
            log=[],
        )
