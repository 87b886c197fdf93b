"""Every mechanism can be switched off: that changes what it should and nothing else.

Off means the neutral value of the settings behind a mechanism, to the last bit of the results;
some mechanisms have no such settings and are told by what may no longer happen.
"""

from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import Mechanisms
from resilience_sim.kernels import earnings
from resilience_sim.kernels.primitives import OUTCOMES, Primitives
from resilience_sim.model import primitives
from resilience_sim.results import Results
from resilience_sim.simulation import Experiment, prepare, run
from resilience_sim.solver import planner_grids

WORLD = (
    "case=erewhon", "shock=none", "horizon_years=4", "replicates=1", "threads=2",
    "population.synthetic.n_villages=20", "planner.n_assets=12", "planner.n_money=14",
    "planner.n_savings=12", "planner.tolerance=0.01", "outcomes.belief_households=0",
    "outcomes.panel_share=1", "outcomes.channel_households=0", "generations.initial_age_high=63.5",
)  # fmt: skip
FLAT = f"[{','.join([repr(1 / 12)] * 12)}]"
ONES = f"[{','.join(['1.0'] * 12)}]"

# The settings that a switch takes to their neutral values.
NEUTRAL = {
    "seasons": (f"seasons.output_share={FLAT}", f"seasons.price={ONES}"),
    "land": ("population.imputation.land_own=0", "population.imputation.land_none=0"),
    "need": ("preferences.need=0",),
    "labour_taken": ("technology.labour.traditional=0", "technology.labour.improved=0"),
    "outlay": ("technology.outlay.traditional=0", "technology.outlay.improved=0"),
    "illiquid_assets": ("technology.resale_discount=0",),
    "borrowing": ("finance.credit_limit=0",),
    "idiosyncratic_luck": (
        "luck.harvest_sd=0", "luck.wage_sd=0", "luck.illness_rate=0", "luck.asset_loss_rate=0",
    ),
    "village_luck": ("luck.drought_rate=0",),
    "knowledge": (
        "technology.knowledge_productivity=1", "technology.knowledge_outlay=1",
        "technology.knowledge_loss=0", "programme.contents.training.success=0",
    ),
    "confidence": (
        "confidence.initial_share=1", "confidence.broken_by_loss=0", "confidence.inherited=1",
    ),
    "pooling": ("pooling.share=0",),
    "food_prices": (
        "food_prices.food_share=1", "food_prices.food_share_slope=0", "food_prices.sales_gain=0",
    ),
    "child_health": ("generations.health_effect=0",),
}  # fmt: skip
# The parameters of the kernels that a switch may move; all others stay to the bit.
MOVED = {
    "seasons": {"season_output", "season_price", "harvest_sd"},
    "land": set(),
    "need": {"need"},
    "labour_taken": {"labour_traditional", "labour_improved"},
    "outlay": {"outlay_traditional", "outlay_improved", "outlay_known"},
    "illiquid_assets": {"resale"},
    "borrowing": {"credit_limit"},
    "saving": set(),
    "idiosyncratic_luck": {"harvest_sd", "wage_sd", "illness", "asset_loss"},
    "village_luck": {"drought"},
    "succession": {
        "succession_age",
        "succession_hazard",
        "is_redrawn",
        "is_schooling",
        "is_health",
    },
    "knowledge": {"productivity_known", "outlay_known", "knowledge_loss"},
    "improved_technique": set(),
    "confidence": {
        "perceived_return",
        "confidence_start",
        "confidence_inherited",
        "broken_by_loss",
    },
    "pooling": {"pool_share", "pool_tax"},
    "food_prices": {"food_share", "food_share_slope", "sales_gain"},
    "skill_redrawn": {"is_redrawn"},
    "schooling": {"is_schooling", "school_effect"},
    "child_health": {"is_health", "health_effect"},
}
# What a switch needs to matter at all.
STAGE = {"food_prices": ("shock=price_spike", "shock.start_month=12")}  # fmt: skip
SWITCHES = [field.name for field in fields(Mechanisms)]


@cache
def prepared(*overrides: str) -> Experiment:
    return prepare(compose([*WORLD, *overrides]))


@cache
def lived(*overrides: str) -> Results:
    return run(prepared(*overrides))


def off(switch: str) -> str:
    return f"mechanisms.{switch}=false"


def outcome(results: Results, name: str) -> np.ndarray:
    """Means by arm, world, replicate, year and group."""
    return results.year_mean[..., OUTCOMES.index(name)]


def panel(results: Results, name: str) -> np.ndarray:
    """Single households: (n_arms, n_worlds, n_households, n_years)."""
    assert results.panel is not None
    shape = len(results.arms), len(results.worlds), results.n_households, -1
    return results.panel[name].reshape(shape)


