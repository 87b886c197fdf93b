"""What no survey asks: skill and technique give incomes at ordinary luck that are the survey's."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.imputed import HIGHEST_SKILL, LOWEST_SKILL, Start, start_of
from resilience_sim.kernels.household import labour_share, own_output, year_outlay
from resilience_sim.kernels.primitives import IMPROVED, NONE, TRADITIONAL, Primitives
from resilience_sim.model import primitives
from resilience_sim.population import Households, load
from resilience_sim.simulation import prepare, run

CASES = [("case=erewhon",), ("case=mexico", "population.n_households=3000")]
# A place in which improved work pays for some: the fictional case's technique pays for few.
FERTILE = ("case=erewhon", "technology.productivity.improved=1.0")


@cache
def started(*overrides: str) -> tuple[Config, Primitives, Households, Start]:
    config = compose(overrides)
    p = primitives(config)
    people = load(config.population, config.seed, config.generations)
    return config, p, people, start_of(config, p, people)


def earnings(
    p: Primitives, skill: float, technique: int, known: int, held: float, wages: float
) -> float:
    """Net earnings of a year at ordinary luck, by the functions that households live by.

    The mean of a harvest is one but for droughts, that of wages one but for illness.
    """
    kind = np.int32(technique)
    output = own_output(p, kind, np.int32(known), np.float32(skill), np.float32(held))
    ordinary = 1 - float(p.drought) * float(p.drought_loss)
    worked = wages * (1 - labour_share(p, kind)) * (1 - float(p.illness) * float(p.illness_labour))
    return float(output) * ordinary - float(year_outlay(p, kind, np.int32(known))) + worked


def held_of(p: Primitives, people: Households, start: Start) -> np.ndarray:
    """Assets half a year's wear after the start, and land."""
    return float(p.keep) ** (float(p.periods_per_year) / 2) * people.assets + start.land


@pytest.mark.parametrize("overrides", [*CASES, FERTILE])
def test_incomes_of_the_start_are_the_permanent_ones_of_the_survey(
    overrides: tuple[str, ...],
) -> None:
    _, p, people, start = started(*overrides)
    held = held_of(p, people, start)
    got = np.array([
        earnings(p, *each)
        for each in zip(
            start.skill, start.technique, start.knowledge, held, start.wages, strict=True
        )
    ])  # fmt: skip
    is_inside = (start.skill > 1.001 * LOWEST_SKILL) & (start.skill < 0.999 * HIGHEST_SKILL)
    assert is_inside.mean() > 0.99
    np.testing.assert_allclose(got[is_inside], people.earned_permanent[is_inside], rtol=1e-4)
    # Negative control: nobody's skill could be another's.
    shifted = earnings(
        p, 1.05 * start.skill[0], start.technique[0], start.knowledge[0], held[0],
        float(p.wage) * (1.05 * start.skill[0]) ** float(p.wage_elasticity),
    )  # fmt: skip
    assert abs(shifted / people.earned_permanent[0] - 1) > 0.01


@pytest.mark.parametrize("overrides", [*CASES, FERTILE])
def test_technique_is_what_pays_for_those_with_own_activity(overrides: tuple[str, ...]) -> None:
    _, p, people, start = started(*overrides)
    assert ((start.technique == NONE) == ~people.has_own_activity).all()
    held = held_of(p, people, start)
    for i in np.flatnonzero(people.has_own_activity)[:200]:
        # Both ways at the household's own skill.
        ways = [
            earnings(p, start.skill[i], kind, 1, held[i], start.wages[i])
            for kind in (TRADITIONAL, IMPROVED)
        ]
        if start.technique[i] == IMPROVED:
            assert ways[1] >= ways[0] - 1e-5
    assert ((start.technique == IMPROVED) <= (start.knowledge == 1)).all()
    np.testing.assert_allclose(
        start.wages, float(p.wage) * start.skill ** float(p.wage_elasticity), rtol=1e-6
    )


