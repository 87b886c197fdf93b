"""Trials elsewhere that bear on what is common to all cases: thresholds, divergence, investment out of cash.

They inform the common parameters only, with room for transport from one country to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from resilience_sim.evidence.files import number, rows, unknown


@dataclass(frozen=True)
class TrialEffect:
    """One reported effect of a trial; numbers are None where none was printed."""

    trial: str
    country: str
    arm: str
    comparison: str
    outcome: str
    reported_as: str
    """The outcome in the source's words."""
    effect: float | None
    """In `unit`."""
    standard_error: float | None
    unit: str
    relative_percent: float | None
    """Of the mean of the comparison."""
    direction: str
    """+, -, 0 or mixed."""
    horizon_months: int | None
    source: str
    locator: str
    quality: str


def structure(trial: str | None = None) -> tuple[TrialEffect, ...]:
    """Effects of all trials, or of one; ConfigError where there is no such trial."""
    every = _table()
    found = tuple(each for each in every if trial in (None, each.trial))
    if trial is not None and not found:
        raise unknown("trial", trial, list(dict.fromkeys(each.trial for each in every)))
    return found


@cache
def _table() -> tuple[TrialEffect, ...]:
    return tuple(
        TrialEffect(
            trial=row["case_id"],
            country=row["country"],
            arm=row["arm"],
            comparison=row["comparison"],
            outcome=row["outcome"],
            reported_as=row["outcome_as_reported"],
            effect=number(row["effect"]),
            standard_error=number(row["se"]),
            unit=row["unit"],
            relative_percent=number(row["relative_effect_pct"]),
            direction=row["direction"],
            horizon_months=int(row["horizon_months"]) if row["horizon_months"] else None,
            source=row["source"],
            locator=row["locator"],
            quality=row["quality"],
        )
        for row in rows("structure.csv")
    )
