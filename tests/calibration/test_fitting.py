"""Fitting: a truth that is known is found again, a fit that was stopped goes on, chance hangs on the seed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from resilience_sim.calibration import fitting, sampling
from resilience_sim.calibration.draws import Draws, read, tables_of, write
from resilience_sim.calibration.evaluations import Evaluations
from resilience_sim.calibration.fitting import FITTED, FLOOR, LEFT_OUT, TRIAL, Fit, Plan, fit
from resilience_sim.calibration.misfit import SIGNIFICANT, usual_error
from resilience_sim.calibration.priors import Values, priors, values_of
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.errors import ConfigError
from small_cases import ToyCase, toy

PLAN = Plan(first=48, later=12, kept=40, left_out=8)
ONE = ("two_exponents",)
TWO = ("two_exponents", "one_exponent")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Toys have one peak: fewer steps at fewer heats do, and take a third of the time."""
    monkeypatch.setattr(fitting, "sample", partial(sampling.sample, n_warm=14, heats=5))


def truth_scores(seed: int) -> np.ndarray:
    """Of its own chance, so that no toy's slopes are drawn along its truth."""
    return np.random.default_rng([seed, 1]).standard_normal(len(priors()))


def truth(seed: int) -> dict[str, float]:
    return values_of(truth_scores(seed))


def fitted(
    directory: Path,
    seeds: tuple[int, ...],
    plan: Plan = PLAN,
    structures: tuple[str, ...] = ONE,
) -> tuple[Fit, list[ToyCase]]:
    cases = [toy(truth(seed), 0.3, 6, seed, f"toy{seed}x") for seed in seeds]
    evaluations = Evaluations(directory, threads=1)
    named = {f"toy{seed}x": case for seed, case in zip(seeds, cases, strict=True)}
    return fit(named, evaluations, plan, structures), cases  # type: ignore[arg-type]


def test_bands_cover_what_the_truth_says_and_is_as_often_as_they_claim(tmp_path: Path) -> None:
    told_inside, told_width, parameters_inside, width = [], [], [], []
    many = replace(PLAN, kept=150)  # bands of few draws are wider than what they are drawn from
    for seed in range(10):
        found, (case,) = fitted(tmp_path, (seed,), many)
        (drawn,) = found.drawn
        told = case.simulate("two_exponents", truth(seed))[: len(case.targets)]
        actual = truth_scores(seed)
        for at, value in enumerate(told):
            low, _, high = quantiles(drawn.forecasts[:, at], drawn.weight)
            told_inside.append(low <= value <= high)
            told_width.append((high - low) / (2 * 1.645 * np.linalg.norm(case.slopes[at])))
        for at, value in enumerate(actual):
            low, _, high = quantiles(drawn.scores[:, at], drawn.weight)
            parameters_inside.append(low <= value <= high)
            width.append(high - low)
    assert np.mean(told_inside) >= 0.85
    assert 0.82 <= np.mean(parameters_inside) <= 0.98
    assert np.mean(width) < 0.96 * 2 * 1.645  # the evidence did tell something
    assert np.mean(told_width) < 0.5  # of the spread before any evidence


def test_a_report_of_no_effect_keeps_what_has_none_and_rules_out_what_has_much(
    tmp_path: Path,
) -> None:
    told_inside, told_width = [], []
    nearly_none = 0.5 * SIGNIFICANT * usual_error("months")
    for seed in range(30):
        case = toy(truth(seed), 0.3, 6, seed, "toyx")
        actual = case.simulate("two_exponents", truth(seed))[0]
        if abs(actual) > nearly_none:
            continue
        none = replace(case.targets[0], metric="sign", value=0.0, unit="months")
        case.targets = (none, *case.targets[1:])
        evaluations = Evaluations(tmp_path / str(seed), threads=1)
        (drawn,) = fit({"toyx": case}, evaluations, PLAN, ONE).drawn  # type: ignore[dict-item]
        low, _, high = quantiles(drawn.forecasts[:, 0], drawn.weight)
        told_inside.append(low <= actual <= high)
        told_width.append((high - low) / (2 * 1.645 * np.linalg.norm(case.slopes[0])))
    assert len(told_inside) >= 4, "too few of the truths have next to no effect"
    assert np.mean(told_inside) >= 0.75
    assert np.mean(told_width) < 0.7  # of the spread before any evidence


def test_the_wrong_structure_loses_weight_and_keeps_its_floor(tmp_path: Path) -> None:
    found, _ = fitted(tmp_path, (3, 4), structures=TWO)
    assert found.structures["two_exponents"] > found.structures["one_exponent"] >= FLOOR
    assert sum(found.structures.values()) == pytest.approx(1.0)
    for drawn in found.drawn:
        assert drawn.weight.sum() == pytest.approx(1.0) and (drawn.weight >= 0).all()


