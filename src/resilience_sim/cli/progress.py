"""Progress bars on stderr for whatever lasts."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 2.0
"""How long a run may last before its bars are shown."""


class Bars:
    """Progress of a run: within a `with`, `bars(stage, done, total)` may be called at will.

    Nothing is shown for the first two seconds, so that quick runs stay quiet.
    """

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._display: Progress | None = None
        self._stages: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._display is not None:
            self._display.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of a stage are made."""
        if self._display is None:
            if time.monotonic() - self._start < PATIENCE_SECONDS:
                return
            self._display = _display()
            self._display.start()
        if stage not in self._stages:
            self._stages[stage] = self._display.add_task(stage, total=total)
        self._display.update(self._stages[stage], completed=done, total=total)


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
