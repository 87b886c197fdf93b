"""User units to kernel units: the only crossing.

A period's decision stands at its first month: income that reaches it was earned in the months since
the decision before, outlays and consumption belong to the months that follow. So the lag from
planting to harvest is the same in calendar time whatever the length of a period.
"""

import math
from dataclasses import dataclass

import numpy as np

from resilience_sim.config import Config, Technology
from resilience_sim.config.schema import MONTHS
from resilience_sim.kernels.primitives import N_SCORES, Primitives

QUARTERS = 4
ADULT_AGE = 18.0  # years; children live at home until then
MEMBERS_PER_EARNER = 2.0  # wages are per member; an heir's are those of an earner at skill 1
LABOUR = "labour"
"""Outcome that is told beside those of the kernel: `labour_at_work`."""
_LOG2_E = 1.0 / math.log(2.0)


@dataclass(frozen=True)
class Terms:
    """What a programme changes in the world of a household while it lasts; money in lines, rates per year."""

    input_help: float = 0.0
    """Off the outlay of the improved technique, lines per year."""
    outlay_share: float = 0.0
    """Share of every outlay that the programme pays."""
    price_rise: float = 0.0
    """On the price of own output, share."""
    return_save: float | None = None
    """Gross, per year; None: as without."""
    return_borrow: float | None = None
    """Gross, per year; None: as without."""
    credit_more: float = 0.0
    """Added to the credit limit, lines."""


def under(p: Primitives, terms: Terms) -> Primitives:
    """The world as a household lives in it, and its planner knows it, while `terms` hold."""
    keep, price = np.float32(1.0 - terms.outlay_share), np.float32(1.0 + terms.price_rise)
    help_, years = np.float32(terms.input_help), 1.0 / int(p.periods_per_year)
    save, borrow = (
        own if told is None else np.float32(told**years)
        for own, told in (
            (p.return_save, terms.return_save),
            (p.return_borrow, terms.return_borrow),
        )
    )
    return p._replace(
        outlay_traditional=p.outlay_traditional * keep,
        outlay_improved=np.maximum(p.outlay_improved - help_, np.float32(0.0)) * keep,
        outlay_known=np.maximum(p.outlay_known - help_, np.float32(0.0)) * keep,
        productivity_traditional=p.productivity_traditional * price,
        productivity_improved=p.productivity_improved * price,
        productivity_known=p.productivity_known * price,
        return_save=save,
        return_borrow=borrow,
        credit_limit=p.credit_limit + np.float32(terms.credit_more),
    )


def discouraged(p: Primitives) -> Primitives:
    """The world as the discouraged believe it to be: the improved technique returns less."""
    return p._replace(
        productivity_improved=p.productivity_improved * p.perceived_return,
        productivity_known=p.productivity_known * p.perceived_return,
    )


