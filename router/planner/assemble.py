"""Orders fetches: what depends on nothing that is missing runs, in parallel with what it has nothing to do with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from router.planner.fetches import FetchGroup
from router.planner.nodes import Condition, Fetch, Flatten, Parallel, PlanNode, Sequence_


def assemble(groups: Sequence[FetchGroup], to_fetch: Callable[[FetchGroup], Fetch]) -> PlanNode | None:
    """A plan that runs ``groups``, each after its dependencies among them."""
    ancestors = _ancestors(groups)
    nodes = [_component(component, ancestors, to_fetch) for component in _components(groups, ancestors)]
    return parallel(nodes)


def sequence(nodes: Iterable[PlanNode | None]) -> PlanNode | None:
    """``nodes`` one after the other, without nesting a sequence in a sequence."""
    flat: list[PlanNode] = []
    for node in nodes:
        if isinstance(node, Sequence_):
            flat.extend(node.nodes)
        elif node is not None:
            flat.append(node)
    return Sequence_(tuple(flat)) if len(flat) > 1 else next(iter(flat), None)


def parallel(nodes: Iterable[PlanNode | None]) -> PlanNode | None:
    """``nodes`` at the same time, without nesting a parallel in a parallel."""
    flat: list[PlanNode] = []
    for node in nodes:
        if isinstance(node, Parallel):
            flat.extend(node.nodes)
        elif node is not None:
            flat.append(node)
    return Parallel(tuple(flat)) if len(flat) > 1 else next(iter(flat), None)


def plan_node(group: FetchGroup, fetch: Fetch) -> PlanNode:
    """The node that runs ``fetch`` at its place and under its conditions."""
    path = group.slot.path
    node: PlanNode = Flatten(path, fetch) if path else fetch
    for variable, wanted in sorted(group.conditions or ()):
        node = Condition(variable, wanted, node)
    return node


def _ancestors(groups: Sequence[FetchGroup]) -> dict[FetchGroup, set[FetchGroup]]:
    """All fetches that must be done before each one, among ``groups``."""
    members = set(groups)
    found: dict[FetchGroup, set[FetchGroup]] = {}

    def visit(group: FetchGroup) -> set[FetchGroup]:
        if group not in found:
            direct = group.dependencies & members
            found[group] = direct.union(*(visit(one) for one in direct))
        return found[group]

    for group in groups:
        visit(group)
    return found


def _components(groups: Sequence[FetchGroup], ancestors: dict[FetchGroup, set[FetchGroup]]) -> list[list[FetchGroup]]:
    """``groups`` in parts that have nothing to do with each other, in the order of their first members."""
    leaders = {group: group for group in groups}

    def leader(group: FetchGroup) -> FetchGroup:
        while leaders[group] is not group:
            leaders[group] = group = leaders[leaders[group]]
        return group

    for group in groups:
        for ancestor in ancestors[group]:
            if ancestor in leaders:
                leaders[leader(group)] = leader(ancestor)
    parts: dict[FetchGroup, list[FetchGroup]] = {}
    for group in groups:
        parts.setdefault(leader(group), []).append(group)
    return list(parts.values())


def _component(
    groups: Sequence[FetchGroup],
    ancestors: dict[FetchGroup, set[FetchGroup]],
    to_fetch: Callable[[FetchGroup], Fetch],
) -> PlanNode | None:
    """A plan for fetches that hang together."""
    members = set(groups)
    first = [group for group in groups if not ancestors[group] & members]
    if len(first) == 1:
        rest = [group for group in groups if group is not first[0]]
        return sequence([plan_node(first[0], to_fetch(first[0])), _assemble_rest(rest, ancestors, to_fetch)])
    # Each root runs with what only it leads to, as far as something common waits for that.
    exclusive = {
        root: [
            group
            for group in groups
            if group is root or (root in ancestors[group] and not _others(group, root, first, ancestors))
        ]
        for root in first
    }
    alone = {group for branch in exclusive.values() for group in branch}
    shared = [group for group in groups if group not in alone]
    awaited = set().union(*(ancestors[group] for group in shared)) if shared else alone
    branches = [[group for group in branch if group in awaited] for branch in exclusive.values()]
    started = {group for branch in branches for group in branch}
    rest = [group for group in groups if group not in started]
    together = parallel(_component(branch, ancestors, to_fetch) for branch in branches)
    return sequence([together, _assemble_rest(rest, ancestors, to_fetch)])


def _others(
    group: FetchGroup,
    root: FetchGroup,
    roots: Iterable[FetchGroup],
    ancestors: dict[FetchGroup, set[FetchGroup]],
) -> bool:
    return any(other in ancestors[group] for other in roots if other is not root)


def _assemble_rest(
    groups: Sequence[FetchGroup],
    ancestors: dict[FetchGroup, set[FetchGroup]],
    to_fetch: Callable[[FetchGroup], Fetch],
) -> PlanNode | None:
    """A plan for ``groups`` once everything else is done."""
    members = set(groups)
    within = {group: ancestors[group] & members for group in groups}
    return parallel(_component(part, within, to_fetch) for part in _components(groups, within))
