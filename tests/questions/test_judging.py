"""Judging: who is best, what leaves it open, and what one draw does not say."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from resilience_sim.questions.judging import (
    BEHIND,
    CHOSEN,
    NO_BAND,
    NOISE,
    PARAMETERS,
    REFERENCE,
    UNDECIDED,
    UNKNOWN,
    Judgement,
    judge,
    on_frontier,
)
from resilience_sim.questions.living import Lived
from resilience_sim.questions.measures import Measure
from resilience_sim.questions.options import Option, Question

MORE = Measure("escapes", "got_out", "percentage points", 5, 0, True, True)
LESS = Measure("poverty", "poor", "percentage points", 5, 0, False, True)


def question(n_options: int, *measures: Measure) -> Question:
    options = [
        Option(f"option_{k}", {}, cast(Any, None), "both", cost=2.0) for k in range(n_options)
    ]
    nothing = Option("none", {}, cast(Any, None), "none")
    return Question(
        "toy", tuple(options), nothing, np.ones(1, np.bool_), "all", tuple(measures), {}
    )


def lives(means: np.ndarray, luck: float = 0.01, sample: float = 0.01) -> list[Lived]:
    """Lives with these means, (D, K, M), the reference first, and the same errors for every pair."""
    n_options, n_measures = means.shape[1:]
    pairs = np.ones((n_options, n_options, n_measures))
    pairs[np.arange(n_options), np.arange(n_options)] = 0.0
    return [Lived(mean, luck * pairs, sample * pairs) for mean in means]


def judged(
    columns: list[list[float]], measure: Measure = MORE, luck: float = 0.01
) -> list[Judgement]:
    """Judgements of options with these values by draw; the first is the reference."""
    means = np.array(columns).T[:, :, None]
    told = judge(question(len(columns) - 1, measure), lives(means, luck), 4)
    return [row[0] for row in told]


def test_who_leads_in_every_draw_is_chosen() -> None:
    none, best, other = judged([[0.0] * 9, [3.0, 4, 5, 3, 4, 5, 3, 4, 5], [1.0] * 9])
    assert (none.verdict, best.verdict, other.verdict) == (REFERENCE, CHOSEN, BEHIND)
    assert best.share_best == 1 and other.share_best == 0 and np.isnan(none.share_best)
    assert best.effect[0] < best.effect[1] == 4 < best.effect[2]
    assert other.behind[1] == 3 and other.undecided_by == ""
    assert best.gain_per_line == 2


def test_less_is_better_where_it_is() -> None:
    _, best, other = judged([[9.0] * 5, [3.0] * 5, [5.0] * 5], LESS)
    assert (best.verdict, other.verdict) == (CHOSEN, BEHIND)
    assert best.effect[1] == -6 and best.gain_per_line == 3 and other.behind[1] == 2


def test_identical_options_are_undecided() -> None:
    same = [1.0, 2.0, 3.0, 4.0]
    _, one, two, three = judged([[0.0] * 4, same, same, [0.0] * 4])
    assert (one.verdict, two.verdict, three.verdict) == (UNDECIDED, UNDECIDED, BEHIND)
    assert one.share_best == two.share_best == 0.5
    assert two.behind == (0, 0, 0)


def test_draws_that_disagree_leave_it_open_by_parameters_alone() -> None:
    _, one, two = judged([[0.0] * 6, [3.0, 3, 3, 3, 0, 0], [1.0] * 6])
    assert (one.verdict, two.verdict) == (UNDECIDED, UNDECIDED)
    assert two.undecided_by == PARAMETERS and one.undecided_by == ""
    assert two.behind[0] < 0 < two.behind[2]


def test_luck_alone_leaves_it_open_though_all_draws_agree() -> None:
    _, one, two = judged([[0.0] * 6, [3.0] * 6, [2.9] * 6], luck=1.0)
    assert (one.verdict, two.verdict) == (UNDECIDED, UNDECIDED)
    assert two.undecided_by == NOISE and one.share_best == 1


def test_one_draw_has_no_band() -> None:
    none, one, two = judged([[0.0], [3.0], [1.0]])
    assert (none.verdict, one.verdict, two.verdict) == (REFERENCE, NO_BAND, NO_BAND)
    for each in (one, two):
        assert np.isnan([each.effect[0], each.effect[2], each.behind[0], each.share_best]).all()
    assert (one.effect[1], two.behind[1]) == (3, 2)


def test_what_nobody_lived_to_show_is_unknown() -> None:
    _, one, two = judged([[np.nan] * 3] * 3)
    assert one.verdict == two.verdict == UNKNOWN


def test_the_frontier_leaves_out_who_is_beaten_in_everything() -> None:
    values = [[0.0, 9.0], [3.0, 5.0], [5.0, 7.0], [2.0, 6.0]]  # the last is worse than the first
    means = np.array([values, values])
    shares = on_frontier(question(3, MORE, LESS), lives(means))
    assert np.isnan(shares[0]) and shares[1:].tolist() == [1.0, 1.0, 0.0]


def test_a_reference_that_is_an_option_can_be_chosen() -> None:
    asked = question(2, MORE)
    asked = Question(
        "toy", asked.options, asked.options[0], asked.judged, "all", asked.measures, {}
    )
    means = np.array([[[3.0], [1.0]]] * 4)
    one, two = (row[0] for row in judge(asked, lives(means), 4))
    assert (one.verdict, two.verdict) == (CHOSEN, BEHIND)
    assert one.effect == pytest.approx((0, 0, 0))
