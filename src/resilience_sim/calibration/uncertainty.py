"""How sure a calibrated run is: its effects again under draws of the parameters, and under model variants.

Three things are kept apart. Sampling noise (`se_luck`, `se_sample`) stands in the table of effects and
says how exactly one parameter set was computed. Draws say what the evidence leaves open. Variants say
what other forms of the model would tell: they have no weights and are shown one by one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resilience_sim.calibration.cases import SHOCK, Case, Effort
from resilience_sim.calibration.draws import NEW, Draws
from resilience_sim.calibration.fitting import FITTED
from resilience_sim.calibration.forecasts import CALM, Lived
from resilience_sim.calibration.priors import priors
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.calibration.structures import VARIANTS
from resilience_sim.errors import SimulationError, SolverError
from resilience_sim.model import LABOUR
from resilience_sim.outcomes.contrasts import SMALLEST_BASE, Contrast
from resilience_sim.outcomes.effects import contrasts
from resilience_sim.outcomes.units import outcome as outcome_of

if TYPE_CHECKING:
    import pandas as pd

    from resilience_sim.config import Config

OUTCOMES = (
    "income", "consumption", "own_output", "own_income", "wages", LABOUR, "assets", "savings", "improved",
    "poor", "hungry_months", "enrolled",
)  # fmt: skip
LONGEST_YEARS = 10
"""Horizons beyond it are not told again."""
VARIANT_DRAWS = 4

UNITS = {
    "scenario": "name",
    "source": "draws, or the variant of the model",
    "arm": "name",
    "comparison": "control (arm minus none), cash, productive, interaction",
    "shock": "name of the world; none is the world without shock",
    "outcome": "name",
    "unit": "level (unit of the outcome), percent (of the mean of the arm compared with; of none for an "
    "interaction), pp (percentage points)",
    "horizon_months": "months since the start of the run",
    "median": "see unit; over draws, by weight",
    "low": "see unit; 5 % quantile over draws",
    "high": "see unit; 95 % quantile over draws",
    "share_above_zero": "share of draws, decimal",
    "n_draws": "count",
    "drawn_for": "case whose evidence the draws have seen; new: they were drawn for a case nobody saw",
}

Progress = Callable[[str, int, int], None]


class Draw(NamedTuple):
    """A structure and its parameters."""

    structure: str
    values: Mapping[str, float]


class Asked(NamedTuple):
    """A draw to live, under a variant of its structure or none, and what for."""

    source: str
    draw: Draw
    variant: str | None = None


def uncertainty(
    config: Config, draws: Draws, progress: Progress | None = None, effort: Effort | None = None
) -> pd.DataFrame:
    """Effects and interaction of a case under `config.outcomes.draws` draws and three variants.

    Draws are those of the case, or of the pooled set where it was not fitted, taken in proportion to
    their weights. The population is that of the case, in 2,000 households unless fewer are typed.

    Returns
    -------
    One row per source, contrast, world, outcome, unit and horizon; columns and units in `UNITS`.
    """
    import pandas as pd

    several = chosen(draws, config.case_name, config.outcomes.draws, config.seed)
    horizons = [y for y in config.outcomes.horizons_years if y <= LONGEST_YEARS]
    horizons = [y for y in horizons if y <= config.horizon_years] or [1]
    is_shocked = config.shock.name != "none"
    case = Case(
        config, [], {}, effort or Effort(), config.arms, years=max(horizons), is_shocked=is_shocked
    )
    wanted = [Asked("draws", draw) for draw in several]
    some = several[:: max(1, len(several) // VARIANT_DRAWS)][:VARIANT_DRAWS]
    wanted += [Asked(name, draw, name) for name in VARIANTS for draw in some]
    lives = live_all(case, wanted, config.threads, progress)
    known = set(draws.draws["case_id"])
    drawn_for = config.case_name if config.case_name in known else NEW
    rows = []
    for source in ("draws", *VARIANTS):
        told = [each for asked, each in zip(wanted, lives, strict=True) if asked.source == source]
        settled = [lived for lived in told if lived is not None]
        if settled:
            rows += [
                {"scenario": config.case_name, "source": source, "drawn_for": drawn_for} | row
                for row in _rows(settled, horizons, config.shock.name, config.arms)
            ]
    frame = pd.DataFrame(rows, columns=list(UNITS))
    frame.attrs["units"] = dict(UNITS)
    return frame


def chosen(draws: Draws, case: str, n: int, seed: int, kind: str = FITTED) -> list[Draw]:
    """`n` draws of a kind in proportion to their weights, spread over them evenly."""
    table = draws.of(case, kind)
    weight = table["weight"].to_numpy()
    start = np.random.default_rng(seed).random()
    at = np.searchsorted(np.cumsum(weight) / weight.sum(), (np.arange(n) + start) / n)
    names = [prior.name for prior in priors()]
    return [
        Draw(str(row["structure"]), {name: float(row[name]) for name in names})
        for _, row in table.iloc[np.minimum(at, len(table) - 1)].iterrows()
    ]


def live_one(case: Case, asked: Asked) -> Lived | None:
    """What one draw leads to; None where it did not settle."""
    try:
        return case.live(asked.draw.structure, asked.draw.values, asked.variant)
    except (SolverError, SimulationError):
        return None


def live_all(
    case: Case,
    wanted: Sequence[Asked],
    threads: int,
    progress: Progress | None = None,
) -> list[Lived | None]:
    """What every draw leads to, each on a thread of its own; None where it did not settle."""
    found = []
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for lived in pool.map(partial(live_one, case), wanted):
            found.append(lived)
            if progress is not None:
                progress("draws", len(found), len(wanted))
    return found


def _rows(
    lives: Sequence[Lived], horizons: Sequence[int], shock: str, arms: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Medians and bands over several lives, all of equal weight."""
    for contrast in contrasts([arm for arm in lives[0].arms if arm in arms]):
        for world in lives[0].means:
            for year in horizons:
                for name in OUTCOMES:
                    gaps, bases = _effects(lives, world, year, name, contrast)
                    place = {
                        "arm": contrast.arm,
                        "comparison": contrast.comparison,
                        "shock": shock if world == SHOCK else CALM,
                        "outcome": name,
                        "horizon_months": 12 * year,
                        "n_draws": len(lives),
                    }
                    for unit, values in _units(name, gaps, bases):
                        low, median, high = quantiles(values, np.ones(len(values)))
                        yield place | {
                            "unit": unit,
                            "median": median,
                            "low": low,
                            "high": high,
                            "share_above_zero": float(np.mean(values > 0)),
                        }


def _effects(
    lives: Sequence[Lived], world: str, year: int, name: str, contrast: Contrast
) -> tuple[np.ndarray, np.ndarray]:
    """The contrast and the mean of its base in every life, shape (n,)."""
    at = lives[0].arms.index
    o = lives[0].outcomes.index(name)
    means = np.array([lived.means[world][:, year - 1, o] for lived in lives])
    gaps = sum(sign * means[:, at(arm)] for arm, sign in contrast.signs.items())
    return np.asarray(gaps), means[:, at(contrast.base)]


def _units(name: str, gaps: np.ndarray, bases: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if outcome_of(name).is_share:
        yield "pp", 100.0 * gaps
        return
    yield "level", gaps
    with np.errstate(invalid="ignore", divide="ignore"):
        yield "percent", np.where(bases >= SMALLEST_BASE, 100.0 * gaps / bases, np.nan)
