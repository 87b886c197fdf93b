"""The benchmark suite: its twins live the kernel's lives, its report has its keys, and its help teaches."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resilience_sim.cli import main
from resilience_sim.cli.benchmarking import load_suite
from resilience_sim.kernels import lanes
from resilience_sim.kernels.primitives import N_FLOWS, OUTCOMES

load_suite()
from resilience_sim_benchmarks import (  # noqa: E402
    measure,
    numpy_twin,
    planner_twin,
    report,
    table,
    twins,
    whole,
    world,
)

RATIOS = {
    "kernel_vs_c_vectorised", "kernel_vs_c_scalar", "kernel_vs_numpy", "kernel_vs_mesa",
    "threads_2_vs_1", "planner_vs_c",
}  # fmt: skip
GOALS = {
    "speed-up of two, 10,000 households": ">= 1.75",
    "speed-up of two, 100,000 households": ">= 1.85",
    "on over off": "<= 1.25",
    "with over without": "<= 1.2",
    "Parquet as the package writes it, size": "<= 0.75",
    "evaluation of a calibration, begun at a neighbour": "<= 1",
    "import of the package": "<= 0.35",
    "pandas, pyarrow and hydra that it loads": "<= 0",
    "compiling all kernels": "<= 10",
    "compiled by a second process": "<= 0",
    "default run, policies solved anew": "<= 8",
    "default run, policies solved anew, peak memory": "<= 1000",
    "default run, policies kept": "<= 3",
    "default run, policies kept, peak memory": "<= 1000",
    "a million households": "<= 30",
    "a million households, peak memory": "<= 1000",
}
COARSE = (
    "case=erewhon", "population.n_households=700", "planner.n_skill=2", "planner.n_other=2",
    "planner.n_assets=16", "planner.n_money=16", "planner.n_savings=16", "horizon_years=12",
)  # fmt: skip
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc builds the C twins")


@pytest.fixture(scope="module")
def small() -> Any:
    """A few villages of a small country with every mechanism on, long enough for heirs."""
    return world.world_of(COARSE).world


@pytest.fixture(scope="module")
def lived(small: Any) -> dict[str, np.ndarray]:
    """The kernel's sums."""
    return world.kernel_sums(small, world.live(small)[1])


def means(sums: dict[str, np.ndarray], small: Any, name: str) -> np.ndarray:
    """Means over all persons by period or year."""
    return sums[name].sum(axis=1) / world.group_weight(small).sum()


@pytest.mark.slow
def test_every_mechanism_is_at_work(small: Any, lived: dict[str, np.ndarray]) -> None:
    assert small.p.pool_share > 0 and small.p.drought > 0 and small.p.knowledge_loss > 0
    assert small.p.is_redrawn and small.p.is_health and small.p.is_schooling
    assert small.tables.n_minds == 4
    yearly = dict(zip(OUTCOMES, means(lived, small, "year").max(axis=0), strict=True))
    for name in (
        "income",
        "debt",
        "own_work",
        "estate_left",
        "confident",
        "enrolled",
        "school_age",
        "hungry_months",
        "hungry",
    ):
        assert yearly[name] > 0, name
    assert lived["heir"].sum() > 0


@pytest.mark.slow
@needs_gcc
def test_the_vectorised_c_twin_adds_up_to_the_kernels_sums(
    small: Any, lived: dict[str, np.ndarray], tmp_path: Path
) -> None:
    # Equal to the bit on AVX-512. Elsewhere gcc may fuse other products and sums than LLVM: the last
    # bit of single precision, in units of 2^-20 lines a household.
    one = twins.twin("twin_vector", small, tmp_path)
    assert len(one.seconds(1)) == 1
    for name, theirs in one.sums().items():
        if name in ("period", "year", "village", "heir"):
            assert np.abs(theirs - lived[name]).max() <= 2e-7 * np.abs(lived[name]).max(), name
        else:
            np.testing.assert_array_equal(theirs, lived[name], name)


