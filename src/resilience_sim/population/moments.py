"""A population made from published moments, for places of which no survey is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, exp, floor, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import Moments
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.population.lognormal import (
    lognormal_by_rank,
    midpoints,
    normal_quantiles,
    normal_scores,
    normal_shares,
)
from resilience_sim.population.observed import Flags, Numbers, Observed

_WHERE = "population.moments"
_MOST_GINI = 0.9
_ROUNDS = 200  # of fitting sizes
_CLOSE = 1e-3  # how near the moments of sizes must come


def from_moments(moments: Moments, n_households: int | None, seed: int) -> Observed:
    """Make households whose moments over persons are those that were published.

    - Income per person is lognormal. Its spread is solved from the mean and either the headcount
      below one line or the Gini; the distribution is handed out by rank, so that small populations
      have these moments too.
    - Ranks are those of scores of which `village_share` of the variance lies between villages, so
      that log income has that share but for rounding; within villages and between them they are
      spread like a normal distribution.
    - Sizes are whole numbers, lognormal before rounding, with the mean and standard deviation asked
      for, and have nothing to do with income.
    - Shares of income are evenly spread around their means and shuffled: other income over all,
      own income over the households with own work; what is left is wages.
    - Assets of those with own work follow their own income, in proportion where no standard
      deviation is given, else by rank of a lognormal; where no mean is given they are imputed.

    Every household weighs one; there is one stratum.

    Parameters
    ----------
    moments
        What is published, in lines per year, persons and shares.
    n_households
        Size of the population; it sets the number of villages, the last of which may be smaller.
        None takes `n_villages` full ones.
    seed
        Key of all shuffles.

    Raises
    ------
    ConfigError
        Where no such population exists, or two of them.
    """
    spreads = _spreads(moments)
    problems = [*_impossible_sizes(moments), *_unsettled(moments, spreads)]
    if problems:
        raise ConfigError(problems)
    sd_log = spreads[0]
    per_village = moments.households_per_village
    n = moments.n_villages * per_village if n_households is None else n_households
    village = np.arange(n) // per_village
    shuffle = np.random.Generator(np.random.Philox(key=seed))
    size = shuffle.permutation(_sizes(moments.size_mean, moments.size_sd, n))
    score = _scores(village, size, moments.village_share, shuffle)
    order = np.argsort(score, kind="stable")
    income = lognormal_by_rank(order, size, moments.income_mean, sd_log)
    shares = _shares(moments, n, shuffle)
    other = income * shares.other
    own = income * shares.own
    names = np.arange(n).astype(str)
    return Observed(
        id=np.strings.zfill(names, len(str(n - 1))),
        village=np.strings.zfill(village.astype(str), len(str(ceil(n / per_village)))),
        stratum=np.full(n, "1"),
        weight=np.ones(n),
        size=size,
        income=income,
        wages=np.maximum(income - other - own, 0),
        own=own,
        other=other,
        vehicles=np.zeros(n),
        has_own_activity=shares.is_owner,
        assets=_assets(moments, own, size, shares.is_owner),
        notes=(_note(moments, sd_log, income, size, village),),
    )


@dataclass(frozen=True)
class _IncomeShares:
    """Shares of each household's income, shape (n_households,)."""

    is_owner: Flags
    """Has own work."""
    own: Numbers
    other: Numbers


def _spreads(moments: Moments) -> tuple[float, ...]:
    """Standard deviations of log income that give the moments: none, one or two.

    With mean M and spread s the share below one is Phi(s / 2 - log M / s); where q is the quantile
    of the headcount, s = q +- sqrt(q^2 + 2 log M).
    """
    if moments.income_gini is not None:
        return (sqrt(2) * float(normal_quantiles([(1 + moments.income_gini) / 2])[0]),)
    if moments.poverty_headcount is None:
        return ()
    q = float(normal_quantiles([moments.poverty_headcount])[0])
    square = q**2 + 2 * log(moments.income_mean)
    if square < 0 or abs(q) == inf:
        return ()
    return tuple(root for root in sorted({q - sqrt(square), q + sqrt(square)}) if root > 0)


def _unsettled(moments: Moments, spreads: tuple[float, ...]) -> Iterator[Problem]:
    """Say why mean and headcount do not settle the distribution of income."""
    where, mean = f"{_WHERE}.poverty_headcount", moments.income_mean
    got = "null" if moments.poverty_headcount is None else f"{moments.poverty_headcount:g}"
    if not spreads:
        least = float(normal_shares([sqrt(max(-2 * log(mean), 0.0))])[0])
        hint = "Fewer poor need a higher income_mean."
        yield Problem(where, f"be above {least:.3f} with income_mean {mean:g}", got, hint)
    elif len(spreads) > 1:
        ginis = " or ".join(f"{_gini(spread):.3f}" for spread in spreads)
        allowed = f"settle the distribution of income; with income_mean {mean:g} there are two"
        yield Problem(where, allowed, got, f"Set it to null, and income_gini to {ginis}.")
    elif _gini(spreads[0]) > _MOST_GINI:
        allowed = f"go with a Gini of at most {_MOST_GINI:g} where income_mean is {mean:g}"
        hint = f"It would take {_gini(spreads[0]):.3f}; are mean and line in the same unit?"
        yield Problem(where, allowed, got, hint)


