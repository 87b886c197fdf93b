"""Order: no gap is no gap, and later is later by what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from resilience_sim.calibration.cases import Case
from resilience_sim.errors import ConfigError
from resilience_sim.kernels.primitives import OUTCOMES
from resilience_sim.programmes.contents import side_of
from resilience_sim.questions.living import live
from resilience_sim.questions.options import both_of
from resilience_sim.questions.order import order
from small_questions import SMALL, draw, erewhon


def test_no_gap_is_together_bit_for_bit() -> None:
    setup = erewhon()
    question = order(setup, gaps=[0, 12], years=[6])
    lived = live(question, setup, draw())
    at = {each.name: k for k, each in enumerate(question.lived)}
    for name in ("cash_first_0", "productive_first_0"):
        assert (lived.mean[at[name]] == lived.mean[at["together"]]).all()
        assert (lived.se_luck[at[name], at["together"]] == 0).all()
    assert (lived.mean[at["cash_first_12"]] != lived.mean[at["together"]]).any()


@pytest.mark.parametrize("structure", ["rule_of_thumb", "two_exponents"])
def test_together_lives_as_the_arm_both_of_a_case_does(structure: str) -> None:
    setup = erewhon()
    question = order(setup, gaps=[6], years=[6])
    at = draw(structure)
    lived = live(question, setup, at)
    case = Case(setup.config, [], {}, SMALL, years=setup.config.horizon_years)
    case.config = replace(case.config, arms=["none", "both"])
    means = case.live(at.structure, at.values).means["none"]
    for name, scale in (("consumption", 1.0), ("poverty_gap", 100.0)):
        m = next(
            n
            for n, each in enumerate(question.measures)
            if (each.outcome, each.year, each.world) == (name, 6, 0)
        )
        told = scale * means[1, 5, OUTCOMES.index(name)]
        assert lived.mean[0, m] == pytest.approx(told, rel=1e-12)


def test_the_side_that_waits_starts_later_and_all_cost_the_same() -> None:
    setup = erewhon()
    question = order(setup, gaps=[6, 24], years=[6])
    own = [each.start_month for each in both_of(setup.config).values()]
    for option in question.options:
        gap = int(option.settings["gap_months"])
        waits = "productive" if gap > 0 else "social"
        for before, each in zip(own, option.contents, strict=True):
            assert each.start_month == before + (abs(gap) if side_of(each) == waits else 0)
        assert option.cost == pytest.approx(question.reference.cost, rel=1e-9)
        assert (option.present_cost < question.reference.present_cost) == (gap != 0)
    assert [each.settings["gap_months"] for each in question.options] == [-24, -6, 0, 6, 24]


def test_nobody_is_judged_before_the_money_is_spent() -> None:
    question = order(erewhon(), gaps=[24], years=[2, 6])  # 36 months of cash, 24 late: year 5
    years = {each.year for each in question.measures if each.goal != "recovery"}
    assert years == {6}


def test_gaps_that_leave_the_run_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"month 84.*month 96.*horizon_years=8"):
        order(erewhon(), gaps=[60])
    with pytest.raises(ConfigError, match="0 to 120"):
        order(erewhon(), gaps=[6, 6])


def test_without_a_shock_there_is_no_recovery_to_tell() -> None:
    setup = erewhon("shock=none")
    question = order(setup, gaps=[6], years=[6])
    assert all(each.goal != "recovery" for each in question.measures)
    assert np.isfinite(live(question, setup, draw()).mean).all()
