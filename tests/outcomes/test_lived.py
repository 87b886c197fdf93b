"""Tables of a run that was really lived: identities that made-up numbers cannot test."""

import numpy as np
import pytest

from resilience_sim import simulation
from resilience_sim.cli import compose
from resilience_sim.kernels.primitives import HEIR_MOMENTS
from resilience_sim.outcomes import UNITS, tables
from resilience_sim.report import console
from resilience_sim.results import STANDARD_ARMS
from resilience_sim.runs import read_run, write_run

OVERRIDES = ["case=erewhon", "horizon_years=8", "outcomes.panel_share=0.1", "coordination=formal"]


@pytest.fixture(scope="module")
def config():
    return compose(OVERRIDES)


@pytest.fixture(scope="module")
def results(config):
    return simulation.run(simulation.prepare(config))


@pytest.fixture(scope="module")
def frames(results, config):
    return tables(results, config=config)


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
    assert years == 8 and results.horizons_years[-1] == 5, "patterns are those of the last year"
    assert results.arms[:4] == STANDARD_ARMS
    for bit, arm in enumerate(STANDARD_ARMS):
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


def test_all_labour_works_where_none_is_idle(frames):
    labour = at(frames["effects"], outcome="labour")
    assert set(labour["unit"]) == {"level", "percent"}
    assert (labour["control_mean"] == 1).all() and (labour["estimate"].abs() < 1e-12).all()


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
    assert len(lines) <= 260, "seven arms, all sections"
    assert set(read_run(tmp_path / "run").tables) == set(frames)


def test_percent_and_standard_deviations_are_finite_or_unknown(frames):
    effects = frames["effects"]
    for column in ("estimate", "se_luck", "se_sample", "ci_low", "ci_high"):
        assert not np.isinf(effects[column]).any()
    assert not effects.outcome.str.endswith("_squared").any()


def test_heirs_are_counted_once(results, frames):
    """By moments, by class, and by joint histogram: the same heirs, and no more than there are."""
    heirs, adults = (
        results.heir_moments[..., HEIR_MOMENTS.index(of)] for of in ("heirs", "adults")
    )
    assert heirs.sum() > 0 and adults.sum() > 0
    assert results.heir_class.sum(axis=(-1, -2)) == pytest.approx(heirs)
    followed = adults.sum(axis=-1).mean(axis=-1)
    assert results.heir_joint.sum(axis=(-1, -2)) == pytest.approx(followed)
    assert (adults <= heirs).all() and (heirs <= results.group_weight * (1 + 1e-9)).all()
    level = at(frames["generations"], comparison="level", measure="school_correlation")
    assert (level.estimate.abs() <= 1).all()


def test_the_pool_gives_what_it_takes(results):
    pooled = results.year_mean[..., results.outcomes.index("pooled")]
    weight = np.where(np.isnan(pooled), 0.0, results.group_weight)
    assert (np.nan_to_num(pooled) * weight).sum(axis=-1) == pytest.approx(
        0, abs=1e-5 * weight.sum()
    )
    assert np.abs(pooled).max() > 1e-4, "somebody gives and somebody takes"


def test_channels_on_all_households_split_the_effect_on_heirs(results):
    """With the whole population in the subsample, nothing off is the run itself."""
    whole = compose([*OVERRIDES, f"outcomes.channel_households={10 * results.n_households}"])
    frames = tables(simulation.run(simulation.prepare(whole)))
    split = at(frames["channels"], part="effect").set_index(["arm", "measure"]).estimate
    heirs = at(frames["generations"], comparison="control", group="eligible", shock="none")
    for arm in STANDARD_ARMS[1:]:
        for measure, scale in (("school", 1), ("consumption", 1), ("poor", 100)):
            found = at(heirs, arm=arm, measure=measure).estimate.iloc[0]
            assert split[arm, measure] == pytest.approx(scale * found, abs=1e-9)


def test_coordination_spends_the_same_money(results, frames):
    cost = dict(zip(results.arms, results.cost, strict=True))
    assert cost["formal"] == pytest.approx(cost["uncoordinated"], rel=0.01)
    worth = at(frames["coordination"], comparison="uncoordinated", measure="poor")
    assert set(worth.arm) == {"formal"} and worth.estimate.notna().all()


def test_where_neighbours_neither_share_nor_learn_nothing_spills_over():
    off = ["mechanisms.pooling=false", "mechanisms.confidence=false", "shock=none"]
    config = compose([*OVERRIDES[:2], *off, "outcomes.channel_households=0"])
    frames = tables(simulation.run(simulation.prepare(config)))
    alone = frames["spillovers"]
    assert len(alone) and (alone.estimate.dropna() == 0).all()
    assert (at(frames["effects"], comparison="control", outcome="consumption").estimate != 0).all()
