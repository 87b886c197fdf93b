"""Who gets what, and when: the contents of every arm on the grid of periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import (
    MONTHS,
    Basis,
    Content,
    ContentKind,
    Programme,
    Targeting,
    TargetingRule,
)
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    from resilience_sim.population import Households


@dataclass(frozen=True)
class Deliveries:
    """What each arm delivers; arrays have shape (n_arms, n_periods) unless said otherwise.

    What is counted per household is to be divided by its members.
    """

    names: tuple[str, ...]
    """The arms, in order."""
    transfer: NDArray[np.float32]
    """Lines per member and period."""
    transfer_household: NDArray[np.float32]
    """Lines per household and period."""
    grant: NDArray[np.float32]
    """Assets, lines per member and period."""
    grant_household: NDArray[np.float32]
    """Assets, lines per household and period."""
    training: NDArray[np.float32]
    """Probability to learn in that period."""
    phase: NDArray[np.int32]
    """1 while a transfer above zero runs, else 0."""
    mean_transfer_per_year: NDArray[np.float64]
    """Shape (n_arms,): transfer to an eligible person while one runs, lines per member and year."""
    cost: NDArray[np.float64]
    """Shape (n_arms,): cost of all that is delivered in the run, lines per eligible member."""
    eligible: NDArray[np.bool_]
    """Shape (n_households,)."""


def deliveries(
    programme: Programme,
    arms: Sequence[str],
    n_periods: int,
    periods_per_year: int,
    households: Households,
) -> Deliveries:
    """Lay the contents of the arms over the periods of a run.

    A month belongs to the period that contains it. A transfer is worth its value per year, a
    twelfth in each of its months; a grant is handed over in equal parts over its months. A
    training has succeeded with probability `success` when its months are over, and is as likely to
    succeed in each of them for who has not learnt yet. Contents of one arm add up; who can learn
    from two trainings learns from either. Costs are counted like values: a transfer's for each
    year, a grant's and a training's once.

    Parameters
    ----------
    programme
        Contents in lines, arms as lists of contents, and the rule of targeting.
    arms
        Names of the arms wanted, in the order wanted.
    n_periods
        Length of the run; what would come later is neither delivered nor paid for.
    periods_per_year
        1, 4 or 12.
    households
        The population at the start.

    Raises
    ------
    ConfigError
        Where the rule of targeting leaves nobody eligible.
    """
    eligible = _eligible(programme.targeting, households)
    per_member = _per_member(households, eligible)
    lived = [
        _arm(
            [programme.contents[name] for name in programme.arms[arm]],
            n_periods,
            MONTHS // periods_per_year,
            per_member,
        )
        for arm in arms
    ]
    return Deliveries(
        names=tuple(arms),
        transfer=np.array([arm.transfer for arm in lived], np.float32),
        transfer_household=np.array([arm.transfer_household for arm in lived], np.float32),
        grant=np.array([arm.grant for arm in lived], np.float32),
        grant_household=np.array([arm.grant_household for arm in lived], np.float32),
        training=np.array([arm.training for arm in lived], np.float32),
        phase=np.array([arm.is_running for arm in lived], np.int32),
        mean_transfer_per_year=np.array([arm.mean_transfer_per_year for arm in lived]),
        cost=np.array([arm.cost for arm in lived]),
        eligible=eligible,
    )


def _eligible(targeting: Targeting, households: Households) -> NDArray[np.bool_]:
    if targeting.rule is TargetingRule.ALL:
        return np.ones(households.n_households, np.bool_)
    eligible = households.income < targeting.cutoff
    if not eligible.any():
        lowest = f"above the lowest income ({households.income.min():.4g} lines per year)"
        problem = Problem(
            "programme.targeting.cutoff",
            f"lie {lowest}, so that somebody is eligible",
            f"{targeting.cutoff:g}",
        )
        raise ConfigError([problem])
    return eligible


def _per_member(households: Households, eligible: NDArray[np.bool_]) -> dict[Basis, float]:
    """How often something is given per eligible person: once, or once for each household."""
    persons = households.persons[eligible].sum()
    return {Basis.PERSON: 1.0, Basis.HOUSEHOLD: households.weight[eligible].sum() / persons}


class _Arm(NamedTuple):
    """One row of `Deliveries`; arrays have shape (n_periods,)."""

    transfer: NDArray[np.float64]
    transfer_household: NDArray[np.float64]
    grant: NDArray[np.float64]
    grant_household: NDArray[np.float64]
    training: NDArray[np.float64]
    is_running: NDArray[np.bool_]
    mean_transfer_per_year: float
    cost: float


def _arm(
    contents: Sequence[Content],
    n_periods: int,
    months_of_period: int,
    per_member: Mapping[Basis, float],
) -> _Arm:
    """Add up the contents of one arm."""
    lines = {(kind, basis): np.zeros(n_periods) for kind in ContentKind for basis in Basis}
    unlearnt = np.ones(n_periods)
    is_running = np.zeros(n_periods * months_of_period, np.bool_)
    transferred = cost = 0.0
    for content in contents:
        monthly = _monthly(content, n_periods * months_of_period)
        share = monthly.reshape(n_periods, months_of_period).sum(axis=1)
        times = monthly.sum() * per_member[content.basis]
        lines[content.kind, content.basis] += content.value * share
        cost += content.unit_cost * times
        if content.success is not None:
            unlearnt *= (1 - content.success) ** share
        if content.kind is ContentKind.TRANSFER and content.value > 0:
            is_running |= monthly > 0
            transferred += content.value * times
    years_running = is_running.sum() / MONTHS
    return _Arm(
        transfer=lines[ContentKind.TRANSFER, Basis.PERSON],
        transfer_household=lines[ContentKind.TRANSFER, Basis.HOUSEHOLD],
        grant=lines[ContentKind.ASSET_GRANT, Basis.PERSON],
        grant_household=lines[ContentKind.ASSET_GRANT, Basis.HOUSEHOLD],
        training=1 - unlearnt,
        is_running=is_running.reshape(n_periods, months_of_period).sum(axis=1) > 0,
        mean_transfer_per_year=transferred / years_running if years_running else 0.0,
        cost=cost,
    )


def _monthly(content: Content, n_months: int) -> NDArray[np.float64]:
    """Share of a content's value that is delivered in each month of the run, shape (n_months,)."""
    per_month = 1 / (MONTHS if content.kind is ContentKind.TRANSFER else content.months)
    monthly = np.zeros(n_months)
    monthly[content.start_month : content.start_month + content.months] = per_month
    return monthly
