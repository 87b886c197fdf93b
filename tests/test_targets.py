"""Reported effects: complete, typed, each with its reading, and in no other file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from resilience_sim.calibration.forecasts import contrast_of
from resilience_sim.calibration.misfit import BANDS
from resilience_sim.cli import compose, main
from resilience_sim.cli.composition import group_options
from resilience_sim.errors import ConfigError
from resilience_sim.evidence import Base, Role, fact, facts, structure, targets, trials
from resilience_sim.evidence.trials import TRANSPORT
from resilience_sim.kernels.primitives import OUTCOMES
from resilience_sim.model import LABOUR
from resilience_sim.outcomes.measured import INDICES

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
CASES = {
    "colombia_fest_unidos", "colombia_ppp", "mexico_proinpro_pdps", "peru_juntos_haku_winay",
    "ethiopia_psnp_insct", "lesotho_cgp_springs", "mali_niono_cashplus", "zambia_casu_hgsf",
}  # fmt: skip


def test_all_cases_are_there_and_every_target_once() -> None:
    every = targets()
    assert len(every) == 126
    assert {target.case_id for target in every} == CASES
    assert max(Counter(target.target_id for target in every).values()) == 1
    assert sum(len(targets(case)) for case in CASES) == len(every)


def test_every_target_says_what_it_is() -> None:
    for target in targets():
        assert target.metric in ("percent", "pp", "sd", "level", "sign")
        assert target.comparison in ("control", "cash", "productive", "interaction")
        assert target.arm in ("cash", "productive", "both", "coaching_added")
        assert target.tolerance > 0 and target.horizon_months > 0
        assert target.weight in ("high", "medium", "low")
        assert target.quality in ("verified", "secondary", "direction_only")
        assert target.estimand in ("treated", "intention", "not said")
        is_percentage = target.metric == "percent" or (
            target.is_number and target.unit == "percent"
        )
        assert (target.base is not None) == is_percentage
        assert (target.base is Base.LOSS) == (target.unit == "removed")
        assert target.source and target.because
        if not target.is_number:
            assert target.value in (-1, 0, 1) and target.tolerance == 0.5


def test_trials_elsewhere_are_read_off_the_table_with_room_for_transport() -> None:
    every = [target for trial in trials() for target in trial.targets]
    assert [trial.case_id for trial in trials()] == [
        "bangladesh_tup", "kenya_gd", "mexico_oportunidades",
    ]  # fmt: skip
    names = [target.target_id for target in every]
    assert len(set(names)) == len(names) and not set(names) & {t.target_id for t in targets()}
    for target in every:
        assert target.quality == "verified" and target.because
        if target.is_number:
            assert target.tolerance >= TRANSPORT * abs(target.value)
            error = target.standard_error or 0.0
            assert target.tolerance == pytest.approx(np.hypot(error, TRANSPORT * target.value))
    by_name = {target.target_id: target for target in every}
    (below,) = (e for e in structure() if e.reported_as.startswith("log asset change 4y: below"))
    assert by_name["TB01"].value == below.effect
    (trial,) = trials("bangladesh_tup")
    assert trial.split is not None and 0.05 < trial.split < 0.5
    with pytest.raises(ConfigError, match="bangladesh_tup"):
        trials("bangladesh")


def test_nothing_from_memory_is_a_target() -> None:
    assert "memory" not in {target.quality for target in targets()}


def test_what_represents_a_target_is_an_outcome_of_the_model() -> None:
    flows = (*OUTCOMES, "earned", LABOUR)
    shocks = set(group_options()["shock"])
    known = {"effects": flows, "measured": INDICES, **dict.fromkeys(["shock", *shocks], flows)}
    for target in targets():
        assert bool(target.table) == target.is_represented
        if target.is_represented:
            assert target.measure in known[target.table]
            assert target.unit and target.contrast and target.factor > 0
            assert 0 < target.exposure <= 1
            assert (target.year is None) == (target.table == "shock") or target.table in shocks


def test_the_arms_that_fitted_targets_compare_are_in_their_cases() -> None:
    for case in CASES:
        arms = set(compose([f"case={case}"]).programme.arms)
        for target in targets(case):
            if target.is_represented and target.role is Role.FIT:
                assert set(contrast_of(target)[0]) <= arms, target.target_id


def test_a_sign_is_told_in_a_unit_that_has_a_neutral_band() -> None:
    for target in targets():
        if target.is_represented and not target.is_number:
            assert target.unit in BANDS


def test_at_most_fifteen_percent_are_not_represented() -> None:
    every = targets()
    assert sum(not target.is_represented for target in every) <= 0.15 * len(every)


def test_other_programmes_are_priors_and_one_of_two_that_conflict_is_fitted() -> None:
    roles = {target.target_id: target.role for target in targets()}
    assert [name for name, role in roles.items() if role is Role.CONFLICT] == ["PE17", "LS16"]
    assert roles["PE01"] is Role.FIT and roles["LS13"] is Role.FIT
    for target in targets():
        if "comparator" in target.comment:
            assert target.role is Role.PRIOR


def test_an_unknown_case_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'peru_juntos_haku_winay'"):
        targets("peru_juntos_haku_wiñay")


def test_every_case_has_facts_with_unit_source_and_quality() -> None:
    for case in CASES:
        for each in facts(case):
            assert each.text and each.source and each.locator
            assert each.quality in ("verified", "secondary", "derived", "direction_only")
    size = fact("peru_juntos_haku_winay", "baseline_household_size")
    assert size.value == 4.9 and size.unit.startswith("persons")
    assert fact("ethiopia_psnp_insct", "psnp_total_payment_median_by_years").value is None
    with pytest.raises(ConfigError, match="Did you mean 'baseline_household_size'"):
        fact("peru_juntos_haku_winay", "household_size")


def test_trials_elsewhere_are_not_cases() -> None:
    every = structure()
    assert len(every) == 54 and not CASES & {each.trial for each in every}
    (share,) = (
        each.effect
        for each in structure("bangladesh_threshold")
        if each.outcome == "poverty_threshold_share_above"
    )
    assert share == 0.66
    assert {each.quality for each in every} == {"verified"}
    with pytest.raises(ConfigError, match="Did you mean 'kenya_gd'"):
        structure("kenya_gdp")


def long_values() -> dict[str, str]:
    """Effects of three or more digits, as they are written, and whose they are."""
    told = [(target.target_id, target.value) for target in targets()]
    told += [(each.trial, each.effect) for each in structure() if each.effect is not None]
    written = {f"{abs(value):.10g}": name for name, value in told}
    return {
        text: name for text, name in written.items() if len(text.replace(".", "").strip("0")) >= 3
    }


def sources() -> Iterator[Path]:
    for folder, ending in (("src", "*.py"), ("conf", "*.yaml"), ("scenarios", "*.yaml")):
        yield from (ROOT / folder).rglob(ending)


def test_no_reported_effect_stands_in_a_source_or_a_setting() -> None:
    values = long_values()
    assert len(values) >= 40 and values["14.05"] == "PE02"
    found = [
        (path.relative_to(ROOT).as_posix(), text)
        for path in sources()
        for text in NUMBER.findall(path.read_text(encoding="utf-8"))
        if text in values
    ]
    assert found == []


def test_a_reported_effect_in_a_source_would_be_found() -> None:
    values = long_values()
    assert [text for text in NUMBER.findall("x = -14.05 + y[2]") if text in values] == ["14.05"]
    assert not [text for text in NUMBER.findall("114.05 14.051 v14.05") if text in values]


def test_the_command_lists_targets_and_misses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "case=lesotho_cgp_springs"]) == 0
    shown = capsys.readouterr().out
    assert "lesotho_cgp_springs: 19 targets, 18 represented" in shown
    assert "LS12 homestead_gardening: gardening itself" in shown
    assert "PE01" not in shown
    assert main(["evidence"]) == 0
    shown = capsys.readouterr().out
    assert all(target.target_id in shown for target in targets())
    assert max(map(len, shown.splitlines())) <= 100


def test_a_wrong_word_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "peru"]) == 2
    assert "case=NAME" in capsys.readouterr().err
    assert main(["evidence", "case=peru"]) == 2
