"""Forecasts: what a run says of a target, on means made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience_sim.calibration.forecasts import (
    MEDIAN_OF_MEAN,
    Lived,
    added,
    arms_of,
    forecast,
    reported,
    require_arms,
)
from resilience_sim.errors import ConfigError
from resilience_sim.evidence import Base
from resilience_sim.kernels.primitives import OUTCOMES
from resilience_sim.outcomes.measured import INDICES
from small_cases import made_up

ARMS = ("none", "cash", "productive", "both")


def lived(**levels: tuple[float, float, float, float]) -> Lived:
    """Two years: the first all zero, the second with these levels by arm; half of them with the shock."""
    means = np.zeros((len(ARMS), 2, len(OUTCOMES)))
    for name, told in levels.items():
        means[:, 1, OUTCOMES.index(name)] = told
    shocked = means.copy()
    shocked[:, 1] *= np.array([0.5, 0.8, 0.5, 0.9])[:, None]
    content = np.zeros((len(ARMS), 2, len(INDICES)))
    content[3, 1, INDICES.index("hygiene")] = 0.2
    return Lived(
        ARMS, OUTCOMES, {"none": means, "shock": shocked, "drought": shocked}, content,
        {"shock": 2, "drought": 2}, 4.0, 0.7,
    )  # fmt: skip


RUN = lived(
    income=(1.0, 1.2, 1.1, 1.5), own_income=(0.4, 0.4, 0.5, 0.6), wages=(0.5, 0.4, 0.4, 0.3),
    improved=(0.2, 0.25, 0.4, 0.5), assets=(1.0, 1.0, 2.0, 2.5), consumption=(1.0, 1.0, 1.0, 1.0),
    confident=(0.5, 0.5, 0.5, 0.9),
)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, 25.0),
        ({"contrast": "interaction"}, 20.0),
        ({"contrast": "both/cash - none"}, 35.0),
        ({"measure": "earned", "contrast": "cash - none"}, 100 * (0.8 / 0.9 - 1)),
        ({"measure": "improved", "unit": "pp", "contrast": "both - cash"}, 25.0),
        ({"measure": "improved", "unit": "pp", "sign": -1}, -25.0),
        ({"measure": "improved", "unit": "pp", "exposure": 0.5}, 12.5),
        ({"measure": "assets", "unit": "tlu", "contrast": "both - none"}, 1.5 * 0.7 * 4.0),
        ({"measure": "confident", "unit": "sd"}, 0.8),
        ({"measure": "improved", "unit": "months"}, 0.25),
        ({"table": "measured", "measure": "hygiene", "unit": "index"}, 0.2),
        ({"table": "shock", "measure": "improved", "unit": "pp", "contrast": "cash - none"}, 5.0),
        ({"table": "drought", "measure": "consumption", "unit": "removed",
          "contrast": "cash - none"}, 60.0),
    ],
)  # fmt: skip
def test_a_forecast_is_told_in_the_unit_of_its_target(
    told: dict[str, object], expected: float
) -> None:
    assert forecast(made_up("T", **told), RUN) == pytest.approx(expected)


def test_a_percentage_is_of_what_the_report_says() -> None:
    """Both earn 1.5 and cash 1.2, which was 0.8 in the first year; the median is 0.6 of the mean."""
    means = {"none": RUN.means["none"].copy()}
    means["none"][:, 0, OUTCOMES.index("income")] = (0.5, 0.8, 0.7, 0.9)
    run = replace(RUN, means=means, start={MEDIAN_OF_MEAN: 0.6})
    told = {
        base: forecast(made_up("T", base=base), run)
        for base in (Base.COMPARISON, Base.NOT_SAID, None, Base.BEFORE, Base.MEDIAN_BEFORE)
    }
    of_now, before = 100 * 0.3 / 1.2, 100 * 0.3 / 0.8
    assert list(told.values()) == pytest.approx([of_now, of_now, of_now, before, before / 0.6])
    points = made_up("T", measure="improved", unit="pp", base=Base.BEFORE)
    assert forecast(points, run) == pytest.approx(25.0)  # no percentage


def test_of_a_transfer_is_told_what_is_not_eaten() -> None:
    told = made_up("T", measure="uneaten", unit="of_transfer", contrast="cash - none")
    own, wages, eaten, income = (
        forecast(made_up("T", measure=m, unit="lines", contrast="cash - none"), RUN)
        for m in ("own_income", "wages", "consumption", "income")
    )
    assert forecast(told, RUN) == pytest.approx(1 - eaten / (income - own - wages))
    no_transfer = replace(told, contrast="none - none")
    assert np.isnan(forecast(no_transfer, RUN))


def test_a_divergence_is_told_as_it_was_measured() -> None:
    lived = replace(RUN, divergence={"below": -0.1, "above_minus_below": 0.4})
    told = made_up("T", table="divergence", measure="above_minus_below", unit="log")
    assert forecast(told, lived) == 0.4


def test_the_year_is_the_targets_own() -> None:
    assert np.isnan(forecast(made_up("T", year=1), RUN))  # nobody earned anything in year 1
    assert forecast(made_up("T", year=1, measure="improved", unit="pp"), RUN) == 0.0


def test_what_is_decided_after_the_shock_is_read_a_year_later() -> None:
    early = replace(RUN, shock_year={"shock": 1, "drought": 1})
    told = made_up("T", table="shock", measure="improved", unit="pp", contrast="cash - none")
    assert forecast(told, early) == 0.0
    assert forecast(replace(told, years_after=1), early) == pytest.approx(5.0)


def test_arms_told_together_count_evenly_and_are_all_lived() -> None:
    told = made_up("T", contrast="both/cash - none")
    alone = [forecast(made_up("T", contrast=f"{arm} - none"), RUN) for arm in ("both", "cash")]
    assert alone[0] != alone[1] and forecast(told, RUN) == pytest.approx(np.mean(alone))
    assert set(arms_of([told])) == {"both", "cash", "none"}


def test_of_months_short_of_food_is_told_what_is_not_added() -> None:
    told = made_up("T", table="drought", measure="hungry_months", unit="removed", sign=-1,
                   contrast="cash - none")  # fmt: skip
    worse = {world: means.copy() for world, means in RUN.means.items()}
    months = OUTCOMES.index("hungry_months")
    worse["none"][:, 1, months], worse["drought"][:, 1, months] = 2.0, (4.0, 2.5, 4.0, 2.5)
    assert forecast(told, replace(RUN, means=worse)) == pytest.approx(75.0)  # 0.5 of 2 months stay
    worse["drought"][:, 1, months] = 1.0  # a drought that feeds people is no loss
    assert np.isnan(forecast(told, replace(RUN, means=worse)))


def test_a_loss_too_small_to_share_has_no_forecast() -> None:
    told = made_up("T", table="drought", measure="savings", unit="removed", contrast="cash - none")
    assert np.isnan(forecast(told, RUN))


def test_if_arms_add_the_interaction_is_nothing() -> None:
    sums = added(RUN)
    assert forecast(made_up("T", contrast="interaction"), sums) == pytest.approx(0.0)
    assert forecast(made_up("T"), sums) == pytest.approx(100 * 0.1 / 1.2)
    assert forecast(made_up("T", contrast="cash - none"), sums) == pytest.approx(20.0)


def test_arms_that_targets_need_are_told_and_missing_ones_are_all_named() -> None:
    wanted = [made_up("A"), made_up("B", contrast="coached - both"), made_up("C", contrast="x - y")]
    assert arms_of(wanted) == ("none", "both", "cash", "coached", "x", "y")
    with pytest.raises(ConfigError) as caught:
        require_arms(wanted, ARMS)
    text = str(caught.value)
    assert "coached" in text and "arms.x" in text and "arms.y" in text and "B" in text


def test_a_reported_value_comes_in_the_unit_of_its_forecast() -> None:
    assert reported(made_up("T", value=30.0, tolerance=6.0, factor=0.5)) == (15.0, 3.0)
