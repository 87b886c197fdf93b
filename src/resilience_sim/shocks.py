"""What strikes everybody at once, and when: a scenario shock on the grid of periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import MONTHS, Shock
from resilience_sim.errors import ConfigError, Problem

_MONTHS_OF_QUARTER = 3


@dataclass(frozen=True)
class ShockPath:
    """A shock by period of the run; arrays have shape (n_periods,).

    Losses are means over all households, those that are not hit included.
    """

    own_loss: NDArray[np.float32]
    """Share of own output lost."""
    wage_loss: NDArray[np.float32]
    """Share of wages lost."""
    other_loss: NDArray[np.float32]
    """Share of other income lost."""
    asset_loss: NDArray[np.float32]
    """Share of assets lost."""
    price: NDArray[np.float32]
    """Factor on the food price; 1 where nothing is dearer."""
    share_hit: float
    """Share of households that bear the losses of income."""
    start_period: int
    """First period of the shock; n_periods where there is none."""


def shock_path(shock: Shock, n_periods: int, periods_per_year: int) -> ShockPath:
    """Lay a shock's quarters over the periods of a run.

    The depth of a quarter holds in each of its three months, and a period gets the mean of its
    months. Assets are lost once a quarter, in its first month; where a period holds several such
    losses, each takes from what the others left.

    Parameters
    ----------
    shock
        Depth by quarter from `start_month` on (month 0 is the first of the run), and what is lost
        at full depth.
    n_periods
        Length of the run; what would come later is cut off.
    periods_per_year
        1, 4 or 12.

    Raises
    ------
    ConfigError
        Where those who are hit would lose more than they have.
    """
    _check_depth(shock)
    quarters = [] if shock.name == "none" else shock.path
    months_of_period = MONTHS // periods_per_year
    n_months = n_periods * months_of_period
    depth, strike = np.zeros(n_months), np.zeros(n_months)
    for quarter, factor in enumerate(quarters):
        first = shock.start_month + quarter * _MONTHS_OF_QUARTER
        depth[first : first + _MONTHS_OF_QUARTER] = factor
        strike[first : first + 1] = factor
    mean_depth = depth.reshape(n_periods, months_of_period).mean(axis=1)
    start = shock.start_month // months_of_period
    kept = 1 - shock.asset_loss * strike.reshape(n_periods, months_of_period)
    return ShockPath(
        own_loss=(shock.own_loss * mean_depth).astype(np.float32),
        wage_loss=(shock.wage_loss * mean_depth).astype(np.float32),
        other_loss=(shock.other_loss * mean_depth).astype(np.float32),
        asset_loss=(1 - kept.prod(axis=1)).astype(np.float32),
        price=(1 + shock.price_rise * mean_depth).astype(np.float32),
        share_hit=shock.share_hit,
        start_period=min(start, n_periods) if quarters else n_periods,
    )


def _check_depth(shock: Shock) -> None:
    """Refuse a mean loss that those who are hit could not bear."""
    deepest = max(shock.path, default=0)
    problems = [
        Problem(
            f"shock.{name}",
            f"be at most share_hit ({shock.share_hit:g}) over the deepest quarter ({deepest:g})",
            f"{loss:g}",
            "It is a mean over all households; nobody can lose more than everything.",
        )
        for name in ("own_loss", "wage_loss", "other_loss")
        if (loss := getattr(shock, name)) * deepest > shock.share_hit
    ]
    if problems:
        raise ConfigError(problems)
