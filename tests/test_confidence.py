"""A self-confirming trap: who never tries never learns better. Coaching or a grant alone may open it."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from resilience_sim import compose, prepare, run

COACHING = (
    "+programme.contents.coaching={kind: coaching, value: 0, basis: person, start_month: 0, months: 12, "
    "unit_cost: 0.1, success: 1.0, source: fictional, quality: fictional}"
)
# A place where the improved technique pays for many, and nobody who does not run it believes so.
WORLD = (
    "case=erewhon", "shock=none", "replicates=1", "horizon_years=12", "outcomes.channel_households=0",
    "outcomes.belief_households=0", "outcomes.panel_share=1", "technology.productivity.improved=1.0",
    "confidence.initial_share=0", "confidence.perceived_return=0.6", "programme.contents.asset_grant.value=1",
    "+programme.arms.coaching=[coaching]", "+programme.arms.grant=[asset_grant]",
    "arms=[none,coaching,grant]", COACHING,
)  # fmt: skip
LATER = slice(6, 12)


class Lives(NamedTuple):
    """Shape (n_eligible,): who mostly runs the improved technique from the seventh year on, by arm."""

    none: np.ndarray
    coaching: np.ndarray
    grant: np.ndarray
    began: np.ndarray
    """Who runs it at the start."""


@cache
def lives(*overrides: str) -> Lives:
    experiment = prepare(compose([*WORLD, *overrides]))
    results = run(experiment)
    assert results.panel is not None
    eligible = experiment.deliveries.eligible
    technique = results.panel["technique"].reshape(3, results.n_households, -1)[:, eligible]
    runs = (technique[:, :, LATER] == 2).mean(axis=-1) > 0.5
    return Lives(*runs, technique[0, :, 0] == 2)


@pytest.mark.slow
def test_coaching_alone_opens_the_trap_for_some_and_grants_alone_for_others() -> None:
    told = lives()
    held = ~told.none
    assert (held & told.coaching & ~told.grant).sum() >= 5
    assert (held & told.grant & ~told.coaching).sum() >= 5


@pytest.mark.slow
def test_where_everybody_sees_the_true_return_coaching_opens_nothing() -> None:
    # Negative control: what coaching opens above is the belief, not the technique.
    told = lives("confidence.perceived_return=1.0")
    np.testing.assert_array_equal(told.coaching, told.none)
    blind = lives()
    assert told.none.sum() > blind.none.sum(), "the belief held people back"
