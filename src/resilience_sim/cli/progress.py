"""Progress bars on stderr for whatever lasts."""

from __future__ import annotations

from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 2.0
"""How long a run may last before its bars are shown."""


class Bars:
    """Progress of a run: within a `with`, `bars(stage, done, total)` may be called at will.

    Nothing is shown for the first two seconds, so that quick runs stay quiet; then the stages begun
    so far are, even while one of them is busy compiling.
    """

    def __init__(self) -> None:
        self._display: Progress | None = None
        self._told: dict[str, tuple[int, int]] = {}
        self._bars: dict[str, TaskID] = {}
        self._lock = Lock()
        self._is_over = False
        self._timer = Timer(PATIENCE_SECONDS, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Bars:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._display is not None:
                self._display.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of a stage are made."""
        with self._lock:
            self._told[stage] = (done, total)
            if self._display is not None:
                self._draw(self._display, stage)

    def _show(self) -> None:
        """Put up the display; runs in the timer's thread."""
        with self._lock:
            if self._is_over:
                return
            self._display = _display()
            self._display.start()
            for stage in self._told:
                self._draw(self._display, stage)

    def _draw(self, display: Progress, stage: str) -> None:
        done, total = self._told[stage]
        if stage not in self._bars:
            self._bars[stage] = display.add_task(stage, total=total)
        display.update(self._bars[stage], completed=done, total=total)


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
