"""Finds routes, in the manner of Dijkstra: at each slot and object type, the cheapest way to have each subgraph there.

It may pass the slot already, it may be asked for the slot from further up, or it may be entered through a key whose
fields other subgraphs bring. Finding changes nothing but adds slots, which cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode, print_ast

from router.planner.budget import Budget
from router.planner.fetches import Presence
from router.planner.graph import TYPENAME, Entry, EntryKind, Provided, QueryGraph, View
from router.planner.groups import Groups
from router.planner.operation import field_call
from router.planner.routes import Cost, Entering, Existing, RootFetch, Route, Routes, Through
from router.planner.slots import Slot


class RouteFinder:
    """Finds routes in the light of the fetches made so far."""

    def __init__(self, graph: QueryGraph, groups: Groups, root_graphs: frozenset[str], budget: Budget) -> None:
        self._graph = graph
        self._groups = groups
        self._root_graphs = root_graphs
        self._budget = budget
        self._query_type = graph.supergraph.root_types.get("query")
        self._memo: dict[tuple[Slot, str], Routes] = {}
        self._memo_version = -1
        self._under_way: set[tuple[Slot, str] | tuple[Slot, str, str]] = set()
        self._interruptions = 0
        self.closed: set[tuple[Slot, str, str]] = set()
        """Slot, object type and subgraph of entities being entered: a key must not come from where it leads to."""

    def routes(self, slot: Slot, type_name: str, field: str) -> list[Route]:
        """The cheapest route into each subgraph that can resolve ``field``, best first."""
        mark = (slot, type_name, field)
        if mark in self._under_way:
            self._interruptions += 1
            return []
        self._under_way.add(mark)
        try:
            found = list(self._routes(slot, type_name, field))
        finally:
            self._under_way.remove(mark)
        found.sort(key=lambda route: route.cost)
        return found

    def _routes(self, slot: Slot, type_name: str, field: str) -> Iterator[Route]:
        here = self.graphs_at(slot, type_name)
        candidates = self._graph.sources(type_name, field) if field and field != TYPENAME else here
        for graph in candidates:
            for route in here.get(graph, ()):
                if self._can_resolve(route, type_name, field):
                    yield route
                    break
            else:
                if field and field != TYPENAME:
                    yield from self._with_required(slot, type_name, field, graph, here)

    def _can_resolve(self, route: Route, type_name: str, field: str) -> bool:
        if self._graph.resolves(route.graph, route.views, route.provided, type_name, field):
            return True
        return isinstance(route, Existing) and self.presence_resolves(route.presence, type_name, field)

    def presence_resolves(self, presence: Presence, type_name: str, field: str) -> bool:
        """Whether a fetch can resolve ``field`` where it passes a slot, counting what it was given to that end."""
        group = presence.group
        if self._graph.resolves(group.graph, presence.views, presence.provided, type_name, field):
            return True
        if not group.satisfied or presence.slot is not group.slot or not field or field == TYPENAME:
            return False
        source = self._graph.sources(type_name, field).get(group.graph)
        return bool(
            source
            and source.field.requires
            and not source.field.external
            and (type_name, print_ast(source.field.requires)) in group.satisfied
        )

    def _with_required(self, slot: Slot, type_name: str, field: str, graph: str, here: Routes) -> Iterator[Route]:
        source = self._graph.sources(type_name, field)[graph]
        requires = source.field.requires
        if requires is None or source.field.external:
            return
        required = self._selection_cost(slot, frozenset((type_name,)), requires)
        if required is None:
            return
        best: Entering | None = None
        for entry in self._graph.entries(type_name).get(graph, ()):
            route = self._entering(slot, type_name, entry, here)
            if route is not None and (best is None or route.cost < best.cost):
                best = route
        if best is not None:
            step = max(best.cost.step, required.step + 1)
            cost = Cost(step, best.cost.fetches + required.fetches, best.cost.size + required.size)
            yield Entering(graph, best.views, (), cost, slot, type_name, best.entry, requires)

    def graphs_at(self, slot: Slot, type_name: str) -> Routes:
        """The ways to have each subgraph at the slot for objects of the type, best first; field requirements aside."""
        if self._memo_version != self._groups.version:
            self._memo.clear()
            self._memo_version = self._groups.version
        mark = (slot, type_name)
        found = self._memo.get(mark)
        if found is not None:
            return found
        if mark in self._under_way:
            self._interruptions += 1
            return {}
        interruptions = self._interruptions
        self._under_way.add(mark)
        try:
            found = self._find_graphs(slot, type_name)
        finally:
            self._under_way.remove(mark)
        if interruptions == self._interruptions and not self.closed:
            # What was found inside a circle, or while a subgraph is closed, is not the whole truth.
            self._memo[mark] = found
        return found

    def _find_graphs(self, slot: Slot, type_name: str) -> Routes:
        self._budget.spend(5)
        routes: Routes = {}
        for presence in self._groups.at(slot):
            if any(type_name in view.covers for view in presence.views) and self.passes_for_all_parents(presence):
                cost = Cost(self._groups.step(presence.group))
                route = Existing(presence.group.graph, tuple(presence.views), presence.provided, cost, presence)
                routes.setdefault(route.graph, []).append(route)
        for origin in self._origins(slot, type_name):
            routes.setdefault(origin.graph, []).append(origin)
        for found in routes.values():
            found.sort(key=lambda route: route.cost)
        self._enter(slot, type_name, routes)
        return routes

    def _origins(self, slot: Slot, type_name: str) -> Iterator[Route]:
        if slot.parent is None:
            for graph in self._graph.types[type_name].graphs:
                if graph in self._root_graphs and not any(p.group.graph == graph for p in self._groups.at(slot)):
                    yield RootFetch(graph, (self._graph.view(graph, type_name),), (), Cost(0, 1), slot)
            return
        if type_name == self._query_type:
            step = self._arrival_step(slot)
            for graph in self._graph.types[type_name].graphs:
                yield RootFetch(graph, (self._graph.view(graph, type_name),), (), Cost(step + 1, 1), slot)
        field = slot.call.name
        parents = [parent for parent in sorted(slot.parent_types) if not self.is_impossible(slot.parent, parent)]
        by_parent = {
            parent: {route.graph: route for route in self.routes(slot.parent, parent, field)} for parent in parents
        }
        for graph in set().union(*by_parent.values()) if by_parent else ():
            if all(graph in ways for ways in by_parent.values()):
                through = self._through(slot, graph, {parent: ways[graph] for parent, ways in by_parent.items()})
                if any(type_name in view.covers for view in through.views):
                    yield through

    def _through(self, slot: Slot, graph: str, parents: dict[str, Route]) -> Through:
        parent_type, route = next(iter(parents.items()))
        view, provided = self.passage(slot, graph, parent_type, route.provided)
        cost = max(route.cost for route in parents.values())
        return Through(graph, (view,), provided, Cost(cost.step, cost.fetches, cost.size + 1), slot, parents)

    def passage(self, slot: Slot, graph: str, parent_type: str, provided: Provided) -> tuple[View, Provided]:
        """How ``graph`` sees the slot coming from its parent, where it provides ``provided``; what it provides then."""
        source = self._graph.sources(parent_type, slot.call.name)[graph]
        _, below = self._graph.provided_below(provided, parent_type, slot.call.name)
        below = (*below, source.field.provides) if source.field.provides else below
        return self._graph.view(graph, source.field.type.named), below

    def _arrival_step(self, slot: Slot) -> int:
        steps = [self._groups.step(presence.group) for presence in self._groups.at(slot) if presence.is_origin]
        return min(steps, default=slot.depth)

    def passes_for_all_parents(self, presence: Presence) -> bool:
        """Whether a fetch passes its slot for each type that the parent object can have."""
        slot = presence.slot
        if slot.parent is None or presence.group.slot is slot or len(slot.parent_types) == len(presence.parents):
            return True
        missing = slot.parent_types - presence.parents
        return all(self.is_impossible(slot.parent, type_name) for type_name in missing)

    def is_impossible(self, slot: Slot, type_name: str) -> bool:
        """Whether no object at the slot can have the type, because no subgraph that brings the objects knows it."""
        if slot.parent is None:
            return type_name not in slot.types
        origins = [presence for presence in self._groups.at(slot) if presence.is_origin]
        if any(type_name in view.covers for presence in origins for view in presence.views):
            return False
        parents = set().union(*(presence.parents for presence in origins)) if origins else set()
        open_parents = [one for one in slot.parent_types if one not in parents]
        return not any(
            type_name in self._graph.view(graph, source.field.type.named).covers
            for parent in open_parents
            if not self.is_impossible(slot.parent, parent)
            for graph, source in self._graph.sources(parent, slot.call.name).items()
        )

    def _enter(self, slot: Slot, type_name: str, routes: Routes) -> None:
        """Add entries through keys, until no subgraph can be entered at less cost."""
        entries = self._graph.entries(type_name)
        improved = bool(routes)
        while improved:
            improved = False
            for graph, ways in entries.items():
                if (slot, type_name, graph) in self.closed:
                    continue
                for entry in ways:
                    self._budget.spend()
                    route = self._entering(slot, type_name, entry, routes)
                    known = routes.get(graph)
                    if route is not None and (not known or route.cost < known[0].cost):
                        routes.setdefault(graph, []).insert(0, route)
                        improved = True

    def _entering(self, slot: Slot, type_name: str, entry: Entry, routes: Routes) -> Entering | None:
        is_whole = slot.types <= self._graph.types[entry.type_name].possible_types
        if entry.kind is EntryKind.INTERFACE and not is_whole:
            return None
        cost = self._key_cost(slot, type_name, entry.key.selection, routes)
        if cost is None:
            return None
        if self.asks_typename(slot, entry):
            typename = self._cheapest(routes, type_name, TYPENAME)
            if typename is None:
                return None
            cost = cost.beside(typename)
        mergeable = [
            presence.group
            for presence in self._groups.at(slot)
            if presence.group.graph == entry.graph and presence.group.is_entity and presence.group.slot is slot
        ]
        step, fetches = cost.step + 1, cost.fetches + 1
        if mergeable:
            step, fetches = max(step, min(map(self._groups.step, mergeable))), cost.fetches
        view = self._graph.entry_view(entry, type_name)
        total = Cost(step, fetches, cost.size + (entry.kind is EntryKind.INTERFACE))
        return Entering(entry.graph, (view,), (), total, slot, type_name, entry, None)

    def asks_typename(self, slot: Slot, entry: Entry) -> bool:
        """Whether only some objects of the slot, told by their type, can be entered in this way."""
        if not slot.is_abstract:
            return False
        if entry.kind is EntryKind.DIRECT:
            return True
        return not slot.types <= self._graph.types[entry.type_name].possible_types

    def _cheapest(self, routes: Routes, type_name: str, field: str) -> Cost | None:
        costs = [
            route.cost
            for ways in routes.values()
            for route in ways
            if self._graph.resolves(route.graph, route.views, route.provided, type_name, field)
        ]
        return min(costs, default=None)

    def _key_cost(self, slot: Slot, type_name: str, key: SelectionSetNode, routes: Routes) -> Cost | None:
        """What it costs to have the fields of a key, each wherever it is cheapest."""
        total = Cost(0)
        used: set[int] = set()
        for selection in key.selections:
            ways = [
                route
                for found in routes.values()
                for route in found
                if self._resolves_all(route, type_name, SelectionSetNode(selections=(selection,)))
            ]
            if ways:
                best = min(ways, key=lambda route: route.cost)
                cost = best.cost if id(best) not in used else Cost(best.cost.step)
                used.add(id(best))
            else:
                scattered = self._selection_cost(
                    slot, frozenset((type_name,)), SelectionSetNode(selections=(selection,))
                )
                if scattered is None:
                    return None
                cost = scattered
            total = total.beside(Cost(cost.step, cost.fetches, cost.size + 1))
        return total

    def _resolves_all(self, route: Route, type_name: str, selection_set: SelectionSetNode) -> bool:
        return self._subgraph_resolves(route.graph, route.views, route.provided, type_name, selection_set)

    def _subgraph_resolves(
        self, graph: str, views: tuple[View, ...], provided: Provided, type_name: str, selection_set: SelectionSetNode
    ) -> bool:
        """Whether the subgraph alone resolves the whole selection."""
        for selection in selection_set.selections:
            if isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                applies = condition is None or type_name in self._graph.types[condition.name.value].possible_types
                if applies and not self._subgraph_resolves(graph, views, provided, type_name, selection.selection_set):
                    return False
            elif isinstance(selection, FieldNode):
                field = selection.name.value
                if not self._graph.resolves(graph, views, provided, type_name, field):
                    return False
                if selection.selection_set:
                    source = self._graph.sources(type_name, field)[graph]
                    view = self._graph.view(graph, source.field.type.named)
                    _, below = self._graph.provided_below(provided, type_name, field)
                    if source.field.provides:
                        below = (*below, source.field.provides)
                    if not all(
                        self._subgraph_resolves(graph, (view,), below, inner, selection.selection_set)
                        for inner in view.covers
                    ):
                        return False
        return True

    def _selection_cost(self, slot: Slot, types: frozenset[str], selection_set: SelectionSetNode) -> Cost | None:
        """What it costs to have a selection at a slot, each field wherever it is cheapest."""
        self._budget.spend()
        total = Cost(0)
        for selection in selection_set.selections:
            if isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = types & self._graph.types[condition.name.value].possible_types if condition else types
                cost = self._selection_cost(slot, inner, selection.selection_set)
            else:
                assert isinstance(selection, FieldNode)
                cost = self._field_cost(slot, types, selection)
            if cost is None:
                return None
            total = total.beside(cost)
        return total

    def _field_cost(self, slot: Slot, types: frozenset[str], node: FieldNode) -> Cost | None:
        call = field_call(node)
        total = Cost(0)
        possible = frozenset(one for one in types if not self.is_impossible(slot, one))
        for part in self._graph.alike(possible, call.name) if possible else ():
            if node.selection_set:
                child = slot.child(self._graph, call, part)
                cost = self._selection_cost(child, child.types, node.selection_set)
                if cost is None:
                    return None
                total = total.beside(cost)
                continue
            for type_name in part:
                best = next(iter(self.routes(slot, type_name, call.name)), None)
                if best is None:
                    return None
                total = total.beside(Cost(best.cost.step, best.cost.fetches, best.cost.size + 1))
        return total
