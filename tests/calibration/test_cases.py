"""Cases: what a draw does to real simulated households, and a truth found again from its own effects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resilience_sim import compose, solver
from resilience_sim.calibration.cases import STANDING, Case, Effort, divergence, median_of_mean
from resilience_sim.calibration.evaluations import Evaluations
from resilience_sim.calibration.fitting import Plan, fit
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.calibration.structures import STRUCTURES, VARIANTS
from resilience_sim.cli.calibrating import prepared
from resilience_sim.config.schema import Response
from resilience_sim.errors import ConfigError, SolverError
from resilience_sim.evidence import Target, trials
from resilience_sim.kernels.primitives import N_FLOWS, OUTCOMES
from resilience_sim.model import LABOUR
from resilience_sim.programmes.coordination import UNCOORDINATED
from small_cases import made_up

TRUTH = 5
"""Seed of a truth under which the untreated world stands about still."""
SMALL = Effort(
    n_skill=3, n_other=2, n_assets=14, n_money=20, n_savings=14, replicates=1, n_households=300
)
EFFECTS = (
    made_up("income", contrast="both - none"),
    made_up("assets", measure="assets", contrast="productive - none"),
    made_up("adoption", measure="improved", unit="pp", contrast="both - cash"),
    made_up("eaten", measure="consumption", contrast="cash - none"),
    made_up("hunger", measure="hungry_months", unit="months", contrast="cash - none"),
)
STRUCK = (
    made_up("shock", table="shock", measure="consumption", contrast="cash - none", year=None),
    made_up("left", table="drought", measure="consumption", unit="removed",
            contrast="cash - none", year=None),
)  # fmt: skip


def erewhon(targets: tuple[Target, ...] = EFFECTS) -> Case:
    config = compose(["case=erewhon"])
    return Case(config, targets, {"drought": compose(["shock=drought"]).shock}, SMALL)


@pytest.fixture(scope="module")
def case() -> Case:
    return erewhon()


def test_a_median_is_of_households_with_own_work_by_weight() -> None:
    own, weight = np.array([0.0, 1.0, 2.0, 6.0]), np.array([9.0, 1.0, 2.0, 1.0])
    assert median_of_mean(own, weight) == pytest.approx(2.0 / (11.0 / 4.0))
    assert np.isnan(median_of_mean(np.zeros(3), np.ones(3)))


def test_a_target_that_names_a_shock_is_read_in_that_shock_with_its_response() -> None:
    """What clients are paid in Ethiopia's drought removes more of its hunger; Zambia's drought pays nothing."""
    made = prepared(["ethiopia_psnp_insct", "zambia_casu_hgsf"])
    drought = compose(["case=ethiopia_psnp_insct", "shock=drought_ethiopia"]).shock
    case = made["ethiopia_psnp_insct"]
    assert case.shocks["drought_ethiopia"] == drought and drought.response.months == 3
    assert made["zambia_casu_hgsf"].shocks["drought"].response.months == 0
    year = case.config.programme.contents["transfer"].value  # paid in six months of twelve
    assert drought.response.top_up == pytest.approx(12 / 6 * year)
    (target,) = (each for each in case.targets if each.target_id == "ET15")
    with pytest.raises(KeyError, match="drought_ethiopia"):
        Case(case.config, [target], {}, SMALL)
    unpaid = replace(drought, response=Response())
    values = values_of(np.zeros(len(priors())))
    paid, nothing = (
        Case(case.config, [target], {target.table: shock}, SMALL).simulate("rule_of_thumb", values)
        for shock in (drought, unpaid)
    )
    assert paid[0] > nothing[0] + 5.0


def test_assets_diverge_between_who_begins_below_and_above_a_split() -> None:
    panel = np.zeros((4, 5, 5))
    panel[:, 0, 2] = [0.1, 0.2, 0.4, 0.8]  # assets at the end of the first year
    panel[:, 4, 2] = [0.1, 0.1, 0.8, 0.8]  # and of the fifth
    told = divergence(panel, 0.3)
    # Below: nothing and a half. Above: twice and nothing.
    assert told["below"] == pytest.approx(-np.log(2) / 2)
    assert told["above_minus_below"] == pytest.approx(np.log(2))
    everybody = divergence(panel, 0.01)
    assert np.isnan(everybody["below"]) and np.isnan(everybody["above_minus_below"])


def test_where_labour_is_idle_grants_bring_work() -> None:
    made = erewhon((made_up("labour", measure="labour", contrast="productive - none"),))
    poor = {"productivity_traditional": 0.8, "labour_traditional": 1.5}  # not all have own work
    values = values_of(np.zeros(len(priors()))) | poor
    busy, idle = (
        made.simulate("two_exponents", values | {"idle_labour": share})[0] for share in (0.0, 0.3)
    )
    assert busy == 0.0  # whoever finds paid work for all labour can work no more
    assert idle > 2.0


@pytest.mark.slow
def test_a_trial_is_lived_by_its_own_case_and_told_in_its_own_targets() -> None:
    every = {trial.case_id: trial for trial in trials()}
    for name, trial in every.items():
        config = compose([f"case={name}", "shock=none"])
        made = Case(config, trial.targets, {}, SMALL, split=trial.split)
        told = made.simulate("rule_of_thumb", {})
        assert np.isfinite(told[: len(trial.targets)]).all()


def test_the_same_draw_says_the_same_to_the_bit(case: Case) -> None:
    values = values_of(np.zeros(len(priors())))
    first, second = (
        case.simulate("two_exponents", values),
        erewhon().simulate("two_exponents", values),
    )
    assert (first == second).all() and np.isfinite(first).all()
    assert len(first) == len(case.outputs) == 2 * len(EFFECTS) + len(STANDING)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_lives(case: Case, structure: str) -> None:
    told = case.simulate(structure, values_of(np.zeros(len(priors()))))
    assert np.isfinite(told).all()


def test_escape_is_told_where_it_is_asked_for_and_moves_nothing_else() -> None:
    config = compose(["case=peru_juntos_haku_winay", "shock=none"])
    values = values_of(np.zeros(len(priors())))
    asked = made_up("way out", measure="above_threshold", unit="pp")
    told, also, without = (
        Case(config, targets, {}, SMALL, with_escape=is_told).live("two_exponents", values)
        for targets, is_told in (([], True), ([asked], False), ([], False))
    )
    above = told.means["none"][..., told.outcomes.index("above_threshold")]
    assert 0.0 < above.max() <= 1.0 and also.outcomes == told.outcomes
    assert told.outcomes == (*OUTCOMES, LABOUR)
    assert without.outcomes == (*OUTCOMES[:N_FLOWS], LABOUR)
    n = len(without.outcomes) - 1
    assert (told.means["none"][..., :n] == without.means["none"][..., :n]).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_changes_the_structure_of_a_draw_and_keeps_the_rest(
    case: Case, variant: str
) -> None:
    middle = values_of(np.zeros(len(priors())))
    planned, ruled = (
        case.live(structure, middle, variant).means["none"]
        for structure in ("two_exponents", "rule_of_thumb")
    )
    assert np.isfinite(planned).all()
    assert (planned == ruled).all() == (variant == "rule_of_thumb")


def test_more_that_arrives_does_more(case: Case) -> None:
    at = [prior.name for prior in priors()].index("transfer_delivered")
    low, high = np.zeros(len(priors())), np.zeros(len(priors()))
    low[at], high[at] = -2.0, 2.0
    little, much = (case.simulate("two_exponents", values_of(scores)) for scores in (low, high))
    eaten = case.outputs.index("eaten")
    assert 0 < little[eaten] < much[eaten]
    hunger = case.outputs.index("hunger")
    assert much[hunger] < little[hunger] <= 0


def test_shocks_of_targets_are_lived_and_deeper_ones_take_more() -> None:
    case = erewhon(STRUCK)
    at = [prior.name for prior in priors()].index("shock_depth")
    told = []
    for score in (-2.0, 2.0):
        scores = np.zeros(len(priors()))
        scores[at] = score
        lived = case.live("two_exponents", values_of(scores))
        o, year = lived.outcomes.index("income"), lived.shock_year["shock"] - 1
        none = lived.arms.index("none")
        told.append(lived.means["none"][none, year, o] - lived.means["shock"][none, year, o])
    assert 0 < told[0] < told[1]
    assert set(lived.means) == {"none", "shock", "drought"}


def test_a_shock_is_lived_by_the_arms_that_its_targets_compare_as_if_all_lived_it() -> None:
    config, drought = compose(["case=erewhon"]), compose(["shock=drought"]).shock
    values = values_of(np.zeros(len(priors())))
    few = Case(config, STRUCK, {"drought": drought}, SMALL)
    every = Case(config, STRUCK, {"drought": drought}, SMALL, is_shocked=True)
    assert few.arms_under == {"drought": ("none", "cash"), "shock": ("none", "cash")}
    assert set(every.arms_under["shock"]) == set(every.config.arms)
    told, whole = (case.live("rule_of_thumb", values) for case in (few, every))
    np.testing.assert_array_equal(told.means["none"], whole.means["none"])
    at = [told.arms.index(arm) for arm in ("none", "cash")]
    for world in ("shock", "drought"):
        np.testing.assert_array_equal(told.means[world][at], whole.means[world][at])
        assert np.isnan(told.means[world][told.arms.index("both")]).all()
    assert np.isfinite(whole.means["shock"]).all()
    turned = [
        made_up(arm, table="shock", measure="consumption", contrast=f"{arm} - none", year=None)
        for arm in reversed(few.config.arms)
    ]
    other = Case(config, turned, {}, SMALL)
    assert other.arms_under["shock"] == tuple(other.config.arms)
    told = other.live("rule_of_thumb", values)
    at = [told.arms.index(arm) for arm in whole.arms]
    for world in ("none", "shock"):
        np.testing.assert_array_equal(told.means[world][at], whole.means[world])


@pytest.mark.parametrize("is_shocked", [False, True])
def test_worlds_of_coordination_are_lived_beside_the_arms(is_shocked: bool) -> None:
    config = compose(["case=erewhon", "coordination=formal"])
    case = Case(config, [], {}, SMALL, is_shocked=is_shocked)
    case.config = replace(case.config, coordination=config.coordination)
    lived = case.live("rule_of_thumb", values_of(np.zeros(len(priors()))))
    assert {*case.config.arms, "formal", UNCOORDINATED} <= set(lived.arms)
    assert all(np.isfinite(means).all() for means in lived.means.values())
    eaten = lived.means["none"][:, 0, lived.outcomes.index("consumption")]
    assert eaten[lived.arms.index("formal")] != eaten[lived.arms.index(UNCOORDINATED)]


def test_policies_that_do_not_settle_are_no_number(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SolverError("planner did not settle")

    monkeypatch.setattr(solver, "solve", fail)
    assert np.isnan(case.simulate("two_exponents", values_of(np.zeros(len(priors()))))).all()


def test_a_target_that_compares_an_arm_the_case_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="coached"):
        erewhon((made_up("T", contrast="coached - both"),))


def test_knowledge_that_is_scarce_leaves_room_for_training(case: Case) -> None:
    pays = {"knowledge_productivity": 1.5, "knowledge_outlay": 0.5, "confident_at_start": 0.9}
    middle = values_of(np.zeros(len(priors()))) | pays
    at = case.outputs.index("adoption")
    scarce, common = (
        case.simulate("two_exponents", middle | {"known_at_start": share})[at]
        for share in (0.05, 1.0)
    )
    assert scarce > common


def test_a_truth_is_found_again_from_its_own_effects(tmp_path: Path, case: Case) -> None:
    truth = values_of(0.8 * np.random.default_rng(TRUTH).standard_normal(len(priors())))
    told = case.simulate("two_exponents", truth)[: len(EFFECTS)]
    tolerance = np.maximum(0.1 * np.abs(told), 0.02)
    seen = tuple(
        replace(target, value=float(value), tolerance=float(off))
        for target, value, off in zip(EFFECTS, told, tolerance, strict=True)
    )
    found = fit(
        {"erewhon": erewhon(seen)},
        Evaluations(tmp_path),
        Plan(first=60, later=24, kept=40),
        ("two_exponents",),
    )
    (drawn,) = found.drawn
    chance = np.random.default_rng(5)
    before = [
        case.simulate("two_exponents", values_of(chance.standard_normal(len(priors()))))
        for _ in range(16)
    ]
    spread = 2 * 1.645 * np.std(before, axis=0)
    width = []
    for at, value in enumerate(told):
        low, _, high = quantiles(drawn.forecasts[:, at], drawn.weight)
        width.append((high - low) / spread[at])
        assert low - tolerance[at] <= value <= high + tolerance[at]
    assert np.mean(width) < 0.8  # of what was left open before any evidence
    inside = []
    for prior in priors():
        at = list(priors()).index(prior)
        low, _, high = quantiles(prior.values(drawn.scores[:, at]), drawn.weight)
        inside.append(low <= truth[prior.name] <= high)
    assert np.mean(inside) >= 0.75
