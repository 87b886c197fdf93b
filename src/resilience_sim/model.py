"""User units to kernel units: the only crossing.

A period's decision stands at its first month: income that reaches it was earned in the months since
the decision before, outlays and consumption belong to the months that follow. So the lag from
planting to harvest is the same in calendar time whatever the length of a period.
"""

import math

import numpy as np

from resilience_sim.config import Config
from resilience_sim.config.schema import MONTHS
from resilience_sim.kernels.primitives import Primitives

QUARTERS = 4


def primitives(config: Config) -> Primitives:
    """Parameters of households and planner, with switched-off mechanisms already taken out.

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
    labour = tech.labour if on.labour_taken else dict.fromkeys(tech.labour, 0.0)
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
        "labour_traditional": labour["traditional"],
        "labour_improved": labour["improved"],
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
    }
    return Primitives(
        periods_per_year=np.int32(per_year),
        quarters_per_period=np.int32(max(1, QUARTERS // per_year)),
        periods_per_quarter=np.int32(max(1, per_year // QUARTERS)),
        season_output=_seasons(output, per_year, lag=1),
        season_outlay=_seasons(config.seasons.outlay_share, per_year),
        season_price=_seasons(price, per_year) * np.float32(per_year / MONTHS),
        **{name: np.float32(value) for name, value in scalars.items()},
    )


def yearly_wages(p: Primitives, skill: np.ndarray) -> np.ndarray:
    """Yearly wages of a household that gives all its labour to wages, in lines; shaped like `skill`."""
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
