"""What each arm delivers to whom, laid over the periods of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import MONTHS, Config, Content, ContentKind, Equal, ProgrammeMode, Side
from resilience_sim.model import Terms
from resilience_sim.programmes import coordination
from resilience_sim.programmes.arms import Contents, contents_of_arms
from resilience_sim.programmes.contents import (
    PAID_OUT,
    Calendar,
    Count,
    count,
    evenly,
    money,
    monthly,
    side_of,
    terms_of,
    total,
    worth,
)
from resilience_sim.programmes.targeting import Lists, list_results, lists_of
from resilience_sim.results import ListResult

if TYPE_CHECKING:
    from resilience_sim.population import Households

_REACHED_BY = {1: (Side.SOCIAL,), 2: (Side.PRODUCTIVE,), 3: (Side.SOCIAL, Side.PRODUCTIVE)}
"""Code of reach -> the programmes that reach a household."""
_SAME = 1e-9  # relative; supports that differ by less in their transfer are one


@dataclass(frozen=True)
class Support:
    """What planners know while it runs."""

    transfer: float
    """Lines per member and year, mean over those who get it."""
    terms: Terms


@dataclass(frozen=True)
class Deliveries:
    """What each arm delivers, and to whom; A arms, P periods, n households.

    Unless said otherwise arrays have shape (A, 4, P), the second axis being which programmes reach
    a household: 0 none, 1 the social, 2 the productive, 3 both. What is counted per household is to
    be divided by its members.
    """

    names: tuple[str, ...]
    """The arms asked for, then the worlds of coordination."""
    reach: NDArray[np.int32]
    """Shape (A, n): which programmes reach a household in that arm, as above."""
    transfer: NDArray[np.float32]
    """Unconditional money, lines per member and period."""
    transfer_household: NDArray[np.float32]
    """The same, lines per household and period."""
    conditional: NDArray[np.float32]
    """Paid unless a child of school age is out of school, lines per member and period."""
    conditional_household: NDArray[np.float32]
    """The same, lines per household and period."""
    per_child: NDArray[np.float32]
    """Paid while the child is under age, lines per household and period for all its children."""
    per_pupil: NDArray[np.float32]
    """Paid while the child is at school, lines per household and period for all its children."""
    grant: NDArray[np.float32]
    """Assets, lines per member."""
    grant_household: NDArray[np.float32]
    """Assets, lines per household."""
    training: NDArray[np.float32]
    """Probability to learn in that period."""
    coaching: NDArray[np.float32]
    """Probability to gain confidence in that period."""
    participation: NDArray[np.float32]
    """Rise of the part taken in the village's risk sharing in that period, share."""
    support_at: NDArray[np.int32]
    """0 where planners know of none or nobody is reached so, else 1 plus its place in `supports`."""
    supports: tuple[Support, ...]
    """What runs in some arm, each once."""
    cost: NDArray[np.float64]
    """Shape (A,): cost over the run, lines per eligible member."""
    eligible: NDArray[np.bool_]
    """Shape (n,): on one of the lists."""
    lists: tuple[ListResult, ...]
    """Whom the rules list: social, productive, both."""


FIELDS = (
    "transfer",
    "transfer_household",
    "conditional",
    "conditional_household",
    "per_child",
    "per_pupil",
    "grant",
    "grant_household",
    "training",
    "coaching",
    "participation",
)
"""Arrays of `Deliveries` that hold what is handed over."""


@dataclass(frozen=True)
class _Arm:
    """One arm before it is laid out."""

    contents: Contents
    reach: NDArray[np.int32]
    """Shape (n,)."""
    listed: Mapping[Side, Count]
    """Of each programme's list, for each person on it."""
    cost: float


def deliveries(config: Config, households: Households) -> Deliveries:
    """Say what arms deliver, to whom and when.

    In a trial everybody who is on one of the two lists gets all contents of the arm; in a rollout
    those on a list get the contents of its programme. A month belongs to the period that contains
    it. What counts per year is worth a twelfth in each of its months, what counts once comes in
    equal parts over them. A training has succeeded with probability `success` when its months are
    over, and is as likely to succeed in each of them for who has not learnt yet; so have coaching
    and visits. Of those it can reach a training convinces the part `corrected_by_training`.
    Contents of one arm add up. What falls after the run is neither delivered nor paid for, except in
    the worlds of coordination, whose cost is that of the places on both lists.

    A support holds in all periods in which one of its contents runs in some month. Its transfer is
    a mean over those on the list: what children bring is spread over a headship, and what is paid
    under a condition is counted as paid.

    Parameters
    ----------
    config
        Contents in lines, arms, rules of targeting, and the length of the run.
    households
        The population at the start.

    Raises
    ------
    ConfigError
        Where a rule leaves nobody eligible, or an arm has nothing to be scaled by.
    """
    lists = lists_of(config.programme, households, config.seed)
    calendar = Calendar(
        config.horizon_years * config.periods_per_year, MONTHS // config.periods_per_year
    )
    arms = _arms(config, households, lists, calendar)
    rows = {
        (at, code): [each for each in arm.contents if side_of(each) in sides]
        for at, arm in enumerate(arms.values())
        for code, sides in _REACHED_BY.items()
    }
    laid = {name: np.zeros((len(arms), 4, calendar.n_periods), np.float32) for name in FIELDS}
    for row, contents in rows.items():
        for name, amount in _handed_over(contents, calendar, config).items():
            laid[name][row] = amount
    support_at = np.zeros((len(arms), 4, calendar.n_periods), np.int32)
    supports: list[Support] = []
    for at, arm in enumerate(arms.values()):
        for code in (code for code in _REACHED_BY if code in arm.reach):
            for periods, support in _supports(rows[at, code], arm.listed, calendar, config):
                support_at[at, code, periods] = 1 + _place(support, supports)
    return Deliveries(
        names=tuple(arms),
        reach=np.array([arm.reach for arm in arms.values()]),
        support_at=support_at,
        supports=tuple(supports),
        cost=np.array([arm.cost for arm in arms.values()]),
        eligible=lists.either,
        lists=list_results(lists, households),
        **laid,
    )


