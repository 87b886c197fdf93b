"""The settings of a run: their names, meanings, units and bounds, and what may not stand together.

Defaults stand in `conf/` and `scenarios/`; here stands what each setting means and what it may
be. The validator and the help of the command line read the same `Meaning`.

Money is real, per household member, in annual poverty lines: 1.0 is what keeps one person on the
line for one year. Stocks are in lines, yearly flows in lines per year.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from resilience_sim.config.meaning import Meaning

TECHNIQUES = ("none", "traditional", "improved")
MONTHS = 12


class PopulationKind(StrEnum):
    """Where the households come from."""

    SURVEY = "survey"
    SYNTHETIC = "synthetic"
    MOMENTS = "moments"


class Behaviour(StrEnum):
    """How households choose."""

    PLANNER = "planner"
    RULE_OF_THUMB = "rule_of_thumb"


class BeliefKind(StrEnum):
    """How the planner believes that cash will end."""

    HAZARD = "hazard"
    DATE = "date"


class ContentKind(StrEnum):
    """What a content of a programme hands over."""

    TRANSFER = "transfer"
    SCHOOL_MEALS = "school_meals"
    HOME_GARDEN = "home_garden"
    ASSET_GRANT = "asset_grant"
    INPUT_SUPPORT = "input_support"
    OUTLAY_SUPPORT = "outlay_support"
    PRICE_SUPPORT = "price_support"
    SAVINGS_GROUP = "savings_group"
    TRAINING = "training"
    COACHING = "coaching"
    ACCOMPANIMENT = "accompaniment"


class Basis(StrEnum):
    """Whom a value is counted for; what is given per household or child is divided by its size."""

    PERSON = "person"
    HOUSEHOLD = "household"
    CHILD = "child"


class Side(StrEnum):
    """Which of the two programmes hands a content over; `usual` is the one its kind belongs to."""

    USUAL = "usual"
    SOCIAL = "social"
    PRODUCTIVE = "productive"


class Condition(StrEnum):
    """What a household must do to be paid."""

    NONE = "none"
    SCHOOL = "school"


class ProgrammeMode(StrEnum):
    """Whether arms are lived as in a trial or by the lists of both programmes."""

    TRIAL = "trial"
    ROLLOUT = "rollout"


class Equal(StrEnum):
    """What the arms are made equal in."""

    NONE = "none"
    VALUE = "value"
    BUDGET = "budget"


class TargetingRule(StrEnum):
    """Which households are eligible."""

    ALL = "all"
    BELOW_LINE = "below_line"
    PROXY_MEANS = "proxy_means"
    SAME = "same"


@dataclass
class Survey:
    """A household survey and how to read it: by these settings, or by a map that decides them."""

    file: Annotated[str, Meaning("Parquet, CSV or Stata file, or package:NAME for one we ship")]
    columns: Annotated[
        dict[str, str | None],
        Meaning("role of a column -> its name in the file; null: none"),
    ]
    line_per_person_month: Annotated[
        float, Meaning("poverty line", "survey currency per person and month", 0, is_above=True)
    ]
    line_source: Annotated[str, Meaning("where the poverty line comes from")]
    income_months: Annotated[int, Meaning("months the money columns cover", "months", 1, 24)] = 3
    where: Annotated[
        dict[str, str], Meaning("column -> values of the rows to keep, as text: '2016', '2,4,6'")
    ] = field(default_factory=dict)
    map: Annotated[
        str | None,
        Meaning("YAML file with columns, line, months and where, which it decides; null: none"),
    ] = None


@dataclass
class Imputation:
    """What the survey does not ask and has to be imputed."""

    assets_per_own_income: Annotated[float, Meaning("assets per yearly own income", "years", 0, 50)]
    vehicle_value: Annotated[
        float, Meaning("a vehicle counted as an asset", "lines per vehicle of a household", 0, 50)
    ]
    land_own: Annotated[float, Meaning("land of who has own work", "lines", 0, 100)]
    land_none: Annotated[float, Meaning("land of who has none", "lines", 0, 100)]
    transitory_share: Annotated[
        float,
        Meaning("variance of log earnings that is transitory", "share", 0, 1, is_below=True),
    ]
    savings_months: Annotated[float, Meaning("savings at the start", "months of income", 0, 60)]
    min_earned: Annotated[float, Meaning("least earned income", "lines per year", 0, 1)]
    max_income: Annotated[float, Meaning("top code of income", "lines per year", 1, 1000)]
    tlu_value: Annotated[
        float,
        Meaning("livestock as an asset", "lines per tropical livestock unit of a household", 0, 50),
    ]
    land_per_hectare: Annotated[
        float, Meaning("measured land", "lines per hectare of a household", 0, 1000)
    ]
    income_median: Annotated[
        float,
        Meaning(
            "median income per person where a survey has only a score of welfare",
            "lines per year",
            0,
            100,
            is_above=True,
        ),
    ]
    income_sd_log: Annotated[float, Meaning("standard deviation of log income there", "log", 0, 3)]


@dataclass
class Synthetic:
    """A made-up population, for fictional cases and engine tests."""

    n_villages: Annotated[int, Meaning("villages", "count", 1, 1_000_000)]
    households_per_village: Annotated[int, Meaning("households in a village", "count", 1, 100_000)]
    mean_log_income: Annotated[float, Meaning("mean of log income", "log lines per year", -5, 5)]
    sd_log_income: Annotated[float, Meaning("standard deviation of log income", "log", 0, 3)]
    own_share: Annotated[float, Meaning("households with own work", "share", 0, 1)]
    other_mean: Annotated[float, Meaning("remittances and pensions", "lines per year", 0, 10)]
    size: Annotated[float, Meaning("members of a household", "persons", 1, 30)]


@dataclass
class Moments:
    """What is published about a population of which no survey is at hand."""

    n_villages: Annotated[int, Meaning("villages", "count", 1, 1_000_000)]
    households_per_village: Annotated[int, Meaning("households in a village", "count", 1, 100_000)]
    size_mean: Annotated[float, Meaning("mean members of a household", "persons", 1, 30)]
    size_sd: Annotated[float, Meaning("standard deviation of members", "persons", 0, 20)]
    income_mean: Annotated[
        float, Meaning("mean income per person", "lines per year", 0, 100, is_above=True)
    ]
    poverty_headcount: Annotated[
        float | None,
        Meaning("persons with an income below the line; null: take income_gini", "share", 0, 1),
    ]
    income_gini: Annotated[
        float | None,
        Meaning("Gini of income per person; null: take poverty_headcount", "share", 0, 0.9),
    ]
    village_share: Annotated[
        float, Meaning("variance of log income that lies between villages", "share", 0, 1)
    ]
    own_households: Annotated[float, Meaning("households with own work", "share", 0, 1)]
    own_income: Annotated[
        float, Meaning("share of their income that is own income, mean", "share", 0, 1)
    ]
    other_income: Annotated[
        float, Meaning("share of income that is remittances and pensions, mean", "share", 0, 1)
    ]
    assets_mean: Annotated[
        float | None,
        Meaning("mean assets per person of who has own work; null: imputed", "lines", 0, 1000),
    ]
    assets_sd: Annotated[
        float | None,
        Meaning("their standard deviation; null: that of own income", "lines", 0, 1000),
    ]
    source: Annotated[str, Meaning("where the moments come from")]
    quality: Annotated[
        str,
        Meaning(
            "verified, secondary, assumed or fictional",
            choices=("verified", "secondary", "assumed", "fictional"),
        ),
    ]


@dataclass
class Population:
    """The households at the start."""

    kind: Annotated[PopulationKind, Meaning("survey, moments or synthetic")]
    n_households: Annotated[
        int | None,
        Meaning(
            "size of a weighted resample, or of a synthetic population; null: as it is",
            "households",
            1,
            100_000_000,
        ),
    ]
    survey: Survey
    imputation: Imputation
    synthetic: Synthetic
    moments: Moments


@dataclass
class Preferences:
    """What households want."""

    crra: Annotated[float, Meaning("relative risk aversion", "elasticity", 0.2, 10)]
    discount_factor: Annotated[
        float, Meaning("weight of next year", "per year", 0.5, 1, is_below=True)
    ]
    need: Annotated[float, Meaning("subsistence need", "lines per year", 0, 0.95)]


@dataclass
class Technology:
    """How households earn, by technique and by wage."""

    productivity: Annotated[
        dict[str, float],
        Meaning("yearly output at assets + land = 1", "lines per year", 0, 20, keys=TECHNIQUES),
    ]
    exponent: Annotated[
        dict[str, float],
        Meaning("exponent of assets + land", "elasticity", 0, 1, is_below=True, keys=TECHNIQUES),
    ]
    labour: Annotated[
        dict[str, float],
        Meaning("labour own work takes, idle labour first", "share", 0, 1, keys=TECHNIQUES),
    ]
    idle_labour: Annotated[
        float,
        Meaning(
            "labour for which no paid work is found; own work takes it without loss of wages",
            "share",
            0,
            1,
            is_below=True,
        ),
    ]
    outlay: Annotated[
        dict[str, float],
        Meaning("paid before it pays", "lines per year", 0, 20, keys=TECHNIQUES),
    ]
    knowledge_productivity: Annotated[
        float, Meaning("improved productivity when known", "factor", 1, 10)
    ]
    knowledge_outlay: Annotated[float, Meaning("improved outlay when known", "factor", 0, 1)]
    wage: Annotated[float, Meaning("wages at skill 1", "lines per year", 0, 100)]
    wage_elasticity: Annotated[float, Meaning("wages in skill", "elasticity", 0, 10)]
    depreciation: Annotated[
        float, Meaning("assets worn out", "share per year", 0, 1, is_below=True)
    ]
    resale_discount: Annotated[
        float, Meaning("lost when assets are sold", "share", 0, 1, is_below=True)
    ]
    knowledge_loss: Annotated[
        float, Meaning("knowledge that is not used is forgotten", "per year", 0, 1)
    ]
    known_at_start: Annotated[
        float,
        Meaning(
            "households that could command the improved technique at the start, where it pays",
            "share",
            0,
            1,
        ),
    ]


@dataclass
class Finance:
    """What saving and borrowing return and cost."""

    return_save: Annotated[float, Meaning("gross return on savings", "per year", 0.1, 1)]
    return_borrow: Annotated[float, Meaning("gross cost of debt", "per year", 1, 10, is_above=True)]
    credit_limit: Annotated[float, Meaning("most that can be owed", "lines", 0, 10)]


@dataclass
class Seasons:
    """How a year spreads over its months; the first is the month of planting."""

    output_share: Annotated[
        list[float], Meaning("own output by month; sum 1", "share", 0, 1, length=MONTHS)
    ]
    outlay_share: Annotated[
        list[float], Meaning("outlay by month; sum 1", "share", 0, 1, length=MONTHS)
    ]
    price: Annotated[
        list[float], Meaning("food price by month; mean 1", "factor", 0.2, 5, length=MONTHS)
    ]


@dataclass
class Luck:
    """What chance does in an ordinary year."""

    harvest_sd: Annotated[float, Meaning("log own output, annual", "log", 0, 2)]
    wage_sd: Annotated[float, Meaning("log wages, annual", "log", 0, 2)]
    illness_rate: Annotated[float, Meaning("households struck by illness", "per year", 0, 1)]
    illness_labour_lost: Annotated[
        float, Meaning("wages lost in the quarter of an illness", "share", 0, 1)
    ]
    illness_bill: Annotated[float, Meaning("bill of an illness", "lines", 0, 10)]
    asset_loss_rate: Annotated[float, Meaning("households that lose assets", "per year", 0, 1)]
    asset_loss_share: Annotated[float, Meaning("assets lost then", "share", 0, 1)]
    drought_rate: Annotated[float, Meaning("villages in drought", "per year", 0, 1)]
    drought_loss: Annotated[float, Meaning("own output lost in a drought", "share", 0, 1)]


@dataclass
class Pooling:
    """Risk sharing within the village: a share of what is earned is paid in and paid out again."""

    share: Annotated[
        float, Meaning("earned income that a full participant pools", "share", 0, 1, is_below=True)
    ]
    participation: Annotated[
        float, Meaning("how fully households take part at the start", "share", 0, 1)
    ]


@dataclass
class Confidence:
    """What people believe of the improved technique, and what changes it."""

    initial_share: Annotated[
        float,
        Meaning("confident at the start, of who does not run the improved", "share", 0, 1),
    ]
    perceived_return: Annotated[
        float,
        Meaning("improved productivity as the discouraged see it", "factor", 0, 1, is_above=True),
    ]
    corrected_by_trying: Annotated[
        float, Meaning("discouraged who believe after a crop of their own", "per year", 0, 1)
    ]
    corrected_by_neighbours: Annotated[
        float,
        Meaning("discouraged who believe where all neighbours run it", "per year", 0, 1),
    ]
    corrected_by_training: Annotated[
        float,
        Meaning("discouraged who believe, of those a training can reach", "share", 0, 1),
    ]
    severe_loss: Annotated[
        float,
        Meaning("own output, relative to ordinary, below which a loss is severe", "factor", 0, 1),
    ]
    broken_by_loss: Annotated[
        float, Meaning("confident who lose heart after a severe loss", "share", 0, 1)
    ]
    inherited: Annotated[float, Meaning("heirs who take over the parent's belief", "share", 0, 1)]


@dataclass
class FoodPrices:
    """How a rise of the food price reaches a household: Engel's law and what it sells."""

    food_share: Annotated[float, Meaning("food in consumption at the line", "share", 0, 1)]
    food_share_slope: Annotated[
        float, Meaning("fall of that share per log consumption", "share per log", 0, 1)
    ]
    sales_gain: Annotated[
        float, Meaning("part of a price rise that own output gains", "share", 0, 1)
    ]
    food_line: Annotated[
        float,
        Meaning("consumption below which a period is short of food", "lines per year", 0, 5),
    ]


