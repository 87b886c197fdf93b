"""A made-up run as real `Results`, small enough to recompute household by household.

Sixty households in twelve villages and four strata (one stratum has a single village) live four
arms in two worlds. Numbers come from a seeded generator and mean nothing; the programme effects are
planted: consumption rises by 0.05 under cash, 0.10 under productive and 0.20 under both, so the
interaction is 0.05 plus what the noise adds. Half of the households hand over to an heir, and most of
these heirs are followed to the end; they have three years of school more per unit of effect.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from resilience_sim.kernels.primitives import (
    CHANNELS,
    CLASS_NAMES,
    HEIR_MOMENTS,
    N_HEIR_BINS,
    OUTCOMES,
    PERIOD_OUTCOMES,
)
from resilience_sim.results import (
    GROUPS,
    STANDARD_ARMS,
    BeliefResult,
    ChannelResult,
    ListResult,
    Results,
)

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
VARIANTS = ("none off", *(f"{channel} off" for channel in CHANNELS), "all off")
PLANTED_PARTS = {  # under both: assets, school, health, confidence, interaction, remainder
    "consumption": (0.05, 0.03, 0.02, 0.01, 0.02, 0.07),
    "poor": (-0.04, -0.02, 0.0, -0.01, 0.01, -0.05),
    "school": (0.3, 0.5, 0.1, 0.0, -0.1, 0.2),
    "log_skill": (0.0, 0.08, 0.02, 0.0, 0.0, 0.01),
    "trapped": (-0.05, 0.0, 0.0, -0.01, 0.0, -0.02),
}
LISTS = (
    ListResult("social", coverage=0.5, inclusion_error=0.2, exclusion_error=0.35),
    ListResult("productive", coverage=0.4, inclusion_error=0.3, exclusion_error=0.55),
    ListResult("both", coverage=0.3, inclusion_error=0.15, exclusion_error=0.6),
)
LIVES = (
    "year_mean", "village_sum", "period_mean", "histogram", "mobility", "heir_moments",
    "heir_joint", "heir_class",
)  # fmt: skip
BY_ARM = (*LIVES, "recovery", "cost")
EDGES = 2.0 ** (-6 + np.arange(281) / 20)


def results(n_replicates: int = N_REPLICATES, seed: int = 1, **changes: Any) -> Results:
    """Made-up results with arrays of their own; `changes` replace fields."""
    return replace(_aggregate(households(n_replicates, seed)), **changes)


def one_arm(n_replicates: int = N_REPLICATES) -> Results:
    """The smallest run there is: nobody gets anything, nothing strikes, nobody is asked."""
    full = results(n_replicates)
    return replace(
        full,
        arms=("none",),
        worlds=("none",),
        cost=full.cost[:1],
        patterns=full.patterns[:1],
        recovery=full.recovery[:1],
        beliefs=(),
        channels=None,
        lists=(),
        **{name: getattr(full, name)[:1, :1] for name in LIVES},
    )


def with_arms(made: Results, arms: dict[str, dict[str, float]], **changes: Any) -> Results:
    """The same run with arms more, each a mixture of others: all their sums and means are mixed."""
    share = np.array([[mix.get(arm, 0.0) for arm in made.arms] for mix in arms.values()])
    mixed = {
        name: np.concatenate([values, np.tensordot(share, values, axes=1)])
        for name in BY_ARM
        for values in [getattr(made, name)]
    }
    return replace(made, arms=(*made.arms, *arms), **mixed | changes)


def with_half(made: Results | None = None) -> Results:
    """The run with the arm half, which has half of every effect of both at half of its cost."""
    return with_arms(made or results(), {"half": {"none": 0.5, "both": 0.5}})


def coordinated(name: str, made: Results | None = None) -> Results:
    """The run with worlds of two lists: 0.4 of the effects of both without coordination, or 0.7."""
    arms = {"uncoordinated": {"none": 0.6, "both": 0.4}}
    if name != "none":
        arms[name] = {"none": 0.3, "both": 0.7}
    asked = with_arms(made or results(), arms, coordination=name)
    asked.cost[4:] = 0.2
    return asked


def nobody_hands_over(made: Results) -> Results:
    """The run as if it were too short for any succession."""
    nothing = {
        name: np.zeros_like(getattr(made, name))
        for name in ("heir_moments", "heir_joint", "heir_class")
    }
    if made.channels is not None:
        split = made.channels
        nothing["channels"] = replace(
            split,
            moments=np.zeros_like(split.moments),
            control=np.zeros_like(split.control),
        )
    return replace(made, **nothing)


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
        "own_output": 0.6 * consumption,
        "pooled": 0.05 - 0.02 * consumption,
        "distress_sales": np.maximum(0.1 * own, 0),
        "lean_consumption": 0.9 * consumption,
        "participation": 0.4 + effect + 0 * own,
    }
    for name in ("income", "consumption", "assets"):
        values[f"{name}_squared"] = values[name] ** 2
    gap = np.maximum(1 - consumption, 0)
    values["poor"], values["poverty_gap"] = (gap > 0).astype(float), gap
    values["poverty_severity"] = gap**2
    values["hungry_months"] = np.clip(np.rint(12 * gap), 0, 12)
    values["hungry"] = (values["hungry_months"] > 0).astype(float)
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
        income_at_start=values["income"][0, 0, 0, 0], heirs=_heirs(rng, shape[:3], effect[..., 0, :]),
    )  # fmt: skip


def _heirs(rng: np.random.Generator, shape: tuple[int, ...], effect: np.ndarray) -> SimpleNamespace:
    """Who hands over, who of them is followed, and what heirs and their parents have: (A, W, R, n)."""
    n = N_HOUSEHOLDS
    has_heir = rng.uniform(size=n) < 0.5
    is_followed = has_heir & (rng.uniform(size=n) < 0.8)
    at, flat = (*shape, n), np.ones((*shape, n))
    school_parent = rng.integers(0, 13, n) * flat
    school = 3 + 0.4 * school_parent + 3 * effect + rng.normal(size=at)
    parent = np.exp(0.4 * rng.normal(size=n)) * flat
    consumption = parent**0.5 * np.exp(0.3 * rng.normal(size=at)) * (1 + effect)
    end = np.where(rng.uniform(size=at) < 0.4 - effect, TRAPPED, rng.integers(0, N_CLASSES, n))
    return SimpleNamespace(
        has_heir=has_heir, is_followed=is_followed, school=school, school_parent=school_parent,
        health=np.clip(0.8 + effect + 0.1 * rng.normal(size=at), 0, 1),
        confident=(rng.uniform(size=at) < 0.5 + effect).astype(float),
        inherited=np.abs(rng.normal(size=at)) + effect,
        log_skill=0.05 * school + 0.2 * rng.normal(size=at),
        consumption=consumption, consumption_parent=parent, end=end,
    )  # fmt: skip


def moments_of(heirs: SimpleNamespace, persons: np.ndarray) -> dict[str, np.ndarray]:
    """Weights times values of every moment: (A, W, R, n)."""
    flat = np.ones_like(heirs.school)
    one, grown = persons * heirs.has_heir * flat, persons * heirs.is_followed * flat
    log, log_parent = np.log(heirs.consumption), np.log(heirs.consumption_parent)
    return {
        "heirs": one,
        "school": one * heirs.school,
        "school_parent": one * heirs.school_parent,
        "school_squared": one * heirs.school**2,
        "school_parent_squared": one * heirs.school_parent**2,
        "school_product": one * heirs.school * heirs.school_parent,
        "health": one * heirs.health,
        "confident": one * heirs.confident,
        "inherited": one * heirs.inherited,
        "log_skill": one * heirs.log_skill,
        "adults": grown,
        "log_consumption": grown * log,
        "log_consumption_parent": grown * log_parent,
        "log_consumption_squared": grown * log**2,
        "log_consumption_parent_squared": grown * log_parent**2,
        "log_consumption_product": grown * log * log_parent,
        "consumption": grown * heirs.consumption,
        "poor": grown * (heirs.consumption < 1),
        "trapped": grown * (heirs.end == TRAPPED),
    }


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
    heir_moments, heir_joint, heir_class = _generations(made)
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
        heir_moments=heir_moments,
        heir_joint=heir_joint,
        heir_class=heir_class,
        channels=_channels(heir_moments[0, 0, :, 0]),
        lists=LISTS,
        coordination="off",
        is_synthetic_demography=True,
        line_currency_per_year=12.0 * 1000.0,
        beliefs=tuple(BeliefResult(hazard, 40, 5, interaction) for hazard in (0.0, 0.2, 1.0)),
        thresholds=_thresholds(),
        motion=_motion(),
        chances=_chances(),
        panel=None,
        notes=("Everything here is made up.", "savings: none"),
        seconds={"population": 0.2, "policies": 4.0, "simulation": 9.5},
    )


ASSETS, MONEY = np.array([0.0, 0.5, 1.0, 2.0, 4.0]), np.array([-0.1, 0.0, 0.25, 1.0, 3.0])


def _types() -> dict[str, np.ndarray]:
    """The two planner types of `_thresholds`, as those that most persons live."""
    found = _thresholds()
    names = ("kind", "land", "skill", "other_income", "has_knowledge", "is_confident")
    return {name: found[name] for name in names} | {"share": np.array([0.2, 0.5])}


def _motion() -> dict[str, np.ndarray]:
    """Assets that halve below one line and grow by a tenth above it, for one year and for ten."""
    types, years = _types(), np.array([1, 10])
    shape = (2, years.size, ASSETS.size)
    kind, year, at = (index.ravel() for index in np.indices(shape))
    factor = np.where(ASSETS[at] < 1, 0.5, 1.1) ** years[year]
    return {name: values[kind] for name, values in types.items()} | {
        "years": years[year],
        "assets": ASSETS[at],
        "estimate": ASSETS[at] * factor,
    }


def _chances() -> dict[str, np.ndarray]:
    """A chance that grows with assets and money together, up to one at four lines."""
    types = _types()
    kind, at, held = (index.ravel() for index in np.indices((2, ASSETS.size, MONEY.size)))
    return {name: values[kind] for name, values in types.items()} | {
        "assets": ASSETS[at],
        "money": MONEY[held],
        "estimate": np.clip((ASSETS[at] + MONEY[held]) / 4, 0, 1),
    }


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


def _generations(made: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    heirs, persons, group = made.heirs, made.persons, made.group
    by_moment = moments_of(heirs, persons)
    each = np.stack([by_moment[name] for name in HEIR_MOMENTS], axis=-1)  # A,W,R,n,M
    moments = np.stack([each[..., group == g, :].sum(axis=-2) for g in (0, 1)], axis=3)
    n_replicates = each.shape[2]
    joint = np.zeros((*each.shape[:2], N_HEIR_BINS, N_HEIR_BINS))
    by_class = np.zeros((*each.shape[:3], 2, N_CLASSES, N_CLASSES))
    for a, w, r, i in np.ndindex(each.shape[:4]):
        if heirs.is_followed[i]:
            place = [
                heir_bin(of[a, w, r, i]) for of in (heirs.consumption_parent, heirs.consumption)
            ]
            joint[a, w, *place] += persons[i] / n_replicates
        if heirs.has_heir[i]:
            by_class[a, w, r, group[i], made.start[r, i], heirs.end[a, w, r, i]] += persons[i]
    return moments, joint, by_class


def heir_bin(consumption: float) -> int:
    """Bin of a mean consumption: four a doubling, the lowest begins at 2 ** -6."""
    return int(np.clip(np.floor(4 * (np.log2(consumption) + 6)), 0, N_HEIR_BINS - 1))


def _channels(control: np.ndarray) -> ChannelResult:
    """Planted parts under both, less in proportion under the others; replicates differ by a tenth."""
    n_replicates = len(control)
    strength = 1 + 0.1 * (np.arange(n_replicates) - (n_replicates - 1) / 2)
    moments = np.tile(control, (len(ARMS) - 1, len(VARIANTS), 1, 1))
    for measure, parts in PLANTED_PARTS.items():
        judged = "adults" if measure in ("consumption", "poor", "trapped") else "heirs"
        weight = control[:, HEIR_MOMENTS.index(judged)]
        whole, remainder = sum(parts), parts[-1]
        effects = [whole, *(whole - part for part in parts[:4]), remainder]
        for a, arm in enumerate(ARMS[1:]):
            share = PLANTED[arm] / PLANTED["both"]
            for v, effect in enumerate(effects):
                moments[a, v, :, HEIR_MOMENTS.index(measure)] += weight * share * effect * strength
    return ChannelResult(ARMS[1:], VARIANTS, moments, control.copy(), n_households=40)


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
        "is_confident": np.array([True, False]),
        "kind": np.array(["trap", "no way up"]),
        "assets_p25": np.array([1.0, np.nan], np.float32),
        "assets_p50": np.array([1.5, np.nan], np.float32),
        "assets_p75": np.array([2.25, np.nan], np.float32),
        "rest_low_assets": np.array([0.0, 0.0]),
        "rest_low_consumption": np.array([0.8, 0.4]),
        "rest_high_assets": np.array([3.0, 0.0]),
        "rest_high_consumption": np.array([1.4, 0.4]),
    }