def test_every_switch_is_tested() -> None:
    assert set(MOVED) == set(SWITCHES)
    assert set(SWITCHES) - set(NEUTRAL) == {
        "saving",
        "succession",
        "improved_technique",
        "skill_redrawn",
        "schooling",
    }


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_moves_its_parameters_alone(switch: str) -> None:
    on, without = primitives(compose(WORLD)), primitives(compose([*WORLD, off(switch)]))
    moved = {
        name
        for name in Primitives._fields
        if not np.array_equal(getattr(on, name), getattr(without, name))
    }
    assert moved == MOVED[switch]


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_leaves_people_programmes_and_shocks_alone(switch: str) -> None:
    on, without = prepared("shock=drought"), prepared("shock=drought", off(switch))
    for part in ("households", "deliveries", "shock"):
        ours, theirs = getattr(on, part), getattr(without, part)
        for field in fields(ours):
            np.testing.assert_array_equal(
                getattr(ours, field.name), getattr(theirs, field.name), err_msg=field.name
            )


@pytest.mark.parametrize("switch", sorted(NEUTRAL))
def test_off_is_the_neutral_value_to_the_bit(switch: str) -> None:
    stage = STAGE.get(switch, ())
    without, neutral = lived(*stage, off(switch)), lived(*stage, *NEUTRAL[switch])
    for name in OUTCOMES:
        np.testing.assert_array_equal(outcome(without, name), outcome(neutral, name), err_msg=name)
    for name in ("period_mean", "histogram", "mobility", "patterns", "start_share"):
        np.testing.assert_array_equal(getattr(without, name), getattr(neutral, name), err_msg=name)
    for name in ("income", "consumption", "assets", "savings", "technique"):
        np.testing.assert_array_equal(panel(without, name), panel(neutral, name), err_msg=name)


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_matters(switch: str) -> None:
    # Negative control of the tests above: lives are not what they were.
    stage = STAGE.get(switch, ())
    without, on = lived(*stage, off(switch)), lived(*stage)
    assert not np.array_equal(panel(without, "assets"), panel(on, "assets"))


# --- what may no longer happen -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("switch", [each.name for each in fields(Mechanisms)])
def test_the_planner_settles_on_default_nodes_without_a_mechanism(switch: str) -> None:
    config = compose([
        "population.n_households=500", "replicates=1", "horizon_years=1", "shock=none",
        "arms=[none,cash]", "planner.n_skill=4", "planner.n_other=2",
        "outcomes.belief_households=0", "outcomes.channel_households=0",
        "outcomes.horizons_years=[1]", f"mechanisms.{switch}=false",
    ])  # fmt: skip
    assert run(prepare(config)).year_mean.size


def test_without_seasons_quarters_earn_alike() -> None:
    def spread(results: Results) -> float:
        # Untreated income by quarter of the year, over the years; the first harvest was sown
        # before.
        income = results.period_mean[0, 0, 0, 4:, :, 1].mean(axis=1).reshape(-1, 4).mean(axis=0)
        return float(np.ptp(income) / income.mean())

    # Income is net of the outlay, which falls due after planting with seasons or without; and heirs
    # come at planting.
    still = (off("outlay"), off("succession"))
    assert spread(lived(*still)) > 0.15
    assert spread(lived(*still, off("seasons"))) < 0.08


def test_without_need_nobody_is_destitute() -> None:
    hungry = "preferences.need=0.4"
    assert outcome(lived(hungry), "destitute").max() > 0.02
    assert not outcome(lived(hungry, off("need")), "destitute").any()


def test_without_borrowing_nobody_owes() -> None:
    # Without bills, which may leave arrears, so that what is owed was borrowed.
    no_bills = "luck.illness_bill=0"
    assert panel(lived(no_bills), "savings").min() < -0.01
    savings = panel(lived(no_bills, off("borrowing")), "savings")
    assert savings.min() >= 0
    assert savings.max() > 0.1, "money is still kept"


def test_without_saving_nobody_keeps_money() -> None:
    without = lived(off("saving"))
    assert panel(lived(), "savings").max() > 0.1
    assert panel(without, "savings").max() <= 1e-6
    assert panel(without, "savings").min() < -0.01, "debt is still taken"
    config = compose([*WORLD, off("saving")])
    nodes, common = (
        planner_grids(each, primitives(each)).savings.at for each in (config, compose(WORLD))
    )
    np.testing.assert_array_equal(nodes[nodes <= 0], common[common <= 0])


def test_without_the_improved_technique_nobody_improves() -> None:
    assert outcome(lived(), "improved").max() > 0.05
    without = lived(off("improved_technique"))
    assert not outcome(without, "improved").any()
    assert (panel(without, "technique") < 2).all()
    assert outcome(without, "own_work").max() > 0.2, "the traditional one is still planted"
    assert not outcome(without, "above_threshold").any()