@dataclass
class Generations:
    """Ageing, children and succession."""

    succession_age: Annotated[float, Meaning("age at which a head hands over", "years", 30, 100)]
    heir_age: Annotated[float, Meaning("age of the heir then", "years", 15, 70)]
    children: Annotated[float, Meaning("children of a couple who inherit", "persons", 1, 12)]
    initial_age_low: Annotated[float, Meaning("youngest head at the start", "years", 15, 100)]
    initial_age_high: Annotated[float, Meaning("oldest head at the start", "years", 15, 100)]
    skill_persistence: Annotated[
        float, Meaning("log skill of a parent that passes to the heir", "elasticity", 0, 1)
    ]
    school_effect: Annotated[float, Meaning("log skill per year of school", "log per year", 0, 0.5)]
    health_effect: Annotated[
        float, Meaning("log skill between no and full child health", "log", 0, 5)
    ]
    reference_school: Annotated[
        float, Meaning("years of school that leave skill as it is", "years", 0, 20)
    ]
    reference_health: Annotated[
        float, Meaning("child health that leaves skill as it is", "index", 0, 1)
    ]
    adult_school: Annotated[
        float, Meaning("mean years of school of heads at the start", "years", 0, 20)
    ]
    adult_school_sd: Annotated[float, Meaning("their standard deviation", "years", 0, 10)]
    adult_school_skill: Annotated[
        float, Meaning("correlation of heads' school and log skill", "correlation", 0, 1)
    ]
    health_line: Annotated[
        float,
        Meaning("food per head of a healthy small child", "lines per year", 0, 10, is_above=True),
    ]
    health_curve: Annotated[
        float, Meaning("exponent of child health in food", "elasticity", 0, 1, is_above=True)
    ]
    school_age: Annotated[float, Meaning("age at which school begins", "years", 4, 10)]
    school_years: Annotated[float, Meaning("years of school on offer", "years", 1, 20)]
    school_fee: Annotated[float, Meaning("cost of school per child", "lines per year", 0, 10)]
    work_age: Annotated[float, Meaning("age from which children can work", "years", 5, 18)]
    child_work: Annotated[
        float, Meaning("what a child earns out of school", "lines per year", 0, 10)
    ]
    perceived_school_return: Annotated[
        float, Meaning("rise of earnings per year of school, as parents see it", "share", 0, 1)
    ]
    school_taste: Annotated[
        float, Meaning("spread of log taste for school over families", "log", 0, 5)
    ]


