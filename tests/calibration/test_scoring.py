"""Scoring: hits, bands and interval scores on draws made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience_sim.calibration.draws import Draws
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.calibration.scoring import (
    UNITS,
    interval_score,
    quantiles,
    scorecard,
    shares,
    unmoved,
)
from resilience_sim.evidence import Role, Target
from resilience_sim.report.scorecard import scorecard_section
from small_cases import made_up

N = 200


def draws_of(forecasts: dict[str, np.ndarray], left: dict[str, np.ndarray] | None = None) -> Draws:
    """Draws of equal weight of one case, even over the priors, that say this."""
    chance = np.random.default_rng(0)
    rows, told = [], []
    for kind, values in (("fitted", forecasts), ("left_out", left or {})):
        for i in range(N):
            place = {"case_id": "erewhon", "kind": kind, "draw": i}
            scores = chance.standard_normal(len(priors()))
            if kind == "fitted":
                scores[0] *= 0.2
            rows.append(place | {"structure": "two_exponents", "weight": 1 / N} | values_of(scores))
            told += [
                place | {"target_id": name, "forecast": each[i], "added": 0.0}
                for name, each in values.items()
            ]
    return Draws(pd.DataFrame(rows), pd.DataFrame(told), {"command": "test"})


EVEN = np.linspace(-1.0, 1.0, N)
NUMBER = made_up("N", value=10.0, tolerance=2.0)
UP = made_up("U", metric="sign", value=1.0, tolerance=0.5)


def test_quantiles_of_weighted_draws_are_those_of_copies() -> None:
    values = np.array([3.0, 1.0, 2.0, np.nan])
    low, median, high = quantiles(np.repeat(values[:3], [100, 100, 200]), np.ones(400))
    assert quantiles(values, np.array([1.0, 1.0, 2.0, 5.0]))[1] == pytest.approx(median, abs=0.01)
    assert low == 1.0 and high == 3.0
    assert np.isnan(quantiles(np.array([np.nan]), np.ones(1))).all()


@pytest.mark.parametrize("n", [19, 50])
def test_a_band_holds_a_further_draw_as_often_as_it_says(n: int) -> None:
    chance = np.random.default_rng(2)
    inside = []
    for _ in range(4000):
        low, _, high = quantiles(chance.standard_normal(n), np.ones(n))
        inside.append(low < chance.standard_normal() < high)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.015)  # three standard errors


def test_an_interval_costs_its_width_and_twenty_times_what_it_misses() -> None:
    assert interval_score(NUMBER, 8.0, 10.0, 14.0) == pytest.approx(3.0)
    assert interval_score(NUMBER, 11.0, 12.0, 13.0) == pytest.approx((2 + 20 * 1) / 2)
    assert interval_score(NUMBER, 0.0, 0.0, 0.0) == pytest.approx(20 * 10 / 2)


def test_a_sign_is_scored_in_bands_and_far_beyond_is_as_good_as_beyond() -> None:
    assert interval_score(UP, 40.0, 50.0, 60.0) == 0.0
    assert interval_score(UP, 0.0, 0.0, 0.0) == pytest.approx(20.0)
    none = made_up("Z", metric="sign", value=0.0)
    assert interval_score(none, 0.0, 0.0, 0.0) == 0.0
    assert interval_score(none, -1.0, 0.5, 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("target", "forecasts", "is_hit", "is_reachable"),
    [
        (NUMBER, 10 + 2 * EVEN, True, True),
        (NUMBER, 14 + 2 * EVEN, False, True),
        (NUMBER, 20 + 2 * EVEN, False, False),
        (UP, 4 + EVEN, True, True),
        (UP, 2.2 + EVEN, False, True),
        (UP, -5 + EVEN, False, False),
    ],
)
def test_hit_or_miss(
    target: Target, forecasts: np.ndarray, is_hit: bool, is_reachable: bool
) -> None:
    (row,) = scorecard([target], draws_of({target.target_id: forecasts})).to_dict("records")
    assert (row["hit"], row["reachable"]) == (is_hit, is_reachable)
    assert row["low"] < row["median"] < row["high"]


def test_what_is_not_represented_or_not_forecast_is_a_miss_and_has_no_number() -> None:
    blank = made_up("B", measure="", table="")
    table = scorecard([blank, NUMBER], draws_of({"other": EVEN}))
    assert list(table.columns) == list(UNITS) and not table["hit"].any()
    assert table["represented"].tolist() == [False, True] and table["median"].isna().all()


def test_shares_count_only_what_is_fitted_and_misses_what_is_not_represented() -> None:
    told = [
        NUMBER,
        UP,
        made_up("B", measure="", table=""),
        made_up("P", role=Role.PRIOR),
    ]
    table = scorecard(told, draws_of({"N": 10 + EVEN, "U": -5 + EVEN, "P": EVEN}))
    found = {name: (hits, n) for name, hits, n, _ in shares(table)}
    assert found["all, weighted"] == (1, 3)
    assert found["numbers of weight high or medium, represented"] == (1, 1)
    assert found["signs, represented"] == (0, 1)


def test_what_the_evidence_moved_is_told_from_what_it_did_not() -> None:
    still = unmoved(draws_of({"N": EVEN}), "erewhon")
    assert priors()[0].name not in still and len(still) > len(priors()) - 4


def test_the_printed_card_shows_every_target_and_fits_the_page() -> None:
    told = [NUMBER, UP, made_up("B", measure="", table="")]
    made = draws_of({"N": 10 + EVEN, "U": -5 + EVEN}, left={"N": 12 + EVEN, "U": EVEN})
    lines = scorecard_section(scorecard(told, made), made)
    text = "\n".join(lines)
    assert "hit" in text and "MISS" in text and "not represented" in text
    assert "No draw meets: U (nearest -4.00" in text and "each case left out" in text
    assert max(map(len, lines)) <= 100
