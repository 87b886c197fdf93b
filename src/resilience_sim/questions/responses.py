"""A shock hits: more for who is listed, cash for who was hit and is not, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from resilience_sim.config import (
    MONTHS,
    Config,
    ProgrammeMode,
    Response,
    Side,
    Targeting,
    TargetingRule,
)
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes import deliveries
from resilience_sim.programmes.contents import PAID_OUT, side_of
from resilience_sim.questions.measures import SHOCKED_WORLD, recoveries, yearly
from resilience_sim.questions.options import NOTHING, Option, Question, Setup, with_arms
from resilience_sim.shocks import shock_path

NO_RESPONSE, TOP_UP, ENTRANTS, SPLIT = "nothing", "top_up", "new_entrants", "half_and_half"
UNITS = {
    "listed": "share of all persons who are on the list when the shock hits, decimal",
    "top_up": "lines per person and year, for who is listed",
    "entrants": "share taken in, of who was hit and is not listed",
    "entrant_transfer": "lines per person and year, for them",
    "delay_months": "months from the shock to the first payment",
    "paid_months": "months for which it is paid",
    "shock_month": "month of the run in which the shock strikes",
}


def responses(
    setup: Setup,
    response: Response,
    arm: str | None = None,
    budget: float | None = None,
    year: int | None = None,
) -> Question:
    """What is done about a shock, at the same expected money: top-up, new entrants, half of each; or nothing.

    Before the shock the programme of `arm` reaches as many households as the case's own rule finds
    eligible times `coordination.coverage`, by a proxy-means score. The top-up goes to all of them,
    hit or not. New entrants are drawn from those who are hit and not listed, and get as much as a
    top-up gives, as many as the money pays for; if it pays for more than all of them, they get more.

    Parameters
    ----------
    response
        Amount of the top-up, delay and months, which hold for every option.
    arm
        One that hands out cash; None takes `cash`, or else the first that does.
    budget
        Lines per eligible household; None takes what the top-up costs.
    year
        Year of the run, from 1, at whose beginning the shock strikes; None leaves it where it is.

    Raises
    ------
    ConfigError
        Where nothing strikes within the run, the arm hands out no cash, or the money is none.
    """
    config, paying = _moved(setup.config, year), _paying(setup.config)
    arm = arm or next(iter(paying), "")
    problems = list(_problems(config, response, arm, paying, budget))
    if problems:
        raise ConfigError(problems)
    contents = {name: setup.config.programme.contents[name] for name in config.programme.arms[arm]}
    base = _listed(with_arms(config, {arm: contents}), setup)
    given = deliveries(base, setup.households)
    persons, weight = setup.households.persons, setup.homes
    n_periods = config.horizon_years * config.periods_per_year
    plain = replace(base.shock, response=replace(response, entrants=1.0, entrant_transfer=1.0))
    path = shock_path(plain, n_periods, config.periods_per_year)
    years_paid = path.response_cost.entrant
    of_listed = years_paid * float(persons[given.eligible].sum()) / weight
    of_hit = years_paid * config.shock.share_hit * float(persons[~given.eligible].sum()) / weight
    money = of_listed * response.top_up if budget is None else budget
    if not (of_hit > 0 and of_listed > 0):
        allowed = "leave some on the list and some off it"
        got = f"{given.eligible.mean():.3g} of households listed"
        raise ConfigError([Problem("coordination.coverage", allowed, got)])

    listed = float(persons[given.eligible].sum() / persons.sum())

    def option(name: str, to_listed: float, to_hit: float) -> Option:
        top_up = to_listed / of_listed
        amount = max(money / of_listed, to_hit / of_hit)
        entrants = to_hit / (of_hit * amount) if to_hit > 0 else 0.0
        told = replace(
            response,
            months=response.months if to_listed + to_hit > 0 else 0,
            top_up=top_up,
            entrants=entrants,
            entrant_transfer=amount if entrants > 0 else 0.0,
        )
        settings = {
            "listed": listed,
            "top_up": told.top_up,
            "entrants": told.entrants,
            "entrant_transfer": told.entrant_transfer,
            "delay_months": response.delay_months,
            "paid_months": told.months,
            "shock_month": base.shock.start_month,
        }
        struck = replace(base, shock=replace(base.shock, response=told))
        cost = to_listed + to_hit
        first = base.shock.start_month + response.delay_months
        months = np.arange(first, first + max(told.months, 1))
        worth = float(((1 + setup.discount) ** (-months / MONTHS)).mean())
        return Option(name, settings, struck, arm, cost=cost, present_cost=cost * worth)

    options = (
        option(NO_RESPONSE, 0.0, 0.0),
        option(TOP_UP, money, 0.0),
        option(ENTRANTS, 0.0, money),
        option(SPLIT, money / 2, money / 2),
    )
    everyone = np.ones(setup.households.n_households, np.bool_)
    last = config.horizon_years
    paid = (base.shock.start_month + response.delay_months) // MONTHS + 1
    later, heads = min(paid + 2, last), ("poor", "poverty_gap")
    measures = [
        *recoveries(last),
        *(
            yearly("poverty", outcome, each, outcome in heads and each == paid, SHOCKED_WORLD)
            for each in sorted({paid, later})
            for outcome in ("poor", "poverty_gap", "consumption")
        ),
        yearly("hunger", "hungry", paid, True, SHOCKED_WORLD),
        *(
            yearly("escapes", outcome, last, world=SHOCKED_WORLD)
            for outcome in ("got_out", "escaped", "lifted")
        ),
    ]
    return Question("shock", options, options[0], everyone, "all persons", tuple(measures), UNITS)


def _moved(config: Config, year: int | None) -> Config:
    """The settings with the shock, and all further blows of it, moved to a year of the run."""
    if year is None:
        return config
    by = MONTHS * (year - 1) - config.shock.start_month
    also = {
        name: replace(each, start_month=each.start_month + by)
        for name, each in config.shock.also.items()
    }
    shock = replace(config.shock, start_month=config.shock.start_month + by, also=also)
    return replace(config, shock=shock)


def _paying(config: Config) -> list[str]:
    """Arms whose social side hands out money, `cash` first."""
    contents = config.programme.contents
    found = [
        arm
        for arm, names in config.programme.arms.items()
        if any(
            contents[name].kind in PAID_OUT and side_of(contents[name]) is Side.SOCIAL
            for name in names
        )
    ]
    return sorted(found, key=lambda arm: arm != "cash")


def _listed(config: Config, setup: Setup) -> Config:
    """The settings in which a proxy-means score lists a share of as many as are eligible."""
    share = setup.homes / float(setup.households.weight.sum()) * config.coordination.coverage
    rule = Targeting(
        TargetingRule.PROXY_MEANS, float("inf"), config.programme.targeting.noise_sd, quota=share
    )
    programme = replace(
        config.programme,
        mode=ProgrammeMode.ROLLOUT,
        targeting=rule,
        targeting_productive=Targeting(TargetingRule.SAME, float("inf")),
    )
    return replace(config, programme=programme)


def _problems(
    config: Config, response: Response, arm: str, paying: Sequence[str], budget: float | None
) -> Iterator[Problem]:
    """What stands against asking at all."""
    last, shock = MONTHS * config.horizon_years, config.shock
    if shock.name == NOTHING:
        yield Problem("shock", "name a shock that strikes", NOTHING, "Leave shock= out.")
        return
    starts = [shock.start_month, *(each.start_month for each in shock.also.values())]
    if min(starts) < 0 or shock.start_month + response.delay_months + response.months > last:
        hint = "Choose another year, or a longer horizon_years."
        got = f"month {shock.start_month}"
        allowed = f"strike, and the response end, within the run (month {last})"
        yield Problem("year", allowed, got, hint)
    if arm not in paying:
        allowed = f"name an arm that hands out cash ({', '.join(paying)})"
        yield Problem("arm", allowed, arm)
    if not (response.top_up > 0 and response.months > 0):
        got = f"{response.top_up:g} lines a year for {response.months} months"
        yield Problem("shock.response", "pay a top-up for some months", got)
    if budget is not None and not budget > 0:
        yield Problem("budget", "lie above 0 (lines per eligible household)", f"{budget:g}")