@dataclass
class BelievedEnd:
    """How the planner believes that cash will end."""

    kind: Annotated[BeliefKind, Meaning("hazard, or date: the true end is known")]
    hazard: Annotated[
        float,
        Meaning(
            "believed chance that cash ends; 0: permanent, 1: a surprise each time",
            "per year",
            0,
            1,
        ),
    ]


@dataclass
class Planner:
    """How households choose, and on what grids the choice is solved."""

    behaviour: Annotated[Behaviour, Meaning("planner or rule_of_thumb")]
    believed_end: BelievedEnd
    n_assets: Annotated[int, Meaning("grid points of assets", "count", 5, 1000)]
    n_money: Annotated[int, Meaning("grid points of money in hand", "count", 5, 1000)]
    n_savings: Annotated[int, Meaning("grid points of savings", "count", 5, 1000)]
    n_skill: Annotated[int, Meaning("planner types by skill", "count", 1, 50)]
    n_other: Annotated[int, Meaning("planner types by other income", "count", 1, 20)]
    assets_max: Annotated[float, Meaning("top of the grid of assets", "lines", 1, 10_000)]
    money_max: Annotated[float, Meaning("top of the grid of money", "lines", 1, 10_000)]
    n_luck: Annotated[int, Meaning("nodes of luck", "count", 1, 64)]
    tolerance: Annotated[
        float, Meaning("stop when values move less", "relative", 0, 0.1, is_above=True)
    ]
    max_years: Annotated[int, Meaning("stop after so many years of iteration", "years", 1, 100_000)]
    buffer_months: Annotated[
        float, Meaning("savings the rule of thumb aims at", "months of income", 0, 60)
    ]


