"""Scoring: what was reported beside what the draws say, and beside what simpler forecasters say.

A number is hit where the median over draws lies within 1.645 tolerances of it; a sign where at least
80 % of the draws, by weight, lie on its side of the neutral band. The interval score of a 90 % band
(Gneiting and Raftery 2007) is its width plus twenty times what the reported value lies outside: width
costs. It is counted in tolerances; for signs in bands, where forecasts beyond `FAR` bands count as if
there, and the reported value is the point nearest to the median that the sign allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from resilience_sim.calibration.draws import Draws
from resilience_sim.calibration.fitting import FITTED, LEFT_OUT, TRIAL
from resilience_sim.calibration.forecasts import reported
from resilience_sim.calibration.misfit import BANDS, is_right
from resilience_sim.calibration.priors import priors
from resilience_sim.evidence import Role, Target, Trial

if TYPE_CHECKING:
    import pandas as pd

HIT = 1.645
SURE = 0.8
LEVEL = 0.9
FAR = 3.0
SHARES = {"high": 3.0, "medium": 2.0, "low": 1.0}
"""Weights of targets in the weighted share of hits."""
UNMOVED = 0.9
"""A parameter whose spread under the evidence is more than this part of the prior's did not move."""

UNITS = {
    "case_id": "name",
    "target_id": "name",
    "role": "fit (scored), conflict or prior (shown)",
    "weight": "high, medium or low",
    "quality": "of the report",
    "represented": "whether an outcome of the model stands for it",
    "kind": "number or sign",
    "unit": "of reported, tolerance, median, low and high",
    "reported": "see unit; a sign is +1, 0 or -1",
    "tolerance": "see unit",
    "median": "see unit; over draws, by weight",
    "low": "see unit; 5 % quantile over draws",
    "high": "see unit; 95 % quantile over draws",
    "z": "tolerances between median and reported; a sign has none",
    "right_side": "share of draws on the reported side of the neutral band, decimal; a number has none",
    "hit": "whether the median lies within 1.645 tolerances, or 80 % of the draws on the right side",
    "reachable": "whether any draw is a hit by itself",
    "nearest": "see unit; forecast of the draw nearest to the report",
    "moves_with": "parameter with which the forecast moves most over draws, and their rank correlation",
    "interval_score": "tolerances, or bands of a sign; less is better",
    "score_no_effect": "the same for no effect anywhere",
    "score_added": "the same for arms that simply add",
    "left_out_median": "see unit; of the forecast that did not see the case",
    "left_out_low": "see unit",
    "left_out_high": "see unit",
    "left_out_score": "interval score of that forecast",
}


TRIAL_COLUMNS = (
    "case_id", "target_id", "weight", "quality", "unit", "reported", "tolerance", "median", "low", "high", "z",
)  # fmt: skip


def scorecard(targets: Sequence[Target], draws: Draws) -> pd.DataFrame:
    """One row per target, in their order; columns and units in `UNITS`.

    What the model does not represent, or the fit did not forecast, has no forecast and is no hit.
    """
    import pandas as pd

    told = _forecasts(draws)
    rows = [_row(target, told) | _lever(target, draws) for target in targets]
    frame = pd.DataFrame(rows, columns=list(UNITS))
    frame.attrs["units"] = dict(UNITS)
    return frame


def trial_table(trials: Sequence[Trial], draws: Draws) -> pd.DataFrame:
    """What trials elsewhere reported beside their own draws; one row per target, as `UNITS` has them.

    `tolerance` has the room for transport in it. Trials inform common parameters and are not scored;
    draws of a fit without them have no row.
    """
    import pandas as pd

    told = _forecasts(draws)
    rows = []
    for target in (each for trial in trials for each in trial.targets):
        if (target.target_id, TRIAL) not in told:
            continue
        value, tolerance = reported(target)
        forecasts, _, weight = told[target.target_id, TRIAL]
        low, median, high = quantiles(forecasts, weight)
        z = (median - value) / tolerance if target.is_number else np.nan
        of_trial = (target.case_id, target.target_id, target.weight, target.quality, target.unit)
        rows.append((*of_trial, value, tolerance, median, low, high, z))
    frame = pd.DataFrame(rows, columns=list(TRIAL_COLUMNS))
    frame.attrs["units"] = {name: UNITS[name] for name in TRIAL_COLUMNS}
    return frame


_Told = dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _forecasts(draws: Draws) -> _Told:
    """By target and kind: forecasts, forecasts if arms added, and weights."""
    joined = draws.forecasts.merge(
        draws.draws[["case_id", "kind", "draw", "weight"]], on=["case_id", "kind", "draw"]
    )
    return {
        (str(name), str(kind)): (
            part["forecast"].to_numpy(),
            part["added"].to_numpy(),
            part["weight"].to_numpy(),
        )
        for (name, kind), part in joined.groupby(["target_id", "kind"], sort=False)
    }


