"""A made-up experiment of the shape of `Results`, small enough to recompute household by household.

Sixty households in twelve villages and four strata (one stratum has a single village) live four
arms in two worlds. Numbers come from a seeded generator and mean nothing; the programme effects are
planted: consumption rises by 0.05 under cash, 0.10 under productive and 0.20 under both, so the
interaction is 0.05 plus what the noise adds.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

ARMS = ("none", "cash", "productive", "both")
WORLDS = ("none", "covid_like")
OUTCOMES = (
    "income", "consumption", "assets", "savings", "debt", "improved", "own_work", "poor",
    "poverty_gap", "poverty_severity", "poor_income", "above_threshold", "escaped",
    "escaped_wealth", "escaped_threshold", "fallen", "destitute", "knowledge",
)  # fmt: skip
PLANTED = {"none": 0.0, "cash": 0.05, "productive": 0.10, "both": 0.20}
N_HOUSEHOLDS, N_VILLAGES, N_REPLICATES, N_YEARS, PERIODS_PER_YEAR = 60, 12, 3, 6, 4
HORIZONS = (2, 5)
STRATUM = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3], dtype=np.int32)
DEPTH = {"none": 0.2, "cash": 0.1, "productive": 0.16, "both": 0.08}


def results(n_replicates: int = N_REPLICATES, seed: int = 1, **changes: Any) -> Any:
    """Synthetic results; `changes` replace fields. `households` holds what was summed up."""
    made = _aggregate(_households(n_replicates, seed))
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _households(n_replicates: int, seed: int) -> SimpleNamespace:
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
    values = {}
    effect = np.array([PLANTED[arm] for arm in ARMS])[:, None, None, None, None]
    loss = np.array([0.0, 0.1])[None, :, None, None, None]
    consumption = np.exp(0.3 * common - 0.1) + effect - loss + 0.02 * own
    values["consumption"] = consumption
    values["income"] = consumption * 1.1 + 0.01 * own
    values["assets"] = 2 * consumption + 0.1 * own
    values["savings"] = 0.1 + 0.01 * own
    values["debt"] = np.maximum(0.05 * own, 0)
    gap = np.maximum(1 - consumption, 0)
    values["poor"], values["poverty_gap"] = (gap > 0).astype(float), gap
    values["poverty_severity"] = gap**2
    values["poor_income"] = (values["income"] < 1).astype(float)
    chance = (0.1 + effect) * np.linspace(0.5, 1, N_YEARS)[:, None] + 0 * own
    ever = np.maximum.accumulate((rng.uniform(size=shape) < chance).astype(float), axis=3)
    by_wealth = (rng.uniform(size=n) < 0.6).astype(float)
    values["escaped"] = ever
    values["escaped_wealth"], values["escaped_threshold"] = ever * by_wealth, ever * (1 - by_wealth)
    for name in OUTCOMES:
        if name not in values:
            values[name] = (rng.uniform(size=shape) < 0.2 + effect).astype(float)
    return SimpleNamespace(
        village=village, persons=persons, group=group, values=values,
        income_at_start=values["income"][0, 0, 0, 0],
    )  # fmt: skip


def _aggregate(households: SimpleNamespace) -> Any:
    persons, group, village = households.persons, households.group, households.village
    values = np.stack([households.values[name] for name in OUTCOMES])  # O,A,W,R,Y,n
    group_weight = np.array([persons[group == g].sum() for g in (0, 1)])
    year_mean = np.stack(
        [(values[..., group == g] * persons[group == g]).sum(-1) / group_weight[g] for g in (0, 1)],
        axis=-1,
    )  # O,A,W,R,Y,G
    n_arms, n_worlds, n_replicates, n_years = values.shape[1:5]
    village_sum = np.zeros((n_arms, n_worlds, len(HORIZONS), 2, len(OUTCOMES), N_VILLAGES))
    village_weight = np.zeros((2, N_VILLAGES))
    for i in range(N_HOUSEHOLDS):
        village_weight[group[i], village[i]] += persons[i]
        for h, year in enumerate(HORIZONS):
            mean = values[..., year - 1, i].mean(axis=3)  # O,A,W
            village_sum[:, :, h, group[i], :, village[i]] += persons[i] * np.moveaxis(mean, 0, -1)

    edges = np.concatenate([np.linspace(-1, 5, 601), [np.inf]])
    histogram = np.zeros((n_arms, n_worlds, 1 + len(HORIZONS), 2, 601))
    mobility = np.zeros((n_arms, n_worlds, 5, 601))
    quintile = _quintile(households.income_at_start, persons)
    income, consumption = OUTCOMES.index("income"), OUTCOMES.index("consumption")
    for a, w in np.ndindex(n_arms, n_worlds):
        histogram[a, w, 0, 0] = np.histogram(households.income_at_start, edges, weights=persons)[0]
        for r in range(n_replicates):
            for h, year in enumerate(HORIZONS):
                for v, o in enumerate((income, consumption)):
                    counts = np.histogram(values[o, a, w, r, year - 1], edges, weights=persons)[0]
                    histogram[a, w, 1 + h, v] += counts / n_replicates
            for q in range(5):
                last = values[consumption, a, w, r, -1, quintile == q]
                counts = np.histogram(last, edges, weights=persons[quintile == q])[0]
                mobility[a, w, q] += counts / n_replicates

    recovery = np.zeros((n_arms, n_replicates, n_years + 1))
    recovery[:] = np.array([0.5, 0.2, 0.1, 0.05, 0.05, 0.04, 0.06])
    recovery[3, :, 0], recovery[3, :, -1] = 0.54, 0.02
    patterns = np.zeros((n_worlds, n_replicates, 16))
    patterns[:, :, [0, 1, 8, 10, 12, 14, 15]] = [0.4, 0.01, 0.05, 0.1, 0.15, 0.2, 0.09]
    patterns[:, 0, 0], patterns[:, 0, 8] = 0.43, 0.02
    interaction = {
        name: (0.04, 3.5, 1.0, 3000)
        for name in ("income", "consumption", "assets", "improved", "escaped")
    }
    return SimpleNamespace(
        arms=ARMS, worlds=WORLDS, horizons_years=HORIZONS, outcomes=OUTCOMES,
        groups=("eligible", "ineligible"), group_weight=group_weight,
        village_weight=village_weight,
        year_mean=np.moveaxis(year_mean, 0, -1), village_sum=village_sum,
        period_mean=_period_mean(n_replicates), histogram=histogram, bin_edges=edges,
        mobility=mobility, patterns=patterns, start_share=np.array([0.3, 0.35, 0.25, 0.1]),
        start_class_names=("open", "trapped", "no way up", "wage route"), recovery=recovery,
        cost_per_household=np.array([0.0, 0.2, 0.25, 0.45]),
        cost_per_household_currency=np.array([0.0, 20000.0, 25000.0, 45000.0]),
        belief=((0.0, interaction), (0.2, interaction), (1.0, interaction)),
        village_stratum=STRATUM, n_households=N_HOUSEHOLDS, n_persons=float(persons.sum()),
        seconds={"population": 0.2, "solve": 4.0, "simulate": 9.5}, panel=None,
        households=households,
    )  # fmt: skip


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
            means[a, 1, r, 4:12] -= (DEPTH[arm] * deeper * closing)[:, None, None]
    return means
