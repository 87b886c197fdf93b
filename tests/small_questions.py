"""Questions about Erewhon: few households, coarse plans, draws made up, so that options live in moments."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from resilience_sim import compose
from resilience_sim.calibration.cases import Effort
from resilience_sim.calibration.draws import NEW, Draws
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.calibration.uncertainty import Draw
from resilience_sim.config import CoordinationTerms, Response
from resilience_sim.questions.options import Setup, setup

SMALL = Effort(
    n_skill=2, n_other=1, n_assets=10, n_money=14, n_savings=10, replicates=2, n_households=240
)
WORDS = ("case=erewhon", "horizon_years=7", "outcomes.horizons_years=[2,6]")
TERMS = {
    "formal": CoordinationTerms(0.8, 3, 0.85, 0.65, 0, 6, 0.0, 0.2),
    "full": CoordinationTerms(0.8, 3, 0.9, 0.8, 0, 3, 0.4, 0.2),
}
TOP_UP = Response(delay_months=3, months=6, top_up=0.13)


@cache
def erewhon(*words: str) -> Setup:
    """Erewhon ready for questions; words add to or replace the usual settings."""
    return setup(compose([*WORDS, *words]), SMALL, 0.05)


def draw(structure: str = "rule_of_thumb", **values: float) -> Draw:
    """A draw in the middle of the priors, but for what is said."""
    return Draw(structure, values_of(np.zeros(len(priors()))) | values)


def draws(n: int = 3, structure: str = "rule_of_thumb") -> Draws:
    """Draws of equal weight for cases that nobody fitted."""
    chance = np.random.default_rng(3)
    rows = [
        {"case_id": NEW, "kind": "fitted", "draw": i, "structure": structure, "weight": 1 / n}
        | values_of(0.5 * chance.standard_normal(len(priors())))
        for i in range(n)
    ]
    return Draws(pd.DataFrame(rows), pd.DataFrame(), {})
