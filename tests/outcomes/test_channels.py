import numpy as np
import pytest

import synthetic_results
from resilience_sim.kernels.primitives import CHANNELS, HEIR_MOMENTS
from resilience_sim.outcomes.channels import MEASURES, channels
from resilience_sim.outcomes.heirs import NO_HEIRS, TOO_SHORT

PARTS = ("effect", *CHANNELS, "interaction", "remainder")


@pytest.fixture(scope="module")
def table():
    return channels(synthetic_results.results(), "erewhon")


def row(table, **at):
    for name, value in at.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("arm", ["cash", "productive", "both"])
@pytest.mark.parametrize("measure", MEASURES)
def test_planted_parts_are_found(table, arm, measure):
    share = synthetic_results.PLANTED[arm] / synthetic_results.PLANTED["both"]
    scale = 100 if measure in ("poor", "trapped") else 1
    planted = np.array(synthetic_results.PLANTED_PARTS[measure])
    *by_channel, interaction, remainder = planted * share * scale
    expected = [sum(by_channel) + interaction + remainder, *by_channel, interaction, remainder]
    for part, value in zip(PARTS, expected, strict=True):
        found = row(table, arm=arm, measure=measure, part=part)
        assert found.estimate == pytest.approx(value, abs=1e-12)
        # Replicates at 0.9, 1.0 and 1.1 of each part.
        assert found.se_luck == pytest.approx(abs(0.1 * value) / np.sqrt(3), abs=1e-12)
        assert found.share_of_effect == pytest.approx(value / expected[0], abs=1e-12)
        assert found.n_households == 40
        assert found.reason == ""
    assert row(table, arm=arm, measure=measure, part="effect").share_of_effect == 1


def test_parts_interaction_and_remainder_add_up_whatever_the_numbers():
    made = synthetic_results.results()
    rng = np.random.default_rng(3)
    made.channels.moments[:] = rng.uniform(1, 2, made.channels.moments.shape)
    made.channels.control[:] = rng.uniform(1, 2, made.channels.control.shape)
    table = channels(made).set_index(["arm", "measure", "part"]).estimate.unstack()
    rest = table.drop(columns="effect").sum(axis=1)
    assert rest.to_numpy() == pytest.approx(table.effect.to_numpy())
    # The definition, on ratios of sums over replicates: effect with all off is the remainder.
    m = HEIR_MOMENTS.index
    off, control = made.channels.moments[2, -1].sum(0), made.channels.control.sum(0)
    remainder = off[m("poor")] / off[m("adults")] - control[m("poor")] / control[m("adults")]
    assert table.remainder["both", "poor"] == pytest.approx(100 * remainder)
    one = made.channels.moments[2, 2].sum(0)
    with_school_off = one[m("poor")] / one[m("adults")] - control[m("poor")] / control[m("adults")]
    part = table.effect["both", "poor"] / 100 - with_school_off
    assert table.school["both", "poor"] == pytest.approx(100 * part)


def test_a_share_of_an_effect_that_may_be_zero_is_not_told():
    made = synthetic_results.results()
    m = HEIR_MOMENTS.index("school")
    # An effect of 0.05 with replicates at -0.15, 0.05 and 0.25.
    weight = made.channels.control[:, HEIR_MOMENTS.index("heirs")]
    made.channels.moments[..., m] = made.channels.control[:, m] + weight * [-0.15, 0.05, 0.25]
    rows = channels(made).query("measure == 'school' and arm == 'both'")
    assert row(rows, part="effect").estimate == pytest.approx(0.05)
    assert rows.share_of_effect.isna().all()


def test_one_replicate_says_nothing_about_luck():
    table = channels(synthetic_results.results(n_replicates=1))
    assert table.se_luck.isna().all()
    assert table.share_of_effect.isna().all()
    assert table.estimate.notna().all()


def test_a_run_that_did_not_ask_has_no_rows():
    assert len(channels(synthetic_results.results(channels=None))) == 0


def test_without_successions_there_is_a_reason():
    table = channels(synthetic_results.nobody_hands_over(synthetic_results.results()))
    assert table.estimate.isna().all()
    of = dict(zip(table.measure, table.reason, strict=True))
    assert of["school"] == of["log_skill"] == NO_HEIRS
    assert of["consumption"] == of["poor"] == of["trapped"] == TOO_SHORT
