"""The Malawi panel through its map: on the real file where it is, on a made-up one everywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resilience_sim.cli import compose
from resilience_sim.population import Households, load

VARIABLE = "RESILIENCE_SIM_MALAWI"
BESIDE = "shared/data/malawi_ihps_2010_2016/malawi_ihps.parquet"
MAP = "package:malawi_ihps.yaml"
WAVES = (2010, 2013, 2016)
URBAN, RURAL = (1, 3, 5), (2, 4, 6)
SETTINGS = compose(["case=erewhon", "population=survey", "population.kind=survey"])


def panel() -> Path:
    """The real file: where the environment says, or beside the repository."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).parents[2] / BESIDE


def read(file: Path, **where: str) -> Households:
    survey = replace(SETTINGS.population.survey, file=str(file), map=MAP, where=where)
    population = replace(SETTINGS.population, survey=survey)
    return load(population, 1, SETTINGS.generations)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty households in three waves, with the columns and types of the panel."""
    draws = np.random.default_rng(7)
    rows = pd.DataFrame(
        [(home, float(wave)) for wave in WAVES for home in range(40)], columns=["HHID", "year"]
    )
    n = len(rows)
    stratum = np.array([*URBAN, *RURAL] * 7)[rows["HHID"] // 4]
    table = rows.assign(
        panelwgt=draws.uniform(50, 3000, n),
        EA=10_101_200 + rows["HHID"] // 4,
        stratum=stratum.astype(float),
        FCS=draws.integers(14, 90, n) / 1.0,
        HDDS=draws.integers(3, 12, n) / 1.0,
        hhsize=draws.integers(1, 12, n) / 1.0,
        age_head=draws.integers(18, 90, n) / 1.0,
        edu_adult=np.where(np.arange(n) == 100, np.nan, draws.integers(0, 14, n)),
        TLU=np.where(draws.random(n) < 0.7, 0.0, draws.uniform(0, 3, n)),
        arable_land=np.where(draws.random(n) < 0.2, 0.0, draws.uniform(0, 2, n)),
        PC_hhagr=draws.uniform(0, 20, n),
        PC_hhbus=draws.uniform(0, 5, n),
        PC_wage=draws.uniform(0, 5, n),
        PC_cas=draws.uniform(0, 5, n),
    )
    path = tmp_path_factory.mktemp("malawi") / "panel.parquet"
    table.to_parquet(path)
    return path


def test_the_map_reads_a_panel_of_these_columns(made_up: Path) -> None:
    people = read(made_up)
    table = pd.read_parquet(made_up)
    kept = table[(table["year"] == 2016) & table["stratum"].isin(RURAL)]
    assert people.n_households == len(kept) > 10
    assert people.weight.sum() == pytest.approx(kept["panelwgt"].sum())
    assert people.n_villages == kept["EA"].nunique()
    by_id = kept.set_index(kept["HHID"].astype(str))
    land = 4.0 * by_id["arable_land"] / by_id["hhsize"]
    np.testing.assert_allclose(people.land, np.maximum(land[people.id], 0.05))
    np.testing.assert_array_equal(people.age, by_id["age_head"][people.id])
    assert people.has_measured_age and not people.is_synthetic_demography


def test_another_wave_is_one_word_away(made_up: Path) -> None:
    earlier, later = read(made_up, year="2010"), read(made_up)
    assert list(earlier.id) == list(later.id)
    assert not np.array_equal(earlier.age, later.age)
    assert read(made_up, stratum="1,2,3,4,5,6").n_households == 40


def test_a_household_with_a_higher_score_is_given_no_less(made_up: Path) -> None:
    people, table = read(made_up), pd.read_parquet(made_up)
    score = table[table["year"] == 2016].set_index("HHID")["FCS"][people.id.astype(int)].to_numpy()
    order = np.lexsort((people.income, score))
    assert (np.diff(people.income[order]) > 0).all()


@pytest.mark.skipif(
    not panel().is_file(),
    reason=f"the Malawi panel is not shipped: set {VARIABLE} to malawi_ihps.parquet, or put it at "
    f"../{BESIDE} beside the repository",
)
def test_the_real_panel_runs_through_the_map() -> None:
    people = read(panel())
    # SOURCE.md of the panel: 4,350 rural rows in three waves.
    assert people.n_households == 1796
    assert sum(read(panel(), year=str(wave)).n_households for wave in WAVES) == 4350
    assert people.n_villages == 72
    assert set(people.village_stratum) == {0, 1, 2}
    assert people.adult_school is not None
    assert 4 < np.average(people.adult_school, weights=people.persons) < 8
    # Median .85 and spread .65 of the settings: Phi(log(1 / .85) / .65) = .599 are poor.
    poor = people.persons[people.income < 1].sum() / people.persons.sum()
    assert poor == pytest.approx(0.599, abs=2e-3)
    assert 0.9 < people.weight[people.has_own_activity].sum() / people.weight.sum() < 1
    assert np.isfinite(people.assets).all() and people.assets.max() < 50