@dataclass
class Content:
    """One thing a programme hands over."""

    kind: Annotated[ContentKind, Meaning("what it is; docs/contents.md says what each kind does")]
    value: Annotated[
        float,
        Meaning(
            "lines, per year but for a grant; outlay_support, price_support: a share; training, "
            "coaching, accompaniment: 0",
            "lines or share",
            0,
            100,
        ),
    ]
    basis: Annotated[Basis, Meaning("value and unit_cost count per person, household or child")]
    start_month: Annotated[int, Meaning("first month of delivery", "month of the run", 0, 1200)]
    months: Annotated[int, Meaning("how long it is delivered", "months", 1, 1200)]
    unit_cost: Annotated[float, Meaning("budget, counted like the value", "lines", 0, 1000)]
    success: Annotated[
        float | None,
        Meaning(
            "trained who come to know, coached who gain confidence; null otherwise", "share", 0, 1
        ),
    ]
    source: Annotated[str, Meaning("where the numbers come from")]
    quality: Annotated[
        str,
        Meaning(
            "verified, secondary, assumed or fictional",
            choices=("verified", "secondary", "assumed", "fictional"),
        ),
    ]
    side: Annotated[Side, Meaning("programme that hands it over")] = Side.USUAL
    condition: Annotated[Condition, Meaning("what a transfer is paid for")] = Condition.NONE
    participation: Annotated[
        float, Meaning("rise of the part taken in the village's risk sharing", "share", 0, 1)
    ] = 0.0
    return_save: Annotated[
        float | None,
        Meaning("gross return on savings in a savings group; null: as before", "per year", 0.1, 2),
    ] = None
    return_borrow: Annotated[
        float | None,
        Meaning("gross cost of debt in a savings group; null: as before", "per year", 1, 10),
    ] = None


