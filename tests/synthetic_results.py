"""A made-up run as real `Results`, small enough to recompute household by household.

Sixty households in twelve villages and four strata (one stratum has a single village) live four
arms in two worlds. Numbers come from a seeded generator and mean nothing; the programme effects are
planted: consumption rises by 0.05 under cash, 0.10 under productive and 0.20 under both, so the
interaction is 0.05 plus what the noise adds.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from resilience_sim.kernels.primitives import CLASS_NAMES, OUTCOMES, PERIOD_OUTCOMES
from resilience_sim.results import GROUPS, STANDARD_ARMS, BeliefResult, Results

ARMS, WORLDS = STANDARD_ARMS, ("none", "covid_like")
ABOVE, TRAPPED, NO_WAY_UP = (
    CLASS_NAMES.index(name) for name in ("above the threshold", "trapped", "no way up")
)
N_CLASSES = len(CLASS_NAMES)
PLANTED = {"none": 0.0, "cash": 0.05, "productive": 0.10, "both": 0.20}
N_HOUSEHOLDS, N_VILLAGES, N_REPLICATES, N_YEARS, PERIODS_PER_YEAR = 60, 12, 3, 6, 4
HORIZONS = (2, 5)
SHOCK_START = 4
STRATUM = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3], dtype=np.int32)
DEPTH = {"none": 0.2, "cash": 0.1, "productive": 0.16, "both": 0.08}
RECOVERY = np.array([0.5, 0.2, 0.1, 0.05, 0.05, 0.1])  # never below, then years 1 to 5, the last
EDGES = 2.0 ** (-6 + np.arange(281) / 20)


def results(n_replicates: int = N_REPLICATES, seed: int = 1, **changes: Any) -> Results:
    """Made-up results with arrays of their own; `changes` replace fields."""
    return replace(_aggregate(households(n_replicates, seed)), **changes)


def one_arm(n_replicates: int = N_REPLICATES) -> Results:
    """The smallest run there is: nobody gets anything, nothing strikes, nobody is asked."""
    full = results(n_replicates)
    lives = ("year_mean", "village_sum", "period_mean", "histogram", "mobility")
    return replace(
        full,
        arms=("none",),
        worlds=("none",),
        cost=full.cost[:1],
        patterns=full.patterns[:1],
        recovery=full.recovery[:1],
        beliefs=(),
        **{name: getattr(full, name)[:1, :1] for name in lives},
    )


@cache
def households(n_replicates: int = N_REPLICATES, seed: int = 1) -> SimpleNamespace:
    """What the results sum up: persons, villages, groups, classes and values (A, W, R, Y, n)."""
    rng = np.random.default_rng(seed)
    n = N_HOUSEHOLDS
    village = np.sort(rng.integers(0, N_VILLAGES, n))
    village[:N_VILLAGES] = np.arange(N_VILLAGES)
    village = np.sort(village)
    persons = rng.uniform(0.5, 2.0, n) * rng.integers(1, 8, n)
    group = (rng.uniform(size=n) < 0.3).astype(int)
    shape = (len(ARMS), len(WORLDS), n_replicates, N_YEARS, n)
    common = rng.normal(size=(1, 1, n_replicates, N_YEARS, n)) + rng.normal(size=n)
    own = rng.normal(size=shape)
    effect = np.array([PLANTED[arm] for arm in ARMS])[:, None, None, None, None]
    loss = np.array([0.0, 0.1])[None, :, None, None, None]
    consumption = np.exp(0.3 * common - 0.1) + effect - loss + 0.02 * own
    values = {
        "consumption": consumption,
        "income": consumption * 1.1 + 0.01 * own,
        "assets": 2 * consumption + 0.1 * own,
        "savings": 0.1 + 0.01 * own,
        "debt": np.maximum(0.05 * own, 0),
    }
    for name in ("income", "consumption", "assets"):
        values[f"{name}_squared"] = values[name] ** 2
    gap = np.maximum(1 - consumption, 0)
    values["poor"], values["poverty_gap"] = (gap > 0).astype(float), gap
    values["poverty_severity"] = gap**2
    values["poor_income"] = (values["income"] < 1).astype(float)
    start = rng.choice(N_CLASSES, size=(n_replicates, n), p=[0.3, 0.35, 0.2, 0.1, 0.05])
    began = {kind: (start == kind)[None, None, :, None, :] for kind in range(N_CLASSES)}
    chance = (0.2 + effect) * np.linspace(0.5, 1, N_YEARS)[:, None] + 0 * own
    is_up = np.maximum.accumulate((rng.uniform(size=shape) < chance).astype(float), axis=3)
    by_wealth = (rng.uniform(size=n) < 0.6).astype(float)
    values["escaped"] = is_up * began[TRAPPED]
    values["escaped_wealth"] = values["escaped"] * by_wealth
    values["escaped_threshold"] = values["escaped"] * (1 - by_wealth)
    values["lifted"] = is_up * began[NO_WAY_UP]
    values["fallen"] = (1 - is_up) * began[ABOVE]
    for name in OUTCOMES:
        if name not in values:
            values[name] = (rng.uniform(size=shape) < 0.2 + effect).astype(float)
    return SimpleNamespace(
        village=village, persons=persons, group=group, start=start, values=values,
        income_at_start=values["income"][0, 0, 0, 0],
    )  # fmt: skip


def _aggregate(made: SimpleNamespace) -> Results:
    persons, group, village = made.persons, made.group, made.village
    values = np.stack([made.values[name] for name in OUTCOMES])  # O,A,W,R,Y,n
    group_weight = np.array([persons[group == g].sum() for g in (0, 1)])
    year_mean = np.stack(
        [(values[..., group == g] * persons[group == g]).sum(-1) / group_weight[g] for g in (0, 1)],
        axis=-1,
    )  # O,A,W,R,Y,G
    n_arms, n_worlds, n_replicates = values.shape[1:4]
    village_sum = np.zeros((n_arms, n_worlds, len(HORIZONS), 2, len(OUTCOMES), N_VILLAGES))
    village_weight = np.zeros((2, N_VILLAGES))
    for i in range(N_HOUSEHOLDS):
        village_weight[group[i], village[i]] += persons[i]
        for h, year in enumerate(HORIZONS):
            mean = values[..., year - 1, i].mean(axis=3)  # O,A,W
            village_sum[:, :, h, group[i], :, village[i]] += persons[i] * np.moveaxis(mean, 0, -1)
    histogram, mobility = _histograms(made)
    start = (
        np.stack([(made.start == k) @ persons for k in range(N_CLASSES)], axis=-1) / persons.sum()
    )
    patterns = np.zeros((n_worlds, n_replicates, 16))
    patterns[:, :, [0, 1, 8, 10, 12, 14, 15]] = [0.4, 0.01, 0.05, 0.1, 0.15, 0.2, 0.09]
    patterns[:, 0, 0], patterns[:, 0, 8] = 0.43, 0.02
    recovery = np.tile(RECOVERY, (n_arms, n_replicates, 1))
    recovery[3, :, 0], recovery[3, :, -1] = 0.54, 0.06
    interaction = {
        "income": (0.04, 3.5, 1.0),
        "consumption": (0.03, 2.5, 1.0),
        "assets": (-0.02, -1.5, 0.0),
        "improved": (0.012, 9.0, 2 / 3),
        "escaped": (0.0, float("nan"), 0.0),
    }
    return Results(
        case_name="erewhon",
        arms=ARMS,
        worlds=WORLDS,
        outcomes=OUTCOMES,
        period_outcomes=PERIOD_OUTCOMES,
        groups=GROUPS,
        horizons_years=HORIZONS,
        periods_per_year=PERIODS_PER_YEAR,
        seed=1,
        n_households=N_HOUSEHOLDS,
        n_eligible=int((group == 0).sum()),
        n_persons=float(persons.sum()),
        mean_size=4.0,
        group_weight=group_weight,
        village_weight=village_weight,
        village_stratum=STRATUM,
        year_mean=np.moveaxis(year_mean, 0, -1).copy(),
        village_sum=village_sum,
        period_mean=_period_mean(n_replicates),
        histogram=histogram,
        bin_edges=EDGES,
        mobility=mobility,
        patterns=patterns,
        start_share=start,
        start_class_names=CLASS_NAMES,
        recovery=recovery,
        shock_start_period=SHOCK_START,
        cost=np.array([0.0, 0.2, 0.25, 0.45]),
        line_currency_per_year=12.0 * 1000.0,
        beliefs=tuple(BeliefResult(hazard, 40, 5, interaction) for hazard in (0.0, 0.2, 1.0)),
        thresholds=_thresholds(),
        panel=None,
        notes=("Everything here is made up.", "savings: none"),
        seconds={"population": 0.2, "policies": 4.0, "simulation": 9.5},
    )


def _histograms(made: SimpleNamespace) -> tuple[np.ndarray, np.ndarray]:
    persons, n_replicates = made.persons, len(made.start)
    n_bins = EDGES.size - 1
    histogram = np.zeros((len(ARMS), len(WORLDS), 1 + len(HORIZONS), 2, n_bins))
    mobility = np.zeros((len(ARMS), len(WORLDS), 5, n_bins))
    quintile = _quintile(made.income_at_start, persons)
    for a, w in np.ndindex(len(ARMS), len(WORLDS)):
        histogram[a, w, 0, 0] = _binned(made.income_at_start, persons)
        for r in range(n_replicates):
            for h, year in enumerate(HORIZONS):
                for v, name in enumerate(("income", "consumption")):
                    counts = _binned(made.values[name][a, w, r, year - 1], persons)
                    histogram[a, w, 1 + h, v] += counts / n_replicates
            for q in range(5):
                last = made.values["consumption"][a, w, r, -1, quintile == q]
                mobility[a, w, q] += _binned(last, persons[quintile == q]) / n_replicates
    return histogram, mobility


def _binned(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.histogram(np.clip(values, EDGES[0], EDGES[-1]), EDGES, weights=weights)[0]


def _quintile(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    rank = np.empty(len(values))
    rank[order] = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return np.minimum((rank * 5).astype(int), 4)


def _period_mean(n_replicates: int) -> np.ndarray:
    """Flat paths of 1.0; the shock of periods 5 to 12 cuts by DEPTH and closes by quarter steps."""
    n_periods = N_YEARS * PERIODS_PER_YEAR
    means = np.ones((len(ARMS), len(WORLDS), n_replicates, n_periods, 2, 2))
    closing = np.array([0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.05, 0.0])
    for a, arm in enumerate(ARMS):
        for r in range(n_replicates):
            deeper = 1 + 0.1 * (r - (n_replicates - 1) / 2)
            struck = slice(SHOCK_START, SHOCK_START + closing.size)
            means[a, 1, r, struck] -= (DEPTH[arm] * deeper * closing)[:, None, None]
    return means


def _thresholds() -> dict[str, np.ndarray]:
    """Two planner types: one with two rests, one with a low one."""
    return {
        "land": np.array([0.2, 1.0]),
        "skill": np.array([1.0, 0.5]),
        "other_income": np.array([0.0, 0.3]),
        "has_knowledge": np.array([True, False]),
        "kind": np.array(["trap", "no way up"]),
        "assets_p25": np.array([1.0, np.nan], np.float32),
        "assets_p50": np.array([1.5, np.nan], np.float32),
        "assets_p75": np.array([2.25, np.nan], np.float32),
        "rest_low_assets": np.array([0.0, 0.0]),
        "rest_low_consumption": np.array([0.8, 0.4]),
        "rest_high_assets": np.array([3.0, 0.0]),
        "rest_high_consumption": np.array([1.4, 0.4]),
    }
