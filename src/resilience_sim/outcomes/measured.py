"""Measured outcomes: what a survey would ask for, read off what the model knows.

A layer on top of the results and nothing more: five indices that are linear in structural outcomes
and in content received, monotone in each, without feedback on anybody. The loadings are assumed.
They are common to all cases, stand here and nowhere else, and were fixed before anything was
fitted. Being linear in means they can make no complementarity of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from resilience_sim.outcomes.axes import ELIGIBLE, Array, coordination_arms
from resilience_sim.outcomes.contrasts import Sample, contrasted, sample_of, share_above_zero
from resilience_sim.outcomes.effects import contrasts
from resilience_sim.outcomes.uncertainty import interval, luck_error, sample_error
from resilience_sim.outcomes.units import tidy
from resilience_sim.programmes.arms import scale_of

if TYPE_CHECKING:
    from resilience_sim.config import Programme
    from resilience_sim.results import Results

POINTS = "index points, thought of as standard deviations among persons; loadings assumed"
MONTHS = 12
COUNTED = "counted"
NOT_KNOWN = "not counted: not known"
NOT_TRIAL = "not counted: lists decide who gets it"


class Loading(NamedTuple):
    """How much one index rises with one thing, all else alike; assumed."""

    measure: str
    on: str
    """A structural outcome, or a kind of content."""
    points: float
    """Index points per unit of the outcome, or for content received all year by everybody."""
    because: str


STRUCTURAL = (
    Loading("dietary_diversity", "lean_consumption", 0.6, "variety is what hunger gives up first"),
    Loading("dietary_diversity", "poverty_gap", -0.8, "the poorest live on staples"),
    Loading("perceived_wellbeing", "consumption", 0.4, "well-being rises with what one has"),
    Loading("perceived_wellbeing", "destitute", -0.6, "not to have eaten is remembered"),
    Loading("perceived_wellbeing", "confident", 0.2, "belief in one's own work"),
    Loading("hygiene", "consumption", 0.3, "soap, water and floors are bought"),
    Loading("hygiene", "enrolled", 0.1, "school teaches it"),
    Loading("market_access", "own_income", 0.4, "who sells more goes to market more"),
    Loading("market_access", "improved", 0.3, "the improved technique buys inputs and sells crops"),
    Loading("social_capital", "participation", 1.0, "taking part in the village's risk sharing"),
    Loading("social_capital", "destitute", -0.2, "the destitute withdraw"),
)
"""On outcomes of the model, per unit of each: lines per year, or a share from 0 to 1."""
CONTENT = (
    Loading("dietary_diversity", "home_garden", 0.3, "vegetables of one's own"),
    Loading("dietary_diversity", "school_meals", 0.1, "one meal a day of the children"),
    Loading("perceived_wellbeing", "accompaniment", 0.1, "somebody comes and asks"),
    Loading("hygiene", "accompaniment", 0.3, "visits teach it at home"),
    Loading("market_access", "price_support", 0.2, "a buyer who pays"),
    Loading("market_access", "input_support", 0.1, "a supplier who delivers"),
    Loading("social_capital", "savings_group", 0.2, "meetings of the group"),
    Loading("social_capital", "coaching", 0.1, "meetings with others who are coached"),
)
"""On content while it is delivered; what lasts of it is in the structural outcomes."""
INDICES = tuple(dict.fromkeys(loading.measure for loading in (*STRUCTURAL, *CONTENT)))


def measured(
    results: Results, scenario: str = "", programme: Programme | None = None
) -> pd.DataFrame:
    """Effects on five measured indices of the eligible, in the contrasts of `effects`.

    Dietary diversity, perceived well-being, hygiene, market access and social capital, at every
    horizon. Content counts as the share of the months of the year before the horizon in which an
    arm delivers it, times the arm's scale, and is known without error. It needs `programme`, and
    arms that everybody eligible lives (a trial); `content` says whether it is counted. Arms of
    coordination, in which lists decide who gets what, are left out.

    Returns
    -------
    One row per contrast, world, index and horizon; columns and units in `UNITS["measured"]`.
    """
    content, note = _content(results, programme)
    sample = _indices(results, sample_of(results, ELIGIBLE), content)
    left_out = coordination_arms(results)
    rows = []
    for contrast in contrasts(results.arms):
        if contrast.arm in left_out:
            continue
        effect = contrasted(results, sample, contrast.signs)
        base = contrasted(results, sample, {contrast.base: 1.0}).draws.mean(axis=-1)
        place = {"arm": contrast.arm, "comparison": contrast.comparison, "content": note}
        rows += [place | row for row in _rows(results, effect, base)]
    return tidy("measured", rows, scenario)


def _rows(results: Results, effect: Sample, base: Array) -> Iterator[dict[str, object]]:
    estimate, se_luck = effect.draws.mean(axis=-1), luck_error(effect.draws, -1)
    se_sample = sample_error(effect.influence, results.village_stratum)
    low, high = interval(estimate, se_luck, se_sample, effect.draws.shape[-1])
    above = share_above_zero(effect.draws, base)
    for at in np.ndindex(estimate.shape):
        w, h, i = at
        yield {
            "shock": results.worlds[w],
            "measure": INDICES[i],
            "horizon_months": MONTHS * results.horizons_years[h],
            "measured_in": POINTS,
            "estimate": estimate[at],
            "se_luck": se_luck[at],
            "se_sample": se_sample[at],
            "ci_low": low[at],
            "ci_high": high[at],
            "share_above_zero": above[at],
            "loadings": "assumed",
        }


def _indices(results: Results, sample: Sample, content: Array) -> Sample:
    """Draws and influences of the indices from those of the outcomes; content moves the draws."""
    points = structural_points(results.outcomes)
    loaded = points.any(axis=0)
    draws, influence = (
        np.einsum("io,awho...->awhi...", points[:, loaded], values[..., loaded, :])
        for values in sample
    )
    return Sample(draws + content[:, None, :, :, None], influence)


def structural_points(outcomes: Sequence[str]) -> Array:
    """Index points per unit of each outcome of the model, shape (indices, outcomes)."""
    points = np.zeros((len(INDICES), len(outcomes)))
    for loading in STRUCTURAL:
        points[INDICES.index(loading.measure), tuple(outcomes).index(loading.on)] += loading.points
    return points


def _content(results: Results, programme: Programme | None) -> tuple[Array, str]:
    """Points by content, shape (A, H, indices), and whether content is counted."""
    if programme is None or programme.mode != "trial":
        points = np.zeros((len(results.arms), len(results.horizons_years), len(INDICES)))
        return points, NOT_KNOWN if programme is None else NOT_TRIAL
    return content_points(programme, results.arms, results.horizons_years), COUNTED


def content_points(programme: Programme, arms: Sequence[str], horizons: Sequence[int]) -> Array:
    """Index points by content that is delivered in the year before each horizon, (A, H, indices)."""
    points = np.zeros((len(arms), len(horizons), len(INDICES)))
    for a, arm in enumerate(arms):
        for loading in CONTENT:
            received = _received(programme, arm, loading.on, horizons)
            points[a, :, INDICES.index(loading.measure)] += loading.points * received
    return points


def _received(programme: Programme, arm: str, kind: str, horizons: Sequence[int]) -> Array:
    """Share of the year before each horizon in which an arm delivers contents of one kind."""
    year_end = MONTHS * np.array(horizons, dtype=np.float64)
    received, scale = np.zeros(len(year_end)), 0.0
    for name in programme.arms.get(arm, []):
        content = programme.contents[name]
        if content.kind == kind:
            start = np.maximum(content.start_month, year_end - MONTHS)
            end = np.minimum(content.start_month + content.months, year_end)
            received += np.maximum(end - start, 0.0) / MONTHS
            scale = max(scale, scale_of(programme, arm, content))
    return np.minimum(received, 1.0) * scale
