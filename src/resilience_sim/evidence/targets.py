"""Reported effects of programmes, and what in the model represents each.

`data/targets.csv` holds the effects as they were gathered; `data/readings.csv` says how this project
reads each of them. Both were written before anything was fitted; the few readings corrected since are named in
`data/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from resilience_sim.evidence.files import rows, unknown


class Role(StrEnum):
    """What a target is for."""

    FIT = "fit"
    """Fitted and scored."""
    CONFLICT = "conflict"
    """Contradicts another target of the case, which is fitted in its place; shown, not scored."""
    PRIOR = "prior"
    """Of another programme in the country: bears on what is believed before a fit; shown, not scored."""


class Base(StrEnum):
    """What a percentage is of; before, the model has the first year of the arm compared with."""

    COMPARISON = "mean of the comparison"
    NOT_SAID = "not said"
    """Read as the mean of the comparison."""
    BEFORE = "mean before"
    MEDIAN_BEFORE = "median before"
    """Of households with own work."""
    LOSS = "loss of the comparison"


@dataclass(frozen=True)
class Target:
    """One reported effect of one case.

    `value`, `standard_error` and `tolerance` are in the unit of `metric`. Of a metric "sign" the value
    is +1, 0 or -1, and 0 means inside a neutral band of 2 percent, 1 percentage point or 0.05
    standard deviations.
    """

    case_id: str
    target_id: str
    arm: str
    """Arm that is compared: cash, productive, both, or coaching_added (to the productive arm)."""
    comparison: str
    """What it is compared with: control, cash or productive; or the interaction of the four arms."""
    outcome: str
    """What was measured, in the words of the table."""
    metric: str
    """percent, pp (percentage points), sd (standard deviations), level (own unit, see `comment`) or sign."""
    value: float
    standard_error: float | None
    """None where the source prints none."""
    tolerance: float
    """The standard error, or what stands for it (notes to the evidence, rules R1 to R4)."""
    direction: str
    """+, -, 0 or mixed."""
    horizon_months: int
    weight: str
    """high, medium or low."""
    source: str
    quality: str
    """verified (primary text seen), secondary (seen cited elsewhere) or direction_only (a sign)."""
    comment: str
    """Locator, unit of levels, base, and what else the table says."""
    estimand: str
    """treated, intention (to treat), or "not said"."""
    base: Base | None
    """What a percentage is of; None where no number is told as one."""
    role: Role
    table: str
    """What represents it: effects, measured, shock (the case's own) or the name of a shock's file; empty
    where nothing does.

    Of a shock it is the effect on an outcome with it, less the effect without."""
    measure: str
    """Outcome there; "earned" is own income and wages. Empty where none represents it."""
    sign: int
    """-1 where more of the target is less of the outcome, else 1."""
    contrast: str
    """Arms of the case that it compares, such as "both - cash" or "both/cash - none", or interaction."""
    year: int | None
    """Year of the run in which it is read, from 1; None: that of the shock."""
    years_after: int
    """Years after the shock's first in which it is read: 1 for what is told or decided in the next, else 0."""
    unit: str
    """How the outcome is told: percent (of `base`), pp, sd (of the share of the
    arm compared with), months, tlu (of a household), index, or removed (percent of a loss)."""
    factor: float
    """What the reported value is multiplied by to come in `unit`."""
    exposure: float
    """Share of those compared who were reached, by which an effect on everybody is multiplied."""
    because: str
    """Why that outcome, or why none."""

    @property
    def is_represented(self) -> bool:
        """Whether the model has an outcome for it; what it has none for counts as a miss."""
        return bool(self.measure)

    @property
    def is_number(self) -> bool:
        """Whether a number was reported, not a sign alone."""
        return self.metric != "sign"


def targets(case: str | None = None) -> tuple[Target, ...]:
    """All targets, or those of one case, in the order of the table.

    Raises
    ------
    ConfigError
        Where there is no such case; it names the nearest.
    """
    every = _table()
    if case is None:
        return every
    found = tuple(target for target in every if target.case_id == case)
    if not found:
        raise unknown("case", case, list(dict.fromkeys(target.case_id for target in every)))
    return found


@cache
def _table() -> tuple[Target, ...]:
    readings = {row["target_id"]: row for row in rows("readings.csv")}
    return tuple(_target(row, readings[row["target_id"]]) for row in rows("targets.csv"))


def _target(row: dict[str, str], reading: dict[str, str]) -> Target:
    return Target(
        case_id=row["case_id"],
        target_id=row["target_id"],
        arm=row["arm"],
        comparison=row["comparison"],
        outcome=row["outcome"],
        metric=row["metric"],
        value=float(row["value"]),
        standard_error=float(row["se"]) if row["se"] else None,
        tolerance=float(row["tolerance"]),
        direction=row["direction"],
        horizon_months=int(row["horizon_months"]),
        weight=row["weight_hint"],
        source=row["source_short"],
        quality=row["quality"],
        comment=row["comment"],
        estimand=reading["estimand"],
        base=Base(reading["base"]) if reading["base"] else None,
        role=Role(reading["role"]),
        table=reading["table"],
        measure=reading["measure"],
        sign=int(reading["sign"] or 1),
        contrast=reading["contrast"],
        year=int(reading["year"]) if reading["year"].isdigit() else None,
        years_after=_years_after(reading["year"]),
        unit=reading["unit"],
        factor=float(reading["factor"] or 1),
        exposure=float(reading["exposure"] or 1),
        because=reading["because"],
    )


def _years_after(told: str) -> int:
    """Years after the shock's first: "shock+1" is the next."""
    _, plus, years = told.partition("shock+")
    return int(years) if plus else 0
