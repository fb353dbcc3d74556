"""Shows how far a load is: a bar on a terminal, a line now and then everywhere else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES: Final = 5.0


class Meter:
    """``with Meter(console, "reviews", total) as meter: meter.update(done, "1,200 rows")``."""

    def __init__(self, console: Console, title: str, total: int) -> None:
        """Prepare to show ``title``; ``total`` is in the unit of ``update``'s ``done``."""
        self._console = console
        self._title = title
        self._total = max(total, 1)
        self._last_line = time.monotonic()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[detail]}", style="dim"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task(title, total=self._total, detail="")

    def update(self, done: int, detail: str) -> None:
        """Say how much is done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=min(done, self._total), detail=detail)
        elif time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            percent = min(100, 100 * done // self._total)
            self._console.print(f"{self._title}: {percent} %, {detail}", markup=False, highlight=False)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
