"""Builds the fetches of an operation: takes a route for each need, and brings what the route asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode, print_ast

from router.planner.budget import Budget
from router.planner.conditions import ALWAYS, ConditionPath, implies
from router.planner.errors import UnreachableFieldError
from router.planner.fetches import FetchGroup, Input, InputField, InputSelection, Presence
from router.planner.finder import RouteFinder
from router.planner.graph import TYPENAME, Provided, QueryGraph, View
from router.planner.groups import Groups
from router.planner.operation import Need, field_call
from router.planner.routes import Entering, Existing, RootFetch, Route, Through
from router.planner.slots import EXISTS_CALL, TYPENAME_CALL, FieldCall, Slot


class Builder:
    """One way to fetch everything that an operation needs.

    Where two routes promise the same at a first look, ``decisions`` says which to take, choice by choice; the first
    one where it says nothing. ``choices`` tells afterwards how many options each choice had.
    """

    def __init__(
        self, graph: QueryGraph, root_graphs: frozenset[str], budget: Budget, decisions: Sequence[int] = ()
    ) -> None:
        self._graph = graph
        self._decisions = decisions
        self.choices: list[int] = []
        self.groups = Groups()
        self._finder = RouteFinder(graph, self.groups, root_graphs, budget)
        self._budget = budget

    def build(self, needs: Sequence[Need]) -> None:
        """Fetch ``needs``.

        Raises:
            UnreachableFieldError: no chain of subgraphs leads to one of them.
            PlanningBudgetError: there is too much to do.
        """
        # What only one subgraph can resolve settles which fetches there are; what more can resolve follows them.
        for need in sorted(needs, key=self._freedom):
            self._ensure(need)

    def cost(self) -> tuple[int, int, int]:
        """Sequential steps, fetches, and selected fields."""
        size = sum(group.root.count() for group in self.groups.all)
        return self.groups.last_step, len(self.groups.all), size

    def _freedom(self, need: Need) -> tuple[int, bool]:
        name = need.call.name
        if not name or name == TYPENAME:
            return len(self._graph.supergraph.subgraphs) + 1, False
        sources = [
            source
            for type_name in need.types
            for source in self._graph.sources(type_name, name).values()
            if not source.field.external
        ]
        return len({source.graph for source in sources}), all(source.field.requires for source in sources)

    def _ensure(self, need: Need, *, is_input: bool = False) -> set[FetchGroup]:
        """Have the leaf of ``need`` fetched; returns the fetches that bring it."""
        self._budget.spend()
        providers: set[FetchGroup] = set()
        missing = {one for one in need.types if not self._finder.is_impossible(need.slot, one)}
        while missing:
            type_name = min(missing)
            presences = self._at_hand(need, type_name, is_input=is_input)
            if not presences:
                routes = self._finder.routes(need.slot, type_name, need.call.name)
                if not routes:
                    raise UnreachableFieldError(
                        f"no subgraph can be reached that resolves {type_name}.{need.call.name}"
                    )
                presences = self._apply(self._choose(routes, is_input=is_input), need)
            covered = {
                one
                for one in missing
                if all(self._finder.presence_resolves(presence, one, need.call.name) for presence in presences)
            } | {type_name}
            for presence in presences:
                self._select(presence, replace(need, types=frozenset(covered)))
                providers.add(presence.group)
            missing -= covered
        return providers

    def _at_hand(self, need: Need, type_name: str, *, is_input: bool) -> list[Presence]:
        """A fetch that can bring the leaf at no cost, if there is one."""
        candidates = [
            (self.groups.step(group), position, group)
            for position, (group, views, provided) in enumerate(self._passing(need.slot))
            if self._group_resolves(group, need.slot, views, provided, type_name, need.call.name)
        ]
        if not candidates:
            return []
        step, _, group = min(candidates)
        if is_input and step > 0:
            # Something earlier may be had: a fetch that waits for this input could then start earlier, too.
            return []
        return [self._pass_down(group, need.slot)]

    def _passing(self, slot: Slot) -> list[tuple[FetchGroup, Sequence[View], Provided]]:
        """The fetches that pass ``slot`` for all types of its parent, or could do so without another fetch."""
        found: list[tuple[FetchGroup, Sequence[View], Provided]] = [
            (presence.group, presence.views, presence.provided)
            for presence in self.groups.at(slot)
            if self._finder.passes_for_all_parents(presence)
        ]
        if slot.parent is None:
            return found
        known = {group for group, _, _ in found}
        parents = [one for one in slot.parent_types if not self._finder.is_impossible(slot.parent, one)]
        for group, views, provided in self._passing(slot.parent):
            if group in known or not parents:
                continue
            if all(
                self._group_resolves(group, slot.parent, views, provided, parent, slot.call.name) for parent in parents
            ):
                view, below = self._finder.passage(slot, group.graph, parents[0], provided)
                found.append((group, [view], below))
        return found

    def _group_resolves(
        self,
        group: FetchGroup,
        slot: Slot,
        views: Sequence[View],
        provided: Provided,
        type_name: str,
        field: str,
    ) -> bool:
        presence = group.presences.get(slot)
        if presence is not None:
            return self._finder.presence_resolves(presence, type_name, field)
        return self._graph.resolves(group.graph, views, provided, type_name, field)

    def _pass_down(self, group: FetchGroup, slot: Slot) -> Presence:
        """Let ``group``, which can, pass ``slot``."""
        presence = group.presences.get(slot)
        if presence is not None and self._finder.passes_for_all_parents(presence):
            return presence
        assert slot.parent is not None
        parent = self._pass_down(group, slot.parent)
        for parent_type in slot.parent_types:
            if not self._finder.is_impossible(slot.parent, parent_type):
                presence = self._pass(parent, slot, parent_type)
        assert presence is not None
        return presence

    def _pass(self, parent: Presence, slot: Slot, parent_type: str) -> Presence:
        presence = parent.group.presences.get(slot)
        if presence is None:
            view, provided = self._finder.passage(slot, parent.group.graph, parent_type, parent.provided)
            presence = Presence(parent.group, slot, [view], provided, {parent_type})
            self.groups.add_presence(presence)
        elif parent_type not in presence.parents:
            presence.parents.add(parent_type)
            self.groups.version += 1
        return presence

    def _choose(self, routes: Sequence[Route], *, is_input: bool) -> Route:
        if not is_input:
            # A leaf of the answer may come late, as long as it does not make the plan longer.
            last = self.groups.last_step
            routes = sorted(routes, key=lambda route: (max(route.cost.step, last), route.cost.fetches, route.cost))
        best = routes[0].cost
        if best.fetches == 0:
            return routes[0]
        # What is later or dearer, and better in nothing, is not worth another plan.
        rivals = [
            route
            for route in routes[1:]
            if (route.cost.step, route.cost.fetches) == (best.step, best.fetches)
            or route.cost.step < best.step
            or route.cost.fetches < best.fetches
        ]
        return [routes[0], *rivals][self._decide(1 + len(rivals))] if rivals else routes[0]

    def _decide(self, options: int) -> int:
        position = len(self.choices)
        self.choices.append(options)
        return self._decisions[position] if position < len(self._decisions) else 0

    def _select(self, presence: Presence, need: Need) -> None:
        group = presence.group
        group.select(need)
        if group.slot.parent is not None:
            self._ensure_inputs(group, self._context(need, group.slot))

    def _context(self, need: Need, slot: Slot) -> ConditionPath:
        """The conditions of ``need`` down to ``slot``, followed by those below it in one."""
        levels = slot.depth + 1
        return (*need.path[:levels], need.conditions.union(*need.path[levels:]))

    def _ensure_inputs(self, group: FetchGroup, context: ConditionPath) -> None:
        """Have the inputs of ``group`` brought whenever ``context`` holds."""
        if any(implies(context, known) for known in group.contexts):
            return
        group.contexts.append(context)
        if not group.is_entity:
            self.groups.depend(group, self._ensure_object(group.slot, context))
        for input_ in group.inputs:
            for selection_set, is_key in input_.sets:
                providers, _ = self._bring(group.slot, input_.types, selection_set, context, is_key=is_key)
                self.groups.depend(group, providers)
            if input_.is_typed:
                self.groups.depend(group, self._ensure_typename(group.slot, input_.types, context))

    def _ensure_object(self, slot: Slot, context: ConditionPath) -> set[FetchGroup]:
        need = Need(slot, slot.types, EXISTS_CALL, TYPENAME, context[-1], context[:-1])
        return self._ensure(need, is_input=True)

    def _ensure_typename(self, slot: Slot, types: frozenset[str], context: ConditionPath) -> set[FetchGroup]:
        need = Need(slot, types, TYPENAME_CALL, TYPENAME, context[-1], context[:-1])
        return self._ensure(need, is_input=True)

    def _apply(self, route: Route, need: Need) -> list[Presence]:
        """Take a route: make the fetches that it needs, and have its subgraph pass the slot."""
        if isinstance(route, Existing):
            return [route.presence]
        if isinstance(route, RootFetch):
            return [self._fetch_root(route, need)]
        if isinstance(route, Through):
            presences = {}
            for parent_type, parent_route in route.parents.items():
                for parent in self._apply(parent_route, need):
                    presence = self._pass(parent, route.slot, parent_type)
                    presences[id(presence)] = presence
            return list(presences.values())
        assert isinstance(route, Entering)
        return [self._enter(route, need)]

    def _fetch_root(self, route: RootFetch, need: Need) -> Presence:
        for presence in self.groups.at(route.slot):
            if presence.group.slot is route.slot and presence.group.graph == route.graph:
                return presence
        group = FetchGroup(route.graph, route.slot, is_entity=False)
        if route.slot.parent is not None:
            context = self._context(need, route.slot)
            providers = self._ensure_object(route.slot, context)
            self.groups.depend(group, providers)
            group.contexts.append(context)
        return self._add_group(group, list(route.views))

    def _add_group(self, group: FetchGroup, views: list[View]) -> Presence:
        self.groups.add(group)
        presence = Presence(group, group.slot, views, (), set())
        self.groups.add_presence(presence)
        return presence

    def _enter(self, route: Entering, need: Need) -> Presence:
        slot, entry = route.slot, route.entry
        is_typed = self._finder.asks_typename(slot, entry)
        # Without asking for types, every object of the slot goes in.
        types = frozenset((route.type_name,)) if is_typed or not slot.is_abstract else slot.types
        sets = [(entry.key.selection, True)]
        if route.requires is not None:
            sets.append((route.requires, False))
        context = self._context(need, slot)
        input_ = Input(types, entry.type_name, is_typed, InputSelection(slot), sets)
        mark = (slot, route.type_name, entry.graph)
        opened = mark not in self._finder.closed
        self._finder.closed.add(mark)
        try:
            providers = self._bring_all(input_, context)
        finally:
            if opened:
                self._finder.closed.remove(mark)
        view = self._graph.entry_view(entry, route.type_name)
        group = self._group_to_extend(route, input_, providers)
        if group is None:
            group = FetchGroup(route.graph, slot, is_entity=True)
            group.inputs.append(input_)
            group.contexts.append(context)
            presence = self._add_group(group, [view])
        else:
            self._extend(group, input_)
            presence = group.presences[slot]
            if view not in presence.views:
                presence.views.append(view)
            for known in list(group.contexts):
                providers |= self._bring_all(input_, known)
            self.groups.version += 1
        if route.requires is not None:
            group.satisfied.update((type_name, print_ast(route.requires)) for type_name in types)
        self.groups.depend(group, providers)
        return presence

    def _bring_all(self, input_: Input, context: ConditionPath) -> set[FetchGroup]:
        """Have everything brought that ``input_`` gives, and note where it will be."""
        slot = input_.selection.slot
        providers: set[FetchGroup] = set()
        if input_.is_typed:
            providers |= self._ensure_typename(slot, input_.types, context)
        for selection_set, is_key in input_.sets:
            bringing, selection = self._bring(slot, input_.types, selection_set, context, is_key=is_key)
            providers |= bringing
            input_.selection.add(selection)
        return providers

    def _group_to_extend(self, route: Entering, input_: Input, providers: set[FetchGroup]) -> FetchGroup | None:
        """A fetch from the same subgraph at the same place that can take ``input_`` in, or ``None`` for a new one."""
        step = max((self.groups.step(provider) + 1 for provider in providers), default=0)
        candidates = [
            presence.group
            for presence in self.groups.at(route.slot)
            if presence.group.slot is route.slot
            and presence.group.is_entity
            and presence.group.graph == route.graph
            and not any(provider.depends_on(presence.group) for provider in providers)
            and all(
                known.selection.agrees_with(input_.selection)
                for known in presence.group.inputs
                if known.types & input_.types
            )
        ]
        if not candidates:
            return None
        in_time = [group for group in candidates if self.groups.step(group) >= step]
        if in_time:
            return min(in_time, key=self.groups.step)
        # To extend one would delay it, and whatever waits for it.
        latest = max(candidates, key=self.groups.step)
        options = [latest, None]
        if self.groups.dependents(latest):
            options.reverse()
        return options[self._decide(len(options))]

    def _extend(self, group: FetchGroup, input_: Input) -> None:
        for known in group.inputs:
            if known.type_name == input_.type_name and known.types == input_.types:
                known.selection.add(input_.selection)
                known.sets.extend(one for one in input_.sets if one not in known.sets)
                return
        group.inputs.append(input_)

    def _bring(
        self,
        slot: Slot,
        types: frozenset[str],
        selection_set: SelectionSetNode,
        context: ConditionPath,
        *,
        is_key: bool,
    ) -> tuple[set[FetchGroup], InputSelection]:
        """Have a field set brought at a slot; returns the fetches that do, and where the fields will be."""
        providers: set[FetchGroup] = set()
        result = InputSelection(slot)
        for selection in selection_set.selections:
            if isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = types & self._graph.types[condition.name.value].possible_types if condition else types
                bringing, below = self._bring(slot, inner, selection.selection_set, context, is_key=is_key)
                providers |= bringing
                result.add(below)
                continue
            assert isinstance(selection, FieldNode)
            call = field_call(selection)
            for part in self._graph.alike(types, call.name) if types else ():
                bringing, field = self._bring_field(slot, part, selection, call, context, is_key=is_key)
                providers |= bringing
                result.add_field(field)
        return providers, result

    def _bring_field(
        self,
        slot: Slot,
        types: frozenset[str],
        node: FieldNode,
        call: FieldCall,
        context: ConditionPath,
        *,
        is_key: bool,
    ) -> tuple[set[FetchGroup], InputField]:
        declared = self._graph.types[min(types)].fields.get(call.name)
        is_required = is_key or (declared is not None and declared.type.is_non_null)
        if node.selection_set is None:
            key = slot.leaf(self._graph, call, types)
            need = Need(slot, types, call, key, context[-1], context[:-1])
            return self._ensure(need, is_input=True), InputField(call.name, key, types, is_required)
        child = slot.child(self._graph, call, types)
        below = (*context, ALWAYS)
        providers, selection = self._bring(child, child.types, node.selection_set, below, is_key=is_key)
        if child.is_abstract:
            providers |= self._ensure_typename(child, child.types, below)
        return providers, InputField(call.name, child.key, types, is_required, selection)
