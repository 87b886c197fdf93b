"""Units: of every outcome, and of every column of every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

LINES = "annual poverty lines per person"
LINES_PER_YEAR = "annual poverty lines per person and year"
DECIMAL_SHARE = "share of persons, decimal"


@dataclass(frozen=True)
class Outcome:
    """How one outcome is measured: its unit, and whether it is a share, told in percentage points."""

    unit: str
    is_share: bool


MONEY_OUTCOMES = {
    "income": LINES_PER_YEAR,
    "own_income": f"{LINES_PER_YEAR}, own output less outlay",
    "own_output": f"{LINES_PER_YEAR}, own output before outlay",
    "wages": LINES_PER_YEAR,
    "consumption": LINES_PER_YEAR,
    "assets": LINES,
    "savings": LINES,
    "debt": LINES,
    "estate_left": f"{LINES_PER_YEAR}, what leaves at succession",
    "pooled": f"{LINES_PER_YEAR}, received from the village's pool less paid into it",
    "distress_sales": f"{LINES_PER_YEAR}, raised by forced sales of assets",
    "lean_consumption": f"{LINES_PER_YEAR}, consumption of the lean season as a yearly rate",
}
AMOUNT_OUTCOMES = {
    "hungry_months": "months per year, mean over persons",
    "labour": "family labour at work, paid or own, as a share of all of it, decimal",
}
SQUARED = "_squared"
"""Ending of the outcomes that only serve to find a standard deviation; no table shows them."""
OTHER_OUTCOMES = {
    "poverty_gap": "mean shortfall as a decimal of the line",
    "poverty_severity": "mean squared shortfall as a decimal of the line",
    "participation": "mean part taken in the village's risk sharing, decimal",
    "confident": f"{DECIMAL_SHARE}, in households that believe in the improved technique",
    "enrolled": f"{DECIMAL_SHARE}, in households with a child at school",
    "school_age": f"{DECIMAL_SHARE}, in households with a child of school age",
    "hungry": f"{DECIMAL_SHARE}, in households short of food in a period of the year",
}


def reported(outcomes: Sequence[str]) -> tuple[str, ...]:
    """Outcomes that stand in tables: all but the squared ones, in the order given."""
    return tuple(name for name in outcomes if not name.endswith(SQUARED))


def outcome(name: str) -> Outcome:
    """Unit and kind of an outcome of a run; what is neither money nor another amount is a share or an index."""
    unit = (MONEY_OUTCOMES | AMOUNT_OUTCOMES).get(name)
    if unit is not None:
        return Outcome(unit, is_share=False)
    return Outcome(OTHER_OUTCOMES.get(name, DECIMAL_SHARE), is_share=True)


NAME = "name"
NO_UNIT = "count"
YEARS = "years since the start of the run"
IN_MEASURE = "see column measured_in"

_SCENARIO = {"scenario": NAME}
_PLACE = {"arm": NAME, "shock": "name of the world; none is the world without shock"}
_ESTIMATE = {"measured_in": "unit of the row", "estimate": IN_MEASURE}
_LUCK = {"se_luck": f"{IN_MEASURE}; standard error over replicates of their mean"}
_INTERVAL = {
    end: f"{IN_MEASURE}; 95 % from luck (Student) and sampling (normal) in quadrature"
    for end in ("ci_low", "ci_high")
}
_ABOVE = {"share_above_zero": "share of replicates, decimal"}
_DEMOGRAPHY = {"demography": "where ages and schooling come from: synthetic or from the survey"}
_REASON = {"reason": "why an estimate is missing"}
_SAMPLE = {"se_sample": f"{IN_MEASURE}; sampling error, villages within strata"}

_TYPE = {
    "kind": "where luck that is always ordinary leads the type without programmes",
    "land": LINES,
    "skill": "earning ability, mean one",
    "other_income": LINES_PER_YEAR,
    "has_knowledge": "whether the type commands the improved technique",
    "is_confident": "whether the type believes the improved technique's true return",
}
_LIVED = {"share": "of all persons, who begin nearest to the type; decimal"}

_EFFECTS = {
    **_SCENARIO,
    **_PLACE,
    "comparison": "control (arm minus none), cash (arm minus cash), productive (arm minus "
    "productive), interaction (both minus cash minus productive plus none)",
    "outcome": NAME,
    "unit": "level (unit of the outcome), percent (of control_mean), pp (percentage points), "
    "sd (standard deviations among persons of the group under none), tlu (tropical livestock units)",
    "horizon_months": "months since the start of the run",
    **_ESTIMATE,
    **_LUCK,
    **_SAMPLE,
    **_INTERVAL,
    **_ABOVE,
    "control_mean": "unit of the outcome; mean of the arm compared with",
    "n_households": NO_UNIT,
}

UNITS: dict[str, dict[str, str]] = {
    "effects": _EFFECTS,
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
        **_REASON,
    },
    "thresholds": {
        **_SCENARIO,
        **{name: unit for name, unit in _TYPE.items() if name != "kind"},
        "kind": _TYPE["kind"],
        "assets_p25": f"{LINES}; least grid point where escape within ten years has chance 1/4",
        "assets_p50": f"{LINES}; the threshold: the same with chance 1/2",
        "assets_p75": f"{LINES}; the same with chance 3/4",
        "rest_low_assets": f"{LINES}; lowest rest of the luckless yearly map",
        "rest_low_consumption": f"{LINES_PER_YEAR}; there",
        "rest_high_assets": f"{LINES}; highest rest of the luckless yearly map",
        "rest_high_consumption": f"{LINES_PER_YEAR}; there",
    },
    "recovery": {
        **_SCENARIO,
        **_PLACE,
        "measure": "gap (of mean consumption, by period) or not_back (persons, by year)",
        "months": "months since the shock began",
        **_ESTIMATE,
        **_LUCK,
    },
    "incidence": {
        **_SCENARIO,
        **_PLACE,
        "comparison": "control (with the arm none in the same world) or calm (with the same arm without "
        "shock)",
        "horizon_years": YEARS,
        "percentile": "percent of persons below, by consumption of the last twelve months",
        **_ESTIMATE,
        "quantile": LINES_PER_YEAR,
        "compared": f"{LINES_PER_YEAR}; the quantile compared with",
    },
    "motion": {
        **_SCENARIO,
        **_TYPE,
        **_LIVED,
        "years": "years of ordinary luck",
        "assets": f"{LINES}, at the first planting, a quarter of a line at hand",
        **_ESTIMATE,
    },
    "chances": {
        **_SCENARIO,
        **_TYPE,
        **_LIVED,
        "assets": f"{LINES}, at planting",
        "money": f"{LINES}, at hand at planting; below zero debt",
        **_ESTIMATE,
    },
    "panel": {
        **_SCENARIO,
        "id": "household of the survey",
        **_PLACE,
        "year": "year of the run, from 1; replicate 0",
        "income": LINES_PER_YEAR,
        "consumption": LINES_PER_YEAR,
        "assets": f"{LINES}, at the end of the year",
        "savings": f"{LINES}, at the end of the year; below zero debt",
        "technique": "0 none, 1 traditional, 2 improved",
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
        **_REASON,
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
        "hazard": "believed chance per year that cash ends",
        "horizon_years": YEARS,
        "outcome": NAME,
        "unit": "level (unit of the outcome), percent (of the mean of none), pp",
        **_ESTIMATE,
        **_ABOVE,
        "n_households": NO_UNIT,
    },
    "generations": {
        **_SCENARIO,
        **_PLACE,
        "group": "eligible or all persons",
        "comparison": "level (the arm), control (arm minus none)",
        "measure": NAME,
        "from_quintile": "quintile of the parent's mean consumption, 1 poorest",
        "to_quintile": "quintile of the heir's; cuts of the arm none, no shock",
        **_ESTIMATE,
        **_LUCK,
        **_DEMOGRAPHY,
        **_REASON,
    },
    "channels": {
        **_SCENARIO,
        "arm": NAME,
        "measure": NAME,
        "part": "effect (arm minus none), a channel (effect minus effect with it off), interaction "
        "(of the channels), remainder (effect with all channels off)",
        **_ESTIMATE,
        **_LUCK,
        "share_of_effect": "decimal; missing where the effect may be zero",
        "n_households": f"{NO_UNIT}, of the subsample",
        **_REASON,
    },
    "lists": {
        **_SCENARIO,
        "list": "social, productive, or both (persons on the two)",
        "measure": NAME,
        **_ESTIMATE,
        **_REASON,
    },
    "coordination": {
        **_SCENARIO,
        **_PLACE,
        "comparison": "control (arm minus none), uncoordinated (arm minus uncoordinated), both (arm "
        "minus both), level (the arm itself)",
        "measure": NAME,
        "unit": "level (unit of the measure), percent (of the arm compared with), pp (percentage "
        "points)",
        "horizon_years": YEARS,
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
        **_INTERVAL,
        **_REASON,
    },
    "spillovers": _EFFECTS,
    "measured": {
        **_SCENARIO,
        **_PLACE,
        "comparison": _EFFECTS["comparison"],
        "measure": "name of the index",
        "horizon_months": _EFFECTS["horizon_months"],
        **_ESTIMATE,
        **_LUCK,
        **_SAMPLE,
        **_INTERVAL,
        **_ABOVE,
        "loadings": "quality of the loadings",
        "content": "whether content received is counted, and why not",
    },
    "persistence": {
        **_SCENARIO,
        "measure": NAME,
        "country": "country of the report",
        "parent": "what of the parents the report is about",
        **_ESTIMATE,
        **_LUCK,
        "reported": IN_MEASURE,
        "gap": f"{IN_MEASURE}; estimate minus reported",
        **_DEMOGRAPHY,
        "caution": "what the report says against itself",
        "quality": "verified (seen in the primary text) or secondary (seen cited elsewhere)",
        "source": NAME,
        "locator": "where in the source",
        **_REASON,
    },
}

_TYPES = {
    "Int64": ("from_quintile", "to_quintile", "period"),
    "int64": ("horizon_months", "horizon_years", "n_households", "year", "percentile", "years"),
    "int8": ("technique",),
    "bool": ("has_knowledge", "is_confident"),
    "float32": ("income", "consumption", "assets", "savings"),
    "float64": (
        "estimate", "mean", "se_luck", "se_sample", "ci_low", "ci_high", "share_above_zero",
        "control_mean", "hazard", "land", "skill", "other_income", "assets_p25", "assets_p50",
        "assets_p75", "rest_low_assets", "rest_low_consumption", "rest_high_assets",
        "rest_high_consumption", "reported", "gap", "share_of_effect", "share", "months", "quantile",
        "compared", "money",
    ),
}  # fmt: skip
_TYPE_OF = {column: kind for kind, columns in _TYPES.items() for column in columns}


def tidy(
    table: str,
    rows: Sequence[Mapping[str, object]] | Mapping[str, np.ndarray] | pd.DataFrame,
    scenario: str,
) -> pd.DataFrame:
    """Rows, or columns, of one table as a frame with the columns of `UNITS[table]`, in that order.

    Types are fixed by column, so an empty table has the same schema as a full one; a column without
    a type of its own is text. The units travel in `frame.attrs["units"]`. KeyError where a column
    is missing.
    """
    units = UNITS[table]
    columns = [name for name in units if name != "scenario"]
    frame = pd.DataFrame(rows)[columns] if len(rows) else pd.DataFrame(columns=columns)
    frame.insert(0, "scenario", scenario)
    frame = frame.astype({name: _TYPE_OF.get(name, "str") for name in units})
    frame.attrs["units"] = dict(units)
    return frame
