"""Stages, their numbers and their files: the page tells what `resilience-sim run` finds, to the bit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resilience_sim import outcomes, simulation
from resilience_sim.calibration.draws import NEW, Draws
from resilience_sim.calibration.fitting import FITTED
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.calibration.uncertainty import uncertainty
from resilience_sim.cli import compose
from resilience_sim.errors import ConfigError, Problem, SolverError
from resilience_sim.whatif import live
from resilience_sim.whatif.cases import Choice, composed
from resilience_sim.whatif.compare import Saved, compared
from resilience_sim.whatif.live import COARSE, Found, Job, Stage
from resilience_sim.whatif.scenario import configured, own
from resilience_sim.whatif.sharing import report_file, scenario_file
from resilience_sim.whatif.telling import bought, budgets, effects, levels, measure

CHOICE = Choice("erewhon", shock="drought", coordination="full")
SMALL = Stage(80, 2, COARSE, "a coarse planner")
DRAWN = Stage(80, 2, COARSE, "a coarse planner", 2)
MOVES = {
    "transfer": 0.25,
    "coaching": 0.4,
    "depth": 1.3,
    "quarters": 6,
    "lag_months": 2,
    "years": 5,
}


def found_by(job: Job) -> Found:
    seen = 0
    while not job.is_over:
        job.wait(seen, 60.0)
        seen = job.version
    assert job.problem == ""
    assert job.latest is not None
    return job.latest


@pytest.fixture(scope="module")
def made_up() -> Draws:
    """Draws that no fit has made."""
    scores = 0.5 * np.random.default_rng(1).normal(size=(4, len(priors())))
    rows = [
        {"case_id": NEW, "kind": FITTED, "draw": i, "structure": "two_exponents", "weight": 0.25}
        | dict(values_of(each))
        for i, each in enumerate(scores)
    ]
    return Draws(pd.DataFrame(rows), pd.DataFrame(), {})


@pytest.fixture(scope="module")
def first(made_up: Draws) -> Iterator[Found]:
    """A scenario with every kind of slider moved, small, with draws."""
    base = composed(CHOICE)
    config = configured(base, replace(own(base), **MOVES))  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live.draws, "shipped", lambda: made_up)
        yield found_by(Job(config, (SMALL, DRAWN)))


@pytest.fixture(scope="module")
def other() -> Found:
    """The same with another transfer."""
    base = composed(CHOICE)
    config = configured(base, replace(own(base), **(MOVES | {"transfer": 0.5})))  # type: ignore[arg-type]
    return found_by(Job(config, (SMALL,)))


def test_the_file_composes_to_what_was_run_and_runs_to_the_same_effects(
    first: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = scenario_file("mine", CHOICE, first.config, first.rests_on)
    assert file.content.startswith("# @package _global_\n# resilience-sim run case=mine\n")
    folder = tmp_path / "scenarios" / "case"
    folder.mkdir(parents=True)
    (folder / file.name).write_text(file.content)
    monkeypatch.chdir(tmp_path)
    config = compose(["case=mine"])
    assert config == first.config
    again = outcomes.tables(simulation.run(simulation.prepare(config)), config.case_name, config)[
        "effects"
    ]
    pd.testing.assert_frame_equal(
        again, outcomes.tables(first.results, config.case_name, config)["effects"], check_exact=True
    )


def test_a_file_has_units_and_refuses_names_that_are_taken(first: Found) -> None:
    text = scenario_file("mine", CHOICE, first.config, "few").content
    assert "value: 0.25   # lines or share" in text
    assert "n_households: 80   # households" in text
    for name in ("erewhon", "My case", ""):
        with pytest.raises(ConfigError, match="name of the scenario must"):
            scenario_file(name, CHOICE, first.config, "few")


def test_the_page_tells_the_effects_of_the_run(first: Found) -> None:
    table = outcomes.tables(first.results, "erewhon", first.config)["effects"]
    told = effects(first)
    for name, unit in (("poor", "pp"), ("consumption", "level")):
        for arm, comparison in (("cash", "control"), ("both", "interaction")):
            what = "interaction" if comparison == "interaction" else arm
            ours = told[(told.arm == what) & (told.measure == name)]
            for _, row in ours.iterrows():
                theirs = table[
                    (table.arm == arm) & (table.comparison == comparison) & (table.unit == unit)
                    & (table.outcome == name) & (table.shock == row.world)
                    & (table.horizon_months == 12 * row.year)
                ].iloc[0]  # fmt: skip
                assert row.estimate == theirs.estimate
                assert row.se_luck == theirs.se_luck
                assert (row.low, row.high) == (theirs.ci_low, theirs.ci_high)


def test_poverty_of_all_is_that_of_the_table(first: Found) -> None:
    table = outcomes.tables(first.results)["poverty"]
    rows = table[
        (table.measure == "headcount") & (table.of == "consumption") & (table.horizon_years > 0)
    ]
    told = levels(first)
    ours = told[told.measure == "poor_of_all"]
    assert len(ours) > 0
    for _, row in ours.iterrows():
        at = (rows.arm == row.arm) & (rows.shock == row.world) & (rows.horizon_years == row.year)
        assert row.estimate == pytest.approx(100 * rows[at].estimate.iloc[0], rel=1e-12)


def test_out_of_the_trap_adds_up(first: Found) -> None:
    told = levels(first).set_index(["arm", "world", "year"])
    parts = {name: told[told.measure == name].estimate for name in ("out", "escaped", "lifted")}
    np.testing.assert_allclose(parts["out"], parts["escaped"] + parts["lifted"])


def test_what_a_line_buys_is_what_the_twin_gains_over_what_it_costs(first: Found) -> None:
    results, told = first.results, bought(first)
    arms, cost = list(results.arms), results.cost * results.mean_size
    year = results.horizons_years[-1]
    poor = results.outcomes.index("poor")
    fewer = -np.diff([
        results.year_mean[arms.index(arm), 0, :, year - 1, 0, poor].mean()
        for arm in ("cash", "cash_more")
    ])[0]  # fmt: skip
    more = cost[arms.index("cash_more")] - cost[arms.index("cash")]
    at = (
        (told.arm == "cash")
        & (told.world == "none")
        & (told.year == year)
        & (told.measure == "poor")
    )
    assert told[at].estimate.iloc[0] == pytest.approx(1000 * fewer / more)
    assert budgets(first)["cash"] == pytest.approx(4 * (more))  # a quarter more
    assert (told.low <= told.estimate).all() and (told.estimate <= told.high).all()


def test_bands_over_draws_are_those_of_a_run_and_stand_apart(first: Found, made_up: Draws) -> None:
    assert first.is_whole and first.n_lived == 2
    table = uncertainty(first.config, made_up)
    told = effects(first)
    rows = table[
        (table.source == "draws") & (table.comparison == "control") & (table.outcome == "poor")
        & (table.unit == "pp")
    ]  # fmt: skip
    compared_rows = 0
    for _, row in rows[rows.arm.isin(["cash", "both"])].iterrows():
        ours = told[
            (told.arm == row.arm) & (told.measure == "poor") & (told.world == row.shock)
            & (told.year == row.horizon_months // 12)
        ].iloc[0]  # fmt: skip
        np.testing.assert_allclose(
            (ours.draws_low, ours.draws_median, ours.draws_high),
            (row.low, row["median"], row.high), atol=1e-12,
        )  # fmt: skip
        assert ours.low != ours.draws_low
        compared_rows += 1
    assert compared_rows > 0
    assert told[told.measure == "poor_of_all"].draws_low.isna().all()


def test_twins_are_compared_as_twins(first: Found, other: Found) -> None:
    found = compared(Saved("a", CHOICE, (first,)), Saved("b", CHOICE, (other,)))
    assert found.are_twins
    one, two = levels(first), levels(other)
    row = found.table[
        (found.table.arm == "cash") & (found.table.world == "no shock") & (found.table.year == 5)
        & (found.table.measure == "consumption")
    ].iloc[0]  # fmt: skip
    values = [
        each[(each.arm == "cash") & (each.world == "none") & (each.year == 5)
             & (each.measure == "consumption")].iloc[0]
        for each in (one, two)
    ]  # fmt: skip
    assert (row["first"], row["second"]) == tuple(each.estimate for each in values)
    assert row.difference == pytest.approx(values[1].estimate - values[0].estimate)
    apart = np.hypot(values[0].se_sample, values[1].se_sample)
    assert row.high - row.low < 2 * 1.96 * apart  # twins are surer of a difference
    nothing = compared(Saved("a", CHOICE, (first,)), Saved("b", CHOICE, (first,)))
    assert (nothing.table.difference == 0).all()


def test_strangers_are_compared_as_strangers(first: Found) -> None:
    alone = replace(first, config=first.config, results=replace(first.results, seed=2))
    found = compared(Saved("a", CHOICE, (first,)), Saved("b", CHOICE, (alone,)))
    assert not found.are_twins
    assert (found.table.difference == 0).all()
    rows = found.table[found.table.measure == "consumption"]
    assert (rows.low < 0).all() and (rows.high > 0).all()


def test_a_job_that_is_abandoned_stops_and_tells_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def endless(config: object, progress: live.Callable[[str, int, int], None]) -> object:
        while True:
            asked.append(1)
            progress("policies", 1, 2)
            time.sleep(0.001)

    monkeypatch.setattr(live, "_results_of", endless)
    job = Job(composed(CHOICE), (SMALL,))
    while not asked:
        time.sleep(0.001)
    assert job.latest is None and not job.wait(0, 0.01)
    job.abandon()
    assert job.wait(0, 5.0) and job.is_over
    assert job.found == [] and job.problem == ""


@pytest.mark.parametrize("error", [SolverError("raise planner.max_years"), ValueError("of ours")])
def test_what_goes_wrong_in_the_engine_is_told_in_its_words(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(experiment: object, progress: object = None) -> None:
        raise error

    monkeypatch.setattr(live.simulation, "run", failing)
    base = composed(CHOICE)
    job = Job(configured(base, replace(own(base), transfer=0.33)), (SMALL,))
    while not job.is_over:
        job.wait(0, 30.0)
    assert str(error) in job.problem and "Traceback" not in job.problem
    assert job.latest is None


def test_draws_that_cannot_be_told_leave_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> Draws:
        raise ConfigError([Problem("draws", "be those of a fit", "none")])

    monkeypatch.setattr(live.draws, "shipped", lacking)
    base = composed(CHOICE)
    job = Job(configured(base, replace(own(base), **MOVES)), (SMALL, DRAWN, SMALL))  # type: ignore[arg-type]
    while not job.is_over:
        job.wait(0, 30.0)
    assert "draws must be those of a fit" in job.problem
    assert [each.n_lived for each in job.found] == [0]


def test_the_report_is_that_of_the_run(other: Found) -> None:
    report = report_file("mine", other)
    row = levels(other)
    poor = row[(row.arm == "both") & (row.measure == "poor_of_all") & (row.year == 5)
               & (row.world == "none")].estimate.iloc[0]  # fmt: skip
    assert f"{poor:.1f}" in report.content
    assert measure("poor").scale == 100.0
