"""From year to year and from parents to heirs: estates, skill, children, what is learnt and believed."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest

import reference
import small_world as small
from resilience_sim.kernels import earnings, family, people, skill
from resilience_sim.kernels.counting import FIXED_POINT as UNIT
from resilience_sim.kernels.primitives import (
    CHANNELS,
    HEIR_MOMENTS,
    HIGHEST_SCORE,
    N_AT_SUCCESSION,
    N_SCORES,
    Primitives,
)

SEED, REPLICATE = np.uint32(4), np.uint32(1)
LUCK = (SEED, REPLICATE)
f4 = np.float32
SCORES = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES)
N = 20_000


def words_of(n: int, when: int, purpose: int, which: int = 0) -> np.ndarray:
    """One uniform of households by name, from the twin."""
    words = (reference.chance(key, when, purpose, 4, 1)[which] for key in range(n))
    return np.array([reference.unit(word) for word in words])


def likely(told: np.ndarray, share: float) -> bool:
    """Whether a share came out within three standard errors."""
    return bool(abs(told.mean() - share) < 3 * sqrt(share * (1 - share) / told.size))


# Estates


def test_an_estate_by_hand() -> None:
    """An heir gets four fifths per member of what there is, of debt too; the rest leaves the dynasty."""
    p = small.primitives(heir_age=25)  # succession at 60
    age = f4([59, 59, 58, 60, 25])
    assets = f4([2, 0.5, 2, 0, 1])
    savings = f4([1, -1, 1, -0.05, 0])
    estate_left = np.full(5, 9, np.float32)  # what was there is written over
    is_heir = np.full(5, 9, np.int32)
    family.grow_older(p, 5, age, assets, savings, estate_left, is_heir)
    assert age.tolist() == [25, 25, 59, 25, 26]
    assert is_heir.tolist() == [1, 1, 0, 1, 0]
    np.testing.assert_allclose(assets, [1.6, 0.4, 2, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(savings, [0.8, -0.8, 1, -0.04, 0], rtol=1e-6)
    np.testing.assert_allclose(estate_left, [0.6, -0.1, 0, -0.01, 0], rtol=1e-5, atol=1e-8)


# Skill as a table of scores


@numba.njit
def _scores_of(table: np.ndarray, levels: np.ndarray) -> np.ndarray:
    out = np.empty(levels.size, np.float32)
    for i in range(levels.size):
        out[i] = skill.score_of(table, levels[i])
    return out


@numba.njit
def _skills_of(table: np.ndarray, scores: np.ndarray) -> np.ndarray:
    out = np.empty(scores.size, np.float32)
    for i in range(scores.size):
        out[i] = skill.skill_of(table, scores[i])
    return out


def test_skill_of_a_score_lies_between_its_neighbours_in_the_table() -> None:
    rng = np.random.default_rng(3)
    table = np.sort(rng.normal(size=N_SCORES)).astype(np.float32)
    scores = f4([*rng.uniform(-3, 3, 300), -3, 3, *SCORES, -9, 9])
    twin = [reference.skill_of(table.tolist(), float(score)) for score in scores]
    np.testing.assert_allclose(_skills_of(table, scores), twin, atol=2e-6)
    np.testing.assert_array_equal(_skills_of(table, f4(SCORES)), table)
    np.testing.assert_array_equal(_skills_of(table, f4([-9, 9])), table[[0, -1]])


def test_score_of_a_skill_is_the_way_back() -> None:
    rng = np.random.default_rng(3)
    table = np.sort(rng.normal(size=N_SCORES)).astype(np.float32)
    scores = f4(rng.uniform(-3, 3, 300))
    np.testing.assert_allclose(_scores_of(table, _skills_of(table, scores)), scores, atol=2e-4)
    # Beyond the table a score is the end's.
    assert _scores_of(table, f4([-99, 99])).tolist() == [-3, 3]
    np.testing.assert_allclose(_scores_of(table, table), SCORES, atol=1e-6)


def test_equal_skills_share_the_middle_of_their_scores_by_hand() -> None:
    # A quarter of a score between nodes. Equal from -1 to 0.5, at the bottom up to -2, at the top
    # from 2 on: the middles are -0.25, -2.5 and 2.5.
    table = f4(SCORES)
    table[(SCORES >= -1) & (SCORES <= 0.5)] = -1
    table[SCORES <= -2], table[SCORES >= 2] = -2, 2
    told = _scores_of(table, f4([-1, -2, 2, -2.1, 2.1]))
    assert told.tolist() == [-0.25, -2.5, 2.5, -3, 3]
    twin = [reference.score_of(table.tolist(), level) for level in (-1.0, -2.0, 2.0)]
    assert twin == [-0.25, -2.5, 2.5]
    # Who has just more or less stands at the stretch's end.
    np.testing.assert_allclose(_scores_of(table, f4([-0.9999, -1.0001])), [0.5, -1], atol=1e-3)
    assert _scores_of(np.zeros(N_SCORES, np.float32), f4([0.0])).tolist() == [0]


# Heirs


def succeeded(
    n: int = N, p: Primitives | None = None, year: int = 5, tables: people.Tables | None = None,
    is_twin: bool = True, channels_off: int = 0, columns: dict[str, Any] | None = None,
    block: SimpleNamespace | None = None, **given: Any,
) -> SimpleNamespace:  # fmt: skip
    """What `succeed` makes of heads who all hand over; state, scratch and sums."""
    p = small.primitives() if p is None else p
    tables = small.formula_tables() if tables is None else tables
    living = small.households(n, **(columns or {}))
    state, scratch = small.state_of(n, 1)
    scratch.is_heir[:], state.skill[:] = 1, 1
    if block is not None:
        scratch.twin_heir[:] = block.twin_heir
    for name, value in given.items():
        getattr(state if name in state._fields else scratch, name)[:] = value
    sums = np.zeros((2, len(HEIR_MOMENTS)), np.int64)
    family.succeed(
        p, tables, living, 0, n, year, is_twin, channels_off, *LUCK, state, scratch, sums
    )
    told = state._asdict() | scratch._asdict()
    return SimpleNamespace(sums=sums, households=living, **told)


def own_skill(**changes: Any) -> Primitives:
    """Skill whose log2 is 0.5 times its score, that school and health do not touch, unless told."""
    neutral: dict[str, Any] = {
        "skill_at": [0.5 * SCORES] * 2, "skill_luck": [0.8, 0.8], "school_effect": 0,
        "health_effect": 0,
    }  # fmt: skip
    return small.primitives(**(neutral | changes))


def test_heirs_have_the_mean_persistence_and_spread_that_are_set() -> None:
    """Parents' scores are standard normal; an heir's is 0.4 of it plus luck of 0.8, within 3 errors."""
    parents = np.random.default_rng(1).normal(size=N).clip(-2.9, 2.9)
    told = succeeded(p=own_skill(), skill=2.0 ** (0.5 * parents))
    score = 2 * np.log2(told.skill.astype(float))
    residual = score - 0.4 * parents
    inside = np.abs(parents) < 1.5  # so that no heir of theirs is beyond the table's ends
    assert abs(residual[inside].mean()) < 3 * 0.8 / sqrt(inside.sum())
    assert abs(residual[inside].std() - 0.8) < 3 * 0.8 / sqrt(2 * inside.sum())
    slope = np.polyfit(parents[inside], score[inside], 1)[0]
    error = 0.8 / (parents[inside].std() * sqrt(inside.sum()))
    assert abs(slope - 0.4) < 3 * error
    # Luck is the first normal of the year's words, to single precision.
    words = [reference.chance(key, 5, reference.HEIR, 4, 1) for key in range(300)]
    luck = np.array([reference.normal_pair(*each[:2])[0] for each in words])
    expected = np.clip(0.4 * parents[:300] + 0.8 * luck, -3, 3)
    np.testing.assert_allclose(score[:300], expected, atol=2e-5)
    # What people earn with it: a wage of 0.8 at skill 1, elasticity 1.2.
    np.testing.assert_allclose(told.wages, 0.8 * told.skill.astype(float) ** 1.2, rtol=2e-6)


def test_where_luck_makes_up_for_what_fades_skill_is_as_spread_as_before() -> None:
    """Persistence 0.6 and luck sqrt(1 - 0.36) = 0.8 of a standard normal score."""
    parents = np.random.default_rng(2).normal(size=N)
    told = succeeded(p=own_skill(skill_persistence=0.6), skill=2.0 ** (0.5 * parents))
    heirs, before = np.log2(told.skill.astype(float)), 0.5 * parents
    assert abs(heirs.std() - before.std()) < 3 * 0.5 * sqrt(2 * 2 / (2 * N))
    assert abs(heirs.mean() - before.mean()) < 3 * 0.5 * sqrt(2 / N)


def test_heirs_are_drawn_among_the_skills_of_their_land() -> None:
    table = [np.full(N_SCORES, -1.0), np.full(N_SCORES, 2.0)]
    told = succeeded(2, own_skill(skill_at=table), columns={"land_at": [0, 1]})
    np.testing.assert_allclose(told.skill, [0.5, 4], rtol=1e-6)
    # Luck differs by land too: none, and a lot.
    spread = own_skill(skill_luck=[0.0, 1.0], skill_persistence=0.0)
    told = succeeded(200, spread, columns={"land_at": np.arange(200) % 2})
    assert (told.skill[::2] == 1).all() and np.unique(told.skill[1::2]).size > 95


def test_school_and_health_add_to_skill_by_hand() -> None:
    """No luck, score 0: 0.08 a year of school from 3 on, 0.3 from no to full health, from 0.6 on.

    5 years and full health: 0.16 + 0.12 = 0.28. No school and no health: -0.24 - 0.18 = -0.42.
    """
    p = own_skill(skill_luck=[0, 0], school_effect=0.08, health_effect=0.3)
    told = succeeded(3, p, child_school=[5, 0, 3], child_health=[1, 0, 0.6])
    np.testing.assert_allclose(np.log2(told.skill), [0.28, -0.42, 0], atol=1e-6)
    # Nobody's skill leaves what skill can be.
    p = own_skill(skill_luck=[0, 0], school_effect=5.0)
    ends = succeeded(2, p, child_school=[30, -30])
    np.testing.assert_allclose(ends.skill, [2.0**5, 2.0**-6], rtol=1e-6)


def test_a_skill_that_is_not_redrawn_is_the_parents() -> None:
    told = succeeded(
        5, small.primitives(is_redrawn=0), skill=1.3, wages=0.7, type_at=4, skill_place=0.2
    )
    for name, value in (("skill", 1.3), ("wages", 0.7), ("type_at", 4), ("skill_place", 0.2)):
        assert (getattr(told, name) == f4(value)).all(), name
    # School is handed on all the same.
    assert succeeded(2, small.primitives(is_redrawn=0), child_school=[7, 2]).school.tolist() == [
        7,
        2,
    ]


def test_the_type_follows_skill_and_other_income_stays() -> None:
    """Nodes of log2 skill at -1, 0 and 1.5; three of other income. Levels -2, -0.75, 0, 0.375 and 3."""
    levels = np.array([-2, -0.75, 0, 0.375, 3])
    p = own_skill(
        skill_luck=[0, 0], skill_persistence=1, skill_at=[np.linspace(-6, 6, N_SCORES)] * 2
    )
    told = succeeded(5, p, skill=2.0**levels, type_at=[0, 1, 2, 7, 8])
    np.testing.assert_allclose(np.log2(told.skill), levels, atol=1e-5)
    assert (told.type_at // small.N_OTHER).tolist() == [0, 0, 1, 1, 1]
    assert (told.type_at % small.N_OTHER).tolist() == [0, 1, 2, 1, 2]
    np.testing.assert_allclose(told.skill_place, [0, 0.25, 0, 0.25, 1], atol=1e-5)
    # With one node there is one type.
    one = small.formula_tables()._replace(n_skill=np.int32(1), skill_nodes=f4([0.0]))
    told = succeeded(2, p, tables=one, skill=[0.3, 3], type_at=[1, 2])
    assert told.type_at.tolist() == [1, 2] and told.skill_place.tolist() == [0, 0]


def test_only_heirs_change() -> None:
    is_heir = np.arange(40) % 4 == 0
    told = succeeded(
        40, is_heir=is_heir, child_school=6, school=2, child_health=0.9, confidence=1, skill=1.3
    )
    assert (told.generation == is_heir).all()
    np.testing.assert_array_equal(told.school, np.where(is_heir, 6, 2))
    np.testing.assert_array_equal(told.child_school, np.where(is_heir, 0, 6))
    np.testing.assert_allclose(told.child_health, np.where(is_heir, 0, 0.9))
    np.testing.assert_array_equal(told.skill == f4(1.3), ~is_heir)
    assert told.sums[1, 0] == 10 * UNIT


@pytest.mark.parametrize("parent", [0, 1])
def test_beliefs_are_inherited_by_some_and_drawn_by_the_others(parent: int) -> None:
    """Four in ten take over the parent's belief; of the others six in ten are confident."""
    told = succeeded(confidence=parent).confidence
    assert likely(told, 0.4 * parent + 0.6 * 0.6)
    for inherited, start, share in ((1.0, 0.6, float(parent)), (0.0, 0.6, 0.6), (0.0, 1.0, 1.0)):
        p = small.primitives(confidence_inherited=inherited, confidence_start=start)
        told = succeeded(p=p, confidence=parent).confidence
        assert likely(told, share) if 0 < share < 1 else (told == share).all()
    third, fourth = (words_of(300, 5, reference.HEIR, which) for which in (2, 3))
    twin = np.where(third < f4(0.4), parent, fourth < f4(0.6))
    np.testing.assert_array_equal(succeeded(300, confidence=parent).confidence, twin)