def _row(target: Target, told: _Told) -> dict[str, object]:
    value, tolerance = reported(target)
    row: dict[str, object] = dict.fromkeys(UNITS, np.nan) | {
        "case_id": target.case_id,
        "target_id": target.target_id,
        "role": str(target.role),
        "weight": target.weight,
        "quality": target.quality,
        "represented": target.is_represented,
        "kind": "number" if target.is_number else "sign",
        "unit": target.unit,
        "reported": value,
        "tolerance": tolerance,
        "hit": False,
        "reachable": False,
    }
    found = told.get((target.target_id, FITTED))
    if found is None:
        return row
    forecasts, if_added, weight = found
    low, median, high = quantiles(forecasts, weight)
    row |= {"median": median, "low": low, "high": high}
    if target.is_number:
        row["z"] = z = (median - value) / tolerance
        row["hit"] = abs(z) <= HIT
        row["reachable"] = bool((np.abs(forecasts - value) <= HIT * tolerance).any())
    else:
        right = is_right(target, forecasts)
        row["right_side"] = share = float(weight[right].sum() / weight.sum())
        row["hit"] = share >= SURE
        row["reachable"] = bool(right.any())
    row["interval_score"] = interval_score(target, low, median, high)
    row["score_no_effect"] = interval_score(target, 0.0, 0.0, 0.0)
    row["score_added"] = interval_score(target, *quantiles(if_added, weight))
    left = told.get((target.target_id, LEFT_OUT))
    if left is not None:
        low, median, high = quantiles(left[0], left[2])
        row |= {"left_out_median": median, "left_out_low": low, "left_out_high": high}
        row["left_out_score"] = interval_score(target, low, median, high)
    return row


def _lever(target: Target, draws: Draws) -> dict[str, object]:
    """The nearest draw of a target, and the parameter with which its forecast moves most."""
    at = draws.forecasts
    rows = at[(at["target_id"] == target.target_id) & (at["kind"] == FITTED)]
    joined = rows.merge(draws.draws, on=["case_id", "kind", "draw"]).dropna(subset=["forecast"])
    if joined.empty:
        return {}
    value, _ = reported(target)
    if not target.is_number:
        value *= BANDS[target.unit]
    forecasts = joined["forecast"]
    told: dict[str, object] = {"nearest": float(forecasts.iloc[(forecasts - value).abs().argmin()])}
    if forecasts.nunique() > 1:
        names = [prior.name for prior in priors()]
        found = joined[names].rank().corrwith(forecasts.rank()).dropna()
        if len(found):
            name = str(found.abs().idxmax())
            told["moves_with"] = f"{name} {found[name]:+.2f}"
    return told


def quantiles(values: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    """Low end, median and high end of the 90 % band of weighted draws; NaN where none is a number.

    A further draw falls into the band with 90 %, so it is the wider the fewer equally weighted draws
    these are worth: of n, the k-th smallest stands at k / (n + 1).
    """
    is_told = np.isfinite(values) & (weight > 0)
    if not is_told.any():
        return float("nan"), float("nan"), float("nan")
    order = np.argsort(values[is_told], kind="stable")
    sorted_values, share = values[is_told][order], weight[is_told][order]
    middle = (np.cumsum(share) - 0.5 * share) / share.sum()
    worth = share.sum() ** 2 / (share**2).sum()
    place = (worth * middle + 0.5) / (worth + 1.0)
    tail = (1.0 - LEVEL) / 2.0
    low, median, high = np.interp([tail, 0.5, 1.0 - tail], place, sorted_values)
    return float(low), float(median), float(high)


def interval_score(target: Target, low: float, median: float, high: float) -> float:
    """Interval score of one band, in tolerances, or in bands of a sign."""
    value, tolerance = reported(target)
    if not target.is_number:
        band = BANDS[target.unit]
        low, median, high = (float(np.clip(x / band, -FAR, FAR)) for x in (low, median, high))
        if value > 0:
            value = max(median, 1.0)
        else:
            value = min(median, -1.0) if value < 0 else float(np.clip(median, -1.0, 1.0))
        tolerance = 1.0
    outside = max(low - value, 0.0) + max(value - high, 0.0)
    return ((high - low) + 2.0 / (1.0 - LEVEL) * outside) / tolerance


def unmoved(draws: Draws, case: str) -> list[str]:
    """Parameters that the evidence left as wide as their priors in one case."""
    found = draws.of(case)
    weight = found["weight"].to_numpy()
    return [
        prior.name
        for prior in priors()
        if _spread(prior.shares(found[prior.name].to_numpy()), weight) > UNMOVED / np.sqrt(12.0)
    ]


def _spread(shares: np.ndarray, weight: np.ndarray) -> float:
    mean = np.average(shares, weights=weight)
    return float(np.sqrt(np.average((shares - mean) ** 2, weights=weight)))


def fitted_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that are scored: those to fit, represented or not."""
    return frame[frame["role"] == str(Role.FIT)]


def shares(frame: pd.DataFrame) -> Iterator[tuple[str, int, int, float]]:
    """What share of targets is hit: name of the group, hits, targets, share; not represented is missed."""
    rows = fitted_rows(frame)
    weight = rows["weight"].map(SHARES).astype(float)
    hit = rows["hit"].astype(float)
    total = float(weight.sum())
    yield (
        "all, weighted",
        int(hit.sum()),
        len(rows),
        float((weight * hit).sum() / total) if total else 0.0,
    )
    is_number, represented = rows["kind"] == "number", rows["represented"]
    heavy = rows["weight"].isin(["high", "medium"])
    groups = {
        "numbers of weight high or medium, represented": represented & heavy & is_number,
        "signs of weight high or medium, represented": represented & heavy & ~is_number,
        "signs, represented": represented & ~is_number,
        **{f"quality {q}": rows["quality"] == q for q in dict.fromkeys(rows["quality"])},
    }
    for name, inside in groups.items():
        n = int(inside.sum())
        hits = int(rows.loc[inside, "hit"].sum())
        yield name, hits, n, hits / n if n else float("nan")
