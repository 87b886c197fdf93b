"""Sliders and settings: where the case has them they change nothing, elsewhere what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from resilience_sim.config import Config, ContentKind
from resilience_sim.errors import ConfigError
from resilience_sim.whatif.cases import Choice, composed, options
from resilience_sim.whatif.scenario import MORE_SCALE, configured, own
from resilience_sim.whatif.sliders import in_currency, moved, sliders

EREWHON = Choice("erewhon")
PERU = Choice("peru_juntos_haku_winay")


def scenario(choice: Choice = EREWHON, **moves: float) -> Config:
    base = composed(choice)
    return configured(base, replace(own(base), **moves))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", options()["case"])
def test_sliders_at_rest_leave_the_four_arms_of_every_case_as_they_are(case: str) -> None:
    base = composed(Choice(case))
    config = configured(base, own(base))
    for arm in ("none", "cash", "productive", "both"):
        names = base.programme.arms[arm]
        assert config.programme.arms[arm] == names
        for name in names:
            assert config.programme.contents[name] == base.programme.contents[name]
    for part in ("shock", "coordination", "technology", "population", "planner", "preferences"):
        assert getattr(config, part) == getattr(base, part)


@pytest.mark.parametrize("case", options()["case"])
def test_a_slider_stands_where_the_case_has_it(case: str) -> None:
    base = composed(Choice(case))
    told = sliders(base)
    assert {each.group for each in told} >= {"Programme", "Shock"}
    assert all(each.low <= each.value <= each.high for each in told)
    assert moved(base, {each.name: each.value for each in told}) == own(base)


def test_a_slider_off_its_steps_still_finds_the_case() -> None:
    base = composed(PERU)
    slider = next(each for each in sliders(base) if each.name == "transfer")
    on_a_step = round(slider.value / slider.step) * slider.step
    assert on_a_step != slider.value
    assert moved(base, {"transfer": on_a_step}) == own(base)
    assert moved(base, {"transfer": on_a_step + slider.step}) != own(base)


def test_more_transfer_costs_more_in_proportion() -> None:
    transfer = scenario(transfer=0.30).programme.contents["transfer"]
    assert transfer.value == pytest.approx(0.30)
    assert transfer.unit_cost == pytest.approx(0.34)  # 0.17 for 0.15


def test_grants_of_two_contents_keep_their_proportions() -> None:
    contents = scenario(PERU, grant=0.744).programme.contents
    assert contents["asset_grant"].value == pytest.approx(0.744)
    assert contents["business_fund"].value == pytest.approx(0.344)


def test_training_costs_the_same_whatever_comes_of_it_and_nothing_without_it() -> None:
    less, none = scenario(training=0.4), scenario(training=0.0)
    assert less.programme.contents["training"].success == pytest.approx(0.4)
    assert less.programme.contents["training"].unit_cost == 0.10
    assert none.programme.arms["both"] == ["transfer", "asset_grant"]
    assert none.programme.arms["productive_more"] == ["asset_grant"]


def test_coaching_is_that_of_the_case_or_ours() -> None:
    known, ours = scenario(PERU, coaching=0.5), scenario(coaching=0.5)
    assert known.programme.arms["both"][-1] == "coaching"
    assert known.programme.contents["coaching"].unit_cost == 0.101
    assert known.programme.contents["coaching"].success == 0.5
    added = ours.programme.contents["whatif_coaching"]
    assert added.kind is ContentKind.COACHING and added.quality == "assumed"
    assert ours.programme.arms["cash"] == ["transfer"]


def test_a_case_without_grant_gets_one() -> None:
    config = scenario(Choice("ethiopia_psnp_insct"), grant=0.2)
    assert config.programme.contents["whatif_grant"].value == 0.2
    assert "whatif_grant" in config.programme.arms["productive"]


def test_every_arm_that_gives_something_has_a_twin_with_a_quarter_more() -> None:
    config = scenario()
    assert config.arms[4:] == ["cash_more", "productive_more", "both_more"]
    assert config.programme.arms["cash_more"] == config.programme.arms["cash"]
    assert config.programme.arm_scale["both_more"] == MORE_SCALE
    without = scenario(transfer=0.0, grant=0.0, training=0.0)
    assert without.programme.contents["transfer"].unit_cost == 0.0


def test_coverage_is_a_quota_and_coordination_is_told() -> None:
    assert scenario(coverage=0.3).programme.targeting.quota == 0.3
    assert scenario().programme.targeting.quota is None
    terms = scenario(PERU, registry=0.9, lag_months=2, delivery=0.5).coordination.terms
    assert (terms.shared_registry, terms.lag_months, terms.productive_delivery) == (0.9, 2, 0.5)


def test_a_shock_deepens_and_stretches() -> None:
    base, deep = composed(EREWHON).shock, scenario(depth=2.0).shock
    assert deep.own_loss == pytest.approx(2 * base.own_loss)
    assert deep.path == base.path
    long = scenario(quarters=12).shock
    assert long.path == [d for depth in base.path for d in (depth, depth)]
    short = scenario(quarters=3).shock
    assert short.path == pytest.approx([1.0, 0.625, 0.175])


def test_a_deep_shock_closes_schools_no_more_than_wholly() -> None:
    base, deep = composed(EREWHON).shock, scenario(depth=3.0).shock
    assert base.school_closed > 1 / 3 and deep.school_closed == 1.0
    assert deep.wage_loss == pytest.approx(3 * base.wage_loss)


def test_every_blow_of_a_shock_is_stretched() -> None:
    choice = Choice("erewhon", shock="drought_and_price_spike")
    base = composed(choice)
    longer = scenario(choice, quarters=2 * len(base.shock.path)).shock
    assert [len(each.path) for each in longer.also.values()] == [
        2 * len(each.path) for each in base.shock.also.values()
    ]


def test_what_cannot_be_is_told_in_the_words_of_the_engine() -> None:
    with pytest.raises(ConfigError, match=r"shock\.own_loss must lie in \[0, 1\]"):
        scenario(Choice("erewhon", shock="drought"), depth=2.0)


def test_a_case_of_the_working_directory_can_be_chosen_even_if_it_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "scenarios" / "case"
    folder.mkdir(parents=True)
    (folder / "bare.yaml").write_text(
        "# @package _global_\ncase_name: bare\n"
        "programme: {arms: {cash: [], productive: [], both: [], half: []}}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert "bare" in options()["case"]
    config = scenario(Choice("bare"))
    assert config.arms == ["none", "cash", "productive", "both"]


def test_lines_are_told_in_the_currency_of_a_survey_that_has_one() -> None:
    assert in_currency(composed(Choice("mexico")), 0.1) == pytest.approx(0.1 * 12 * 1941.01)
    assert in_currency(composed(EREWHON), 0.1) is None
