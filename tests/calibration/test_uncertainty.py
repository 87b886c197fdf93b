"""Uncertainty of a run: draws, variants and noise, apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from resilience_sim import compose
from resilience_sim.calibration.cases import Effort
from resilience_sim.calibration.draws import NEW, Draws
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.calibration.structures import VARIANTS
from resilience_sim.calibration.uncertainty import UNITS, uncertainty
from resilience_sim.report.uncertainty import uncertainty_section

SMALL = Effort(
    n_skill=3, n_other=2, n_assets=14, n_money=20, n_savings=14, replicates=1, n_households=200
)
ARMS = {"none": [], "cash": ["cash"], "productive": ["goat"], "both": ["cash", "goat"]}


def draws_for(case: str) -> Draws:
    chance = np.random.default_rng(3)
    rows = [
        {"case_id": case, "kind": "fitted", "draw": i, "structure": structure, "weight": 0.25}
        | values_of(chance.standard_normal(len(priors())))
        for i, structure in enumerate(["two_exponents", "one_exponent"] * 2)
    ]
    return Draws(pd.DataFrame(rows), pd.DataFrame(), {})


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    config = compose(["case=erewhon", "outcomes.draws=4", "outcomes.horizons_years=[1,3,10]"])
    return uncertainty(config, draws_for(NEW), effort=SMALL)


def test_every_source_tells_every_contrast(table: pd.DataFrame) -> None:
    assert list(table.columns) == list(UNITS) and table.attrs["units"] == UNITS
    assert set(table["source"]) == {"draws", *VARIANTS}
    assert set(table["shock"]) == {"none", "covid_like"}
    assert set(table["horizon_months"]) == {12, 36, 120}
    assert set(table["comparison"]) == {"control", "cash", "productive", "interaction"}
    assert set(table["drawn_for"]) == {NEW}
    assert {"own_output", "wages", "labour", "savings"} <= set(table["outcome"])
    counts = table.groupby("source")["arm"].count()
    assert counts.nunique() == 1


def test_bands_are_ordered_and_an_interaction_is_what_its_arms_leave(table: pd.DataFrame) -> None:
    told = table.dropna(subset=["median"])
    assert (told["low"] <= told["median"]).all() and (told["median"] <= told["high"]).all()
    assert told["share_above_zero"].between(0, 1).all()


def test_one_draw_is_a_point_and_its_interaction_adds_up() -> None:
    config = compose(["case=erewhon", "outcomes.draws=1", "shock=none", "horizon_years=2"])
    found = uncertainty(config, draws_for("erewhon"), effort=SMALL)
    rows = found[(found["source"] == "draws") & (found["unit"] == "level")]
    assert (rows["low"] == rows["high"]).all() and set(found["drawn_for"]) == {"erewhon"}
    last = rows[(rows["horizon_months"] == 24) & (rows["outcome"] == "income")]
    of = last.set_index(["arm", "comparison"])["median"]
    adds = of["both", "control"] - of["cash", "control"] - of["productive", "control"]
    assert of["both", "interaction"] == pytest.approx(adds)


def test_the_printed_section_fits_the_page_and_says_whether_zero_is_inside(
    table: pd.DataFrame,
) -> None:
    lines = uncertainty_section(table, ARMS)
    text = "\n".join(lines)
    assert "interaction of income in year 10" in text and "pooled set" in text
    assert max(map(len, lines)) <= 100
    told = table.query(
        "source == 'draws' and comparison == 'interaction' and outcome == 'income' and unit == 'percent' "
        "and shock == 'none' and horizon_months == 120"
    ).iloc[0]
    holds = told["low"] <= 0 <= told["high"]
    verdict = "holds zero: complementarity is not settled;" if holds else "leaves zero out;"
    assert verdict in " ".join(text.split())
    unlike = " ".join(" ".join(uncertainty_section(table, ARMS | {"both": ["goat"]})).split())
    assert (
        "(it lacks cash), so that the interaction is no test" in unlike and "settled" not in unlike
    )
    long = uncertainty_section(table.replace({"arm": {"half": "one_year_productive"}}), ARMS)
    assert list(map(len, long)) == list(map(len, lines)) and "one_year_pro…" in "".join(long)
    assert uncertainty_section(None, ARMS) == []


def test_draws_are_taken_in_proportion_to_their_weights() -> None:
    told = draws_for("erewhon")
    heavy = replace(told, draws=told.draws.assign(weight=[1.0, 0.0, 0.0, 0.0]))
    config = compose(["case=erewhon", "outcomes.draws=3", "shock=none", "horizon_years=1"])
    rows = uncertainty(config, heavy, effort=SMALL)
    drawn = rows[rows["source"] == "draws"]
    assert np.allclose(drawn["low"], drawn["high"], equal_nan=True)
