"""Priors: bounds, scores, and what a draw sets in a configuration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience_sim import compose
from resilience_sim.calibration.priors import Level, priors, values_of, with_values
from resilience_sim.cli.composition import group_options
from resilience_sim.config import Config
from resilience_sim.runs import config_text
from small_programmes import COACHING


@pytest.fixture(scope="module")
def config() -> Config:
    composed = compose(["case=erewhon"])
    contents = composed.programme.contents | {"coaching": replace(COACHING, success=0.5)}
    programme = replace(
        composed.programme, contents=contents, served_after_clients={"productive": 0.9}
    )
    return replace(composed, programme=programme)


def test_common_parameters_come_first_and_names_are_unique() -> None:
    levels = [prior.level for prior in priors()]
    assert levels == sorted(levels, key=list(Level).index)
    assert len({prior.name for prior in priors()}) == len(priors())


@pytest.mark.parametrize("prior", priors(), ids=lambda prior: prior.name)
def test_values_stay_inside_their_bounds_and_rise_with_the_score(prior) -> None:  # type: ignore[no-untyped-def]
    values = prior.values(np.array([-9.0, -1.0, 0.0, 1.0, 9.0]))
    assert (np.diff(values) > 0).all()
    assert values[0] == pytest.approx(prior.low) and values[-1] == pytest.approx(prior.high)
    middle = (prior.low * prior.high) ** 0.5 if prior.is_log else (prior.low + prior.high) / 2
    assert values[2] == pytest.approx(middle)
    assert prior.shares(values)[[0, 2, 4]] == pytest.approx([0.0, 0.5, 1.0])


@pytest.mark.parametrize("prior", priors(), ids=lambda prior: prior.name)
def test_every_parameter_changes_the_settings_and_nothing_else(prior, config: Config) -> None:  # type: ignore[no-untyped-def]
    value = 0.77 * prior.low + 0.23 * prior.high
    before, after = (
        config_text(each).splitlines()
        for each in (config, with_values(config, {prior.name: value}))
    )
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    fields = ["wage_loss", "own_loss", "other_loss"]  # what a shock's depth is
    if prior.setting != "shock:depth":
        fields = [prior.setting.split(".")[-1]]
    if prior.name == "others_served":
        fields = ["productive"]  # every arm of the mapping
    assert sorted(line.split(":")[0].strip() for line in changed) == sorted(fields)


def test_a_factor_multiplies_and_a_share_ends_at_one(config: Config) -> None:
    told = with_values(config, {"training_success": 1.25, "transfer_delivered": 0.8})
    contents = told.programme.contents
    assert contents["training"].success == 1.0
    assert contents["transfer"].value == pytest.approx(
        0.8 * config.programme.contents["transfer"].value
    )
    assert config.programme.contents["training"].success == 0.8


def test_values_of_a_point_are_those_of_its_priors() -> None:
    values = values_of(np.zeros(len(priors())))
    assert list(values) == [prior.name for prior in priors()]
    with pytest.raises(KeyError):
        with_values(compose(["case=erewhon"]), {"no_such_parameter": 1.0})


@pytest.mark.parametrize("case", group_options()["case"])
def test_the_improved_technique_never_takes_less_labour(case: str) -> None:
    config, bounds = compose([f"case={case}"]), {prior.name: prior for prior in priors()}
    told = {
        "labour_traditional": bounds["labour_traditional"].high,
        "labour_improved": bounds["labour_improved"].low,
    }
    labour = with_values(config, told).technology.labour
    assert 0.0 < labour["traditional"] <= labour["improved"] + 1e-12


def test_own_work_takes_no_more_than_all_labour(config: Config) -> None:
    busy = replace(config.technology, labour={"none": 0.0, "traditional": 0.95, "improved": 0.95})
    told = with_values(
        replace(config, technology=busy), {"labour_traditional": 1.2, "labour_improved": 1.25}
    )
    assert told.technology.labour == {"none": 0.0, "traditional": 1.0, "improved": 1.0}
