"""The frontier: at one budget, which mix of cash and productive support."""

from __future__ import annotations

from collections.abc import Sequence

from resilience_sim.config import Content, ContentKind, Side
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes.contents import scaled, side_of, total
from resilience_sim.questions.measures import of_heirs, of_programmes
from resilience_sim.questions.options import (
    Option,
    Question,
    Setup,
    both_of,
    costs_of,
    nothing,
    priced,
    with_arms,
)

MIXES = (0, 25, 50, 75, 100)
UNITS = {"cash_percent": "percent of the budget that goes to the social side"}
_SHARES = (ContentKind.OUTLAY_SUPPORT, ContentKind.PRICE_SUPPORT)
_ENOUGH = 1e-9


def frontier(
    setup: Setup,
    mixes: Sequence[int] = MIXES,
    budget: float | None = None,
    years: Sequence[int] = (10,),
) -> Question:
    """Mixes that cost the same for every eligible household.

    A mix of 25 spends a quarter of the budget on the contents of the social side of `both` and the
    rest on those of the productive side, each side in its own proportions. A success or a share that
    has reached one takes no more money: it goes to the other contents of its side.

    Parameters
    ----------
    mixes
        Percent of the budget for the social side.
    budget
        Lines per eligible household, undiscounted; None takes half of what `both` costs.
    years
        When escapes and poverty are told.

    Raises
    ------
    ConfigError
        Where a mix is no percentage, or a side cannot take its part of the budget.
    """
    held = both_of(setup.config)
    cost = dict(zip(held, costs_of(setup, held.values()), strict=True))
    money = 0.5 * total(cost.values()) if budget is None else budget
    problems = [
        Problem("mixes", "be different percentages, 0 to 100", str(mix))
        for n, mix in enumerate(mixes)
        if not 0 <= mix <= 100 or mix in mixes[:n]
    ]
    if not money > 0:
        allowed = "lie above 0 (lines per eligible household)"
        problems.append(Problem("budget", allowed, f"{money:g}"))
    if problems:
        raise ConfigError(problems)
    arms = {}
    for mix in mixes:
        shares = {Side.SOCIAL: mix / 100, Side.PRODUCTIVE: 1 - mix / 100}
        arms[f"cash_{mix}"] = {
            name: each
            for side, share in shares.items()
            for name, each in _side(held, cost, side, share * money, problems).items()
        }
    if problems:
        raise ConfigError(problems)
    config = with_arms(setup.config, arms)
    options = [
        Option(f"cash_{mix}", {"cash_percent": mix}, config, f"cash_{mix}",
               tuple(arms[f"cash_{mix}"].values()))
        for mix in mixes
    ]  # fmt: skip
    last = setup.config.horizon_years
    measures = of_programmes(years, setup.is_shocked, last)
    if setup.config.mechanisms.succession:
        measures += of_heirs(last)
    return Question(
        "frontier", priced(setup, options), nothing(setup), setup.eligible, "eligible persons",
        tuple(measures), UNITS,
    )  # fmt: skip


def _side(
    held: dict[str, Content],
    cost: dict[str, float],
    side: Side,
    money: float,
    problems: list[Problem],
) -> dict[str, Content]:
    """Contents of one side, scaled so that they cost `money` together; none where there is none."""
    if money <= _ENOUGH:
        return {}
    left = {name: each for name, each in held.items() if side_of(each) is side}
    found: dict[str, Content] = {}
    while left:
        factor = money / max(total(cost[name] for name in left), _ENOUGH)
        full = [name for name, each in left.items() if factor > _most(each)]
        if not full:
            return found | {name: scaled(each, factor) for name, each in left.items()}
        for name in full:
            found[name] = scaled(left.pop(name), _most(held[name]))
            money -= cost[name] * _most(held[name])
    most = total(cost[name] * _most(held[name]) for name in found)
    allowed = (
        f"leave the {side} side at most {most:.4g} lines per eligible household, all it can use"
    )
    problems.append(
        Problem("budget", allowed, f"{most + money:.4g}", "Lower the budget, or leave the mix out.")
    )
    return found


def _most(content: Content) -> float:
    """Largest factor on a content at which all of its money still buys something."""
    if content.success:
        return 1.0 / content.success
    if content.kind in _SHARES and content.value:
        return 1.0 / content.value
    return float("inf")
