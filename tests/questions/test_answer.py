"""Answers: the table, its text and its picture, and options that are known to win, lose or be alike."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resilience_sim.questions.answer import HEADS, TAILS, answer
from resilience_sim.questions.measures import of_programmes
from resilience_sim.questions.mixes import frontier
from resilience_sim.questions.options import (
    Option,
    Question,
    Setup,
    both_of,
    nothing,
    priced,
    with_arms,
)
from resilience_sim.questions.order import order
from resilience_sim.report.answer_picture import picture
from resilience_sim.report.answers import answer_text, sentences, summary
from small_questions import draws, erewhon


def alike_and_wasteful(setup: Setup) -> Question:
    """Two options that are the same, and one that pays as much and hands over half."""
    held = both_of(setup.config)
    half = {
        name: replace(
            each,
            value=each.value / 2,
            success=None if each.success is None else each.success / 2,
        )
        for name, each in held.items()
    }
    config = with_arms(setup.config, {"one": held, "two": held, "wasteful": half})
    options = [
        Option(name, {}, config, name, tuple(held.values())) for name in ("one", "two", "wasteful")
    ]
    measures = of_programmes([2, 6], setup.is_shocked, setup.config.horizon_years)
    return Question(
        "control", priced(setup, options), nothing(setup), setup.eligible, "eligible persons",
        tuple(measures), {},
    )  # fmt: skip


@pytest.fixture(scope="module")
def control() -> pd.DataFrame:
    setup = erewhon()
    return answer(alike_and_wasteful(setup), setup, draws(4), 4)


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    setup = erewhon()
    return answer(frontier(setup, [0, 50, 100], years=[2, 6]), setup, draws(3), 3)


def test_options_that_are_the_same_cannot_be_told_apart(control: pd.DataFrame) -> None:
    one, two = (
        control[control["option"] == name].reset_index(drop=True) for name in ("one", "two")
    )
    numbers = ["level", "median", "low", "high", "se_luck", "se_sample", "share_best"]
    pd.testing.assert_frame_equal(one[numbers], two[numbers])
    known = one["verdict"] != "unknown"
    assert known.any()
    assert set(one.loc[known, "verdict"]) <= {"undecided", "behind"}
    gap = (one["outcome"] == "poverty_gap") & (one["horizon_years"] == 2)
    assert set(one.loc[gap, "verdict"]) == set(two.loc[gap, "verdict"]) == {"undecided"}


def test_who_wastes_the_money_loses(control: pd.DataFrame) -> None:
    costs = control.groupby("option")["cost"].first()
    assert costs["wasteful"] == costs["one"] > 0
    rows = control[(control["outcome"] == "poverty_gap") & (control["horizon_years"] == 2)]
    verdicts = dict(zip(rows["option"], rows["verdict"], strict=True))
    assert verdicts["wasteful"] == "behind" and verdicts["none"] == "reference"
    lost = rows[rows["option"] == "wasteful"].iloc[0]
    assert lost["behind_low"] > 0 and lost["share_best"] == 0


def test_the_table_is_tidy_with_units_and_keeps_its_bands_in_order(told: pd.DataFrame) -> None:
    assert list(told.columns) == [*HEADS, "cash_percent", *TAILS]
    assert set(told.attrs["units"]) == set(told.columns)
    assert not told.duplicated(["option", "outcome", "shock", "horizon_years"]).any()
    assert set(told["option"]) == {"none", "cash_0", "cash_50", "cash_100"}
    known = told.dropna(subset=["low"])
    assert (known["low"] <= known["median"]).all() and (known["median"] <= known["high"]).all()
    assert (told["n_draws"] == 3).all() and set(told["drawn_for"]) == {"new"}
    costs = told.loc[told["option"] != "none", "cost"]
    assert costs.max() == pytest.approx(costs.min(), rel=1e-9)
    best = told.groupby(["outcome", "shock", "horizon_years"])["share_best"].sum(min_count=1)
    assert np.allclose(best.dropna(), 1.0)


def test_threads_change_nothing(told: pd.DataFrame) -> None:
    setup = erewhon()
    again = answer(frontier(setup, [0, 50, 100], years=[2, 6]), setup, draws(3), 3, threads=1)
    pd.testing.assert_frame_equal(again, told)


def test_one_draw_claims_no_band(tmp_path: Path) -> None:
    setup = erewhon()
    table = answer(order(setup, [6], years=[6]), setup, draws(1), 1)
    assert table[["low", "high", "behind_low", "share_best"]].isna().all(axis=None)
    assert set(table["verdict"]) <= {"no band", "unknown"}
    text = answer_text(table)
    assert "One draw has no band" in text and "chosen" not in text and "[" not in text
    picture(table, tmp_path / "answer.svg")
    assert "one draw" in summary(table).lower()


def test_the_text_fits_the_page_and_closes_with_what_it_says(told: pd.DataFrame) -> None:
    text = answer_text(told, "resilience-sim ask frontier case=erewhon")
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("$ resilience-sim ask frontier")
    closing = text.split("\n\n")[-1]
    assert closing.startswith("  => ")
    assert len(sentences(told)) == len(
        told.loc[told["is_headline"], ["outcome", "horizon_years"]].drop_duplicates()
    )
    assert "The same money" in text and "On the frontier" in text


def test_what_does_not_cost_the_same_is_said(told: pd.DataFrame) -> None:
    dearer = told.copy()
    dearer.attrs = told.attrs
    dearer.loc[dearer["option"] == "cash_0", "cost"] *= 1.02
    assert "NOT the same money" in answer_text(dearer)


def test_words_follow_the_verdicts(control: pd.DataFrame) -> None:
    said = " ".join(sentences(control))
    assert "the bands overlap too much to choose among one and two" in said
    moved = control.copy()
    moved.attrs = control.attrs
    moved.loc[moved["option"] == "one", "verdict"] = "chosen"
    moved.loc[moved["option"].isin(["two", "wasteful"]), "verdict"] = "behind"
    assert "one has the smallest poverty gap in year 2" in " ".join(sentences(moved))
    assert summary(moved).startswith("Chosen: one for the")


def test_the_picture_is_one_file_that_says_what_it_shows(
    told: pd.DataFrame, tmp_path: Path
) -> None:
    first, second = tmp_path / "one.svg", tmp_path / "two.svg"
    picture(told, first, "resilience-sim ask frontier")
    picture(told, second, "resilience-sim ask frontier")
    assert first.read_bytes() == second.read_bytes()
    root = ET.parse(first).getroot()
    assert root.tag.endswith("svg")
    comments = first.read_text()
    for words in ("percent of the budget for cash", "Smallest poverty gap in year 2", "covid"):
        assert words in comments
