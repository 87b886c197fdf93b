"""Made-up results as finished runs, for reports to read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import synthetic_results
from resilience_sim.calibration.uncertainty import UNITS, VARIANTS
from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.outcomes import tables
from resilience_sim.results import Results
from resilience_sim.runs import write_run

CASE = "zambia_casu_hgsf"
"""A real case, for it has reported effects; the numbers of the run are made up."""


def drawn() -> pd.DataFrame:
    """A table of draws with bands of one unit around a median that tells where it stands."""
    rows = [
        {
            "scenario": CASE, "source": source, "arm": arm, "comparison": comparison, "shock": "none",
            "outcome": outcome, "unit": "pp" if outcome == "poor" else "percent", "horizon_months": months,
            "median": 0.1 * i + months / 12, "low": 0.1 * i + months / 12 - 1,
            "high": 0.1 * i + months / 12 + 1, "share_above_zero": 0.75, "n_draws": 24, "drawn_for": CASE,
        }
        for source in ("draws", *VARIANTS)
        for i, (arm, comparison) in enumerate(
            [("cash", "control"), ("productive", "control"), ("both", "control"), ("both", "interaction")]
        )
        for outcome in ("income", "consumption", "poor")
        for months in (24, 60)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(UNITS))
    frame.attrs["units"] = dict(UNITS)
    return frame


def settings(*overrides: str, shock: str = "covid_like") -> Config:
    return compose(
        [f"case={CASE}", f"shock={shock}", "replicates=3", "horizon_years=6", *overrides]
    )


def stored(directory: Path, made: Results, config: Config, **more: pd.DataFrame) -> Path:
    """Write made-up results as a finished run."""
    frames = tables(made, config.case_name, config) | more
    write_run(directory, config, made, frames, command=["resilience-sim", "run"])
    return directory


def small_run(directory: Path) -> Path:
    """The smallest run there is: none alone, nothing strikes, one replicate."""
    made = synthetic_results.one_arm(n_replicates=1)
    return stored(directory, made, settings("arms=[none]", "coordination=off", shock="none"))