@dataclass
class Targeting:
    """Who is eligible: all conditions must hold, and a quota takes the neediest of those."""

    rule: Annotated[
        TargetingRule, Meaning("all, below_line, proxy_means, or same as the social programme")
    ]
    cutoff: Annotated[
        float,
        Meaning("income, or its proxy, below which one is eligible", "lines per year", 0, 100),
    ]
    noise_sd: Annotated[
        float, Meaning("error of a proxy-means score in log income", "log", 0, 3)
    ] = 0.5
    villages: Annotated[
        float, Meaning("villages covered, the poorest first", "share", 0, 1, is_above=True)
    ] = 1.0
    quota: Annotated[
        float | None, Meaning("most households that can be listed; null: no limit", "share", 0, 1)
    ] = None
    asset_floor: Annotated[float | None, Meaning("least assets; null: none", "lines", 0, 1000)] = (
        None
    )
    asset_ceiling: Annotated[float | None, Meaning("most assets; null: none", "lines", 0, 1000)] = (
        None
    )
    land_floor: Annotated[float | None, Meaning("least land; null: none", "lines", 0, 1000)] = None
    land_ceiling: Annotated[float | None, Meaning("most land; null: none", "lines", 0, 1000)] = None


def _same_targeting() -> Targeting:
    return Targeting(TargetingRule.SAME, 1.0)