def test_a_structure_has_as_many_draws_as_its_weight_asks(tmp_path: Path) -> None:
    found, _ = fitted(tmp_path, (3, 4), structures=TWO)
    for drawn in found.drawn:
        total = len(TWO) * (PLAN.kept if drawn.kind == FITTED else PLAN.left_out)
        counts = {structure: drawn.structure.count(structure) for structure in TWO}
        assert len(drawn.weight) == total and min(counts.values()) >= 1
        if drawn.kind == FITTED:
            for structure, count in counts.items():
                assert abs(count - total * found.structures[structure]) <= 1
                assert len(found.new[structure]) == count


def test_with_several_cases_each_is_also_forecast_from_the_others(tmp_path: Path) -> None:
    found, cases = fitted(tmp_path, (3, 4))
    kinds = [(drawn.case, drawn.kind) for drawn in found.drawn]
    assert kinds == [
        ("toy3x", FITTED), ("toy4x", FITTED), ("toy3x", LEFT_OUT), ("toy4x", LEFT_OUT),
    ]  # fmt: skip
    own, left = found.drawn[0], found.drawn[2]
    value = cases[0].targets[0].value
    off = [
        np.average(np.abs(each.forecasts[:, 0] - value), weights=each.weight)
        for each in (own, left)
    ]
    assert off[0] < 0.5 * off[1]


def test_a_trial_elsewhere_weighs_structures_and_common_parameters_and_is_never_left_out(
    tmp_path: Path,
) -> None:
    case, trial = toy(truth(3), 0.3, 6, 3, "toy3x"), toy(truth(4), 0.3, 6, 4, "toy4x")
    evaluations = Evaluations(tmp_path, threads=1)
    alone, beside = (
        fit({"toy3x": case}, evaluations, PLAN, TWO, trials=trials)  # type: ignore[arg-type, dict-item]
        for trials in ({}, {"toy4x": trial})
    )
    assert [(drawn.case, drawn.kind) for drawn in beside.drawn] == [
        ("toy3x", FITTED), ("toy4x", TRIAL),
    ]  # fmt: skip
    assert len(beside.drawn[1].weight) == len(TWO) * PLAN.left_out
    assert beside.structures["one_exponent"] <= alone.structures["one_exponent"]
    gap = [fitted.log_evidence["two_exponents"] for fitted in (alone, beside)]
    assert gap[0] != gap[1]
    width = sampling.n_common()
    moved = [
        np.average(each.drawn[0].scores[:, :width], axis=0, weights=each.drawn[0].weight)
        for each in (alone, beside)
    ]
    assert np.abs(moved[0] - moved[1]).max() > 0.1


def test_a_fit_that_is_said_again_simulates_nothing_and_finds_the_same(tmp_path: Path) -> None:
    first, _ = fitted(tmp_path, (5,))
    second, (case,) = fitted(tmp_path, (5,))
    assert case.n_simulated == 0
    assert (first.drawn[0].scores == second.drawn[0].scores).all()
    assert (first.drawn[0].weight == second.drawn[0].weight).all()


def test_a_damaged_file_is_simulated_again(tmp_path: Path) -> None:
    first, _ = fitted(tmp_path, (6,))
    for path in list(tmp_path.glob("*.npy"))[:2]:
        path.write_bytes(path.read_bytes()[:40])
    second, (case,) = fitted(tmp_path, (6,))
    assert 0 < case.n_simulated <= 32
    assert (first.drawn[0].weight == second.drawn[0].weight).all()


def test_linear_algebra_has_one_thread_as_long_as_a_fit_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    simulate = ToyCase.simulate

    def watched(case: ToyCase, structure: str, values: Values) -> np.ndarray:
        seen.append(blas_threads())
        told: np.ndarray = simulate(case, structure, values)
        return told

    monkeypatch.setattr(ToyCase, "simulate", watched)
    with threadpool_limits(limits=2, user_api="blas"):
        fitted(tmp_path, (8,))
        assert blas_threads() == {2}
    assert len(seen) > 1
    assert seen[1:] == [{1}] * len(seen[1:])  # the first made the toy itself


def blas_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_another_seed_gives_other_draws(tmp_path: Path) -> None:
    first, _ = fitted(tmp_path, (7,))
    second, _ = fitted(tmp_path, (7,), replace(PLAN, seed=2))
    assert not np.allclose(first.drawn[0].scores, second.drawn[0].scores)


def test_draws_go_to_disk_and_come_back(tmp_path: Path) -> None:
    found, _ = fitted(tmp_path / "kept", (3, 4), structures=TWO)
    made = Draws(*tables_of(found), {"command": "test", "seed": 1})
    write(tmp_path / "fit", made)
    back = read(tmp_path / "fit")
    assert back.draws.equals(made.draws) and back.forecasts.equals(made.forecasts)
    assert back.about == made.about
    own, new = back.of("toy3x"), back.of("a case that nobody knows")
    assert own["weight"].sum() == pytest.approx(1.0) == new["weight"].sum()
    assert set(own["structure"]) == set(TWO) == set(new["structure"])
    assert len(new) == 2 * PLAN.kept


def test_a_folder_without_a_fit_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="resilience-sim calibrate"):
        read(tmp_path)
