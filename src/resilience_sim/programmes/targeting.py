"""Who is on the list of each programme, and how far the lists miss the poor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resilience_sim.chance import Purpose, normals, uniforms
from resilience_sim.config import Programme, Targeting, TargetingRule
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.results import ListResult

if TYPE_CHECKING:
    from resilience_sim.population import Households

LINE = 1.0  # lines a year; who has less is poor
LOWEST_INCOME = 0.01  # lines a year; assumed: a proxy takes lower incomes for this, losses included
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Lists:
    """Who is on the list of the social and of the productive programme; arrays (n_households,)."""

    social: NDArray[np.bool_]
    productive: NDArray[np.bool_]

    @property
    def either(self) -> NDArray[np.bool_]:
        """On at least one of the two."""
        return self.social | self.productive


def lists_of(programme: Programme, households: Households, seed: int) -> Lists:
    """List households by the rules of both programmes.

    All conditions of a rule must hold: the score lies below the cutoff, the village is among the
    poorest that are covered, assets and land lie within floors and ceilings. A quota takes the
    neediest of those. The score is income, or for `proxy_means` its logarithm with an error that is
    the household's own; the error of the one programme says nothing of the other's.

    Parameters
    ----------
    programme
        The rules, in lines; `targeting_productive` may be `same` as the social one's.
    households
        The population at the start.
    seed
        Key of the errors of a proxy, and of the lot between equal scores.

    Raises
    ------
    ConfigError
        Where a rule leaves nobody on a list, with the condition that let nobody through.
    """
    problems: list[Problem] = []
    social = _listed(
        programme.targeting,
        households,
        _score(programme.targeting, households, seed, Purpose.SCORE_SOCIAL),
        (seed, Purpose.TIE_SOCIAL),
        "programme.targeting",
        problems,
    )
    own = programme.targeting_productive
    productive = social
    if own.rule is not TargetingRule.SAME:
        productive = _listed(
            own,
            households,
            _score(own, households, seed, Purpose.SCORE_PRODUCTIVE),
            (seed, Purpose.TIE_PRODUCTIVE),
            "programme.targeting_productive",
            problems,
        )
    if problems:
        raise ConfigError(problems)
    return Lists(social, productive)


def list_results(lists: Lists, households: Households) -> tuple[ListResult, ...]:
    """How many persons are on each list and on both, and whom the lists miss; NaN for no one."""
    persons = households.persons
    is_poor = households.income < LINE

    def share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
        total = persons[whole].sum()
        return float(persons[part & whole].sum() / total) if total > 0 else math.nan

    everyone = np.ones(households.n_households, np.bool_)
    named = {
        "social": lists.social,
        "productive": lists.productive,
        "both": lists.social & lists.productive,
    }
    return tuple(
        ListResult(
            name=name,
            coverage=share(listed, everyone),
            inclusion_error=share(~is_poor, listed),
            exclusion_error=share(~listed, is_poor),
        )
        for name, listed in named.items()
    )


def _score(
    rule: Targeting, households: Households, seed: int, purpose: Purpose
) -> NDArray[np.float64]:
    """Need by the rule, the neediest lowest: lines per year, or their logarithm for a proxy."""
    if rule.rule is not TargetingRule.PROXY_MEANS:
        return households.income
    error = normals(households.id, seed, purpose)
    return np.log(np.maximum(households.income, LOWEST_INCOME)) + rule.noise_sd * error


def _listed(
    rule: Targeting,
    households: Households,
    score: NDArray[np.float64],
    lot: tuple[int, Purpose],
    where: str,
    problems: list[Problem],
) -> NDArray[np.bool_]:
    """Apply the conditions one after the other; the first that leaves nobody is a problem.

    The lot, seed and purpose, decides between equal scores where there is a quota.
    """
    listed = np.ones(households.n_households, np.bool_)
    for setting, allowed, fits in _conditions(rule, households, score):
        listed &= fits
        if not listed.any():
            got = f"{getattr(rule, setting):g}"
            problems.append(Problem(f"{where}.{setting}", allowed, got))
            return listed
    if rule.quota is None:
        return listed
    weight = np.where(listed, households.weight, 0.0)
    neediest = np.lexsort((uniforms(households.id, *lot), score))
    taken = np.zeros_like(listed)
    room = rule.quota * households.weight.sum() * (1 + _ROUNDING)
    taken[neediest] = np.cumsum(weight[neediest]) <= room
    listed &= taken
    if not listed.any():
        allowed = "leave room for one eligible household"
        problems.append(Problem(f"{where}.quota", allowed, f"{rule.quota:g}"))
    return listed


def _conditions(
    rule: Targeting, households: Households, score: NDArray[np.float64]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Setting, what it would have to do, so that somebody is eligible, and who fits it."""
    some = "let through somebody who fits the conditions before it"
    if rule.rule is not TargetingRule.ALL:
        is_proxy = rule.rule is TargetingRule.PROXY_MEANS
        lowest = math.exp(score.min()) if is_proxy else score.min()
        name = "proxy" if is_proxy else "income"
        allowed = f"lie above the lowest {name} ({lowest:.4g} lines per year), so that somebody is eligible"
        yield "cutoff", allowed, score < (math.log(rule.cutoff) if is_proxy else rule.cutoff)
    if rule.villages < 1:
        yield "villages", some, _in_poorest(rule.villages, households, score)
    for name, held in (("asset", households.assets), ("land", households.land)):
        floor, ceiling = getattr(rule, f"{name}_floor"), getattr(rule, f"{name}_ceiling")
        if floor is not None:
            yield f"{name}_floor", some, held >= floor
        if ceiling is not None:
            yield f"{name}_ceiling", some, held <= ceiling


def _in_poorest(
    share: float, households: Households, score: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a household lives in one of the villages of lowest mean score; one village at least.

    Villages count alike, as many as come nearest to the share; a mean is over persons.
    """
    n, village = households.n_villages, households.village
    persons = np.bincount(village, households.persons, n)
    mean = np.bincount(village, households.persons * score, n) / persons
    n_covered = max(1, math.floor(share * n + 0.5))
    covered = np.zeros(n, np.bool_)
    covered[np.argsort(mean, kind="stable")[:n_covered]] = True
    return covered[village]
