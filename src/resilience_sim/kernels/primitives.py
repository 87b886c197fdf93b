"""Parameters in kernel units: named tuples of float32, so that a kernel never promotes to double.

Money in annual poverty lines per member; rates per period; luck per calendar quarter. `model.py`
alone builds them from user units.
"""

from typing import Any, NamedTuple

import numpy as np

NONE, TRADITIONAL, IMPROVED = np.int32(0), np.int32(1), np.int32(2)
N_TECHNIQUES = 3

# Kinds of planner types, by where luck that is always ordinary leads them (design section 3).
WAY_UP, TRAP, NO_WAY_UP, WAGE_ROUTE = 0, 1, 2, 3
TYPE_NAMES = ("way up", "trap", "no way up", "wage route")

# Classes of households at the start: above the threshold, or below it in a type of each kind.
ABOVE, TRAPPED, ON_THE_WAY = 0, 1, 4
CLASS_NAMES = ("above the threshold", "trapped", "no way up", "wage route", "on the way up")

#: Yearly outcomes in the order in which the kernel sums them.
OUTCOMES = (
    "income", "consumption", "assets", "savings", "debt", "improved", "own_work", "poor",
    "poverty_gap", "poverty_severity", "poor_income", "destitute", "knowledge",
    "income_squared", "consumption_squared", "assets_squared", "estate_left",
    "own_income", "wages",
    "above_threshold", "escaped", "escaped_wealth", "escaped_threshold", "fallen", "lifted",
)  # fmt: skip
#: The first N_FLOWS are known at the end of a year, the rest at the next planting.
N_FLOWS = 19
PERIOD_OUTCOMES = ("consumption", "income")


class Primitives(NamedTuple):
    """All that a household and its planner know of the world. Scalars are float32 unless said otherwise."""

    periods_per_year: Any  # int32
    crra: Any
    discount: Any  # per period
    need: Any  # lines per year
    productivity_traditional: Any  # lines per year
    productivity_improved: Any  # lines per year, without knowledge
    productivity_known: Any  # lines per year, improved with knowledge
    exponent_traditional: Any
    exponent_improved: Any
    labour_traditional: Any  # share of family labour
    labour_improved: Any
    outlay_traditional: Any  # lines per year
    outlay_improved: Any
    outlay_known: Any
    wage: Any  # lines per year at skill 1 with all labour
    wage_elasticity: Any
    keep: Any  # share of assets left after a period's depreciation
    resale: Any  # lines got per line of assets sold
    knowledge_loss: Any  # per year
    return_save: Any  # gross, per period
    return_borrow: Any
    credit_limit: Any  # lines
    season_output: Any  # (n_seasons,) share of a year's own output
    season_outlay: Any  # (n_seasons,) share of a year's outlay
    season_price: Any  # (n_seasons,) price of consumption, mean one
    harvest_sd: Any  # log, per draw
    wage_sd: Any  # log, per draw
    quarters_per_period: Any  # int32: 1, or 4 where a period is a year
    periods_per_quarter: Any  # int32: 1, or 3 where a period is a month
    illness: Any  # probability per quarter
    illness_labour: Any  # share of a quarter's wages
    illness_bill: Any  # lines per illness
    asset_loss: Any  # probability per quarter
    asset_loss_share: Any
    drought: Any  # probability per year
    drought_loss: Any  # share of own output
    succession_age: Any  # years
    heir_age: Any  # years
    inheritance: Any  # share of a parent's assets and savings per member that reaches the heir
    succession_hazard: Any  # per period, as the planner foresees it


class Grid(NamedTuple):
    """A grid with nodes evenly spaced in log2(1 + (x - low) / bend): fine where people are poor."""

    low: Any  # float32
    inverse_bend: Any  # float32
    scale: Any  # float32, index units per unit of log2
    last: Any  # int32, the last cell's index: n - 2
    nodes: Any  # (n,) float32
    inverse_widths: Any  # (n,) float32; the last entry repeats