@dataclass
class Programme:
    """What the arms hand over, to whom and when."""

    contents: Annotated[dict[str, Content], Meaning("name -> content")]
    arms: Annotated[dict[str, list[str]], Meaning("arm -> names of its contents")]
    targeting: Targeting
    targeting_productive: Targeting = field(default_factory=_same_targeting)
    mode: Annotated[
        ProgrammeMode, Meaning("trial: whole villages live each arm; rollout: by two lists")
    ] = ProgrammeMode.TRIAL
    arm_scale: Annotated[
        dict[str, float],
        Meaning("arm -> factor on value, success and cost of its contents", "factor", 0, 10),
    ] = field(default_factory=dict)
    served_after_clients: Annotated[
        dict[str, float],
        Meaning(
            "arm of people who are not, or no longer, clients of a social programme whose clients come first "
            "-> part of the productive contents that reaches them",
            "share",
            0,
            1,
        ),
    ] = field(default_factory=dict)
    equal: Annotated[
        Equal, Meaning("scale every arm to the value or the budget of one: none, value, budget")
    ] = Equal.NONE
    equal_to: Annotated[str, Meaning("the arm that sets value or budget")] = "cash"


@dataclass
class CoordinationTerms:
    """How well the two programmes work together."""

    shared_registry: Annotated[
        float, Meaning("how far both lists are drawn from the same households", "share", 0, 1)
    ]
    lag_months: Annotated[
        int, Meaning("months by which productive support comes after cash", "months", 0, 120)
    ]
    social_delivery: Annotated[
        float, Meaning("listed households that social contents reach", "share", 0, 1)
    ]
    productive_delivery: Annotated[
        float, Meaning("listed households that productive contents reach", "share", 0, 1)
    ]
    social_delay_months: Annotated[
        int, Meaning("months by which social contents come late", "months", 0, 120)
    ]
    productive_delay_months: Annotated[
        int, Meaning("months by which productive contents come late", "months", 0, 120)
    ]
    local_liaison: Annotated[
        float, Meaning("part of those not reached whom local liaison brings in", "share", 0, 1)
    ]
    admin_saving: Annotated[
        float, Meaning("administration saved, spent on longer lists", "share", 0, 1)
    ]


