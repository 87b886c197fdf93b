"""Tables of a run that was really lived: identities that made-up numbers cannot test."""

import numpy as np
import pytest

from resilience_sim import simulation
from resilience_sim.cli import compose
from resilience_sim.outcomes import UNITS, tables
from resilience_sim.report import console
from resilience_sim.runs import read_run, write_run

OVERRIDES = ["case=erewhon", "horizon_years=6", "outcomes.panel_share=0.1"]


@pytest.fixture(scope="module")
def config():
    return compose(OVERRIDES)


@pytest.fixture(scope="module")
def results(config):
    return simulation.run(simulation.prepare(config))


@pytest.fixture(scope="module")
def frames(results):
    return tables(results)


def at(table, **values):
    for name, wanted in values.items():
        table = table[table[name] == wanted]
    return table


def test_every_table_is_full_and_carries_its_units(frames):
    assert set(frames) == set(UNITS)
    for name, table in frames.items():
        assert len(table), name
        assert list(table.columns) == list(UNITS[name])


def test_four_lives_together_tell_what_single_lives_tell(results, frames):
    """Who is out under an arm: from the patterns, and from escapes and lifts of the last year."""
    escape = at(frames["escape"], horizon_years=results.horizons_years[-1])
    start = at(frames["escape"], horizon_years=0, arm="none", shock="none").set_index("measure")
    trapped, no_way_up = start.estimate["trapped"], start.estimate["no_way_up"]
    below = results.start_share[:, [1, 2]].sum(axis=1)
    years = results.year_mean.shape[3]
    assert years == 6 and results.horizons_years[-1] == 5, "patterns are those of the last year"
    for bit, arm in enumerate(results.arms):
        for w, world in enumerate(results.worlds):
            out = results.patterns[w] @ np.array([p >> bit & 1 for p in range(16)])
            status = [results.outcomes.index(name) for name in ("escaped", "lifted")]
            last = results.year_mean[bit, w, :, -1][..., status].sum(axis=-1)
            weight = results.group_weight / results.group_weight.sum()
            assert out == pytest.approx(last @ weight / below, abs=1e-9)
            rows = at(escape, arm=arm, shock=world).set_index("measure").estimate
            fifth = results.year_mean[bit, w, :, 4][..., status].sum(axis=-1)
            told = np.nansum([rows["escapes"] * trapped, rows["lifted"] * no_way_up])
            assert told == pytest.approx((fifth @ weight).mean(), abs=1e-9)


def test_villages_add_up_to_years(results):
    for h, years in enumerate(results.horizons_years):
        with np.errstate(invalid="ignore"):
            mean = results.village_sum[:, :, h].sum(-1) / results.village_weight.sum(-1)[:, None]
        expected = results.year_mean[:, :, :, years - 1].mean(axis=2)
        assert mean == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_periods_add_up_to_years(results):
    n_years, per_year = results.year_mean.shape[3], results.periods_per_year
    shape = (*results.period_mean.shape[:3], n_years, per_year, 2, 2)
    mean = results.period_mean.reshape(shape).mean(axis=4)
    for o, name in enumerate(results.period_outcomes):
        expected = results.year_mean[..., results.outcomes.index(name)]
        assert mean[..., o] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_worlds_are_one_until_the_shock(results, frames):
    before = slice(0, results.shock_start_period)
    calm, shocked = results.period_mean[:, 0, :, before], results.period_mean[:, 1, :, before]
    assert np.array_equal(calm, shocked)
    depth = at(frames["resilience"], measure="depth")
    assert (depth.estimate > 0).all()
    assert results.recovery.sum(axis=-1) == pytest.approx(1)


def test_belief_of_the_run_tells_the_effects_of_the_run(config, results, frames):
    """On all households, under the run's own belief, the subsample is the run."""
    hazard = config.planner.believed_end.hazard
    (own,) = (belief for belief in results.beliefs if belief.hazard == hazard)
    whole = compose([*OVERRIDES, f"outcomes.belief_households={results.n_households}"])
    again = simulation.run(simulation.prepare(whole))
    rows = at(tables(again)["beliefs"], hazard=hazard, unit="level").set_index("outcome")
    months = 12 * own.horizon_years
    found = at(frames["effects"], comparison="interaction", shock="none", unit="level")
    found = at(found, horizon_months=months).set_index("outcome")
    for outcome in ("income", "consumption", "assets"):
        assert rows.estimate[outcome] == pytest.approx(found.estimate[outcome], abs=1e-9)


def test_it_prints_and_is_written_whole(tmp_path, config, results, frames):
    written = write_run(tmp_path / "run", config, results, frames)
    text = console(results, frames, config, tmp_path / "run", written)
    lines = [line for line in text.splitlines() if not line.startswith("Files in ")]
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 140
    assert set(read_run(tmp_path / "run").tables) == set(frames)


def test_percent_and_standard_deviations_are_finite_or_unknown(frames):
    effects = frames["effects"]
    for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
        assert not np.isinf(effects[column]).any()
    assert not effects.outcome.str.endswith("_squared").any()
