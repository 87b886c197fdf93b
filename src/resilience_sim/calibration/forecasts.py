"""What the model says of a target: one number, in the unit in which the target is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from resilience_sim.errors import ConfigError, Problem
from resilience_sim.evidence import Base, Target
from resilience_sim.outcomes.measured import INDICES, structural_points

CALM = "none"
SMALL_CASH = "small_cash"
"""Arm with as much cash as the arm both holds, where that is less than the arm cash."""
COMPOSED = {
    "earned": {"own_income": 1.0, "wages": 1.0},
    "wealth": {"assets": 1.0, "savings": 1.0},
    "uneaten": {"income": 1.0, "own_income": -1.0, "wages": -1.0, "consumption": -1.0},
}
"""Measures that are sums of outcomes. Of a transfer `uneaten` is what is not consumed, for its effect on all
income but what is earned is the transfer itself."""
TRANSFERRED = {"income": 1.0, "own_income": -1.0, "wages": -1.0}
DIVERGENCE = "divergence"
DIVERGENCE_YEARS = (1, 5)
"""Years whose ends a divergence of assets lies between: four years, the first after what was given."""
_INTERACTION = {"both": 1.0, "cash": -1.0, "productive": -1.0, "none": 1.0}
MEDIAN_OF_MEAN = "own_median_of_mean"
"""Median own income of households that have some, as a share of their mean."""
SMALLEST_BASE = 1e-3
"""Lines; a percentage of a smaller mean says nothing."""
SMALLEST_LOSS = 1e-3
"""Lines per year, or months; the share of a smaller loss says nothing."""


@dataclass(frozen=True)
class Lived:
    """Means over eligible persons of one run: A arms, Y years, O outcomes."""

    arms: tuple[str, ...]
    outcomes: tuple[str, ...]
    """Those known at the end of a year and labour; those that hang on escape where they were asked for."""
    means: Mapping[str, np.ndarray]
    """By world, "none" being the calm one: (A, Y, O); NaN where an arm did not live a shock."""
    content: np.ndarray
    """(A, Y, indices) points of measured indices by content received."""
    shock_year: Mapping[str, int]
    """By world: the year, from 1, in which its shock begins."""
    size: float
    """Persons per household."""
    tlu_per_line: float
    """Livestock units that a line of assets buys."""
    start: Mapping[str, float] = field(default_factory=dict)
    """Of the eligible at the start: means of income, own_income and poor_income, and MEDIAN_OF_MEAN."""
    divergence: Mapping[str, float] = field(default_factory=dict)
    """Mean change of log assets under both: `below` a split, and `above_minus_below`."""


def contrast_of(target: Target) -> tuple[dict[str, float], str]:
    """Signs of the arms a target compares, and the arm its percentages are of.

    Arms that a study told together, as in "both/cash - none", count evenly.
    """
    if target.contrast == "interaction":
        return _INTERACTION, "none"
    told, _, against = target.contrast.partition(" - ")
    arms = told.split("/")
    return {**dict.fromkeys(arms, 1.0 / len(arms)), against: -1.0}, against


def arms_of(targets: Sequence[Target]) -> tuple[str, ...]:
    """Arms that these targets compare, `none` first."""
    named = [arm for target in targets for arm in contrast_of(target)[0]]
    return tuple(dict.fromkeys(["none", *named]))


def require_arms(targets: Sequence[Target], arms: Sequence[str]) -> None:
    """ConfigError with every target that compares an arm the case does not have."""
    problems = [
        Problem(
            f"programme.arms.{arm}",
            f"be there, for {target.target_id} compares it",
            ", ".join(arms),
            "Add the arm to the case, or the target's contrast to another.",
        )
        for target in targets
        for arm in contrast_of(target)[0]
        if arm not in arms
    ]
    if problems:
        raise ConfigError(problems)


def reported(target: Target) -> tuple[float, float]:
    """Value and tolerance of a target in the unit of its forecast; a sign stays a sign."""
    return target.value * target.factor, target.tolerance * target.factor


def forecast(target: Target, lived: Lived) -> float:
    """The target's effect in a run, in the target's unit; NaN where its base is too small to tell."""
    if target.table == DIVERGENCE:
        return target.sign * lived.divergence[target.measure]
    signs, base = contrast_of(target)
    if target.table in ("effects", "measured"):
        year = target.year or 1
        of = {arm: _level(target, lived, CALM, arm, year) for arm in {*signs, base}}
        gap = sum(sign * of[arm] for arm, sign in signs.items())
        if target.unit == "of_transfer":
            given = [
                sign * _sum(TRANSFERRED, lived, CALM, arm, year) for arm, sign in signs.items()
            ]
            return target.sign * gap / sum(given) if sum(given) >= SMALLEST_BASE else float("nan")
        told = _told(target, lived, gap, _base(target, lived, base, of[base]))
        return target.sign * target.exposure * told
    year = lived.shock_year[target.table] + target.years_after
    calm = {arm: _level(target, lived, CALM, arm, year) for arm in {*signs, base}}
    moved = {
        arm: _level(target, lived, target.table, arm, year) - level for arm, level in calm.items()
    }
    if target.unit == "removed":
        (arm,) = (name for name in signs if name != base)
        loss = -target.sign * moved[base]
        lost = -target.sign * moved[arm]
        return 100.0 * (1.0 - lost / loss) if loss > SMALLEST_LOSS else float("nan")
    gap = sum(sign * moved[arm] for arm, sign in signs.items())
    return target.sign * target.exposure * _told(target, lived, gap, calm[base])


def added(lived: Lived) -> Lived:
    """The run as it would be if arms simply added up: both is cash and productive, each over its control.

    Where the case has them, the arms of one year stand in for the control and the productive arm, and
    small_cash, the cash that both holds, for the cash arm.
    """
    at = {arm: a for a, arm in enumerate(lived.arms)}
    control, cash, productive = "none", "cash", "productive"
    if {"one_year", "one_year_productive"} <= set(at):
        control, productive = "one_year", "one_year_productive"
    if SMALL_CASH in at:
        cash = SMALL_CASH

    def summed(values: np.ndarray) -> np.ndarray:
        told = values.copy()
        told[at["both"]] = values[at[cash]] + values[at[productive]] - values[at[control]]
        return told

    means = {world: summed(values) for world, values in lived.means.items()}
    return replace(lived, means=means, content=summed(lived.content))


def _level(target: Target, lived: Lived, world: str, arm: str, year: int) -> float:
    if target.table == "measured":
        at, means = lived.arms.index(arm), lived.means[world]
        points = structural_points(lived.outcomes)[INDICES.index(target.measure)]
        content = lived.content[at, year - 1, INDICES.index(target.measure)]
        return float(points @ means[at, year - 1] + content)
    return _sum(COMPOSED.get(target.measure, {target.measure: 1.0}), lived, world, arm, year)


def _sum(parts: Mapping[str, float], lived: Lived, world: str, arm: str, year: int) -> float:
    """A sum of outcomes in one arm, world and year."""
    means = lived.means[world][lived.arms.index(arm), year - 1]
    return float(sum(sign * means[lived.outcomes.index(name)] for name, sign in parts.items()))


def _base(target: Target, lived: Lived, arm: str, now: float) -> float:
    """What a percentage is of: the level of the arm compared with, `now`, or what stood there before.

    A median is of households with own work, and so is an effect that is told in percent of it; what the
    median is of the mean is taken from own incomes at the start.
    """
    if target.base not in (Base.BEFORE, Base.MEDIAN_BEFORE):
        return now
    before = _level(target, lived, CALM, arm, 1)
    return before * lived.start[MEDIAN_OF_MEAN] if target.base is Base.MEDIAN_BEFORE else before


def _told(target: Target, lived: Lived, gap: float, base: float) -> float:
    """A difference of means in the unit of the target."""
    unit = target.unit
    if unit == "percent":
        return 100.0 * gap / base if base >= SMALLEST_BASE else float("nan")
    if unit == "sd":  # of a share, which is what those targets are represented by
        return gap / math.sqrt(max(base * (1.0 - base), 1e-4))
    scale = {
        "pp": 100.0,
        "months": 1.0,
        "index": 1.0,
        "lines": 1.0,
        "tlu": lived.tlu_per_line * lived.size,
    }
    return scale[unit] * gap
