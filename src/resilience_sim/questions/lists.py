"""Targeting: who should get what, at the same money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import Config, Content, ProgrammeMode, Side, Targeting, TargetingRule
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes.contents import scaled, side_of, total
from resilience_sim.programmes.targeting import list_results, lists_of
from resilience_sim.questions.measures import of_programmes
from resilience_sim.questions.options import (
    BOTH,
    Option,
    Question,
    Setup,
    both_of,
    costs_of,
    nothing,
    priced,
    with_arms,
)

EVERYONE = "everyone_thin"
NO_CUTOFF = float("inf")
"""Lines; nobody is too well off to be listed where there is room."""
DROWNED = 1e6
"""Error of a score in log income beside which income says nothing: a lottery."""
OWN_ASSETS = 0.01
"""Lines; who has less runs no business of its own. Assumed."""
STEPS = 40
"""Halvings of a quota, more than any two households lie apart."""
ERRORS = {
    "coverage": "share of all persons who are on the list, decimal",
    "inclusion_error": "share of the listed who are not poor, decimal",
    "exclusion_error": "share of the poor who are not listed, decimal",
}
UNITS = {
    f"{name}_{measure}": f"{unit}; {name} list"
    for name in ("social", "productive")
    for measure, unit in ERRORS.items()
} | {
    "both_coverage": "share of all persons who are on both lists, decimal",
    "package": "factor on what a listed household gets",
}
_SAME = Targeting(TargetingRule.SAME, NO_CUTOFF)
_ALL = Targeting(TargetingRule.ALL, NO_CUTOFF)


class Rule(NamedTuple):
    """How households are ranked for the two lists, which a quota cuts where the money ends."""

    social: Targeting
    productive: Targeting = _SAME
    is_by_village: bool = False
    """Whether whole villages come first, the poorest, and the quota trims the last of them."""


def rules(config: Config) -> dict[str, Rule]:
    """The rules that are compared, by name."""
    noise = config.programme.targeting.noise_sd
    proxy = Targeting(TargetingRule.PROXY_MEANS, NO_CUTOFF, noise)
    return {
        "poorest": Rule(_ALL),
        "proxy_means": Rule(proxy),
        "proxy_two_lists": Rule(proxy, proxy),
        "proxy_by_kind": Rule(proxy, replace(proxy, asset_floor=OWN_ASSETS)),
        "poorest_villages": Rule(_ALL, is_by_village=True),
        "lottery": Rule(replace(proxy, noise_sd=DROWNED)),
    }


def targeting(setup: Setup, budget: float | None = None, years: Sequence[int] = (10,)) -> Question:
    """Rules that give the contents of `both` to as many as the money pays for, and a thin share to all.

    Households are listed in the order of a rule until the budget is spent; where a rule has two
    lists, each has the part of the budget that its side has of the cost of `both`. `everyone_thin`
    lists all households and scales the contents.

    Parameters
    ----------
    budget
        Lines per household that is eligible by the case's own rule; None takes what the contents of
        `both` cost for the share `coordination.coverage` of them.
    years
        When outcomes are told.

    Raises
    ------
    ConfigError
        Where the budget is none, or pays for everybody, so that there is nothing to choose; where a
        rule lists nobody.
    """
    held = both_of(setup.config)
    everyone = np.ones(setup.households.n_households, np.bool_)
    in_all = total(costs_of(setup, held.values(), everyone))
    whole = total(costs_of(setup, held.values()))
    money = setup.config.coordination.coverage * whole if budget is None else budget
    if not 0 < money < in_all:
        allowed = f"lie above 0 and below {in_all:.4g} (lines per eligible household)"
        hint = "More would pay for every household, and leave nothing to choose."
        raise ConfigError([Problem("budget", allowed, f"{money:g}", hint)])
    base = with_arms(setup.config, {BOTH: held})
    options = [
        _option(setup, name, _spent(setup, base, held, rule, money), held)
        for name, rule in rules(setup.config).items()
    ]
    factor = money / in_all
    thin = {name: scaled(each, factor) for name, each in held.items()}
    config = _ruled(with_arms(setup.config, {BOTH: thin}), _ALL, _SAME)
    options.append(_option(setup, EVERYONE, config, thin, factor))
    measures = of_programmes(years, setup.is_shocked, setup.config.horizon_years)
    return Question(
        "targeting", priced(setup, options), nothing(setup), everyone, "all persons",
        tuple(measures), UNITS,
    )  # fmt: skip


def _spent(
    setup: Setup, base: Config, held: Mapping[str, Content], rule: Rule, money: float
) -> Config:
    """The settings in which the lists of a rule cost what there is."""

    def listed(social: Targeting, productive: Targeting, side: Side) -> NDArray[np.bool_]:
        programme = _ruled(base, social, productive).programme
        return getattr(lists_of(programme, setup.households, base.seed), side)  # type: ignore[no-any-return]

    def cost_of_one(tried: Targeting) -> float:
        return total(costs_of(setup, held.values(), listed(tried, _SAME, Side.SOCIAL)))

    if rule.productive.rule is TargetingRule.SAME:
        social = _fill(setup, rule.social, rule.is_by_village, cost_of_one, money)
        return _ruled(base, social, _SAME)
    whole = total(costs_of(setup, held.values()))
    found = {}
    for side, of in ((Side.SOCIAL, rule.social), (Side.PRODUCTIVE, rule.productive)):
        own = [each for each in held.values() if side_of(each) is side]

        def cost_of(
            tried: Targeting, side: Side = side, own: Sequence[Content] = tuple(own)
        ) -> float:
            both = (tried, _ALL) if side is Side.SOCIAL else (_ALL, tried)
            return total(costs_of(setup, own, listed(*both, side)))

        part = money * total(costs_of(setup, own)) / whole
        found[side] = _fill(setup, of, rule.is_by_village, cost_of, part)
    return _ruled(base, found[Side.SOCIAL], found[Side.PRODUCTIVE])


def _fill(
    setup: Setup,
    rule: Targeting,
    is_by_village: bool,
    cost_of: Callable[[Targeting], float],
    money: float,
) -> Targeting:
    """The rule with the villages and the quota at which its list comes nearest to the money."""
    if is_by_village:
        n = setup.households.n_villages
        few, many = 1, n
        while few < many:
            middle = (few + many) // 2
            is_enough = cost_of(replace(rule, villages=middle / n)) >= money
            few, many = (few, middle) if is_enough else (middle + 1, many)
        rule = replace(rule, villages=few / n)
    if cost_of(rule) <= money:
        return rule
    weight = setup.households.weight
    low, high = float(weight.max() / weight.sum()), 1.0
    for _ in range(STEPS):
        middle_quota = 0.5 * (low + high)
        if cost_of(replace(rule, quota=middle_quota)) < money:
            low = middle_quota
        else:
            high = middle_quota
    off = {quota: abs(cost_of(replace(rule, quota=quota)) - money) for quota in (low, high)}
    return replace(rule, quota=low if off[low] < off[high] else high)


def _ruled(config: Config, social: Targeting, productive: Targeting) -> Config:
    """The settings with these two rules, by which programmes reach households."""
    programme = replace(
        config.programme,
        mode=ProgrammeMode.ROLLOUT,
        targeting=social,
        targeting_productive=productive,
    )
    return replace(config, programme=programme)


def _option(
    setup: Setup, name: str, config: Config, held: Mapping[str, Content], package: float = 1.0
) -> Option:
    """The option with the errors of its lists, as the table `lists` of a run has them."""
    lists = lists_of(config.programme, setup.households, config.seed)
    errors = {
        f"{each.name}_{measure}": float(getattr(each, measure))
        for each in list_results(lists, setup.households)
        for measure in ERRORS
        if f"{each.name}_{measure}" in UNITS
    }
    return Option(name, errors | {"package": package}, config, BOTH, tuple(held.values()))
