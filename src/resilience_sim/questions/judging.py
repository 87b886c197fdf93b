"""Judging: which option is best in what, and when the bands overlap too much to choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resilience_sim.calibration.scoring import quantiles
from resilience_sim.outcomes.axes import Array
from resilience_sim.outcomes.uncertainty import interval
from resilience_sim.questions.living import Lived
from resilience_sim.questions.measures import Measure
from resilience_sim.questions.options import Question

CHOSEN, UNDECIDED, BEHIND = "chosen", "undecided", "behind"
REFERENCE, NO_BAND, UNKNOWN = "reference", "no band", "unknown"
PARAMETERS, NOISE = "parameters", "luck or sample"
ALIKE = 1e-9
"""Differences of means smaller than this, relative to the mean, are rounding."""


class Judgement(NamedTuple):
    """One option in one measure; all numbers in the unit of the measure unless said otherwise."""

    level: float
    """Median over draws of the option itself."""
    effect: tuple[float, float, float]
    """Low end, median and high end over draws of the option less the reference; ends NaN with one draw."""
    se_luck: float
    se_sample: float
    share_best: float
    """Share of draws in which no other option is better, ties split; NaN with one draw."""
    behind: tuple[float, float, float]
    """How much the best is ahead of it, for the better: low end, median, high end over draws."""
    behind_se_luck: float
    behind_se_sample: float
    undecided_by: str
    """What leaves open which of the two is better: parameters, luck or sample, both, or nothing."""
    verdict: str
    gain_per_line: float
    """Median effect for the better, per line per eligible household."""


def judge(question: Question, lives: Sequence[Lived], n_replicates: int) -> list[list[Judgement]]:
    """Judge every option that was lived in every measure.

    The best option is the one that is best in most draws. It is chosen where the 90 % band over draws
    of its lead over every other option leaves zero out, and so does the 95 % interval of luck and
    sample of that lead. Draws are paired: the same draw lives all options.

    Returns
    -------
    One list for each option of `question.lived`, with one judgement for each measure.
    """
    mean = np.array([each.mean for each in lives])  # (D, K, M)
    luck = np.median([each.se_luck for each in lives], axis=0)
    sample = np.median([each.se_sample for each in lives], axis=0)
    candidates = _candidates(question)
    columns = [
        list(_column(question, m, measure, mean[..., m], luck[..., m], sample[..., m],
                     candidates, n_replicates))
        for m, measure in enumerate(question.measures)
    ]  # fmt: skip
    return [list(row) for row in zip(*columns, strict=True)]


def on_frontier(question: Question, lives: Sequence[Lived]) -> Array:
    """Share of draws in which no other option is as good in every headline and better in one, (K,).

    NaN for a reference that is not an option.
    """
    heads = [m for m, each in enumerate(question.measures) if each.is_headline]
    sign = np.array([1.0 if question.measures[m].is_more_better else -1.0 for m in heads])
    candidates = _candidates(question)
    mean = np.array([each.mean for each in lives])[..., heads] * sign  # (D, K, H)
    mean[np.isnan(mean)] = 0.0  # what nobody can tell decides nothing
    ahead = mean[:, None] - mean[:, :, None]  # [draw, option, other, headline]
    is_as_good, is_better = (ahead >= -ALIKE).all(-1), (ahead > ALIKE).any(-1)
    is_beaten = (is_as_good & is_better & candidates).any(axis=2)
    return np.where(candidates, 1.0 - is_beaten.mean(axis=0), np.nan)


def _candidates(question: Question) -> NDArray[np.bool_]:
    """Which of the options that are lived can be chosen: all but a reference of another kind."""
    named = {each.name for each in question.options}
    return np.array([each.name in named for each in question.lived])


def _column(
    question: Question,
    m: int,
    measure: Measure,
    mean: Array,
    luck: Array,
    sample: Array,
    candidates: NDArray[np.bool_],
    n_replicates: int,
) -> Iterator[Judgement]:
    """Judgements of one measure; mean (D, K), errors of differences (K, K)."""
    sign = 1.0 if measure.is_more_better else -1.0
    n_draws, is_known = len(mean), not np.isnan(mean).any()
    good = np.where(candidates, sign * (mean if is_known else np.zeros_like(mean)), -np.inf)
    top = good.max(axis=1, keepdims=True)
    is_top = good >= top - ALIKE * np.maximum(np.abs(top), 1.0)
    share = (is_top / is_top.sum(axis=1, keepdims=True)).mean(axis=0)
    most = share >= share.max() - ALIKE
    best = int(np.argmax(np.where(most, np.median(good, axis=0), -np.inf)))
    leads = [_band(sign * (mean[:, best] - mean[:, k])) for k in range(mean.shape[1])]
    middle = np.array([lead[1] for lead in leads])
    surely, _ = interval(middle, luck[best], sample[best], n_replicates)
    open_by = [_open_by(n_draws, lead, float(low)) for lead, low in zip(leads, surely, strict=True)]
    is_open = any(by for k, by in enumerate(open_by) if k != best and candidates[k])
    for k, option in enumerate(question.lived):
        effect = _band(mean[:, k] - mean[:, 0])
        by = open_by[k]
        if not candidates[k]:
            verdict = REFERENCE
        elif not is_known:
            verdict = UNKNOWN
        elif n_draws == 1:
            verdict = NO_BAND
        elif k == best:
            verdict = UNDECIDED if is_open else CHOSEN
        else:
            verdict = UNDECIDED if by else BEHIND
        yield Judgement(
            level=float(np.median(mean[:, k])),
            effect=effect,
            se_luck=float(luck[k, 0]),
            se_sample=float(sample[k, 0]),
            share_best=float(share[k]) if n_draws > 1 and candidates[k] and is_known else np.nan,
            behind=leads[k],
            behind_se_luck=float(luck[best, k]),
            behind_se_sample=float(sample[best, k]),
            undecided_by="" if k == best or not candidates[k] else by,
            verdict=verdict,
            gain_per_line=sign * effect[1] / option.cost if option.cost > 0 else np.nan,
        )


def _open_by(n_draws: int, lead: tuple[float, float, float], surely: float) -> str:
    """What leaves open whether a lead is one: its band over draws, its interval of luck and sample."""
    by = [PARAMETERS] if n_draws > 1 and not lead[0] > 0 else []
    return ", ".join(by if surely > 0 else [*by, NOISE])


def _band(values: Array) -> tuple[float, float, float]:
    """Low end, median and high end of the 90 % band over draws; of one draw only the middle."""
    low, median, high = quantiles(values + 0.0, np.ones(len(values)))  # no minus zero
    return (np.nan, median, np.nan) if len(values) == 1 else (low, median, high)