def _arms(
    config: Config, households: Households, lists: Lists, calendar: Calendar
) -> dict[str, _Arm]:
    """The arms asked for, then the worlds of coordination."""
    programme = config.programme
    together = Lists(lists.either, lists.either)
    reached = together if programme.mode is ProgrammeMode.TRIAL else lists
    per_eligible = _counts(reached, together, households, config)

    def times(content: Content) -> float:
        per_year_or_once = monthly(content, calendar).sum()
        return float(per_year_or_once * per_eligible[side_of(content)].of(content))

    def cost(content: Content) -> float:
        return content.unit_cost * times(content)

    def value(content: Content) -> float:
        return worth(content) * times(content)

    amount = value if programme.equal is Equal.VALUE else cost
    contents = contents_of_arms(programme, config.arms, amount)
    reach = reached.social.astype(np.int32) + 2 * reached.productive.astype(np.int32)
    listed = _counts(reached, reached, households, config)
    arms = {
        name: _Arm(held, reach, listed, total(map(cost, held))) for name, held in contents.items()
    }
    if config.coordination.name != "off":
        arms |= _worlds(config, households, lists.either, contents["both"])
    return arms


def _worlds(
    config: Config, households: Households, eligible: NDArray[np.bool_], both: Contents
) -> dict[str, _Arm]:
    """The contents of both, as the two programmes hand them over with and without coordination."""
    together = Lists(eligible, eligible)
    counts = _counts(together, together, households, config)
    each_times = [(content, counts[side_of(content)].of(content)) for content in both]
    arms = {}
    for name, terms in coordination.worlds(config.coordination).items():
        drawn = coordination.drawn_lists(
            config.coordination, terms, eligible, households, config.seed
        )
        arms[name] = _Arm(
            coordination.late(both, terms),
            coordination.delivered(drawn, terms, households, config.seed),
            counts,
            coordination.planned_cost(config.coordination, terms, each_times),
        )
    return arms


def _counts(
    listed: Lists, counted: Lists, households: Households, config: Config
) -> dict[Side, Count]:
    """How many are listed by each programme for each person of those counted."""
    return {
        Side.SOCIAL: count(listed.social, counted.social, households, config.generations),
        Side.PRODUCTIVE: count(
            listed.productive, counted.productive, households, config.generations
        ),
    }


def _handed_over(
    contents: Sequence[Content], calendar: Calendar, config: Config
) -> dict[str, NDArray[np.float64]]:
    """What contents hand over by period, by field of `Deliveries`; arrays (n_periods,)."""
    laid = {name: np.zeros(calendar.n_periods) for name in FIELDS}
    unlearnt, discouraged = np.ones(calendar.n_periods), np.ones(calendar.n_periods)
    for content in contents:
        share = calendar.by_period(monthly(content, calendar))
        paid = money(content, config.generations)
        if paid is not None:
            name, lines = paid
            laid[name] += lines * share
        if content.success is not None:
            convinced = content.success
            if content.kind is ContentKind.TRAINING:
                unlearnt *= (1 - content.success) ** share
                convinced *= config.confidence.corrected_by_training
            discouraged *= (1 - convinced) ** share
        laid["participation"] += content.participation * calendar.by_period(
            evenly(content, calendar)
        )
    laid["training"], laid["coaching"] = 1 - unlearnt, 1 - discouraged
    return laid


def _supports(
    contents: Sequence[Content],
    listed: Mapping[Side, Count],
    calendar: Calendar,
    config: Config,
) -> Iterator[tuple[NDArray[np.bool_], Support]]:
    """What planners know by period: each set of contents that run together, and when it runs."""
    known = [
        (content, listed[side_of(content)].of(content))
        for content in contents
        if (content.kind in PAID_OUT and content.value > 0)
        or terms_of([(content, 1.0)], config) != Terms()
    ]
    running = [calendar.by_period(monthly(content, calendar)) > 0 for content, _ in known]
    together = list(zip(*running, strict=True))
    for pattern in dict.fromkeys(together):
        if not any(pattern):
            continue
        periods = np.array([each == pattern for each in together])
        held = [each for each, runs in zip(known, pattern, strict=True) if runs]
        transfer = _transfer_per_year(held, periods, calendar)
        yield periods, Support(transfer, terms_of(held, config))


def _transfer_per_year(
    contents: Sequence[tuple[Content, float]], periods: NDArray[np.bool_], calendar: Calendar
) -> float:
    """Money to a member on the list while any runs in these periods, lines per year."""
    months = np.repeat(periods, calendar.months_of_period)
    is_running = np.zeros(calendar.n_months, np.bool_)
    transferred = 0.0
    for content, times in contents:
        if content.kind in PAID_OUT:
            share = np.where(months, monthly(content, calendar), 0.0)
            transferred += content.value * (share.sum() * times)
            is_running |= share > 0
    years_running = is_running.sum() / MONTHS
    return float(transferred / years_running) if years_running else 0.0


def _place(support: Support, supports: list[Support]) -> int:
    """Place of a support among those known, where it is put if it is new."""
    for place, known in enumerate(supports):
        is_same = math.isclose(known.transfer, support.transfer, rel_tol=_SAME)
        if is_same and known.terms == support.terms:
            return place
    supports.append(support)
    return len(supports) - 1