def test_a_belief_is_no_part_of_skill() -> None:
    told = succeeded(p=own_skill(), confidence=0)
    tie = np.corrcoef(told.confidence, np.log2(told.skill.astype(float)))[0, 1]
    assert abs(tie) < 3 / sqrt(N)


def test_what_is_told_of_an_heir_by_hand() -> None:
    """Weight 2: five years of school after the parent's three, health 0.5, confident, 1.5 inherited."""
    p = small.primitives(confidence_inherited=1, is_redrawn=0)
    told = succeeded(
        1, p, columns={"weight": 2.0, "is_eligible": 1}, child_school=5, school=3, child_health=0.5,
        confidence=1, assets=1.75, savings=-0.25, skill=2, lived=4,
    )  # fmt: skip
    moments = dict(zip(HEIR_MOMENTS, told.sums[0] / UNIT, strict=True))
    worked = {
        "heirs": 2, "school": 10, "school_parent": 6, "school_squared": 50,
        "school_parent_squared": 18, "school_product": 30, "health": 1, "confident": 2,
        "inherited": 3, "log_skill": 2,
    }  # fmt: skip
    assert {name: moments[name] for name in worked} == worked
    assert not told.sums[0, N_AT_SUCCESSION:].any() and not told.sums[1].any()
    # The parent ate 4 lines in 5 years: the log of 0.8 stays.
    assert told.lived[0] == pytest.approx(np.log2(0.8), abs=1e-6)
    # A second heir is not told of again, and its parent's mean stays.
    again = succeeded(1, p, generation=1, lived=-0.5, child_school=5)
    assert not again.sums.any() and again.lived[0] == -0.5 and again.generation[0] == 2


