"""What was measured, row by row, and whether it meets its goal."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from .twins import MissingError


class Goal(NamedTuple):
    """Where a ratio should lie, and what it means."""

    bound: str
    meaning: str


GOALS = {
    "kernel_vs_c_vectorised": Goal("<= 1.15", "kernel's time over that of the vectorised C twin"),
    "kernel_vs_c_scalar": Goal(">= 10", "how many times faster than the C twin in doubles"),
    "kernel_vs_numpy": Goal(">= 20", "how many times faster than the NumPy twin"),
    "kernel_vs_mesa": Goal(">= 1000", "how many times faster than the Mesa loop"),
    "threads_2_vs_1": Goal(">= 1.85", "speed-up of two threads at the larger of two crowds"),
    "planner_vs_c": Goal("<= 1.5", "planner's time over that of its C twin"),
}
PER = "ns per household-period"
LEFT_OUT = "left out of --quick"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How much to measure."""

    is_quick: bool = False
    overrides: tuple[str, ...] = ()

    @property
    def rounds(self) -> int:
        """Rounds of each comparison."""
        return 3 if self.is_quick else 9

    @property
    def world(self) -> tuple[str, ...]:
        """Overrides of the world that is lived in."""
        few_types = ("planner.n_skill=3", "planner.n_other=2")
        return (*(few_types if self.is_quick else ()), *self.overrides)


@dataclass(frozen=True)
class Row:
    """One measurement: median and best of its rounds, or neither and the reason."""

    group: str
    what: str
    unit: str
    median: float | None
    best: float | None
    note: str = ""
    goal: str = ""
    """Such as "<= 8"; nothing where there is none."""

    @property
    def is_held(self) -> bool | None:
        """Whether the median meets the goal; None where either is missing."""
        return is_held(self.goal, self.median)


def is_held(goal: str, value: float | None) -> bool | None:
    """Whether a value lies where a goal such as "<= 8" wants it; None where either is missing."""
    if not goal or value is None:
        return None
    sign, bound = goal.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)


@dataclass
class Report:
    """All that was measured."""

    machine: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    ratios: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(GOALS))
    ratios_of_best: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(GOALS))
    """The same between the best of all rounds: nearer the truth where others use the machine."""
    reasons: dict[str, str] = field(default_factory=dict)

    def add(
        self, group: str, what: str, unit: str, values: list[float], note: str = "", goal: str = ""
    ) -> None:
        """Add a row of one or more rounds, of which the least is the best."""
        self.rows.append(Row(group, what, unit, statistics.median(values), min(values), note, goal))

    def lack(self, group: str, what: str, unit: str, reason: str, goal: str = "") -> None:
        """Add an empty row."""
        self.rows.append(Row(group, what, unit, None, None, reason, goal))

    def relate(
        self, group: str, what: str, over: list[float], under: list[float], note: str, goal: str
    ) -> None:
        """Add a row of how many times one is the other: the median of the rounds' ratios."""
        self.rows.append(Row(group, what, "times", _ratio(over, under), None, note, goal))

    def compare(self, name: str, over: list[float], under: list[float]) -> None:
        """Set one of the ratios to the median of the rounds' ratios."""
        self.ratios_of_best[name] = min(over) / min(under)
        self.ratios[name] = _ratio(over, under)


def _ratio(over: list[float], under: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


@contextmanager
def lacking(report: Report, group: str, what: str, unit: str, *ratios: str) -> Iterator[None]:
    """Turn something missing into an empty row, and into the reason of the ratios that rest on it."""
    try:
        yield
    except MissingError as error:
        report.lack(group, what, unit, str(error))
        report.reasons |= {name: str(error) for name in ratios}
