"""How badly forecasts agree with what was reported: the log likelihood of a case's targets.

A number is compared with its tolerance, with tails of Student's t, so that one target that nothing
can meet does not decide everything. A sign is a one-sided constraint with the neutral band of the
notes to the evidence. That there was no effect says that a study with the usual error could not tell one
from zero. Either costs no more than `MOST_SIGN`. What is read as one quantity of the model counts once,
however often it was reported. Besides, the untreated world of a case has to stand still
(`cases.STANDING`); that of a trial elsewhere need not, for nothing was surveyed there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import median

import numpy as np

from resilience_sim.calibration.cases import STANDING_TOLERANCE
from resilience_sim.calibration.forecasts import reported
from resilience_sim.evidence import Role, Target, targets

BANDS = {"percent": 2.0, "pp": 1.0, "sd": 0.05, "index": 0.05, "months": 0.12, "tlu": 0.05}
"""Half widths of the neutral band by unit; a month is a twelfth of a year, so 1 pp of it are 0.12 months."""
FREEDOM = 5.0
"""Degrees of freedom of the tails."""
MOST_SIGN = math.log(0.02)
WORST = 4.0
"""Tolerances that a number counts as off where it cannot be told."""
WEIGHTS = {"high": 1.0, "medium": 1.0, "low": 0.5}
SIGNIFICANT = 1.96
"""Standard errors from zero at which an effect is told."""
_EDGE = 0.25
"""Width of a band's edge, which is logistic, as a share of the band."""
_LOGIT = 1.702
"""Slope at which a logistic distribution stands in for a normal one."""


class Misfit:
    """Log likelihood of the targets of one case, for many draws at once.

    Parameters
    ----------
    targets
        In the order of the forecasts; those that are not to be fitted count for nothing.
    has_to_stand
        Whether the drift of the untreated world counts.
    """

    def __init__(self, targets: Sequence[Target], has_to_stand: bool = True) -> None:
        told = np.array([reported(target) for target in targets]).reshape(-1, 2)
        n = len(targets)
        self.n_outputs = n + len(STANDING_TOLERANCE)
        self.value = np.concatenate([told[:, 0], np.zeros(len(STANDING_TOLERANCE))])
        self.tolerance = np.concatenate([told[:, 1], STANDING_TOLERANCE])
        numbers = [target.is_number for target in targets]
        self.is_number = np.array(numbers + [True] * len(STANDING_TOLERANCE), np.bool_)
        bands = [BANDS[t.unit] if not t.is_number else 1.0 for t in targets]
        self.band = np.array(bands + [1.0] * len(STANDING_TOLERANCE))
        error = [usual_error(t.unit) if not t.is_number else 1.0 for t in targets]
        self.error = np.array(error + [1.0] * len(STANDING_TOLERANCE))
        self.weight = np.ones(self.n_outputs)
        self.weight[:n] = _weights(targets)
        self.weight[n:] = float(has_to_stand)

    def __call__(self, forecasts: np.ndarray, variance: np.ndarray | float = 0.0) -> np.ndarray:
        """Log likelihood up to a constant, shape (n,).

        Parameters
        ----------
        forecasts
            (n, n_outputs) in the units of the targets and of `cases.STANDING`; what is not a number
            costs as much as the worst.
        variance
            (n_outputs,) of the forecasts themselves, where they come from an emulator.
        """
        return np.asarray(self.terms(forecasts, variance).sum(axis=1))

    def terms(self, forecasts: np.ndarray, variance: np.ndarray | float = 0.0) -> np.ndarray:
        """Log likelihood of each output, shape (n, n_outputs)."""
        is_told = np.isfinite(forecasts)
        at = np.where(is_told, forecasts, 0.0)
        square = (at - self.value) ** 2 / (self.tolerance**2 + variance)
        square = np.where(is_told, square, WORST**2)
        number = -0.5 * (FREEDOM + 1.0) * np.log1p(square / FREEDOM)
        edge = np.sqrt((_EDGE * self.band) ** 2 + variance)
        over, under = _logistic((at - self.band) / edge), _logistic((-at - self.band) / edge)
        slope = _LOGIT / np.sqrt(self.error**2 + variance)
        told = SIGNIFICANT * self.error
        untold = _logistic((told - at) * slope) - _logistic((-told - at) * slope)
        right = np.where(self.value > 0, over, np.where(self.value < 0, under, untold))
        right = np.where(is_told, right, 0.0)
        floor = math.exp(MOST_SIGN)
        sign = np.log(floor + (1.0 - floor) * right)
        return np.asarray(self.weight * np.where(self.is_number, number, sign))


@cache
def usual_error(unit: str) -> float:
    """Standard error that a report of no effect is taken to have had, in a unit.

    The median tolerance of the fitted numbers told in that unit, which were known before any fit. Of
    indices none was told with an error; they count as standard deviations.
    """
    told = [
        reported(target)[1]
        for target in targets()
        if target.is_number and target.is_represented and target.role is Role.FIT
        if target.unit == ("sd" if unit == "index" else unit)
    ]
    return median(told)


def _weights(targets: Sequence[Target]) -> list[float]:
    """Weights of targets; those read as one quantity of the model share the largest among them."""
    own = [WEIGHTS[each.weight] if each.role is Role.FIT else 0.0 for each in targets]
    read = [
        (each.table, each.measure, each.contrast, each.year, each.years_after) for each in targets
    ]
    alike = [[w for w, other in zip(own, read, strict=True) if other == each] for each in read]
    return [
        weight * max(several) / sum(several) if weight else 0.0
        for weight, several in zip(own, alike, strict=True)
    ]


def is_right(target: Target, forecasts: np.ndarray) -> np.ndarray:
    """Whether each forecast of a sign is on the reported side of its neutral band, or inside it for 0."""
    band = BANDS[target.unit]
    if target.value > 0:
        return np.asarray(forecasts > band)
    return np.asarray(forecasts < -band if target.value < 0 else np.abs(forecasts) <= band)


def _logistic(scores: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -40.0, 40.0))))
