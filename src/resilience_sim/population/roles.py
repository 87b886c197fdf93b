"""Roles: what a column of a survey can stand for, and which of them are needed together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from resilience_sim.config import suggestion
from resilience_sim.errors import Problem


@dataclass(frozen=True)
class Role:
    """What a column can stand for, and what its values may be."""

    text: str
    """Meaning and unit."""
    low: float = -inf
    """Smallest value allowed."""
    is_above: bool = False
    """True where `low` itself is not allowed."""
    high: float = inf
    """Largest value allowed."""
    is_name: bool = False
    """True for names, which are never calculated with."""
    is_flag: bool = False
    """True where anything but zero, "false" or "no" means yes."""
    may_be_empty: bool = False
    """True where a cell may hold nothing."""


_MONEY = "survey currency per household"
ROLES: Mapping[str, Role] = {
    "id": Role("name of the household", is_name=True),
    "weight": Role("households it stands for", 0, is_above=True),
    "size": Role("members, persons", 0, is_above=True),
    "income": Role(f"all income, {_MONEY}"),
    "consumption": Role(f"all consumption, {_MONEY}", 0),
    "welfare": Role("score of well-being on any scale, more is better"),
    "wages": Role(f"pay from others, {_MONEY}", 0),
    "own": Role(f"income of own enterprises, below zero for a loss, {_MONEY}"),
    "other": Role(f"remittances, pensions, transfers, {_MONEY}", 0),
    "own_work": Role("time given to own enterprises, any unit", 0),
    "paid_work": Role("time given to work for others, in the same unit", 0),
    "village": Role("name of the village or sampling unit", is_name=True),
    "stratum": Role("name of the design stratum", is_name=True),
    "vehicles": Role("vehicles of the household, count", 0),
    "own_activity": Role("has an own enterprise", is_flag=True),
    "assets": Role(f"productive assets other than livestock, {_MONEY}", 0),
    "livestock": Role("livestock, tropical livestock units of the household", 0),
    "land": Role("land, hectares of the household", 0),
    "savings": Role(f"savings less debt, {_MONEY}"),
    "age": Role("age of the head, years", 0, is_above=True, high=120, may_be_empty=True),
    "adult_school": Role(
        "school of the head or of adults on average, years", 0, high=30, may_be_empty=True
    ),
}
"""Roles of columns. Needed are id, weight, size and one of income, consumption and welfare."""

NEEDED = ("id", "weight", "size")
WELL_BEING = ("income", "consumption", "welfare")
"""One of these is needed; the first that is there counts."""
PARTS = ("wages", "own", "other")
"""Parts of income."""
WORK = ("own_work", "paid_work")
"""Shares of these divide earnings where a survey does not."""
FLOWS = ("income", "consumption", *PARTS)
"""Money over `income_months` months."""
STOCKS = ("assets", "savings")
"""Money at one time."""


def role_problems(columns: Collection[str], place: Callable[[str], str]) -> Iterator[Problem]:
    """Yield what is wrong with the roles of a survey, whatever its columns hold.

    Parameters
    ----------
    columns
        The roles that have a column.
    place
        Where a role stands in the settings or in a map; "" for all of them.
    """
    for role in columns:
        if role not in ROLES:
            hint = suggestion(role, ROLES)
            yield Problem(place(role), f"name roles out of {', '.join(ROLES)}", repr(role), hint)
    known = ", ".join(columns) or "no columns"
    for role in NEEDED:
        if role not in columns:
            yield Problem(place(""), f"say which column is {role} ({ROLES[role].text})", known)
    if not set(WELL_BEING) & set(columns):
        hint = ""
        if set(PARTS) <= set(columns):
            hint = "Several columns are summed: income: A + B + C."
        allowed = f"say which column is {', '.join(WELL_BEING[:-1])} or {WELL_BEING[-1]}"
        yield Problem(place(""), allowed, known, hint)
    elif not {"income", "consumption"} & set(columns):
        for role in PARTS:
            if role in columns:
                allowed = "be left out where income is imputed from welfare"
                yield Problem(place(role), allowed, f"a column of {role}")
    given = [role for role in WORK if role in columns]
    if len(given) == 1:
        yield Problem(
            place(given[0]), f"be given together with the other of {_all(WORK)}", "it alone"
        )
    for role in given:
        if {"wages", "own"} & set(columns):
            yield Problem(place(role), "be left out where wages or own income have columns", "both")


def _all(names: Collection[str]) -> str:
    return " and ".join(names)