def _impossible_sizes(moments: Moments) -> Iterator[Problem]:
    part = moments.size_mean - floor(moments.size_mean)
    least = sqrt(part * (1 - part))
    if moments.size_sd + _CLOSE < least:
        allowed = f"be at least {least:.3g}, for members are counted whole"
        yield Problem(f"{_WHERE}.size_sd", allowed, f"{moments.size_sd:g}")


def _gini(sd_log: float) -> float:
    """Gini of a lognormal distribution."""
    return 2 * float(normal_shares([sd_log / sqrt(2)])[0]) - 1


def _sizes(mean: float, sd: float, n: int) -> Numbers:
    """Whole numbers from one, with this mean and standard deviation, lognormal but for rounding.

    Centre and spread before rounding are moved until those after it fit; the smallest misfit counts.
    """
    scores = normal_scores(n)
    centre, spread = mean, max(sd, _CLOSE)
    best, least = np.full(n, float(round(mean))), inf
    for _ in range(_ROUNDS):
        sd_log = sqrt(log(1 + (spread / centre) ** 2))
        sizes = np.maximum(np.rint(np.exp(log(centre) - sd_log**2 / 2 + sd_log * scores)), 1.0)
        off, wide = mean - float(np.mean(sizes)), sd - float(np.std(sizes))
        misfit = abs(off) / mean + abs(wide) / max(sd, 1.0)
        if misfit < least:
            best, least = sizes, misfit
        if least < _CLOSE:
            break
        centre = max(centre + 0.5 * off, 0.1)
        spread = max(spread + 0.5 * wide, _CLOSE)
    return best


def _scores(
    village: NDArray[np.int64], size: Numbers, village_share: float, shuffle: np.random.Generator
) -> Numbers:
    """Scores of households, nearly normal; `village_share` of their variance lies between villages."""
    n_homes = np.bincount(village)
    within = np.concatenate([shuffle.permutation(normal_scores(count)) for count in n_homes])
    within = _standard(within, size, village)
    persons = np.bincount(village, size).astype(np.float64)
    scores = shuffle.permutation(normal_scores(len(n_homes)))
    between = _standard(scores, persons, np.zeros(len(n_homes), np.int64))
    mixed: Numbers = sqrt(village_share) * between[village] + sqrt(1 - village_share) * within
    return mixed


def _standard(scores: Numbers, persons: Numbers, group: NDArray[np.int64]) -> Numbers:
    """Scores with mean zero and variance one over the persons of each group; a single one is zero."""
    total = np.bincount(group, persons)
    centred = scores - (np.bincount(group, persons * scores) / total)[group]
    spread = np.sqrt(np.bincount(group, persons * centred**2) / total)
    return centred / np.where(spread > 0, spread, 1.0)[group]


def _shares(moments: Moments, n: int, shuffle: np.random.Generator) -> _IncomeShares:
    """Shares of each household's income that are own and other income."""
    other = shuffle.permutation(_even(moments.other_income, n))
    owners = shuffle.permutation(n)[: round(moments.own_households * n)]
    left = 1 - moments.other_income
    own, is_owner = np.zeros(n), np.zeros(n, np.bool_)
    own[owners] = (1 - other[owners]) * _even(
        moments.own_income / left if left else 0.0, len(owners)
    )
    is_owner[owners] = True
    return _IncomeShares(is_owner, own, other)


def _even(mean: float, n: int) -> Numbers:
    """Shares evenly spaced over the widest interval around a mean that stays within [0, 1]."""
    low, high = max(0.0, 2 * mean - 1), min(1.0, 2 * mean)
    return low + (high - low) * midpoints(n)


def _assets(moments: Moments, own: Numbers, size: Numbers, is_own: Flags) -> Numbers | None:
    """Assets (lines per member) that follow own income; None where they are to be imputed."""
    if moments.assets_mean is None:
        return None
    assets = np.zeros(len(own))
    if not is_own.any() or not moments.assets_mean:
        return assets
    flow, persons = own[is_own], size[is_own]
    if moments.assets_sd is None and flow.any():
        assets[is_own] = flow * (moments.assets_mean / np.average(flow, weights=persons))
        return assets
    sd_log = sqrt(log(1 + ((moments.assets_sd or 0.0) / moments.assets_mean) ** 2))
    order = np.argsort(flow, kind="stable")
    assets[is_own] = lognormal_by_rank(order, persons, moments.assets_mean, sd_log)
    return assets


def _note(
    moments: Moments, sd_log: float, income: Numbers, size: Numbers, village: NDArray[np.int64]
) -> str:
    """Say where the moments come from and what the population that was made has."""
    told = (
        f"income_gini {moments.income_gini:g}"
        if moments.income_gini is not None
        else f"poverty_headcount {moments.poverty_headcount:g}"
    )
    persons = size / size.sum()
    logs = np.log(income)
    mean = np.bincount(village, persons * logs) / np.bincount(village, persons)
    total = np.sum(persons * (logs - np.sum(persons * logs)) ** 2)
    between = np.sum(persons * (mean[village] - np.sum(persons * logs)) ** 2)
    share = f"{between / total:.0%}" if total > 0 else "none"
    return (
        f"The population is made from published moments ({moments.source}; {moments.quality}): "
        f"income_mean {moments.income_mean:g} and {told} give a lognormal with standard deviation "
        f"of the log {sd_log:.3f}, median {moments.income_mean * exp(-(sd_log**2) / 2):.3f} lines "
        f"and Gini {_gini(sd_log):.3f}; {share} of the variance lies between villages, sizes have "
        f"mean {np.mean(size):.2f} and standard deviation {np.std(size):.2f}."
    )
