"""The fetches of a plan under construction, and what follows from how they depend on each other."""

from __future__ import annotations

from router.planner.errors import CircularFetchesError
from router.planner.fetches import FetchGroup, Presence
from router.planner.slots import Slot


class Groups:
    """The fetches made so far, and which of them pass a slot.

    ``version`` changes with whatever could change a route.
    """

    def __init__(self) -> None:
        self.all: list[FetchGroup] = []
        self.version = 0
        self.last_step = 0
        self._at: dict[Slot, list[Presence]] = {}
        self._steps: dict[FetchGroup, int] = {}
        self._dependents: dict[FetchGroup, set[FetchGroup]] = {}

    def add(self, group: FetchGroup) -> None:
        """Take in a new fetch."""
        self.all.append(group)
        self._steps.setdefault(group, 0)
        self.version += 1

    def add_presence(self, presence: Presence) -> None:
        """Note that a fetch passes a slot."""
        presence.group.presences[presence.slot] = presence
        self._at.setdefault(presence.slot, []).append(presence)
        self.version += 1

    def at(self, slot: Slot) -> list[Presence]:
        """The fetches that pass ``slot``."""
        return self._at.get(slot, [])

    def depend(self, group: FetchGroup, providers: set[FetchGroup]) -> None:
        """Let ``group`` wait for ``providers``.

        Raises:
            CircularFetchesError: one of them waits for ``group``.
        """
        fresh = providers - group.dependencies - {group}
        if not fresh:
            return
        if self.dependents(group) and any(provider.depends_on(group) for provider in fresh):
            raise CircularFetchesError("two fetches wait for each other")
        group.dependencies |= fresh
        for provider in fresh:
            self._dependents.setdefault(provider, set()).add(group)
        self.version += 1
        self._delay(group, max(self.step(provider) for provider in fresh) + 1)

    def _delay(self, group: FetchGroup, step: int) -> None:
        pending = [(group, step)]
        while pending:
            delayed, step = pending.pop()
            if step > self.step(delayed):
                self._steps[delayed] = step
                self.last_step = max(self.last_step, step)
                pending.extend((one, step + 1) for one in self.dependents(delayed))

    def dependents(self, group: FetchGroup) -> set[FetchGroup]:
        """The fetches that wait for ``group`` directly."""
        return self._dependents.get(group, set())

    def step(self, group: FetchGroup) -> int:
        """How many fetches must be done one after the other before ``group``."""
        return self._steps.get(group, 0)
