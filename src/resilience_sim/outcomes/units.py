"""Units: of every outcome, and of every column of every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

LINES = "annual poverty lines per person"
LINES_PER_YEAR = "annual poverty lines per person and year"
DECIMAL_SHARE = "share of persons, decimal"


@dataclass(frozen=True)
class Outcome:
    """How one outcome is measured: its unit, and whether it is money or a share."""

    unit: str
    is_money: bool


MONEY_OUTCOMES = {
    "income": LINES_PER_YEAR,
    "consumption": LINES_PER_YEAR,
    "assets": LINES,
    "savings": LINES,
    "debt": LINES,
}
INDEX_OUTCOMES = {
    "poverty_gap": "mean shortfall as a decimal of the line",
    "poverty_severity": "mean squared shortfall as a decimal of the line",
}


def outcome(name: str) -> Outcome:
    """Unit and kind of an outcome of a run; what is not money is a share or an index."""
    if name in MONEY_OUTCOMES:
        return Outcome(MONEY_OUTCOMES[name], is_money=True)
    return Outcome(INDEX_OUTCOMES.get(name, DECIMAL_SHARE), is_money=False)


NAME = "name"
NO_UNIT = "count"
YEARS = "years since the start of the run"
IN_MEASURE = "see column measured_in"

_SCENARIO = {"scenario": NAME}
_PLACE = {"arm": NAME, "shock": "name of the world; none is the world without shock"}
_ESTIMATE = {"measured_in": "unit of the row", "estimate": IN_MEASURE}
_LUCK = {"se_luck": f"{IN_MEASURE}; standard error over replicates of their mean"}
_SAMPLE = {"se_sample": f"{IN_MEASURE}; sampling error, villages within strata"}

UNITS: dict[str, dict[str, str]] = {
    "effects": {
        **_SCENARIO,
        **_PLACE,
        "comparison": "control (arm minus none), cash (arm minus cash), productive (arm minus "
        "productive), interaction (both minus cash minus productive plus none)",
        "outcome": NAME,
        "unit": "level (unit of the outcome), percent (of control_mean), pp (percentage points)",
        "horizon_months": "months since the start of the run",
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
        "ci_low": f"{IN_MEASURE}; 95 % from luck and sampling in quadrature",
        "ci_high": f"{IN_MEASURE}; 95 % from luck and sampling in quadrature",
        "share_above_zero": "share of replicates, decimal",
        "control_mean": "unit of the outcome; mean of the arm compared with",
        "n_households": NO_UNIT,
    },
    "poverty": {
        **_SCENARIO,
        **_PLACE,
        "horizon_years": f"{YEARS}; 0 is the survey",
        "measure": NAME,
        "of": "income or consumption of the last twelve months",
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
    },
    "escape": {
        **_SCENARIO,
        **_PLACE,
        "horizon_years": f"{YEARS}; 0 is the start",
        "measure": NAME,
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
    },
    "needed": {
        **_SCENARIO,
        "shock": _PLACE["shock"],
        "needed": "word for what lifted a household out",
        **_ESTIMATE,
        **_LUCK,
    },
    "resilience": {
        **_SCENARIO,
        **_PLACE,
        "measure": NAME,
        **_ESTIMATE,
        **_LUCK,
        "reason": "why an estimate is missing",
    },
    "mobility": {
        **_SCENARIO,
        **_PLACE,
        "measure": "transition (share of the first quintile found in the last) or rank_slope",
        "from_quintile": "quintile of income at the start, 1 poorest",
        "to_quintile": "quintile of consumption in the last year; cuts of the arm none, no shock",
        **_ESTIMATE,
    },
    "costs": {
        **_SCENARIO,
        **_PLACE,
        "horizon_years": YEARS,
        "measure": NAME,
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
        "reason": "why an estimate is missing",
    },
    "trajectories": {
        **_SCENARIO,
        **_PLACE,
        "group": "eligible or all persons",
        "frequency": "year (mean of the year) or period (annualised)",
        "year": "year of the run, from 1",
        "period": "period of the run, from 1; missing for yearly rows",
        "outcome": NAME,
        "measured_in": "unit of the row",
        "mean": IN_MEASURE,
        "se_luck": _LUCK["se_luck"],
    },
    "beliefs": {
        **_SCENARIO,
        "hazard": "believed chance per year that the programme ends",
        "outcome": NAME,
        "unit": "level (unit of the outcome), percent (of the mean of none), pp",
        **_ESTIMATE,
        "share_above_zero": "share of replicates, decimal",
        "n_households": NO_UNIT,
    },
}

_WHOLE = {"horizon_months", "horizon_years", "n_households", "year"}
_WHOLE_OR_MISSING = {"from_quintile", "to_quintile", "period"}
_NUMBERS = {
    "estimate",
    "mean",
    "se_luck",
    "se_sample",
    "ci_low",
    "ci_high",
    "share_above_zero",
    "control_mean",
    "hazard",
}


def tidy(
    table: str, rows: Sequence[Mapping[str, object]] | pd.DataFrame, scenario: str
) -> pd.DataFrame:
    """Rows of one table as a frame with the columns of `UNITS[table]`, in that order.

    Types are fixed by column, so an empty table has the same schema as a full one. The units
    travel in `frame.attrs["units"]`.
    """
    units = UNITS[table]
    frame = pd.DataFrame(rows, columns=[name for name in units if name != "scenario"])
    frame.insert(0, "scenario", scenario)
    frame = frame.astype({name: _column_type(name) for name in units})
    frame.attrs["units"] = dict(units)
    return frame


def _column_type(name: str) -> str:
    if name in _WHOLE:
        return "int64"
    if name in _WHOLE_OR_MISSING:
        return "Int64"
    return "float64" if name in _NUMBERS else "str"