def primitives(config: Config) -> Primitives:
    """Parameters of households and planner, with switched-off mechanisms already taken out.

    The distribution of skill comes with the population (`imputed.Start.complete`).

    Returns
    -------
    Float32 scalars and season arrays of shape (periods_per_year,); money in lines, rates per
    period, luck per calendar quarter.
    """
    tech, on = config.technology, config.mechanisms
    per_year = config.periods_per_year
    years = 1.0 / per_year
    output, price = config.seasons.output_share, config.seasons.price
    if not on.seasons:
        output, price = [1.0 / MONTHS] * MONTHS, [1.0] * MONTHS
    luck = config.luck
    is_lucky = on.idiosyncratic_luck
    quarterly = 1.0 / QUARTERS
    # A year's period averages its four draws evenly; shorter ones weigh them by the season's output.
    crop = _quarters(output) if per_year > 1 else [quarterly] * QUARTERS
    taken = wages_forgone(tech) if on.labour_taken else dict.fromkeys(tech.labour, 0.0)
    outlay = tech.outlay if on.outlay else dict.fromkeys(tech.outlay, 0.0)
    known = on.knowledge
    generation_years = config.generations.succession_age - config.generations.heir_age
    scalars = {
        "crra": config.preferences.crra,
        "discount": config.preferences.discount_factor**years,
        "need": config.preferences.need if on.need else 0.0,
        "productivity_traditional": tech.productivity["traditional"],
        "productivity_improved": tech.productivity["improved"],
        "productivity_known": tech.productivity["improved"]
        * (tech.knowledge_productivity if known else 1.0),
        "exponent_traditional": tech.exponent["traditional"],
        "exponent_improved": tech.exponent["improved"],
        "labour_traditional": taken["traditional"],
        "labour_improved": taken["improved"],
        "outlay_traditional": outlay["traditional"],
        "outlay_improved": outlay["improved"],
        "outlay_known": outlay["improved"] * (tech.knowledge_outlay if known else 1.0),
        "wage": tech.wage,
        "wage_elasticity": tech.wage_elasticity,
        "keep": (1.0 - tech.depreciation) ** years,
        "resale": 1.0 - (tech.resale_discount if on.illiquid_assets else 0.0),
        "knowledge_loss": tech.knowledge_loss if known else 0.0,
        "return_save": config.finance.return_save**years,
        "return_borrow": config.finance.return_borrow**years,
        "credit_limit": config.finance.credit_limit if on.borrowing else 0.0,
        "harvest_sd": _draw_sd(luck.harvest_sd, crop) if is_lucky else 0.0,
        "wage_sd": _draw_sd(luck.wage_sd, [quarterly] * QUARTERS) if is_lucky else 0.0,
        "illness": 1.0 - (1.0 - luck.illness_rate) ** quarterly if is_lucky else 0.0,
        "illness_labour": luck.illness_labour_lost,
        "illness_bill": luck.illness_bill,
        "asset_loss": 1.0 - (1.0 - luck.asset_loss_rate) ** quarterly if is_lucky else 0.0,
        "asset_loss_share": luck.asset_loss_share,
        "drought": luck.drought_rate if on.village_luck else 0.0,
        "drought_loss": luck.drought_loss,
        "succession_age": config.generations.succession_age if on.succession else 1e9,
        "heir_age": config.generations.heir_age,
        "inheritance": min(2.0 / config.generations.children, 1.0),
        "succession_hazard": 1.0 - (1.0 - 1.0 / generation_years) ** years
        if on.succession
        else 0.0,
    } | _village_and_generations(config)
    return Primitives(
        periods_per_year=np.int32(per_year),
        quarters_per_period=np.int32(max(1, QUARTERS // per_year)),
        periods_per_quarter=np.int32(max(1, per_year // QUARTERS)),
        season_output=_seasons(output, per_year, lag=1),
        season_outlay=_seasons(config.seasons.outlay_share, per_year),
        season_price=_seasons(price, per_year) * np.float32(per_year / MONTHS),
        skill_at=np.zeros((1, N_SCORES), np.float32),
        skill_luck=np.zeros(1, np.float32),
        is_redrawn=np.int32(on.skill_redrawn and on.succession),
        is_health=np.int32(on.child_health and on.succession),
        is_schooling=np.int32(on.schooling and on.succession),
        **{name: np.float32(value) for name, value in scalars.items()},
    )


def _village_and_generations(config: Config) -> dict[str, float]:
    """Scalars of the pool, of beliefs, of food prices and of children."""
    on, ages, food = config.mechanisms, config.generations, config.food_prices
    belief, pool = config.confidence, config.pooling
    is_shy, is_hit = on.confidence, on.food_prices
    share = pool.share if on.pooling else 0.0
    # A year of school pays from the heir's succession on, for ever, at the parents' discount factor.
    factor = config.preferences.discount_factor
    annuity = factor ** (ages.heir_age - ages.work_age) / (1.0 - factor)
    return {
        "pool_share": share,
        "pool_tax": share * pool.participation,
        "perceived_return": belief.perceived_return if is_shy else 1.0,
        "confidence_start": belief.initial_share if is_shy else 1.0,
        "confidence_inherited": belief.inherited if is_shy else 1.0,
        "corrected_by_trying": belief.corrected_by_trying,
        "corrected_by_neighbours": belief.corrected_by_neighbours,
        "severe_loss": belief.severe_loss,
        "broken_by_loss": belief.broken_by_loss if is_shy else 0.0,
        "food_share": food.food_share if is_hit else 1.0,
        "food_share_slope": food.food_share_slope * math.log(2.0) if is_hit else 0.0,
        "food_line": food.food_line,
        "sales_gain": food.sales_gain if is_hit else 0.0,
        "skill_persistence": ages.skill_persistence,
        "school_effect": ages.school_effect * _LOG2_E if on.schooling else 0.0,
        "health_effect": ages.health_effect * _LOG2_E if on.child_health else 0.0,
        "reference_school": ages.reference_school,
        "reference_health": ages.reference_health,
        "birth_age": ages.succession_age - ages.heir_age,
        "children": ages.children,
        "health_line": ages.health_line,
        "health_curve": ages.health_curve,
        "school_age": ages.school_age,
        "school_end": ages.school_age + ages.school_years,
        "school_fee": ages.school_fee,
        "work_age": ages.work_age,
        "child_work": ages.child_work,
        "school_worth": ages.perceived_school_return
        * annuity
        * MEMBERS_PER_EARNER
        * config.technology.wage,
        "school_taste": ages.school_taste * _LOG2_E,
    }


def wages_forgone(technology: Technology) -> dict[str, float]:
    """Share of wages that own work costs, by technique.

    Wages are those of all paid work that is found. Own work takes idle labour first, and only what it
    needs beyond that from paid work.
    """
    idle = technology.idle_labour
    return {
        technique: max(0.0, labour - idle) / (1.0 - idle)
        for technique, labour in technology.labour.items()
    }


def labour_at_work(
    config: Config,
    own_work: np.ndarray,
    improved: np.ndarray,
    everybody: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Family labour at work, paid or own, as a share of all of it.

    A technique takes the same part of any family's labour, so it is linear in who runs which.

    Parameters
    ----------
    own_work, improved
        Shares of persons, or sums of weights, in households with own work and with the improved technique.
    everybody
        The same of all persons.
    """
    worked = labour_worked(config)
    usual = worked["traditional"] - worked["none"]
    more = worked["improved"] - worked["traditional"]
    return np.asarray(worked["none"] * everybody + usual * own_work + more * improved)


def labour_worked(config: Config) -> dict[str, float]:
    """Share of family labour at work, paid or own, by technique."""
    technology = config.technology
    paid = 1.0 - technology.idle_labour
    if not config.mechanisms.labour_taken:
        return dict.fromkeys(technology.labour, paid)
    return {name: min(1.0, paid + labour) for name, labour in technology.labour.items()}


def yearly_wages(p: Primitives, skill: np.ndarray) -> np.ndarray:
    """Yearly wages of a household that takes all paid work it finds, in lines; shaped like `skill`."""
    wages: np.ndarray = float(p.wage) * skill ** float(p.wage_elasticity)
    return wages


def _seasons(months: list[float], per_year: int, lag: int = 0) -> np.ndarray:
    """Sum monthly shares by period; with lag 1 a period carries the months before its decision."""
    sums = np.asarray(months, dtype=np.float64).reshape(per_year, MONTHS // per_year).sum(axis=1)
    seasons: np.ndarray = np.roll(sums, lag).astype(np.float32)
    return seasons


def _quarters(months: list[float]) -> list[float]:
    """Sum monthly shares by calendar quarter."""
    return [float(share) for share in np.asarray(months).reshape(QUARTERS, -1).sum(axis=1)]


def _draw_sd(annual_sd: float, shares: list[float]) -> float:
    """Log standard deviation of a quarter's draw such that the year's total has the annual one.

    The year is the share-weighted sum of independent lognormal factors of mean one, so its
    variance, exp(annual_sd^2) - 1, is that of a draw times the sum of squared shares.
    """
    concentration = sum(share * share for share in shares)
    return math.sqrt(math.log1p(math.expm1(annual_sd**2) / concentration))
