"""Trials elsewhere as targets for what all cases share: thresholds, divergence, investment out of cash.

`data/structure.csv` holds what was reported; `data/trials.csv` says how this project reads it, and was
written before anything was fitted to it. A trial is lived by a case of its own, whose pooled
parameters are its own alone: it informs common parameters and structures, no other case's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import hypot

from resilience_sim.evidence.files import rows, unknown
from resilience_sim.evidence.structure import TrialEffect, structure
from resilience_sim.evidence.targets import Base, Role, Target

TRANSPORT = 0.5
"""Room for transport from one country to another, as a share of the reported value; assumed.

It joins the standard error; with it an effect half as large or half again is one tolerance off."""
SPLIT = "split"


@dataclass(frozen=True)
class Trial:
    """What one case of a trial is compared with."""

    case_id: str
    targets: tuple[Target, ...]
    split: float | None
    """Assets, in lines per member, between households that are told apart; None where none are."""


def trials(case: str | None = None) -> tuple[Trial, ...]:
    """All trials, or that of one case, in the order of the table; ConfigError where there is none."""
    every = _table()
    found = tuple(trial for trial in every if case in (None, trial.case_id))
    if case is not None and not found:
        raise unknown("case", case, [trial.case_id for trial in every])
    return found


@cache
def _table() -> tuple[Trial, ...]:
    readings: dict[str, list[dict[str, str]]] = {}
    for row in rows("trials.csv"):
        readings.setdefault(row["case_id"], []).append(row)
    return tuple(
        Trial(
            case,
            tuple(_target(row) for row in told if row["table"] != SPLIT),
            next((_value(row, _effect(row)) for row in told if row["table"] == SPLIT), None),
        )
        for case, told in readings.items()
    )


def _effect(row: dict[str, str]) -> TrialEffect:
    """The one reported effect that a reading begins like and is as late as."""
    months = int(row["horizon_months"]) if row["horizon_months"] else None
    (found,) = (
        each
        for each in structure(row["trial"])
        if each.reported_as.startswith(row["reported_as"]) and each.horizon_months == months
    )
    return found


def _value(row: dict[str, str], effect: TrialEffect) -> float:
    """The reported number in the unit of the reading; a sign is +1, 0 or -1."""
    if row["number"] == "sign":
        return {"+": 1.0, "-": -1.0}.get(effect.direction, 0.0)
    told = effect.relative_percent if row["number"] == "relative" else effect.effect
    assert told is not None, row["target_id"]
    return told * float(row["factor"])


def _target(row: dict[str, str]) -> Target:
    effect = _effect(row)
    value, is_sign = _value(row, effect), row["number"] == "sign"
    error = effect.standard_error if row["number"] == "effect" else None
    error = None if error is None else error * float(row["factor"])
    return Target(
        case_id=row["case_id"],
        target_id=row["target_id"],
        arm=effect.arm,
        comparison=effect.comparison,
        outcome=effect.outcome,
        metric="sign" if is_sign else row["unit"],
        value=value,
        standard_error=error,
        tolerance=0.5 if is_sign else hypot(error or 0.0, TRANSPORT * abs(value)),
        direction=effect.direction,
        horizon_months=effect.horizon_months or 0,
        weight=row["weight"],
        source=effect.source,
        quality=effect.quality,
        comment=effect.locator,
        estimand="intention",
        base=Base.COMPARISON if row["unit"] == "percent" else None,
        role=Role.FIT,
        table=row["table"],
        measure=row["measure"],
        sign=int(row["sign"]),
        contrast=row["contrast"],
        year=int(row["year"]),
        years_after=0,
        unit=row["unit"],
        factor=1.0,
        exposure=1.0,
        because=row["because"],
    )
