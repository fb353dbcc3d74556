"""Routes: the ways in which a subgraph can come to resolve a field at a slot, with what they would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import SelectionSetNode

from router.planner.fetches import Presence
from router.planner.graph import Entry, Provided, View
from router.planner.slots import Slot


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """Of having a subgraph at a slot: the step at which its data is there, new fetches, and fields to select."""

    step: int
    fetches: int = 0
    size: int = 0

    def beside(self, other: Cost) -> Cost:
        """Both of them, at the same time."""
        return Cost(max(self.step, other.step), self.fetches + other.fetches, self.size + other.size)


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way to have ``graph`` at a slot."""

    graph: str
    views: tuple[View, ...]
    provided: Provided
    cost: Cost


@dataclass(frozen=True, slots=True, eq=False)
class Existing(Route):
    """A fetch passes the slot already."""

    presence: Presence


@dataclass(frozen=True, slots=True, eq=False)
class RootFetch(Route):
    """A fetch of root fields; at a slot other than the root, one more once the object there is known to exist."""

    slot: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Through(Route):
    """The subgraph resolves the slot's field, being at the parent slot in the given way for each object type there."""

    slot: Slot
    parents: Mapping[str, Route]


@dataclass(frozen=True, slots=True, eq=False)
class Entering(Route):
    """Through ``_entities``, with a key, and with the fields that the wanted field ``requires``."""

    slot: Slot
    type_name: str
    entry: Entry
    requires: SelectionSetNode | None


Routes: TypeAlias = dict[str, list[Route]]
