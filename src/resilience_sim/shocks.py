"""What strikes everybody at once, when, and what is done about it: a shock on the grid of periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import MONTHS, Response, Shock, Strike
from resilience_sim.errors import ConfigError, Problem

_MONTHS_OF_QUARTER = 3
_ROUNDING = 1e-12  # of a share that several blows make


class ResponseCost(NamedTuple):
    """What a response pays over the run, in lines per member reached."""

    top_up: float
    """To who had cash already."""
    entrant: float
    """To who was taken in."""


@dataclass(frozen=True)
class ShockPath:
    """A shock and the response to it by period of the run; arrays have shape (n_periods,).

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
    school_closed: NDArray[np.float32]
    """Share of schooling lost, the same for all children."""
    share_hit: float
    """Share of households that bear the losses of income and assets."""
    start_period: int
    """First period of the first blow; n_periods where there is none."""
    top_up: NDArray[np.float32]
    """Lines per member and period for who is on the list of a cash programme."""
    entrant_transfer: NDArray[np.float32]
    """Lines per member and period for who is taken in."""
    entrants: float
    """Of those hit and not listed, the share taken in."""
    response_cost: ResponseCost


def shock_path(shock: Shock, n_periods: int, periods_per_year: int) -> ShockPath:
    """Lay the blows of a shock, and the response to it, over the periods of a run.

    The depth of a quarter holds in each of its three months, and a period gets the mean of its
    months. Assets are lost once a quarter, in its first month; where a period holds several such
    losses, each takes from what the others left.

    The shock itself is the first blow, each entry of `also` a further one with its own start and
    path. In a month that several strike, each takes from what the others left: losses a and b make
    1 - (1 - a)(1 - b), and closed schools likewise. Price rises add up. The response is counted
    from the shock's own `start_month`; it pays a twelfth of its yearly values in each month.

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
        Where those who are hit would lose more than they have, with every such loss.
    """
    months_of_period = MONTHS // periods_per_year
    n_months = n_periods * months_of_period
    blows = _blows(shock)
    problems = list(_unbearable(shock, blows, n_months))
    if problems:
        raise ConfigError(problems)

    def by_period(monthly: NDArray[np.float64]) -> NDArray[np.float64]:
        return monthly.reshape(n_periods, months_of_period)

    def mean(name: str) -> NDArray[np.float32]:
        lost = by_period(_lost(blows, name, n_months))
        return np.asarray(lost.mean(axis=1), np.float32)

    kept = by_period(1 - _lost(blows, "asset_loss", n_months))
    rise = by_period(_rise(blows, n_months))
    response = shock.response if blows else Response()
    paid = by_period(_paid(response, shock.start_month, n_months))
    starts = [blow.start_month // months_of_period for blow in blows.values()]
    return ShockPath(
        own_loss=mean("own_loss"),
        wage_loss=mean("wage_loss"),
        other_loss=mean("other_loss"),
        asset_loss=(1 - kept.prod(axis=1)).astype(np.float32),
        price=(1 + rise.mean(axis=1)).astype(np.float32),
        school_closed=mean("school_closed"),
        share_hit=shock.share_hit,
        start_period=min([n_periods, *starts]),
        top_up=(response.top_up * paid.sum(axis=1)).astype(np.float32),
        entrant_transfer=(response.entrant_transfer * paid.sum(axis=1)).astype(np.float32),
        entrants=response.entrants if paid.any() else 0.0,
        response_cost=ResponseCost(
            response.top_up * float(paid.sum()), response.entrant_transfer * float(paid.sum())
        ),
    )


_Blow = Shock | Strike
"""Both have a start, a path, and what is lost at full depth."""


def _blows(shock: Shock) -> dict[str, _Blow]:
    """Blows that strike, by the key of their settings."""
    if shock.name == "none":
        return {}
    blows: dict[str, _Blow] = {"shock": shock}
    blows |= {f"shock.also.{name}": strike for name, strike in shock.also.items()}
    return {key: blow for key, blow in blows.items() if blow.path}


def _depth(blow: _Blow, n_months: int) -> NDArray[np.float64]:
    """Depth of one blow in each month of the run, shape (n_months,)."""
    depth = np.zeros(n_months)
    for quarter, factor in enumerate(blow.path):
        first = blow.start_month + quarter * _MONTHS_OF_QUARTER
        depth[first : first + _MONTHS_OF_QUARTER] = factor
    return depth


def _loss(blow: _Blow, name: str, n_months: int) -> NDArray[np.float64]:
    """Share that one blow takes in each month, shape (n_months,); assets go once a quarter."""
    loss: NDArray[np.float64] = getattr(blow, name) * _depth(blow, n_months)
    if name == "asset_loss":
        is_first = (np.arange(n_months) - blow.start_month) % _MONTHS_OF_QUARTER == 0
        loss *= is_first
    return loss


def _lost(blows: Mapping[str, _Blow], name: str, n_months: int) -> NDArray[np.float64]:
    """Share that all blows take in each month, shape (n_months,)."""
    lost = np.zeros(n_months)
    for blow in blows.values():
        lost += (1 - lost) * _loss(blow, name, n_months)
    return lost


def _rise(blows: Mapping[str, _Blow], n_months: int) -> NDArray[np.float64]:
    """Rise of the food price in each month, over all blows, shape (n_months,)."""
    rise = np.zeros(n_months)
    for blow in blows.values():
        rise += blow.price_rise * _depth(blow, n_months)
    return rise


def _paid(response: Response, shock_month: int, n_months: int) -> NDArray[np.float64]:
    """Share of a response's yearly values that is paid in each month, shape (n_months,)."""
    paid = np.zeros(n_months)
    first = shock_month + response.delay_months
    paid[first : first + response.months] = 1 / MONTHS
    return paid


def _unbearable(shock: Shock, blows: Mapping[str, _Blow], n_months: int) -> Iterator[Problem]:
    """Mean losses that those who are hit could not bear, each where it is worst."""
    for name in ("own_loss", "wage_loss", "other_loss", "asset_loss"):
        lost = _lost(blows, name, n_months)
        worst = int(lost.argmax())
        if lost[worst] <= shock.share_hit + _ROUNDING:
            continue
        keys = [
            f"{key}.{name}" for key, blow in blows.items() if _loss(blow, name, n_months)[worst] > 0
        ]
        together = "together " if len(keys) > 1 else ""
        yield Problem(
            " and ".join(keys),
            f"{together}take at most share_hit ({shock.share_hit:g}) in month {worst}",
            f"{lost[worst]:.4g}",
            "It is a mean over all households; nobody can lose more than everything.",
        )
