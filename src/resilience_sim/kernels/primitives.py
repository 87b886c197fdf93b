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
    "own_income", "own_output", "wages",
    "confident", "participation", "pooled", "enrolled", "school_age", "distress_sales",
    "lean_consumption", "hungry_months", "hungry",
    "above_threshold", "escaped", "escaped_wealth", "escaped_threshold", "fallen", "lifted",
)  # fmt: skip
#: The first N_FLOWS are known at the end of a year, the rest at the next planting.
N_FLOWS = 29
PERIOD_OUTCOMES = ("consumption", "income")

#: Lists a household is on, as it is reached; the index of what an arm delivers.
NO_LIST, SOCIAL_LIST, PRODUCTIVE_LIST, BOTH_LISTS, SHOCK_ENTRANT = 0, 1, 2, 3, 4
N_LISTS = 5

#: Channels from a programme to the heirs, as bits: one that is off takes the value of the twin under none.
CHANNELS = ("assets", "school", "health", "confidence")

#: What is summed at the first succession and at the end of a life, over heirs; products serve slopes.
#: The first N_AT_SUCCESSION at the succession itself, the others at the end of the run over heirs who, like
#: their parents, lived `MIN_YEARS` in it.
HEIR_MOMENTS = (
    "heirs", "school", "school_parent", "school_squared", "school_parent_squared", "school_product",
    "health", "confident", "inherited", "log_skill",
    "adults", "log_consumption", "log_consumption_parent", "log_consumption_squared",
    "log_consumption_parent_squared", "log_consumption_product", "consumption", "poor", "trapped",
)  # fmt: skip
N_AT_SUCCESSION = 10
MIN_YEARS = 3  # years of a parent's and of an heir's life in the run, for either to count
#: Normal scores at which the distribution of skill is tabled: even between minus and plus HIGHEST_SCORE.
N_SCORES, HIGHEST_SCORE = 25, 3.0
N_HEIR_BINS = 56  # of the joint histogram of parents' and heirs' consumption, four a doubling


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
    labour_traditional: Any  # share of wages that own work costs
    labour_improved: Any
    outlay_traditional: Any  # lines per year
    outlay_improved: Any
    outlay_known: Any
    wage: Any  # lines per year at skill 1 with all paid work that is found
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
    pool_share: Any  # of earned income that a full participant pools
    pool_tax: Any  # the same as the planner knows it: at the participation of the start
    perceived_return: Any  # factor on improved productivity as the discouraged see it
    confidence_start: Any  # chance that who does not inherit a belief is confident
    confidence_inherited: Any  # chance to take over the parent's belief
    corrected_by_trying: Any  # per year
    corrected_by_neighbours: Any  # per year where all run it
    severe_loss: Any  # own output of a year relative to ordinary
    broken_by_loss: Any  # chance
    food_share: Any  # of consumption at the line
    food_share_slope: Any  # fall per log2 of consumption
    food_line: Any  # lines per year, what the food of the poverty line costs
    sales_gain: Any  # part of a price rise that own output gains
    is_redrawn: Any  # int32: heirs have a skill of their own
    skill_persistence: Any  # of the normal score of skill
    skill_at: Any  # (n_land, N_SCORES) log2 skill by node of land and normal score
    skill_luck: Any  # (n_land,) standard deviation of luck in an heir's score
    school_effect: Any  # log2 skill per year
    health_effect: Any  # log2 skill from no to full health
    reference_school: Any  # years
    reference_health: Any
    birth_age: Any  # of the head when the heir is born, years
    children: Any  # per couple
    is_health: Any  # int32: early food makes health
    health_line: Any  # lines per year
    health_curve: Any
    is_schooling: Any  # int32: children learn or work
    school_age: Any  # years
    school_end: Any  # years
    school_fee: Any  # lines per child and year
    work_age: Any  # years
    child_work: Any  # lines per child and year
    school_worth: Any  # lines that a year of school is worth to parents at the line
    school_taste: Any  # spread of log2 taste


class Grid(NamedTuple):
    """Nodes evenly spaced in log2(1 + x / bend), fine where people are poor, and evenly in debt."""

    inverse_bend: Any  # float32
    scale: Any  # float32, cells per unit of log2
    debt_cells: Any  # float32, cells below zero
    debt_scale: Any  # float32, cells per line there
    last: Any  # int32, the last cell's index: n - 2
    nodes: Any  # (n,) float32
    inverse_widths: Any  # (n,) float32; the last entry repeats
