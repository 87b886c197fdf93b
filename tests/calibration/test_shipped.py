"""The draws that come with the package: whole, reproducible, and what the pages say of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resilience_sim.calibration.draws import NEW, shipped
from resilience_sim.calibration.fitting import FITTED, FLOOR, LEFT_OUT, TRIAL
from resilience_sim.calibration.priors import priors
from resilience_sim.calibration.scoring import scorecard, trial_table
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.cli.calibrating import calibrated_cases, prepared
from resilience_sim.evidence import targets, trials
from resilience_sim.report.scorecard import scorecard_section, trials_section

DOCS = Path(__file__).parents[2] / "docs"
CASES = calibrated_cases()


def test_every_case_has_a_file_and_two_hundred_draws_under_every_structure() -> None:
    assert CASES == list(dict.fromkeys(target.case_id for target in targets()))
    for case in [*CASES, NEW]:
        found = shipped().of(case)
        assert set(found["case_id"]) == {case}
        assert len(found) >= 200 and set(found["structure"]) == set(STRUCTURES)
        assert found["weight"].sum() == pytest.approx(1.0) and (found["weight"] >= 0).all()
        assert (found.groupby("structure")["weight"].sum() > 0.9 * FLOOR).all()


def test_parameters_lie_inside_their_bounds_and_common_ones_are_common() -> None:
    table = shipped().draws
    for prior in priors():
        assert table[prior.name].between(prior.low, prior.high).all()
    first, second = (shipped().of(case).set_index(["structure", "draw"]) for case in CASES[:2])
    for name in ("risk_aversion", "exponent_improved"):
        assert set(np.round(first[name], 9)) == set(np.round(second[name], 9))


def test_every_case_was_also_left_out() -> None:
    table = shipped().draws
    assert set(table[table["kind"] == LEFT_OUT]["case_id"]) == set(CASES)


def test_it_says_how_it_was_made() -> None:
    about = shipped().about
    assert about["command"].startswith("resilience-sim calibrate") and len(about["code"]) == 64
    assert sum(about["structures"].values()) == pytest.approx(1.0)
    assert about["plan"]["seed"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("case", ["peru_juntos_haku_winay", "zambia_casu_hgsf"])
def test_a_shipped_forecast_is_what_the_model_says_now(case: str) -> None:
    every = shipped().forecasts
    told = every[(every["case_id"] == case) & (every["kind"] == FITTED)]
    found = shipped().of(case)
    prepared_case = prepared([case])[case]
    for at in (0, len(found) // 2, len(found) - 1):
        row = found.iloc[at]
        now = prepared_case.simulate(
            row["structure"], {prior.name: float(row[prior.name]) for prior in priors()}
        )
        then = told[told["draw"] == row["draw"]].set_index("target_id")["forecast"]
        for name, value in zip(prepared_case.outputs, now, strict=True):
            if name in then.index:
                assert value == pytest.approx(then[name], rel=0.02, abs=0.05, nan_ok=True)


def test_trials_elsewhere_took_part_with_parameters_of_their_own() -> None:
    told = trial_table(trials(), shipped())
    assert set(told["target_id"]) == {t.target_id for each in trials() for t in each.targets}
    assert told[["median", "low", "high"]].notna().all(axis=None)
    case = shipped().of(CASES[0]).set_index(["structure", "draw"])
    for trial in trials():
        found = shipped().of(trial.case_id, TRIAL)
        assert set(found["structure"]) == set(STRUCTURES)
        assert set(np.round(found["risk_aversion"], 9)) <= set(np.round(case["risk_aversion"], 9))
        assert not set(np.round(found["harvest_luck"], 9)) & set(np.round(case["harvest_luck"], 9))


def test_the_page_of_cases_is_what_the_scorecard_prints() -> None:
    lines = scorecard_section(scorecard(targets(), shipped()), shipped())
    lines += ["", *trials_section(trial_table(trials(), shipped()))]
    assert "\n".join(line.rstrip() for line in lines) in (DOCS / "cases.md").read_text()
