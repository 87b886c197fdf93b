"""Progress bars on stderr for whatever lasts."""

from __future__ import annotations

import sys
import time
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 2.0
"""How long a run may last before its bars are shown."""
TELL_SECONDS = 10.0
"""How often the progress of a sweep is told where there is no terminal."""


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
            self._display = _display(12)
            self._display.start()
            for stage in self._told:
                self._draw(self._display, stage)

    def _draw(self, display: Progress, stage: str) -> None:
        done, total = self._told[stage]
        if stage not in self._bars:
            self._bars[stage] = display.add_task(stage, total=total)
        display.update(self._bars[stage], completed=done, total=total)


def _display(width: int, *, tells_left: bool = False) -> Progress:
    """Bars with names `width` wide; with what each task says of the time left, if it does."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    left = [TextColumn("{task.fields[left]}")] if tells_left else []
    return Progress(
        TextColumn(f"{{task.description:<{width}}}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *left,
        console=Console(stderr=True),
    )


class JobBar:
    """Progress of a sweep: a line for each job, and how much time is left.

    On a terminal the time left stands in a bar below the lines; elsewhere it is told now and then.
    `bar(stage, done, total)` may be called from within a job.
    """

    def __init__(self, total: int) -> None:
        self.total, self.n_done = total, 0
        self._began = self._told = time.monotonic()
        self._lock = Lock()
        self._stage = ""
        self._display: Progress | None = None
        self._bar: TaskID | None = None

    def __enter__(self) -> JobBar:
        if sys.stderr.isatty():
            self._display = _display(5, tells_left=True)
            self._bar = self._display.add_task("jobs", total=self.total, left="")
            self._display.start()
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
        """Note how far the job at work is."""
        with self._lock:
            self._stage = f"{stage} {100 * done // max(total, 1)} %" if done < total else ""
            self._tell()

    def says(self, what: str) -> None:
        """Note what those who do the jobs are at."""
        with self._lock:
            self._stage = what
            self._tell()

    def done(self, line: str) -> None:
        """Count a job, and print its line."""
        with self._lock:
            self.n_done, self._stage = self.n_done + 1, ""
            line = f"{self.n_done:>{len(str(self.total))}}/{self.total}  {line}"
            if self._display is None:
                print(line, flush=True)
            else:
                self._display.console.print(line, markup=False, highlight=False, soft_wrap=True)
            self._tell()

    def left(self) -> str:
        """Time left, by the mean of the jobs done so far; empty before the first."""
        if not self.n_done:
            return ""
        seconds = (time.monotonic() - self._began) / self.n_done * (self.total - self.n_done)
        return f"about {clock(seconds)} left"

    def _tell(self) -> None:
        if self._display is not None and self._bar is not None:
            left = " ".join(filter(None, (self.left(), self._stage)))
            self._display.update(self._bar, completed=self.n_done, left=left)
        elif time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            passed = f"{clock(self._told - self._began)} passed"
            facts = [f"{self.n_done} of {self.total} jobs", passed, self.left(), self._stage]
            print("progress: " + ", ".join(filter(None, facts)), file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Seconds as people say them: 48 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