def test_some_improve_where_it_pays_and_nobody_where_it_is_switched_off() -> None:
    technique = started(*FERTILE)[3].technique
    assert 0.1 < (technique == IMPROVED).mean() < (technique != NONE).mean()
    without = started(*FERTILE, "mechanisms.improved_technique=false")[3]
    assert not (without.technique == IMPROVED).any()
    assert not without.knowledge.any()


def test_who_knows_already_still_knows() -> None:
    config, p, people, _ = started("case=erewhon")
    taught = np.arange(people.n_households) % 2 == 0
    start = start_of(config, p, replace(people, has_knowledge=taught))
    assert start.knowledge[taught].all()


def test_skill_rises_with_earnings() -> None:
    # Two who differ in earnings alone differ in skill the same way; others have no say.
    config, p, people, start = started("case=erewhon")
    richer = start_of(config, p, replace(people, earned_permanent=1.2 * people.earned_permanent))
    same_way = richer.technique == start.technique
    assert (richer.skill[same_way] > start.skill[same_way]).all()
    half = slice(0, 100)
    np.testing.assert_array_equal(
        start_of(config, p, first_of(people, half)).skill, start.skill[half]
    )


def first_of(people: Households, rows: slice) -> Households:
    """The same households, fewer of them."""
    names = (
        "id", "weight", "size", "village", "stratum", "income", "wages", "own", "other", "vehicles",
        "has_own_activity", "assets", "land", "savings", "has_knowledge", "age", "earned_permanent",
    )  # fmt: skip
    return replace(people, **{name: getattr(people, name)[rows] for name in names})


@pytest.mark.parametrize("overrides", CASES)
def test_types_span_the_households(overrides: tuple[str, ...]) -> None:
    config, _, people, start = started(*overrides)
    axes = start.axes
    assert axes.shape[1:] == (config.planner.n_skill, config.planner.n_other)
    for nodes in (axes.land, axes.log_skill, axes.other):
        assert (np.diff(nodes) > 0).all()
    log_skill = np.log2(start.skill)
    is_within = (log_skill >= axes.log_skill[0]) & (log_skill <= axes.log_skill[-1])
    assert is_within.mean() > 0.985
    assert (people.other <= axes.other[-1] + 1e-9).mean() > 0.99
    assert axes.other[0] >= 0
    assert set(np.round(axes.land, 9)) == set(np.round(start.land, 9))


def test_without_luck_the_first_year_earns_what_was_imputed() -> None:
    # All of it through the population kernel: without luck and seasons, with assets that wear out
    # as imputed, the first year's income is the survey's lasting one, but for what people change in
    # that year.
    calm = (
        "case=erewhon", "shock=none", "arms=[none]", "horizon_years=1", "replicates=1",
        "mechanisms.idiosyncratic_luck=false", "mechanisms.village_luck=false",
        "mechanisms.seasons=false", "mechanisms.succession=false", "outcomes.panel_share=1",
        "outcomes.belief_households=0",
    )  # fmt: skip
    experiment = prepare(compose(calm))
    people = experiment.households
    start = start_of(experiment.config, experiment.primitives, people)
    panel = run(experiment).panel
    assert panel is not None
    income = panel["income"].astype(float)
    lasting = people.earned_permanent + people.other
    # Who neither works on their own nor begins to: wages and other income, to rounding.
    is_worker = (start.technique == NONE) & (panel["technique"] == NONE)
    assert is_worker.sum() > 50
    np.testing.assert_allclose(income[is_worker], lasting[is_worker], rtol=1e-4)
    # Who goes on with the technique in the ground, and with about the assets of the start.
    stayed = (start.technique == panel["technique"]) & (start.technique != NONE)
    stayed &= np.abs(panel["assets"] / np.maximum(people.assets, 1e-9) - 1) < 0.15
    assert stayed.sum() > 20
    np.testing.assert_allclose(income[stayed], lasting[stayed], rtol=0.06)
    assert income.mean() == pytest.approx(lasting.mean(), rel=0.05)