def test_without_succession_nobody_hands_over() -> None:
    # To the rule of thumb succession is no part of the plan, so that switching it off is the same
    # as an age which nobody reaches in four years.
    # Children are left out, for without succession there are none; so are pools and beliefs, by
    # which a neighbour's succession is felt.
    old = (
        "planner.behaviour=rule_of_thumb", "generations.initial_age_low=55", off("schooling"),
        off("pooling"), off("confidence"),
    )  # fmt: skip
    without, late = lived(*old, off("succession")), lived(*old, "generations.succession_age=100")
    np.testing.assert_array_equal(panel(without, "assets"), panel(late, "assets"))
    np.testing.assert_array_equal(panel(without, "savings"), panel(late, "savings"))
    np.testing.assert_array_equal(without.year_mean, late.year_mean)
    # Until the first heads turn 65, lives with and without succession are the same ones.
    on = lived(*old)
    people = prepared(*old).households
    age = people.age
    is_late = age + 4 < 65
    assert 0 < is_late.mean() < 1
    np.testing.assert_array_equal(
        panel(without, "assets")[:, :, is_late], panel(on, "assets")[:, :, is_late]
    )
    handed_over = ~is_late & (people.assets > 0.1)
    differ = panel(without, "assets")[0, 0, handed_over] != panel(on, "assets")[0, 0, handed_over]
    assert differ.any(axis=1).mean() > 0.5


def test_without_knowledge_training_does_nothing() -> None:
    only_training = ("arms=[none,productive]", "programme.arms.productive=[training]")
    without, on = lived(*only_training, off("knowledge")), lived(*only_training)
    np.testing.assert_array_equal(without.year_mean[1], without.year_mean[0])
    np.testing.assert_array_equal(panel(without, "income")[1], panel(without, "income")[0])
    knowing = outcome(on, "knowledge")[..., 0]  # of the eligible
    assert knowing[1].max() > knowing[0].max() + 0.1
    assert not np.array_equal(on.year_mean[1], on.year_mean[0])


def test_without_luck_seeds_do_not_matter() -> None:
    # Learning, forgetting, beliefs, heirs and tastes are chance too, and no luck of harvests.
    common = (
        "replicates=2", "arms=[none,cash]", "technology.knowledge_loss=0", off("confidence"),
        off("skill_redrawn"), off("schooling"),
    )  # fmt: skip
    still = lived(*common, off("idiosyncratic_luck"), off("village_luck"))
    np.testing.assert_array_equal(still.year_mean[:, :, 0], still.year_mean[:, :, 1])
    for each in ("idiosyncratic_luck", "village_luck"):
        lucky = lived(*common, off(each))
        assert not np.array_equal(lucky.year_mean[:, :, 0], lucky.year_mean[:, :, 1])


# --- luck, drawn by the kernels ----------------------------------------------------------------


class Villagers(NamedTuple):
    """What the draw of droughts reads of households."""

    village: np.ndarray


def droughts(p: Primitives, year: int) -> np.ndarray:
    village = np.repeat(np.arange(200, dtype=np.int32), 3)
    out = np.empty(village.size, np.float32)
    earnings.strike_villages(
        p, Villagers(village), 0, village.size, year, np.uint32(7), np.uint32(0), out
    )
    return out


def own_luck(p: Primitives, quarter: int) -> np.ndarray:
    """Harvest, wages, bill and what survives, (4, n)."""
    n = 500
    out = np.zeros((4, n), np.float32)
    key = np.arange(n, dtype=np.uint32)
    earnings.draw_luck(p, key, 0, n, quarter, True, True, np.uint32(7), np.uint32(0), *out)
    return out


def test_either_kind_of_luck_leaves_the_other_alone() -> None:
    frequent: tuple[Any, ...] = ("luck.drought_rate=0.3", "luck.illness_rate=0.3")
    on = primitives(compose([*WORLD, *frequent]))
    no_drought = primitives(compose([*WORLD, *frequent, off("village_luck")]))
    no_own = primitives(compose([*WORLD, *frequent, off("idiosyncratic_luck")]))
    for time in range(3):
        np.testing.assert_array_equal(own_luck(no_drought, time), own_luck(on, time))
        np.testing.assert_array_equal(droughts(no_own, time), droughts(on, time))
        # Years without drought, and quarters like any other.
        np.testing.assert_array_equal(droughts(no_drought, time), 1)
        calm = np.array([1, 1, 0, 1], np.float32)[:, None]
        np.testing.assert_array_equal(own_luck(no_own, time), np.broadcast_to(calm, (4, 500)))
        assert (droughts(on, time) < 1).any() and (own_luck(on, time)[2] > 0).any()