@pytest.mark.slow
@needs_gcc
def test_the_c_twin_in_doubles_has_the_kernels_means(
    small: Any, lived: dict[str, np.ndarray], tmp_path: Path
) -> None:
    one = twins.twin("twin_scalar", small, tmp_path)
    one.seconds(1)
    theirs = one.sums()
    income = means(theirs, small, "period")[:, 1] - means(lived, small, "period")[:, 1]
    assert np.abs(income).max() < 1e-5
    poor = OUTCOMES.index("poor")
    headcount = means(theirs, small, "year")[:, poor] - means(lived, small, "year")[:, poor]
    assert np.abs(headcount).max() < 1e-4
    assert theirs["status"].sum() == 0


@pytest.mark.slow
def test_the_numpy_twin_has_the_kernels_means_under_its_luck(
    small: Any, lived: dict[str, np.ndarray]
) -> None:
    life = numpy_twin.live(replace(small, block_households=4096), is_kernel_luck=True)
    weight = small.households.weight.sum()
    np.testing.assert_allclose(
        life.period[:, 1] / weight, means(lived, small, "period")[:, 1], atol=1e-4
    )
    np.testing.assert_allclose(
        life.year / weight, means(lived, small, "year"), rtol=1e-3, atol=1e-3
    )


@pytest.mark.slow
def test_the_mesa_twin_has_the_kernels_means_under_its_luck(small: Any) -> None:
    agents = pytest.importorskip("resilience_sim_benchmarks.agents", reason="Mesa is an extra")
    few = world.crowd(small, 150, 3)
    sums = world.kernel_sums(few, world.live(few)[1])
    _, by_year, by_period = agents.live(few, is_kernel_luck=True)
    weight = few.households.weight.sum()
    np.testing.assert_allclose(np.array(by_period) / weight, means(sums, few, "period"), atol=1e-4)
    theirs = np.array(by_year) / weight
    np.testing.assert_allclose(theirs, means(sums, few, "year")[:, :N_FLOWS], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_crowd_of_copies_lives_as_its_first_copy_and_under_luck_of_its_own(small: Any) -> None:
    twice = world.crowd(small, 2 * small.n)
    blocks = twice.blocks
    assert blocks[-1, 1] == twice.n and np.unique(twice.households.key).size == twice.n
    first, both = world.live(small)[1], world.live(twice)[1]
    v = small.zero_sums.village.shape[-1]
    np.testing.assert_array_equal(both.village[..., :v], first.village)
    assert (both.village[..., v:] != first.village).any()


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize(
    "overrides", [(), ("mechanisms.improved_technique=false", "preferences.crra=1")]
)
def test_the_planners_c_twin_finds_the_kernels_values_and_plans(
    overrides: tuple[str, ...], tmp_path: Path
) -> None:
    # Equal to the bit on AVX-512, on which gcc and LLVM fuse the same products and sums.
    problem = planner_twin.problem_of((*COARSE, *overrides))
    one = planner_twin.planner_twin(problem, tmp_path)
    assert len(one.seconds(1)) == 1
    ours, theirs = problem.solve(), one.found()
    assert theirs.searches == ours.searches > 1
    np.testing.assert_allclose(theirs.gain, ours.gain, rtol=1e-2, atol=0)
    np.testing.assert_allclose(theirs.solution.value, ours.solution.value, rtol=1e-4, atol=1e-4)
    gap = (theirs.solution.value - ours.solution.value) / (1.0 + np.abs(ours.solution.value))
    assert np.abs(gap).mean() < 1e-5
    if lanes.LOOKUP:
        assert "to the bit" in planner_twin.agreement(ours, theirs)


@pytest.mark.slow
@needs_gcc
def test_the_planners_c_twin_says_what_it_does_not_take(tmp_path: Path) -> None:
    problem = planner_twin.problem_of((*COARSE, "planner.n_savings=20"))
    one = planner_twin.planner_twin(problem, tmp_path)
    with pytest.raises(twins.MissingError, match="multiples of sixteen; not so savings"):
        one.seconds(1)
    solved, other = problem.solve(), problem.solve()
    other.solution.value[:] += 1.0
    assert "to the bit" in planner_twin.agreement(solved, solved)
    assert "to the bit" not in planner_twin.agreement(solved, other)


@pytest.mark.slow
def test_a_quick_bench_writes_its_keys_and_a_table_without_names_of_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure, "SECONDS_PER_LIFE", 1.0)
    path = tmp_path / "bench.json"
    assert main(["bench", "--quick", "--json", str(path), *COARSE]) == 0
    told = json.loads(path.read_text())
    assert set(told["ratios"]) == RATIOS and next(iter(told)) == "ratios"
    for name, value in told["ratios"].items():
        assert (value is None) == (name in told["reasons"]), name
    assert told["ratios"]["planner_vs_c"] is None or told["ratios"]["planner_vs_c"] > 0
    goals = {row["what"]: row["goal"] for row in told["rows"] if row["goal"]}
    assert goals == GOALS
    shown = capsys.readouterr()
    assert "| `kernel_vs_numpy` |" in shown.out and "bench: " in shown.err
    for secret in (str(tmp_path), str(Path.home()), str(Path(__file__).parent)):
        assert secret not in shown.out and secret not in path.read_text()