@dataclass
class Coordination:
    """What coordination is worth: a world of it beside one without, at the same money."""

    name: Annotated[
        str,
        Meaning(
            "off, none, informal, formal, full",
            choices=("off", "none", "informal", "formal", "full"),
        ),
    ]
    coverage: Annotated[
        float, Meaning("eligible households that each list has room for", "share", 0, 1)
    ]
    admin_share: Annotated[float, Meaning("administration in the cost of contents", "share", 0, 1)]
    without: CoordinationTerms
    terms: CoordinationTerms


@dataclass
class Strike:
    """A further blow of a combined shock."""

    start_month: Annotated[int, Meaning("month in which it strikes", "month of the run", 0, 1200)]
    path: Annotated[list[float], Meaning("depth in each quarter from the start", "factor", 0, 1)]
    wage_loss: Annotated[float, Meaning("wages lost at full depth, mean", "share", 0, 1)] = 0.0
    own_loss: Annotated[float, Meaning("own output lost at full depth, mean", "share", 0, 1)] = 0.0
    other_loss: Annotated[
        float, Meaning("other income lost at full depth, mean", "share", 0, 1)
    ] = 0.0
    asset_loss: Annotated[
        float, Meaning("assets lost in each quarter at full depth", "share", 0, 1)
    ] = 0.0
    price_rise: Annotated[float, Meaning("rise of the food price at full depth", "share", 0, 5)] = (
        0.0
    )
    school_closed: Annotated[float, Meaning("schooling lost at full depth", "share", 0, 1)] = 0.0


@dataclass
class Response:
    """What is done about a shock, in every arm with a social programme."""

    delay_months: Annotated[
        int, Meaning("months from the shock to the first payment", "months", 0, 120)
    ] = 0
    months: Annotated[int, Meaning("how long it is paid; 0: no response", "months", 0, 240)] = 0
    top_up: Annotated[
        float,
        Meaning(
            "more for who is on the list of a cash programme", "lines per person and year", 0, 10
        ),
    ] = 0.0
    entrants: Annotated[
        float, Meaning("of who was hit and is not listed, share taken in", "share", 0, 1)
    ] = 0.0
    entrant_transfer: Annotated[
        float, Meaning("what they are paid", "lines per person and year", 0, 10)
    ] = 0.0
    source: Annotated[str, Meaning("where the numbers come from")] = "none"


@dataclass
class Shock:
    """A scenario shock that nobody foresees."""

    name: Annotated[str, Meaning("none, or the name the tables carry")]
    start_month: Annotated[int, Meaning("month in which it strikes", "month of the run", 0, 1200)]
    path: Annotated[list[float], Meaning("depth in each quarter from the start", "factor", 0, 1)]
    wage_loss: Annotated[float, Meaning("wages lost at full depth, mean", "share", 0, 1)]
    own_loss: Annotated[float, Meaning("own output lost at full depth, mean", "share", 0, 1)]
    other_loss: Annotated[float, Meaning("other income lost at full depth, mean", "share", 0, 1)]
    asset_loss: Annotated[
        float, Meaning("assets lost in each quarter at full depth", "share", 0, 1)
    ]
    price_rise: Annotated[float, Meaning("rise of the food price at full depth", "share", 0, 5)]
    share_hit: Annotated[float, Meaning("households that lose income", "share", 0, 1)]
    source: Annotated[str, Meaning("where the numbers come from")]
    school_closed: Annotated[float, Meaning("schooling lost at full depth", "share", 0, 1)] = 0.0
    also: Annotated[dict[str, Strike], Meaning("name -> a further blow, with its own path")] = (
        field(default_factory=dict)
    )
    response: Response = field(default_factory=Response)


