"""Misfit: what a forecast costs beside what was reported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience_sim.calibration.cases import STANDING
from resilience_sim.calibration.forecasts import reported
from resilience_sim.calibration.misfit import (
    MOST_SIGN,
    SIGNIFICANT,
    Misfit,
    is_right,
    usual_error,
)
from resilience_sim.evidence import Role, targets
from small_cases import made_up

STILL = [0.0] * len(STANDING)


def cost(target, *forecasts: float, variance: float = 0.0) -> np.ndarray:  # type: ignore[no-untyped-def]
    rows = np.array([[told, *STILL] for told in forecasts])
    return Misfit([target])(rows, np.array([variance, 0, 0, 0]))


def test_a_number_costs_more_the_further_off_it_is_and_alike_on_both_sides() -> None:
    target = made_up("T", value=10.0, tolerance=2.0)
    near, low, high, far = cost(target, 10.0, 8.0, 12.0, 30.0)
    assert near == 0.0 and low == high < near
    assert far < low and far > -12.0  # tails: ten tolerances off do not rule out alone


def test_an_emulators_variance_makes_a_miss_cheaper() -> None:
    target = made_up("T", value=10.0, tolerance=2.0)
    assert cost(target, 16.0, variance=9.0)[0] > cost(target, 16.0)[0]


@pytest.mark.parametrize(
    ("value", "right", "wrong"), [(1, 9.0, -9.0), (-1, -9.0, 9.0), (0, 0.0, 90.0)]
)
def test_a_sign_is_one_sided_and_costs_no_more_than_a_little(
    value: int, right: float, wrong: float
) -> None:
    target = made_up("T", metric="sign", value=float(value), tolerance=0.5)
    told = cost(target, right, wrong, 10 * wrong)
    assert told[0] > -0.1
    assert told[1] == pytest.approx(MOST_SIGN, abs=1e-2) and told[2] == pytest.approx(MOST_SIGN)
    assert is_right(target, np.array([right, wrong])).tolist() == [True, False]


def test_inside_the_neutral_band_is_neither_up_nor_down() -> None:
    up, none = (made_up("T", metric="sign", value=v, tolerance=0.5) for v in (1.0, 0.0))
    inside = np.array([1.9, -1.9])
    assert not is_right(up, inside).any() and is_right(none, inside).all()
    assert (cost(none, 1.0) > cost(up, 1.0)).all()


def test_no_effect_says_that_a_study_could_not_tell_one() -> None:
    none, error = made_up("T", metric="sign", value=0.0, tolerance=0.5), usual_error("percent")
    nothing, at_the_edge, up, down = np.exp(
        cost(none, 0.0, SIGNIFICANT * error, 1.3 * error, -1.3 * error)
    )
    assert nothing > 0.93 and at_the_edge == pytest.approx(0.5, abs=0.02)
    assert up == pytest.approx(0.75, abs=0.02) and up == pytest.approx(down)


def test_the_usual_error_is_that_of_the_numbers_reported() -> None:
    told = [t for t in targets() if t.is_number and t.role is Role.FIT and t.unit == "months"]
    assert usual_error("months") == sorted(reported(t)[1] for t in told)[len(told) // 2]
    assert usual_error("index") == usual_error("sd")


def test_what_is_one_quantity_of_the_model_counts_once() -> None:
    alone = made_up("T", value=10.0, tolerance=2.0)
    echo = replace(alone, target_id="U", weight="low")
    other = replace(alone, target_id="V", contrast="both - none")
    misfit = Misfit([alone, echo, other])
    terms = misfit.terms(np.array([[15.0, 15.0, 15.0, *STILL]]))[0]
    assert terms[:2].sum() == pytest.approx(terms[2])
    assert terms[0] == pytest.approx(2 * terms[1]) and terms[1] < 0.0


def test_what_cannot_be_told_costs_as_much_as_a_bad_miss() -> None:
    number = made_up("T", value=10.0, tolerance=2.0)
    assert cost(number, np.nan) == cost(number, 18.0)
    assert cost(made_up("T", metric="sign", value=1.0), np.nan)[0] == pytest.approx(MOST_SIGN)


def test_low_weight_counts_half_and_what_is_not_fitted_nothing() -> None:
    full, half, none = (
        cost(made_up("T", value=10.0, tolerance=2.0, **told), 15.0)[0]
        for told in ({}, {"weight": "low"}, {"role": Role.PRIOR})
    )
    assert half == pytest.approx(full / 2) and none == 0.0 > full


def test_an_untreated_world_that_drifts_costs() -> None:
    misfit = Misfit([made_up("T", value=1.0)])
    still, drifting = misfit(np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.3, 0.1, 0.0]]))
    assert still == 0.0 > drifting
