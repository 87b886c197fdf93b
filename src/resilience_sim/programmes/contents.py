"""What each kind of content hands over and when, how often it is handed over, and what it changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import (
    MONTHS,
    Basis,
    Condition,
    Config,
    Content,
    ContentKind,
    Generations,
    Side,
)
from resilience_sim.model import ADULT_AGE, Terms

if TYPE_CHECKING:
    from resilience_sim.population import Households

PAID_OUT = frozenset({ContentKind.TRANSFER, ContentKind.SCHOOL_MEALS, ContentKind.HOME_GARDEN})
"""Kinds that are money to a household, or as good as money."""
_YEARLY = PAID_OUT | {
    ContentKind.INPUT_SUPPORT,
    ContentKind.OUTLAY_SUPPORT,
    ContentKind.PRICE_SUPPORT,
}
"""Kinds whose value and cost count for a year; those of the others count once."""
_IN_LINES = PAID_OUT | {ContentKind.INPUT_SUPPORT, ContentKind.ASSET_GRANT}
"""Kinds whose value is lines given."""
_SHARES = frozenset({ContentKind.OUTLAY_SUPPORT, ContentKind.PRICE_SUPPORT})
_USUALLY_SOCIAL = frozenset(
    {ContentKind.TRANSFER, ContentKind.SCHOOL_MEALS, ContentKind.ACCOMPANIMENT}
)


class Calendar(NamedTuple):
    """The periods of a run; a month belongs to the period that contains it."""

    n_periods: int
    months_of_period: int

    @property
    def n_months(self) -> int:
        """Months of the run."""
        return self.n_periods * self.months_of_period

    def by_period(self, monthly: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the months of each period; from (n_months,) to (n_periods,)."""
        sums: NDArray[np.float64] = monthly.reshape(self.n_periods, self.months_of_period).sum(1)
        return sums


class Count(NamedTuple):
    """How many there are on a list for each person that costs and means are counted for."""

    members: float
    households: float
    children: float
    """Under age and at home, over a headship."""
    pupils: float
    """Of school age, over a headship."""

    def of(self, content: Content) -> float:
        """How often a content is handed over."""
        if content.basis is Basis.CHILD:
            return self.pupils if _hangs_on_school(content) else self.children
        return self.members if content.basis is Basis.PERSON else self.households


def count(
    listed: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    households: Households,
    generations: Generations,
) -> Count:
    """Count who is `listed` for each person of the households that are `counted`.

    Surveys rarely tell who has children of which age; so each household is counted with
    `generations.children` of them for that part of a headship in which they are under age, or of
    school age.
    """
    persons = households.persons[counted].sum()
    homes = float(households.weight[listed].sum() / persons)
    school_end = generations.school_age + generations.school_years
    return Count(
        members=float(households.persons[listed].sum() / persons),
        households=homes,
        children=homes * generations.children * _part_of_headship(generations, 0.0, ADULT_AGE),
        pupils=homes
        * generations.children
        * _part_of_headship(generations, generations.school_age, school_end),
    )


def _part_of_headship(generations: Generations, youngest: float, oldest: float) -> float:
    """Part of the years between taking and handing over in which children are of some age."""
    birth = generations.succession_age - generations.heir_age
    first = max(birth + youngest, generations.heir_age)
    last = min(birth + oldest, generations.succession_age)
    return max(last - first, 0.0) / birth


def side_of(content: Content) -> Side:
    """Programme that hands a content over: its own, or the usual one of its kind."""
    if content.side is not Side.USUAL:
        return content.side
    return Side.SOCIAL if content.kind in _USUALLY_SOCIAL else Side.PRODUCTIVE


def total(amounts: Iterable[float]) -> float:
    """Add up in order; `sum` gives other digits in other versions of Python."""
    return reduce(add, amounts, 0.0)


def scaled(content: Content, factor: float) -> Content:
    """Return the content with `factor` times its value, success and cost; shares end at one."""
    value, success = content.value * factor, content.success
    return replace(
        content,
        value=min(value, 1.0) if content.kind in _SHARES else value,
        success=None if success is None else min(success * factor, 1.0),
        unit_cost=content.unit_cost * factor,
    )


def worth(content: Content) -> float:
    """Lines that a content gives, counted like its value; 0 where it gives none."""
    return content.value if content.kind in _IN_LINES else 0.0


def planned_times(content: Content) -> float:
    """Years that a content is to run, or once, as its value and cost count."""
    return content.months / MONTHS if content.kind in _YEARLY else 1.0


def monthly(content: Content, calendar: Calendar) -> NDArray[np.float64]:
    """Part of a content's value that is delivered in each month of the run, shape (n_months,).

    A twelfth where the value counts for a year, else an equal part.
    """
    return _in_months(content, calendar, MONTHS if content.kind in _YEARLY else content.months)


def evenly(content: Content, calendar: Calendar) -> NDArray[np.float64]:
    """An equal part of one in each of a content's months, shape (n_months,)."""
    return _in_months(content, calendar, content.months)


def _in_months(content: Content, calendar: Calendar, parts: int) -> NDArray[np.float64]:
    share = np.zeros(calendar.n_months)
    share[content.start_month : content.start_month + content.months] = 1 / parts
    return share


def money(content: Content, generations: Generations) -> tuple[str, float] | None:
    """Field of `Deliveries` into which a content is paid, and how much; None where it hands nothing over.

    What is paid for children is counted for all children of a household.
    """
    if content.kind not in PAID_OUT and content.kind is not ContentKind.ASSET_GRANT:
        return None
    if content.basis is Basis.CHILD:
        field = "per_pupil" if _hangs_on_school(content) else "per_child"
        return field, content.value * generations.children
    field = "conditional" if _hangs_on_school(content) else "transfer"
    if content.kind is ContentKind.ASSET_GRANT:
        field = "grant"
    return field + ("_household" if content.basis is Basis.HOUSEHOLD else ""), content.value


def _hangs_on_school(content: Content) -> bool:
    return content.kind is ContentKind.SCHOOL_MEALS or content.condition is Condition.SCHOOL


def terms_of(contents: Sequence[tuple[Content, float]], config: Config) -> Terms:
    """What contents that run together change in the world of a household.

    Shares a and b make 1 - (1 - a)(1 - b); of several returns the best holds, and none that is
    worse than without; help with inputs and credit add up.

    Parameters
    ----------
    contents
        Each with how often it is given per member; credit and help per household so become those
        of a mean household.
    config
        Returns without a savings group, and whether there is borrowing at all.
    """
    finance = config.finance
    outlay_share, price_rise, help_, credit = 0.0, 0.0, 0.0, 0.0
    save, borrow = [finance.return_save], [finance.return_borrow]
    for content, times in contents:
        if content.kind is ContentKind.INPUT_SUPPORT:
            help_ += content.value * times
        elif content.kind is ContentKind.OUTLAY_SUPPORT:
            outlay_share += content.value * (1 - outlay_share)
        elif content.kind is ContentKind.PRICE_SUPPORT:
            price_rise += content.value * (1 - price_rise)
        elif content.kind is ContentKind.SAVINGS_GROUP:
            credit += content.value * times
            save.append(content.return_save or 0.0)
            borrow.append(content.return_borrow or math.inf)
    return Terms(
        input_help=help_,
        outlay_share=outlay_share,
        price_rise=price_rise,
        return_save=max(save) if max(save) > save[0] else None,
        return_borrow=min(borrow) if min(borrow) < borrow[0] else None,
        credit_more=credit if config.mechanisms.borrowing else 0.0,
    )