@pytest.mark.parametrize(("year", "is_seen"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_parent_counts_after_three_years_in_the_run(year: int, is_seen: bool) -> None:
    told = succeeded(1, year=year, lived=2.0).lived[0]
    if is_seen:
        assert told == pytest.approx(np.log2(2.0 / year), abs=1e-6)
    else:
        assert told < -1e9


# Channels


HEIR_FIELDS = (("assets", "savings"), ("child_school",), ("child_health",), ("confidence",))
TWIN = {"assets": 1.5, "savings": -0.2, "child_school": 3.0, "child_health": 0.4, "confidence": 0}
OTHER = {"assets": 2.5, "savings": 0.3, "child_school": 8.0, "child_health": 0.9, "confidence": 1}
TOLD = ("inherited", "school", "health", "confident")


@pytest.mark.parametrize("off", range(16))
def test_a_channel_that_is_off_gives_the_heir_what_its_twin_has(off: int) -> None:
    """Two lives of one household, and all sixteen ways to tie the second heir to the first."""
    assert CHANNELS == ("assets", "school", "health", "confidence")
    p = small.primitives(confidence_inherited=1, skill_luck=[0, 0])
    twin = succeeded(3, p, **TWIN)
    told = succeeded(3, p, is_twin=False, channels_off=off, block=twin, **OTHER)
    given: dict[str, float] = {}
    for bit, names in enumerate(HEIR_FIELDS):
        given |= {name: (TWIN if off >> bit & 1 else OTHER)[name] for name in names}
    # The heir is what one with all of that would have been.
    plain = succeeded(3, p, is_twin=False, **given)
    for name in people.State._fields:
        np.testing.assert_array_equal(getattr(told, name), getattr(plain, name), err_msg=name)
    np.testing.assert_array_equal(told.sums, plain.sums)
    for bit, name in enumerate(TOLD):
        at = HEIR_MOMENTS.index(name)
        assert (told.sums[1, at] == twin.sums[1, at]) == bool(off >> bit & 1), name
    # Skill follows school and health, so it is the twin's where both are off.
    at = HEIR_MOMENTS.index("log_skill")
    assert (told.sums[1, at] == twin.sums[1, at]) == (off & 6 == 6)


def test_channels_bind_first_heirs_only() -> None:
    p = small.primitives(confidence_inherited=1)
    twin = succeeded(3, p, **TWIN)
    told = succeeded(3, p, is_twin=False, channels_off=15, block=twin, generation=1, **OTHER)
    np.testing.assert_allclose(told.assets, 2.5)
    np.testing.assert_allclose(told.school, 8)
    # And a twin of a later generation is not remembered.
    again = succeeded(3, p, block=twin, generation=1, **OTHER)
    np.testing.assert_array_equal(again.twin_heir, twin.twin_heir)


def test_with_all_channels_off_heirs_are_those_without_a_programme() -> None:
    """In whole lives, to the bit: assets, savings, school, health, confidence and skill at succession."""
    world = small.small_world(2)
    bits = np.array([0, 0, 0, 0, 15, 15], np.int32)
    tied = world._replace(scenario=world.scenario._replace(channels_off=bits))
    sums = small.simulate(tied)
    heirs = sums.heir[:, 0, ..., :N_AT_SUCCESSION]
    for arm in (4, 5):
        np.testing.assert_array_equal(heirs[arm], heirs[0])
    for arm in range(1, 4):  # negative control
        assert (heirs[arm] != heirs[0]).any()
    names = ("assets", "savings", "school", "confidence", "skill", "wages", "type_at", "age")
    firsts: dict[int, list[dict[str, np.ndarray]]] = {}
    for arm in (0, 3, 4):
        for now in small.passes(tied, arm, 0, 1):
            is_first = (now.older.generation == 1) & (now.before.generation == 0)
            told = {name: getattr(now.older, name)[is_first] for name in names}
            firsts.setdefault(arm, []).append(told | {"who": is_first})
    assert sum(each["who"].sum() for each in firsts[0]) == 10
    for none, followed in zip(firsts[0], firsts[4], strict=True):
        for name in (*names, "who"):
            np.testing.assert_array_equal(none[name], followed[name], err_msg=name)
    # Without the tie they differ.
    pairs = zip(firsts[0], firsts[3], strict=True)
    assert any((none["assets"] != free["assets"]).any() for none, free in pairs)


@pytest.mark.parametrize("bit", range(4))
def test_one_channel_off_takes_its_part_and_leaves_the_others(bit: int) -> None:
    """What an heir has through a channel that is off is the twin's; the rest is the programme's.

    No pool and no neighbours: else what an heir lacks reaches the heirs of others.
    """
    world = small.small_world(2, pool_share=0, corrected_by_neighbours=0)
    bits = np.array([0, 0, 0, 0, 1 << bit, 0], np.int32)
    heirs = small.simulate(
        world._replace(scenario=world.scenario._replace(channels_off=bits))
    ).heir[:, 0]
    for channel, name in enumerate(TOLD):
        at = HEIR_MOMENTS.index(name)
        tied = 0 if channel == bit else 5
        np.testing.assert_array_equal(heirs[4, ..., at], heirs[tied, ..., at], err_msg=name)
        assert (heirs[5, ..., at] != heirs[0, ..., at]).any(), name


# Children


def raised(p: Primitives | None = None, closed: float = 0.0, **given: Any) -> people.State:
    p = small.primitives() if p is None else p
    n = max(np.size(each) for each in given.values())
    state, _ = small.state_of(n, 1)
    for name, value in given.items():
        getattr(state, name)[:] = value
    family.raise_children(p, n, f4(closed), state)
    return state


def test_early_food_becomes_health_by_hand() -> None:
    """A fifth a year for who is fed the line, sqrt(0.25) of it at a quarter, nothing after five years."""
    told = raised(age=[49, 49, 49, 53.9, 54, 48.9], consumption_year=[1, 0.25, 4, 1, 1, 1])
    np.testing.assert_allclose(told.child_health, [0.2, 0.1, 0.2, 0.2, 0, 0], rtol=1e-6)
    # Full health takes five fed years, and is no more than full.
    health = 0.0
    for age in range(60):
        health = float(raised(age=age, consumption_year=3.0, child_health=health).child_health[0])
    assert health == pytest.approx(1.0)
    # Nobody starves to less than nothing, and without the mechanism there is none.
    assert 0 <= raised(age=49, consumption_year=0.0).child_health[0] < 1e-3
    assert raised(small.primitives(is_health=0), age=49, consumption_year=1).child_health[0] == 0


def test_years_before_the_start_and_in_the_run_make_no_more_than_full_health() -> None:
    """Five fed years in all, whatever the birthday: some before the start, as imputed, the rest in it."""
    from resilience_sim.cli import compose
    from resilience_sim.imputed import start_of
    from resilience_sim.model import primitives
    from resilience_sim.population import load

    config = compose(["case=erewhon"])
    p, living = primitives(config), load(config.population, config.seed, config.generations)
    child_age = living.age - float(p.birth_age)
    health = start_of(config, p, living).child_health.astype(np.float32)
    for year in range(6):
        fed = raised(p, age=(living.age + year).astype(np.float32), consumption_year=2.0)
        health += fed.child_health
    assert ((child_age > 0) & (child_age < 5)).sum() > 20
    assert health[child_age >= 0].max() <= 1 + 1e-5
    # Who is born at the start or later, and always fed, has just that.
    assert health[(child_age > -1) & (child_age <= 0)] == pytest.approx(1.0)


def test_closures_cut_a_year_of_school() -> None:
    told = raised(closed=0.3, is_enrolled=[1, 0, 1], child_school=[2, 2, 0], consumption_year=1)
    np.testing.assert_allclose(told.child_school, [2.7, 2, 0.7], rtol=1e-6)
    assert raised(closed=1.0, is_enrolled=1, child_school=2.0).child_school[0] == 2


def test_a_life_is_added_up_by_generation() -> None:
    told = raised(generation=[0, 1, 2], lived=5, lived_heir=3, consumption_year=0.7)
    np.testing.assert_allclose(told.lived, [5.7, 5, 5])
    np.testing.assert_allclose(told.lived_heir, [3, 3.7, 3])


def test_closures_of_a_shock_cost_heirs_school() -> None:
    """Nothing else strikes: three heirs have less school in the shock's world, and none has more."""
    world = small.small_world()
    calm = {name: np.zeros_like(getattr(world.scenario, name)) for name in small.LOSSES}
    calm["price"] = np.ones_like(world.scenario.price)
    calm["transfer"] = np.repeat(world.scenario.transfer[:, :1], 2, axis=1)
    sums = small.simulate(world._replace(scenario=world.scenario._replace(**calm)))
    school = sums.heir[0, :, 0, :, HEIR_MOMENTS.index("school")].sum(axis=-1) / UNIT
    assert school[1] < school[0] - 0.5
    health = sums.heir[0, :, 0, :, HEIR_MOMENTS.index("health")]
    np.testing.assert_array_equal(health[1], health[0])


# What is learnt and believed


def learnt(
    p: Primitives | None = None, n: int = N, year: int = 3, village: Any = 0, weight: Any = 1.0,
    **given: Any,
) -> np.ndarray:  # fmt: skip
    """Who is confident after a crop year."""
    p = small.primitives() if p is None else p
    state, scratch = small.state_of(n, 1)
    state.crop[:] = 1
    for name, value in given.items():
        getattr(state, name)[:] = value
    living = small.households(n, village=village, weight=weight)
    n_villages = earnings.find_villages(living, 0, n, scratch)
    family.learn(p, living, 0, n, n_villages, year, *LUCK, state, scratch)
    return state.confidence


def test_trying_sets_the_discouraged_right_at_the_configured_rate() -> None:
    told = learnt(confidence=0, technique=2)
    assert likely(told, 0.6)
    np.testing.assert_array_equal(told[:300] == 1, words_of(300, 3, reference.BELIEF) < f4(0.6))
    for rate in (0.0, 1.0):
        told = learnt(small.primitives(corrected_by_trying=rate), confidence=0, technique=2)
        assert (told == rate).all()


def test_a_severe_loss_breaks_the_confident_at_the_configured_rate() -> None:
    """Severe is a crop of less than 0.8 of an ordinary one, of the improved technique."""
    assert likely(learnt(confidence=1, technique=2, crop=0.79), 1 - 0.6)
    for kept in ({"technique": 2, "crop": 0.81}, {"technique": 1, "crop": 0.1}):
        assert (learnt(confidence=1, **kept) == 1).all()
    # A bad crop of one's own persuades nobody, nor do neighbours make up for it.
    assert (learnt(confidence=0, technique=2, crop=0.79) == 0).all()


def test_neighbours_set_right_in_proportion_to_the_persons_who_run_it() -> None:
    """Half a year's chance where all run it: of ten villages, the share that does goes from 0 to 0.9."""
    n_villages, each = 10, 2_000
    village = np.repeat(np.arange(n_villages), each)
    technique = np.where(np.arange(village.size) % n_villages < village, 2, 1)
    told = learnt(n=village.size, village=village, technique=technique, confidence=0)
    for v in range(n_villages):
        others = told[(village == v) & (technique == 1)]
        assert likely(others, 0.05 * v) if v else not others.any()
    # Persons count, not households: one large household that runs it beside two small ones.
    big = learnt(
        n=30_000, village=np.repeat(np.arange(10_000), 3), weight=np.tile([2, 1, 1], 10_000),
        technique=np.tile([2, 1, 1], 10_000), confidence=0,
    ).reshape(-1, 3)  # fmt: skip
    assert likely(big[:, 1:].ravel(), 0.25)


def test_who_is_confident_and_has_no_severe_loss_stays_so() -> None:
    assert (learnt(confidence=1, technique=[0, 1, 2] * 10, n=30) == 1).all()


def test_beliefs_are_drawn_anew_every_year() -> None:
    first, second = (learnt(confidence=0, technique=2, year=year) for year in (3, 4))
    tie = np.corrcoef(first, second)[0, 1]
    assert abs(tie) < 3 / sqrt(N)


def test_a_village_across_the_edge_of_a_block_is_not_read() -> None:
    """The second of two blocks: what the first one's households run is nothing to it."""
    p, n = small.primitives(corrected_by_neighbours=1.0), 4
    living = small.households(2 * n, village=np.repeat([0, 1], n))
    state, scratch = small.state_of(n, 1)
    state.technique[:], state.confidence[:] = 1, 0
    assert earnings.find_villages(living, n, n, scratch) == 1
    family.learn(p, living, n, n, 1, 3, *LUCK, state, scratch)
    assert not state.confidence.any()
    state.technique[0] = 2
    state.crop[:] = 1
    heavy = living._replace(weight=np.r_[np.ones(n), [1e6, 1, 1, 1]])
    earnings.find_villages(heavy, n, n, scratch)
    family.learn(p, heavy, n, n, 1, 3, *LUCK, state, scratch)
    assert state.confidence[1:].all()


def test_only_knowledge_that_is_not_used_is_forgotten() -> None:
    """Everybody draws, one in five forgets, unless the improved technique stood on the fields."""
    n, p = 3_000, small.primitives()
    living = small.households(n)
    technique = np.repeat([0, 1, 2], n // 3).astype(np.int32)
    knowledge = np.ones(n, np.int32)
    family.forget(p, living, 0, n, 3, *LUCK, technique, knowledge)
    forgets = words_of(n, 3, reference.YEAR) < 0.2
    np.testing.assert_array_equal(knowledge == 0, forgets & (technique != 2))
    assert likely(forgets, 0.2) and forgets[technique == 2].sum() > 100
    # Who knows nothing learns nothing by it.
    nothing = np.zeros(n, np.int32)
    family.forget(p, living, 0, n, 3, *LUCK, technique, nothing)
    assert not nothing.any()


def test_coaching_alone_opens_what_nobody_would_try() -> None:
    """A village of the discouraged: without coaching nobody learns; coached, they try, and neighbours see.

    The improved technique is planted by who believes in it and by nobody else.
    """
    n = 200
    formulas = small.formula_tables()
    shapes = reference.tables_of(formulas)
    choice = np.full(shapes.choice.shape, -0.5)
    choice[..., 0] = 0.1
    choice[:, :, :2, ..., 1] = 0.5
    plans = np.zeros(shapes.plans.shape)
    tables = small.tables(formulas.assets, formulas.money, plans, choice, shapes.escape)
    living = small.households(
        n, 2, confidence=0, is_eligible=1, wages=1.0, assets=1.0, land=0.5, knowledge=1
    )
    p = small.primitives(
        harvest_sd=0, drought=0, succession_age=1e9, knowledge_loss=0, corrected_by_neighbours=0.5,
        illness=0, asset_loss=0,
    )  # fmt: skip
    coaching = np.zeros((2, 6 * small.PER_YEAR), np.float32)
    coaching[1, 0] = 0.2
    scenario = small.scenario(6, n_arms=2, p=p, coaching=coaching)
    blocks = np.array([[0, n]], np.int64)
    block = small.Block(small.World(p, tables, living, blocks, scenario, 6, 0, 1, 1))
    shares = []
    for arm in range(2):
        plantings = [now.chosen for now in block.live(arm, 0, 0) if now.t % 4 == 0 and now.t < 24]
        shares.append([float((now.technique == 2).mean()) for now in plantings])
    assert shares[0] == [0.0] * 6
    assert shares[1] == sorted(shares[1])
    assert abs(shares[1][0] - 0.2) < 3 * sqrt(0.16 / n)
    # A year on, of the others half the share of who runs it is set right.
    expected = shares[1][0] + (1 - shares[1][0]) * 0.5 * shares[1][0]
    assert abs(shares[1][1] - expected) < 3 * sqrt(0.1 / n)
    assert shares[1][-1] > shares[1][0] + 0.2
