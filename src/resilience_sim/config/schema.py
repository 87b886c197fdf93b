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
    ASSET_GRANT = "asset_grant"
    TRAINING = "training"


class Basis(StrEnum):
    """Whom a value is counted for; what is given per household is divided by its size."""

    PERSON = "person"
    HOUSEHOLD = "household"


class TargetingRule(StrEnum):
    """Which households are eligible."""

    ALL = "all"
    BELOW_LINE = "below_line"


@dataclass
class Survey:
    """A household survey and how to read it."""

    file: Annotated[str, Meaning("Parquet, CSV or Stata file, or package:NAME for one we ship")]
    columns: Annotated[dict[str, str], Meaning("role of a column -> its name in the file")]
    line_per_person_month: Annotated[
        float, Meaning("poverty line", "survey currency per person and month", 0, is_above=True)
    ]
    line_source: Annotated[str, Meaning("where the poverty line comes from")]
    income_months: Annotated[int, Meaning("months the money columns cover", "months", 1, 24)] = 3


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
class Population:
    """The households at the start."""

    kind: Annotated[PopulationKind, Meaning("survey or synthetic")]
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
        dict[str, float], Meaning("labour taken from wages", "share", 0, 1, keys=TECHNIQUES)
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
class Generations:
    """Ageing and succession."""

    succession_age: Annotated[float, Meaning("age at which a head hands over", "years", 30, 100)]
    heir_age: Annotated[float, Meaning("age of the heir then", "years", 15, 70)]
    children: Annotated[float, Meaning("children of a couple who inherit", "persons", 1, 12)]
    initial_age_low: Annotated[float, Meaning("youngest head at the start", "years", 15, 100)]
    initial_age_high: Annotated[float, Meaning("oldest head at the start", "years", 15, 100)]


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

    kind: Annotated[ContentKind, Meaning("transfer, asset_grant or training")]
    value: Annotated[
        float, Meaning("a transfer per year, a grant once, training 0", "lines", 0, 100)
    ]
    basis: Annotated[Basis, Meaning("value and unit_cost count per person or per household")]
    start_month: Annotated[int, Meaning("first month of delivery", "month of the run", 0, 1200)]
    months: Annotated[int, Meaning("how long it is delivered", "months", 1, 1200)]
    unit_cost: Annotated[float, Meaning("budget, counted like the value", "lines", 0, 1000)]
    success: Annotated[
        float | None, Meaning("trained households that come to know; null otherwise", "share", 0, 1)
    ]
    source: Annotated[str, Meaning("where the numbers come from")]
    quality: Annotated[
        str,
        Meaning(
            "verified, secondary, assumed or fictional",
            choices=("verified", "secondary", "assumed", "fictional"),
        ),
    ]


@dataclass
class Targeting:
    """Who is eligible."""

    rule: Annotated[TargetingRule, Meaning("all or below_line")]
    cutoff: Annotated[
        float, Meaning("income below which one is eligible", "lines per year", 0, 100)
    ]


@dataclass
class Programme:
    """What the arms hand over, to whom and when."""

    contents: Annotated[dict[str, Content], Meaning("name -> content")]
    arms: Annotated[dict[str, list[str]], Meaning("arm -> names of its contents")]
    targeting: Targeting


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


@dataclass(kw_only=True)
class Config:
    """All settings of a run."""

    case_name: Annotated[str, Meaning("name of the case, written by its file")]
    arms: Annotated[list[str], Meaning("arms to live through, none always among them")] = field(
        default_factory=lambda: ["none", "cash", "productive", "both"]
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
    generations: Generations
    planner: Planner
    programme: Programme
    shock: Shock
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    outcomes: Outcomes = field(default_factory=Outcomes)