@dataclass
class Mechanisms:
    """Switches: what the model does with each of them off is in docs/model.md."""

    seasons: Annotated[bool, Meaning("output and prices follow the calendar")] = True
    land: Annotated[bool, Meaning("land adds to assets in own production")] = True
    need: Annotated[bool, Meaning("the subsistence need")] = True
    labour_taken: Annotated[bool, Meaning("own work takes labour from wages")] = True
    outlay: Annotated[bool, Meaning("techniques are paid for before they pay")] = True
    illiquid_assets: Annotated[bool, Meaning("sold assets return less than they cost")] = True
    borrowing: Annotated[bool, Meaning("debt up to the credit limit")] = True
    saving: Annotated[bool, Meaning("money can be kept for later")] = True
    idiosyncratic_luck: Annotated[bool, Meaning("harvest, wages, illness, loss of assets")] = True
    village_luck: Annotated[bool, Meaning("droughts")] = True
    succession: Annotated[bool, Meaning("heads age and hand over")] = True
    knowledge: Annotated[bool, Meaning("training makes the improved technique better")] = True
    improved_technique: Annotated[bool, Meaning("the improved technique can be chosen")] = True
    confidence: Annotated[bool, Meaning("the discouraged see a lower improved return")] = True
    pooling: Annotated[bool, Meaning("neighbours share what they earn")] = True
    food_prices: Annotated[bool, Meaning("Engel's law, and farm sales gain by a price rise")] = True
    skill_redrawn: Annotated[bool, Meaning("heirs have a skill of their own")] = True
    schooling: Annotated[bool, Meaning("children learn or work")] = True
    child_health: Annotated[bool, Meaning("food in the first five years makes health")] = True


@dataclass
class Outcomes:
    """What is measured, and when."""

    horizons_years: Annotated[
        list[int], Meaning("when effects are told; later than the run: dropped", "years", 1, 100)
    ] = field(default_factory=lambda: [2, 5, 10, 40])
    escape_years: Annotated[
        int, Meaning("years above the threshold that count as an escape", "years", 1, 40)
    ] = 2
    belief_hazards: Annotated[
        list[float], Meaning("beliefs for which complementarity is told", "per year", 0, 1)
    ] = field(default_factory=lambda: [0.0, 0.2, 1.0])
    belief_households: Annotated[
        int, Meaning("households of that subsample; 0: none", "households", 0, 10_000_000)
    ] = 10_000
    panel_share: Annotated[
        float, Meaning("households kept in the panel table; 0: no panel", "share", 0, 1)
    ] = 0.0
    channel_households: Annotated[
        int,
        Meaning(
            "households of the subsample in which effects on children are split; 0: none",
            "households",
            0,
            10_000_000,
        ),
    ] = 3_000
    draws: Annotated[
        int,
        Meaning(
            "draws of parameters under which effects are told again, with model variants; 0: none",
            "count",
            0,
            10_000,
        ),
    ] = 0
    tlu_per_line: Annotated[
        float, Meaning("livestock that one line of assets buys", "tropical livestock units", 0, 100)
    ] = 0.7


@dataclass(kw_only=True)
class Config:
    """All settings of a run."""

    case_name: Annotated[str, Meaning("name of the case, written by its file")]
    arms: Annotated[list[str], Meaning("arms to live through, none always among them")] = field(
        default_factory=lambda: ["none", "cash", "productive", "both", "half"]
    )
    seed: Annotated[
        int, Meaning("key of all luck, shared by the arms", "number", 0, 4_294_967_295)
    ] = 1
    replicates: Annotated[
        int, Meaning("lives of every household under other luck", "count", 1, 1000)
    ] = 8
    horizon_years: Annotated[int, Meaning("length of the run", "years", 1, 100)] = 40
    threads: Annotated[int, Meaning("processor threads; 0 takes all", "count", 0, 1024)] = 0
    output_dir: Annotated[
        str | None, Meaning("where the run is written; null: runs/CASE-SHOCK-SEED-TIME")
    ] = None
    periods_per_year: Annotated[
        int,
        Meaning("1, 4 or 12; parameters and results stay per year", "periods", choices=(1, 4, 12)),
    ] = 4
    population: Population
    preferences: Preferences
    technology: Technology
    finance: Finance
    seasons: Seasons
    luck: Luck
    pooling: Pooling
    confidence: Confidence
    food_prices: FoodPrices
    generations: Generations
    planner: Planner
    programme: Programme
    coordination: Coordination
    shock: Shock
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    outcomes: Outcomes = field(default_factory=Outcomes)
