"""Households at the start: scale, imputation, resample, and every way a survey can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import (
    Imputation,
    Population,
    PopulationKind,
    Survey,
    Synthetic,
)
from resilience_sim.errors import ConfigError, SurveyError
from resilience_sim.population import Households, load

AGES = replace(compose().generations, initial_age_low=25, initial_age_high=64)
PUBLISHED = compose().population.moments
# A line of 100 a month and money per quarter: 300 a member and quarter is one line a year.
LINE, MONTHS = 100.0, 3
COLUMNS = {
    "id": "hh",
    "weight": "w",
    "size": "n",
    "income": "inc",
    "wages": "wage",
    "own": "biz",
    "other": "pension + gift",
    "village": "place",
    "stratum": "zone",
    "vehicles": "cars",
    "own_activity": "crop + stock",
}
ROWS: dict[str, list[Any]] = {
    "hh": ["d", "a", "c", "b"],
    "w": [2, 1, 3, 1],
    "n": [2, 1, 4, 2],
    "inc": [600, 150, 600, 2460],
    "wage": [0, 0, 360, 0],
    "biz": [600, 75, 0, 2400],
    "pension": [0, 45, 240, 60],
    "gift": [0, 30, 0, 0],
    "place": ["east", "west", "east", "west"],
    "zone": ["z1", "z2", "z1", "z2"],
    "cars": [0, 0, 3, 1],
    "crop": [0, 0, 0, 1],
    "stock": [0, 0, 0, 0],
}
NO_IMPUTATION = Imputation(
    assets_per_own_income=0,
    vehicle_value=0,
    land_own=0,
    land_none=0,
    transitory_share=0,
    savings_months=0,
    min_earned=0,
    max_income=1000,
    tlu_value=0,
    land_per_hectare=0,
    income_median=1,
    income_sd_log=0.5,
)
FICTION = Synthetic(
    n_villages=40,
    households_per_village=10,
    mean_log_income=-0.22,
    sd_log_income=0.8,
    own_share=0.5,
    other_mean=0.25,
    size=4.0,
)
MEXICO = Survey(
    file="package:mexico_enigh_2018.parquet",
    columns={
        "id": "folioviv + foliohog",
        "weight": "weight",
        "size": "hhsize",
        "income": "income_monetary_quarter",
        "wages": "inc_wages",
        "own": "inc_business",
        "other": "inc_cct + inc_elderly + inc_farm_support + inc_scholarships"
        " + inc_other_programmes + inc_pensions + inc_remittances + inc_other",
        "village": "upm",
        "stratum": "est_dis",
        "vehicles": "n_cars + n_pickups + n_motorcycles",
        "own_activity": "has_crop + has_livestock",
    },
    line_per_person_month=1941.01,
    line_source="CONEVAL",
    income_months=3,
)

Edit = Callable[[pd.DataFrame], pd.DataFrame | None]


def survey_of(file: Path, columns: dict[str, str] = COLUMNS) -> Survey:
    return Survey(
        file=str(file),
        columns=columns,
        line_per_person_month=LINE,
        line_source="Butler (1872)",
        income_months=MONTHS,
    )


def population_of(
    survey: Survey, n_households: int | None = None, imputation: Imputation = NO_IMPUTATION
) -> Population:
    return Population(PopulationKind.SURVEY, n_households, survey, imputation, FICTION, PUBLISHED)


def written(folder: Path, edit: Edit | None = None, kind: str = "csv") -> Path:
    """Write the tiny survey, changed by `edit`."""
    table = pd.DataFrame(ROWS).astype({"hh": object, "place": object, "zone": object})
    if edit is not None:
        table = table.astype(object)
        edited = edit(table)
        table = table if edited is None else edited
    path = folder / f"tiny.{kind}"
    if kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        table.to_stata(path, write_index=False)
    return path


def tiny(
    folder: Path,
    edit: Edit | None = None,
    n_households: int | None = None,
    imputation: Imputation = NO_IMPUTATION,
    columns: dict[str, str] = COLUMNS,
    seed: int = 1,
) -> Households:
    survey = survey_of(written(folder, edit), columns)
    return load(population_of(survey, n_households, imputation), seed, AGES)


def problems_of(folder: Path, edit: Edit, columns: dict[str, str] = COLUMNS) -> list[str]:
    with pytest.raises(SurveyError) as caught:
        tiny(folder, edit, columns=columns)
    return str(caught.value).splitlines()


def same(one: Households, two: Households) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(two, field.name)) for field in fields(one)
    )


def set_cell(column: str, row: int, value: object) -> Edit:
    def edit(table: pd.DataFrame) -> None:
        table.loc[row, column] = value

    return edit


# The scale


def test_money_is_per_member_and_year_in_lines(tmp_path: Path) -> None:
    households = tiny(tmp_path)
    # By village, then id: c and d in the east, a and b in the west.
    assert list(households.id) == ["c", "d", "a", "b"]
    # c: 600 a quarter over 4 members is 50 a month: half a line. d: 600 over 2: one line.
    # a: 150 over 1: half a line. b: 2,460 over 2: 410 a month: 4.1 lines.
    np.testing.assert_allclose(households.income, [0.5, 1.0, 0.5, 4.1])
    np.testing.assert_allclose(households.wages, [0.3, 0, 0, 0])
    np.testing.assert_allclose(households.own, [0, 1.0, 0.25, 4.0])
    np.testing.assert_allclose(households.other, [0.2, 0, 0.25, 0.1])
    assert list(households.persons) == [12, 4, 1, 2]
    assert list(households.village) == [0, 0, 1, 1]
    assert list(households.village_id) == ["east", "west"]
    assert list(households.stratum) == [0, 0, 1, 1]
    assert list(households.village_stratum) == [0, 1]
    assert list(households.has_own_activity) == [False, True, True, True]
    assert not households.has_knowledge.any()
    # Strictly below one: c and a, 13 of 19 persons.
    assert "68.4% of them have an income below the line" in households.notes[0]


def test_flags_make_own_activity_without_income(tmp_path: Path) -> None:
    households = tiny(tmp_path, set_cell("stock", 2, "TRUE"))
    assert households.has_own_activity[0]


def test_formats_give_the_same_households(tmp_path: Path) -> None:
    from_csv = tiny(tmp_path)
    for kind in ("parquet", "dta"):
        survey = survey_of(written(tmp_path, kind=kind))
        assert same(load(population_of(survey), 1, AGES), from_csv)


def test_names_keep_zeros_and_lose_points(tmp_path: Path) -> None:
    def padded(table: pd.DataFrame) -> None:
        table["hh"] = ["001", "002", "01", "1"]

    assert sorted(tiny(tmp_path, padded).id) == ["001", "002", "01", "1"]
    table = pd.DataFrame(ROWS).assign(hh=[1.0, 2.0, 3.0, 10.0])
    table.to_stata(tmp_path / "float.dta", write_index=False)
    households = load(population_of(survey_of(tmp_path / "float.dta")), 1, AGES)
    assert sorted(households.id) == ["1", "10", "2", "3"]


def test_several_columns_name_a_household(tmp_path: Path) -> None:
    columns = {**COLUMNS, "id": "place + hh"}
    assert list(tiny(tmp_path, columns=columns).id) == ["east-c", "east-d", "west-a", "west-b"]


def test_reordered_rows_give_the_same_households(tmp_path: Path) -> None:
    imputation = replace(NO_IMPUTATION, assets_per_own_income=2, transitory_share=0.3)
    straight = tiny(tmp_path, imputation=imputation)
    for order in ([3, 2, 1, 0], [2, 0, 3, 1]):

        def reorder(table: pd.DataFrame, order: list[int] = order) -> pd.DataFrame:
            return table.iloc[order]

        assert same(tiny(tmp_path, reorder, imputation=imputation), straight)
        drawn = tiny(tmp_path, reorder, n_households=50, imputation=imputation)
        assert same(drawn, tiny(tmp_path, n_households=50, imputation=imputation))
    # Negative control: another income is another population.
    assert not same(tiny(tmp_path, set_cell("inc", 0, 601), imputation=imputation), straight)


# Roles a survey may lack


def test_what_is_left_of_income_fills_a_part_without_a_column(tmp_path: Path) -> None:
    without_wages = {role: name for role, name in COLUMNS.items() if role != "wages"}
    households = tiny(tmp_path, columns=without_wages)
    np.testing.assert_allclose(households.wages, [0.3, 0, 0, 0], atol=1e-12)
    without_other = {role: name for role, name in COLUMNS.items() if role != "other"}
    households = tiny(tmp_path, columns=without_other)
    np.testing.assert_allclose(households.other, [0.2, 0, 0.25, 0.1], atol=1e-12)
    only_income = {role: COLUMNS[role] for role in ("id", "weight", "size", "income")}
    households = tiny(tmp_path, columns=only_income)
    np.testing.assert_array_equal(households.wages, households.income)
    assert households.n_villages == 4
    assert not households.has_own_activity.any()
    assert set(households.village_stratum) == {0}


def test_parts_that_do_not_sum_are_told(tmp_path: Path) -> None:
    # d earns 630 where its income says 600: 0.05 lines off.
    notes = tiny(tmp_path, set_cell("biz", 0, 630)).notes
    assert any("do not sum to it: 1, by 0.05 lines at most" in note for note in notes)
    assert not any("do not sum" in note for note in tiny(tmp_path).notes)


def test_own_income_may_be_a_loss(tmp_path: Path) -> None:
    def loss(table: pd.DataFrame) -> None:
        table.loc[0, ["inc", "biz"]] = [-300, -300]

    households = tiny(tmp_path, loss, imputation=replace(NO_IMPUTATION, min_earned=0.05))
    assert households.own[1] == -0.5
    assert households.earned_permanent[1] == 0.05
    assert households.savings[1] == 0
    assert any("own income below zero: 1;" in note for note in households.notes)


# Imputation


def test_imputed_assets_by_hand(tmp_path: Path) -> None:
    imputation = replace(
        NO_IMPUTATION,
        assets_per_own_income=2,
        vehicle_value=1,
        land_own=1,
        land_none=0.2,
        transitory_share=0.75,
        savings_months=6,
    )

    def two_owners(table: pd.DataFrame) -> pd.DataFrame:
        # a and b, two persons each: own income 0.25 and 4; and c without own activity.
        table.loc[1, "w"] = 2
        return table.iloc[1:]

    households = tiny(tmp_path, two_owners, imputation=imputation)
    assert list(households.id) == ["c", "a", "b"]
    # Mean log of 0.25 and 4 is zero; sqrt(1 - 0.75) halves the logs: 0.5 and 2, mean 1.25.
    # Scaled to the mean of 2.125 they are 0.85 and 3.4; two years of that, and b's car over 2.
    np.testing.assert_allclose(households.assets, [0, 1.7, 6.8 + 0.5])
    np.testing.assert_allclose(households.land, [0.2, 1, 1])
    np.testing.assert_allclose(households.savings, [0.25, 0.25, 2.05])


def test_lasting_earnings_by_hand(tmp_path: Path) -> None:
    imputation = replace(NO_IMPUTATION, transitory_share=0.75, min_earned=0.3)

    def weigh(table: pd.DataFrame) -> None:
        table.loc[0, "w"] = 1  # d and b stand for two persons each

    households = tiny(tmp_path, weigh, imputation=imputation)
    # c earns 0.3 and a 0.25: no more than the least. d earns 1 and b 4: logs 0 and log 4 around
    # log 2 are halved: sqrt(2) and sqrt(8), mean 1.5 sqrt(2), scaled to the mean of 2.5.
    scale = 2.5 / (1.5 * np.sqrt(2))
    np.testing.assert_allclose(
        households.earned_permanent, [0.3, scale * np.sqrt(2), 0.3, scale * np.sqrt(8)]
    )
    # Nothing transitory: earnings as they are.
    households = tiny(tmp_path, imputation=replace(imputation, transitory_share=0))
    np.testing.assert_allclose(households.earned_permanent, [0.3, 1, 0.3, 4])


def test_parts_of_income_are_capped_and_income_is_not(tmp_path: Path) -> None:
    households = tiny(tmp_path, imputation=replace(NO_IMPUTATION, max_income=2))
    assert households.own[3] == 2
    assert households.income[3] == pytest.approx(4.1)
    assert any("capped at 2 lines a year: 1." in note for note in households.notes)


def test_who_farms_for_the_pot_has_tools(tmp_path: Path) -> None:
    imputation = replace(NO_IMPUTATION, assets_per_own_income=2, min_earned=0.05)
    households = tiny(tmp_path, set_cell("crop", 2, 1), imputation=imputation)
    assert households.assets[0] == pytest.approx(0.1)
    households = tiny(
        tmp_path, set_cell("crop", 2, 1), imputation=replace(imputation, min_earned=0)
    )
    assert households.assets[0] == 0


def test_measured_stocks_and_ages_are_kept(tmp_path: Path) -> None:
    def measured(table: pd.DataFrame) -> None:
        table["herd"] = [2400, 0, 4800, 0]
        table["bank"] = [-240, 0, 0, 1200]
        table["head"] = [33, 44, 55, 66]

    columns = {**COLUMNS, "assets": "herd", "savings": "bank", "age": "head"}
    imputation = replace(NO_IMPUTATION, assets_per_own_income=2, savings_months=6)
    households = tiny(tmp_path, measured, imputation=imputation, columns=columns)
    # d: 2,400 over 2 members is one year at 100 a month.
    np.testing.assert_allclose(households.assets, [1, 1, 0, 0])
    np.testing.assert_allclose(households.savings, [0, -0.1, 0, 0.5])
    np.testing.assert_allclose(households.age, [55, 33, 44, 66])
    assert not any("imputed: " in note and "Land" not in note for note in households.notes)


def test_ages_are_a_function_of_seed_and_id(tmp_path: Path) -> None:
    longer = set_cell("hh", 2, "a longer name")
    whole, part = tiny(tmp_path, longer), tiny(tmp_path, lambda table: table.iloc[:2])
    ages = dict(zip(whole.id, whole.age, strict=True))
    assert [ages[id] for id in part.id] == list(part.age)
    assert not np.array_equal(tiny(tmp_path, longer, seed=2).age, whole.age)


# The resample


def test_resample_keeps_persons_and_villages(tmp_path: Path) -> None:
    whole = tiny(tmp_path)
    home = dict(zip(whole.id, whole.village_id[whole.village], strict=True))
    for n_households in (1, 3, 1000):
        drawn = tiny(tmp_path, n_households=n_households)
        assert drawn.n_households == n_households
        assert len(set(drawn.id)) == n_households
        assert len(set(drawn.weight)) == 1
        assert drawn.persons.sum() == pytest.approx(whole.persons.sum())
        assert set(drawn.village) == set(range(drawn.n_villages))
        assert (np.diff(drawn.village) >= 0).all()
        assert set(drawn.village_stratum) == set(range(len(set(drawn.stratum))))
        np.testing.assert_array_equal(drawn.stratum, drawn.village_stratum[drawn.village])
        order = np.lexsort((drawn.id, drawn.village))
        np.testing.assert_array_equal(order, np.arange(n_households))
        for id, village in zip(drawn.id, drawn.village, strict=True):
            assert drawn.village_id[village] == home[id.split("/")[0]]

    # "d" comes before "d-1", and "d-1/1" before "d/1".
    drawn = tiny(tmp_path, set_cell("hh", 2, "d-1"), n_households=30)
    assert list(drawn.id[drawn.village == 0]) == sorted(drawn.id[drawn.village == 0])
    # A single household leaves one village, numbered zero.
    assert tiny(tmp_path, n_households=1).n_villages == 1


def test_resample_follows_weights(tmp_path: Path) -> None:
    n_households = 20_000
    drawn = tiny(tmp_path, n_households=n_households)
    names, counts = np.unique([id.split("/")[0] for id in drawn.id], return_counts=True)
    chance = dict(zip(names, counts / n_households, strict=True))
    for id, expected in {"a": 1 / 7, "b": 1 / 7, "c": 3 / 7, "d": 2 / 7}.items():
        std_error = np.sqrt(expected * (1 - expected) / n_households)
        assert abs(chance[id] - expected) < 3 * std_error


def test_resample_is_a_function_of_the_seed(tmp_path: Path) -> None:
    drawn = tiny(tmp_path, n_households=50)
    assert same(drawn, tiny(tmp_path, n_households=50))
    assert not np.array_equal(drawn.income, tiny(tmp_path, n_households=50, seed=2).income)


# Mexico


@pytest.fixture(scope="module")
def mexico() -> Households:
    return load(population_of(MEXICO), 1, AGES)


def weighted_quantile(value: np.ndarray, weight: np.ndarray, share: float) -> float:
    order = np.argsort(value)
    return float(np.interp(share, np.cumsum(weight[order]) / weight.sum(), value[order]))


def test_mexico_stands_where_it_was_measured(mexico: Households) -> None:
    persons, income = mexico.persons, mexico.income
    assert mexico.n_households == 28_638
    assert mexico.n_villages == 1_338
    assert mexico.weight.sum() == 7_905_874
    assert persons[income < 1].sum() / persons.sum() == pytest.approx(0.6214, abs=5e-5)
    assert weighted_quantile(income, persons, 0.1) == pytest.approx(0.267, abs=5e-4)
    assert weighted_quantile(income, persons, 0.5) == pytest.approx(0.798, abs=5e-4)
    assert weighted_quantile(income, persons, 0.9) == pytest.approx(2.10, abs=5e-3)
    # Gini: twice the covariance of income and rank over the mean.
    order = np.argsort(income)
    share, value = persons[order] / persons.sum(), income[order]
    rank = np.cumsum(share) - share / 2
    gini = 2 * (np.sum(share * value * rank) / np.sum(share * value)) - 1
    assert gini == pytest.approx(0.451, abs=5e-4)


def test_mexico_has_parts_that_sum_and_many_without_own_work(mexico: Households) -> None:
    np.testing.assert_allclose(
        mexico.wages + mexico.own + mexico.other, mexico.income, rtol=1e-6, atol=1e-6
    )
    none = mexico.weight[~mexico.has_own_activity].sum() / mexico.weight.sum()
    assert 0.4 < none < 0.6
    assert mexico.age.min() >= 25
    assert mexico.age.max() < 64
    std_error = (64 - 25) / np.sqrt(12 * mexico.n_households)
    assert abs(mexico.age.mean() - (64 + 25) / 2) < 3 * std_error


def test_the_packaged_survey_is_small_and_attributed() -> None:
    path = Path(str(resources.files("resilience_sim") / "data" / "mexico_enigh_2018.parquet"))
    assert path.stat().st_size <= 1_500_000
    attribution = pq.read_schema(path).metadata[b"attribution"].decode()
    assert attribution.startswith("INEGI, Encuesta Nacional de Ingresos y Gastos de los Hogares")
    assert attribution in " ".join((path.parent / "SOURCE.md").read_text().split())


# Fiction


def fictional(n_households: int | None = None, seed: int = 1, **changes: float) -> Households:
    synthetic = replace(FICTION, **changes)
    population = Population(
        PopulationKind.SYNTHETIC,
        n_households,
        survey_of(Path("")),
        NO_IMPUTATION,
        synthetic,
        PUBLISHED,
    )
    return load(population, seed, AGES)


def test_fiction_has_the_moments_asked_for() -> None:
    households = fictional(n_villages=1000, households_per_village=20)
    n = households.n_households
    assert (n, households.n_villages) == (20_000, 1000)
    log = np.log(households.income)
    assert abs(log.mean() + 0.22) < 3 * 0.8 / np.sqrt(n)
    assert abs(log.std() - 0.8) < 3 * 0.8 / np.sqrt(2 * n)
    for column, mean in (("other", 0.25), ("has_own_activity", 0.5), ("size", 4.0)):
        value = getattr(households, column).astype(float)
        assert abs(value.mean() - mean) < 3 * value.std() / np.sqrt(n)
    np.testing.assert_allclose(
        households.wages + households.own + households.other, households.income
    )
    assert min(households.wages.min(), households.own.min(), households.other.min()) >= 0
    assert (households.own[~households.has_own_activity] == 0).all()


def test_fiction_has_the_size_asked_for_and_depends_on_the_seed() -> None:
    households = fictional(n_households=25)
    assert list(np.bincount(households.village)) == [10, 10, 5]
    assert list(households.village_stratum) == [0, 1, 0]
    assert (households.weight == 1).all()
    assert same(households, fictional(n_households=25))
    assert not np.array_equal(households.income, fictional(n_households=25, seed=2).income)


def test_fiction_cannot_have_more_gifts_than_income() -> None:
    with pytest.raises(ConfigError, match=r"other_mean must be at most the mean income"):
        fictional(other_mean=2.0)


# What can be wrong


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (set_cell("w", 2, -3), "column w, row 3 (id c) must be above 0 (households it stands for"),
        (set_cell("w", 2, 0), "column w, row 3 (id c) must be above 0 (households it stands for"),
        (set_cell("n", 1, -1), "column n, row 2 (id a) must be above 0 (members, persons); got -1"),
        (set_cell("n", 1, 0), "column n, row 2 (id a) must be above 0"),
        (set_cell("inc", 0, "lots"), "column inc, row 1 (id d) must be a number (all income"),
        (set_cell("inc", 0, "1,200"), "got '1,200'"),
        (set_cell("inc", 0, ""), "column inc, row 1 (id d) must be a number (all income"),
        (set_cell("gift", 3, None), "column gift, row 4 (id b) must be a number"),
        (set_cell("biz", 3, "inf"), "column biz, row 4 (id b) must be finite"),
        (set_cell("wage", 3, -5), "column wage, row 4 (id b) must be at least 0"),
        (set_cell("gift", 3, -5), "column gift, row 4 (id b) must be at least 0"),
        (set_cell("cars", 3, -1), "column cars, row 4 (id b) must be at least 0"),
        (set_cell("crop", 3, "maybe"), "column crop, row 4 (id b) must be a number"),
        (set_cell("inc", 3, -1), "column inc, row 4 (id b) must be at least 0 unless own income"),
        (set_cell("hh", 3, "d"), "row 4 (id d) must name each household once; got the id of row 1"),
        (set_cell("hh", 3, ""), "column hh, row 4 must hold a name; got nothing"),
        (set_cell("place", 3, None), "column place, row 4 (id b) must hold a name; got nothing"),
        (
            set_cell("zone", 2, "z2"),
            "column zone, row 3 (id c) must be the same throughout a village; "
            "got z2 for village east, which is in z1 in row 1",
        ),
        (lambda table: table.assign(w=0), "column w must hold weights above 0"),
        (lambda table: table.drop(columns="wage"), "must have one column wage"),
        (lambda table: table.rename(columns={"wage": "wages"}), "Did you mean wages?"),
        (lambda table: table.drop(columns="gift"), "must have one column gift"),
        (lambda table: table.rename(columns={"gift": "inc"}), "got 2 of that name"),
        (lambda table: table.iloc[:0], "must hold at least one household; got no rows"),
    ],
)
def test_problem_is_told_with_column_row_and_value(tmp_path: Path, edit: Edit, said: str) -> None:
    lines = problems_of(tmp_path, edit)
    assert any(said in line for line in lines), lines
    assert all(line.startswith("SurveyError: ") and "tiny.csv" in line for line in lines)


def test_a_sound_survey_has_no_problems(tmp_path: Path) -> None:
    tiny(tmp_path, lambda table: None)


def test_parquet_tells_the_same_problems(tmp_path: Path) -> None:
    for column, value, said in (
        ("inc", np.nan, "column inc, row 1 (id d) must be a number"),
        ("inc", np.inf, "column inc, row 1 (id d) must be finite"),
        ("w", -1.0, "column w, row 1 (id d) must be above 0"),
    ):
        table = pd.DataFrame(ROWS)
        table[column] = table[column].astype(float)
        table.loc[0, column] = value
        table.to_parquet(tmp_path / "tiny.parquet")
        with pytest.raises(SurveyError) as caught:
            load(population_of(survey_of(tmp_path / "tiny.parquet")), 1, AGES)
        assert said in str(caught.value)


def test_nullable_columns_tell_what_is_missing(tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS).astype({"place": "string", "w": "Int64", "crop": "boolean"})
    whole = load(population_of(survey_of(written(tmp_path))), 1, AGES)
    table.to_parquet(tmp_path / "tiny.parquet")
    assert same(load(population_of(survey_of(tmp_path / "tiny.parquet")), 1, AGES), whole)
    for row, column in enumerate(("place", "w", "crop")):
        table.loc[row, column] = pd.NA
    table.to_parquet(tmp_path / "tiny.parquet")
    with pytest.raises(SurveyError) as caught:
        load(population_of(survey_of(tmp_path / "tiny.parquet")), 1, AGES)
    text = str(caught.value)
    for said in ("column place, row 1 (id d)", "column w, row 2 (id a)", "column crop, row 3 (id"):
        assert said in text
    assert text.count("got nothing") == 3


def test_dates_are_not_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS).assign(inc=pd.Timestamp("2018-08-01"))
    table.to_parquet(tmp_path / "tiny.parquet")
    with pytest.raises(SurveyError, match="column inc, row 1"):
        load(population_of(survey_of(tmp_path / "tiny.parquet")), 1, AGES)


def test_problems_are_told_together(tmp_path: Path) -> None:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[0, "w"], table.loc[1, "n"], table.loc[2, "biz"] = -1, "two", "inf"
        table.loc[3, "hh"] = "a"
        return table.drop(columns="zone")

    lines = problems_of(tmp_path, spoil)
    for said in ("column w, row 1", "column n, row 2", "column biz, row 3", "one column zone"):
        assert any(said in line for line in lines)
    assert any("row 4 (id a) must name each household once" in line for line in lines)
    assert len(lines) == 5


def test_many_problems_are_told_in_few_lines(tmp_path: Path) -> None:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        many = pd.concat([table] * 10, ignore_index=True)
        many["hh"] = [str(row) for row in range(40)]
        many["w"] = -1
        return many

    lines = problems_of(tmp_path, spoil)
    assert len(lines) == 3
    assert lines[-1].endswith("More rows like it: 37.")

    def spoil_all(table: pd.DataFrame) -> pd.DataFrame:
        many = spoil(table)
        for column in ("n", "inc", "wage", "biz", "pension", "gift", "cars", "crop"):
            many[column] = "x"
        return many

    lines = problems_of(tmp_path, spoil_all)
    assert len(lines) == 21
    assert lines[-1].endswith("got 7 more lines like these.")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "must name a file that exists"),
        ("tiny.xlsx", b"x", "must end in .parquet, .csv, .dta"),
        ("empty.csv", b"", "got an empty file"),
        ("empty.parquet", b"", "got an empty file"),
        ("broken.parquet", b"no parquet", "must be a readable .parquet file"),
        ("broken.dta", b"no stata", "must be a readable .dta file"),
        ("blank.csv", b"\n\n", "must be a readable .csv file"),
        ("semicolon.csv", b"hh;w\na;1\n", "a single column 'hh;w'"),
        ("header.csv", b"hh,w\n", "must hold at least one household"),
        ("ragged.csv", b"hh,w\na,1\nb,1,2\n", "must be a readable .csv file"),
        ("latin.csv", "hh,w\nMuñoz,1\n".encode("latin-1"), "must be a readable .csv file"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SurveyError) as caught:
        load(population_of(survey_of(tmp_path / name)), 1, AGES)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_shipped_survey_names_those_there_are() -> None:
    with pytest.raises(SurveyError, match=r"Shipped: package:mexico_enigh_2018\.parquet\."):
        load(population_of(replace(MEXICO, file="package:mexico.parquet")), 1, AGES)


def test_roles_that_do_not_exist_or_are_needed(tmp_path: Path) -> None:
    columns = {**COLUMNS, "wieght": "w"}
    del columns["weight"]
    with pytest.raises(ConfigError) as caught:
        tiny(tmp_path, columns=columns)
    text = str(caught.value)
    assert "got 'wieght'. Did you mean weight?" in text
    assert "say which column is weight (households it stands for)" in text