@pytest.mark.slow
def test_a_quick_bench_takes_less_than_a_minute_of_work(tmp_path: Path) -> None:
    """Of processors' time, so that other work on the machine moves it less; on one alone it lasts as long."""
    words = [sys.executable, "-m", "resilience_sim", "bench", "--quick"]
    took = []
    while not took or (took[-1] > 60.0 and len(took) < 2):  # the first may compile
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*words, "--json", str(tmp_path / "bench.json")], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 60.0, took


def test_what_is_missing_leaves_an_empty_row_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins.shutil, "which", lambda name: None)
    with pytest.raises(twins.MissingError, match="gcc is not installed"):
        twins.build("twin_vector", tmp_path)
    told = report.Report({"processor": "abacus"})
    with report.lacking(told, "kernel", "C", "ns", "kernel_vs_c_vectorised"):
        twins.build("twin_vector", tmp_path)
    assert told.ratios["kernel_vs_c_vectorised"] is None
    assert "| C | - | - | ns |  | gcc is not installed" in table.markdown(told)
    assert "gcc" in json.loads(table.as_json(told))["reasons"]["kernel_vs_c_vectorised"]


def test_goals_stand_beside_what_was_measured_and_say_whether_they_are_held() -> None:
    told = report.Report({"processor": "abacus"})
    told.add("run", "slow", "s", [9.0, 7.0, 8.5], "", "<= 8")
    told.add("run", "quick", "s", [1.0], "", "<= 8")
    told.relate("run", "speed-up", [4.0, 9.0], [2.0, 3.0], "", ">= 2.5")
    told.lack("run", "long", "s", "left out", "<= 8")
    told.compare("threads_2_vs_1", [1.9], [1.0])
    shown = table.markdown(told)
    assert "| slow | 8.5 | 7 | s | <= 8: not held |" in shown
    assert "| quick | 1 | 1 | s | <= 8: held |" in shown
    assert "| speed-up | 2.5 | - | times | >= 2.5: held |" in shown
    assert "| long | - | - | s | <= 8 | left out |" in shown
    assert "| `threads_2_vs_1` | 1.9 | 1.9 | >= 1.85: held |" in shown
    held = [row["is_held"] for row in json.loads(table.as_json(told))["rows"]]
    assert held == [False, True, True, None]


def test_a_run_stays_what_it_is_called_whatever_the_overrides() -> None:
    words = whole._words(whole.MILLION, ("population.n_households=700", "seed=2", "case=erewhon"))
    assert "population.n_households=1000000" in words and words[-2:] == ("seed=2", "case=erewhon")
    assert "population.n_households=700" not in words


def test_importing_the_package_loads_nothing_heavy() -> None:
    seconds, loaded = whole._imported("resilience_sim")
    assert loaded == [] and seconds < 0.35
    assert "pandas" in whole._imported("resilience_sim.outcomes")[1]  # it would be seen


def test_help_of_bench_teaches_within_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--help"]) == 0
    text = capsys.readouterr().out
    assert "examples" in text and "exit codes" in text and max(map(len, text.splitlines())) <= 100
    for name in RATIOS:
        assert name in text


@pytest.mark.parametrize("words", [["--fast"], ["--json"], ["--json", "no/such/folder/bench.json"]])
def test_bad_words_end_with_a_line_and_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words]) == 2
    told = capsys.readouterr().err
    assert words[0] in told and len(told.strip().splitlines()) == 1
