"""Shows the steps of a start: a live list with spinners on a terminal, plain lines everywhere else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

StepState = Literal["starting", "ready", "failed"]


@dataclass(slots=True)
class _Step:
    name: str
    state: StepState
    detail: str
    started: float = field(default_factory=time.monotonic)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def render(self) -> RenderableType:
        if self.state == "starting":
            self.spinner.update(text=Text.assemble((f"{self.name:<16}", "bold"), (self.detail, "dim")))
            return self.spinner
        mark = ("✓ ", "green") if self.state == "ready" else ("✗ ", "red")
        return Text.assemble(
            mark, (f"{self.name:<16}", "bold"), (self.detail, "dim"), overflow="ellipsis", no_wrap=True
        )


class StepProgress:
    """``with StepProgress(console) as progress: progress.report("database", "starting", "")``.

    May be called from any thread.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: dict[str, _Step] = {}
        self._live = Live(console=console, get_renderable=self._render) if console.is_terminal else None

    def report(self, name: str, state: StepState, detail: str) -> None:
        """Say how the step ``name`` stands."""
        step = self._steps.setdefault(name, _Step(name, state, detail))
        step.state, step.detail = state, detail
        if self._live is None and (state != "starting" or detail):
            took = time.monotonic() - step.started
            seconds = f" ({took:.1f} s)" if state == "ready" and took >= 0.1 else ""
            self._console.print(
                f"{name:<16}{state:<9} {detail}{seconds}", markup=False, highlight=False, soft_wrap=True
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _render(self) -> RenderableType:
        return Group(*(step.render() for step in list(self._steps.values())))
