"""Reported numbers are found by name, and defaults are the numbers they quote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from resilience_sim.errors import ConfigError
from resilience_sim.evidence import parameter, parameters

ROOT = Path(__file__).parents[1]


def test_a_number_comes_with_its_unit_source_and_quality() -> None:
    line = parameter("poverty_line", "rural_poverty_line_food_and_nonfood", "cdnoticias")
    assert line.value == 1941.01
    assert line.unit == "MXN per person per month, August 2018"
    assert line.source.startswith("CONEVAL")
    assert line.quality == "secondary"
    assert (line.low, line.high) == (None, None)


def test_ranges_and_words_are_not_numbers() -> None:
    cost = parameter("two_technology", "fixed cost high technology")
    assert (cost.value, cost.low, cost.high) == (0.45, 0, 0.65)
    assets = parameter("two_technology", "initial capital uniform")
    assert (assets.value, assets.low, assets.high) == (None, 0.1, 10)
    prices = parameter("covid_food_insecurity", "staple price increase Jan-Jun 2020")
    assert (prices.value, prices.low, prices.high) == (None, 0.05, 0.15)
    words = parameter("drought", "crop income loss lowest / top tercile")
    assert (words.value, words.low, words.text) == (None, None, "0.69 / 0.58")
    assert parameter("covid_income", "LABOUR income fall by Q3 2020").value == -0.193


@pytest.mark.parametrize(
    ("block", "name", "scope", "said"),
    [
        ("two_tecnology", "CRRA rho", None, "Did you mean 'two_technology'"),
        ("two_technology", "gamma_hi", None, "'gamma_high'"),
        ("two_technology", "crra", None, "'CRRA rho'"),
        ("two_technology", "gamma_low", None, "got no scope. Rows: stylised, DGL-PTM"),
        ("two_technology", "gamma_low", "stylised", "fits one row; got 'stylised'"),
        ("two_technology", "gamma_low", "Erewhon", "fits a row; got 'Erewhon'. Rows: stylised"),
    ],
)
def test_what_is_not_there_is_told(block: str, name: str, scope: str | None, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parameter(block, name, scope)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_block_comes_whole_and_in_order() -> None:
    lines = parameters("poverty_line")
    assert [line.value for line in lines] == [1073.69, 1941.01, 1179.75, 2089.93]
    assert {line.block for line in lines} == {"poverty_line"}
    with pytest.raises(ConfigError, match="Did you mean 'intergenerational_education'"):
        parameters("intergenerational_educaton")


def test_persistence_is_reported_for_seven_countries_by_two_kinds_of_parent() -> None:
    lines = parameters("intergenerational_education")
    assert all(line.quality in ("verified", "secondary") for line in lines)
    slopes = [line for line in lines if line.name.startswith("persistence IGP")]
    assert len(slopes) == len({(line.scope, line.locator) for line in slopes}) == 14
    assert all(line.value is not None and 0 < line.value < 1 for line in slopes)
    definition = next(line for line in lines if line.name.startswith("definition of persistence"))
    assert definition.value is None and "max parental years" in definition.name


def settings(path: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_defaults_are_the_numbers_they_quote() -> None:
    technology = settings("conf/technology/default.yaml")
    exponent = technology["exponent"]
    low = parameter("two_technology", "gamma_low exponent", "Correa Moreno")
    assert exponent["traditional"] == low.value
    assert exponent["improved"] == parameter("two_technology", "gamma_high exponent").value
    assert technology["depreciation"] == parameter("two_technology", "depreciation delta").value
    assert settings("conf/preferences/default.yaml")["crra"] == (
        parameter("two_technology", "CRRA rho", "Correa Moreno").value
    )


def test_the_pandemic_is_the_one_it_quotes() -> None:
    shock = settings("conf/shock/covid_like.yaml")
    wages = parameter("covid_income", "labour income fall by Q3 2020", "LAC")
    hit = "share of households with income decrease (average country)"
    prices = parameter("covid_food_insecurity", "staple price increase Jan-Jun 2020", "Mali")
    assert wages.value is not None
    assert shock["wage_loss"] == -wages.value
    assert shock["share_hit"] == parameter("covid_income", hit).value
    assert shock["price_rise"] == prices.low


def test_mexico_stands_on_the_line_it_quotes() -> None:
    survey = settings("conf/population/mexico.yaml")["survey"]
    line = parameter("poverty_line", "rural_poverty_line_food_and_nonfood", "cdnoticias")
    assert survey["line_per_person_month"] == line.value
