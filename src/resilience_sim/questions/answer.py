"""The answer to a question: every option in every outcome, with bands, as one tidy table."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from resilience_sim.calibration.draws import NEW, Draws
from resilience_sim.calibration.uncertainty import Draw, chosen
from resilience_sim.errors import SimulationError, SolverError
from resilience_sim.outcomes.axes import CALM_WORLD
from resilience_sim.questions.judging import judge, on_frontier
from resilience_sim.questions.living import Lived, live
from resilience_sim.questions.options import NOTHING, Question, Setup

if TYPE_CHECKING:
    import pandas as pd

HEADS = {
    "scenario": "name",
    "question": "name",
    "option": "name",
}
IN_UNIT = "see unit"
TAILS = {
    "cost": "annual poverty lines per household that is eligible by the case's own rule, over the run, "
    "undiscounted",
    "present_cost": "the same, discounted to the start of the run",
    "goal": "name",
    "outcome": "name",
    "shock": "name of the world; none is the world without shock",
    "judged": "whose outcomes count",
    "horizon_years": "years since the start of the run",
    "unit": "unit of the row",
    "better": "more or less",
    "is_headline": "whether the goal is judged by this outcome",
    "level": f"{IN_UNIT}; median over draws of the option itself",
    "reference": "option that effects are against",
    "median": f"{IN_UNIT}; of option less reference, over draws",
    "low": f"{IN_UNIT}; 5 % quantile over draws of the same; missing with one draw",
    "high": f"{IN_UNIT}; 95 % quantile over draws of the same; missing with one draw",
    "se_luck": f"{IN_UNIT}; standard error of the same over replicates, median over draws",
    "se_sample": f"{IN_UNIT}; standard error of the same over villages, median over draws",
    "share_best": "share of draws in which no option is better, ties split, decimal",
    "behind": f"{IN_UNIT}; how far the best option is ahead, for the better, median over draws",
    "behind_low": f"{IN_UNIT}; 5 % quantile over draws of the same",
    "behind_high": f"{IN_UNIT}; 95 % quantile over draws of the same",
    "behind_se_luck": f"{IN_UNIT}; standard error of the same over replicates",
    "behind_se_sample": f"{IN_UNIT}; standard error of the same over villages",
    "undecided_by": "what leaves open whether the best option is better: parameters, luck or sample",
    "verdict": "chosen, undecided (the bands overlap too much to choose), behind, no band (one draw), "
    "unknown (nobody to tell of), reference",
    "share_on_frontier": "share of draws in which no other option is as good in every headline and "
    "better in one, decimal",
    "gain_per_line": "median effect for the better, see unit, per line per eligible household",
    "n_draws": "count",
    "n_failed": "count of draws that did not settle and are left out",
    "drawn_for": "case whose evidence the draws have seen; new: they were drawn for a case nobody saw",
}

Progress = Callable[[str, int, int], None]


def answer(
    question: Question,
    setup: Setup,
    draws: Draws,
    n_draws: int,
    threads: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Live a question under draws of the parameters, and judge its options.

    Draws are those of the case, or of the pooled set where it was not fitted, taken in proportion to
    their weights; each lives all options, so that differences between options have bands of their own.

    Parameters
    ----------
    n_draws
        Draws to take; one alone has no band.
    threads
        Draws at once; 0 takes all processors. No answer depends on it.

    Returns
    -------
    One row per option and outcome, the reference first; columns are `HEADS`, the settings of the
    question, and `TAILS`, units in `frame.attrs["units"]`.

    Raises
    ------
    SimulationError
        Where no draw could be lived.
    """
    import pandas as pd

    case = setup.config.case_name
    lives = _live_all(
        question, setup, chosen(draws, case, n_draws, setup.config.seed), threads, progress
    )
    if not lives:
        raise SimulationError(f"none of {n_draws} draws could be lived; try other draws or a seed")
    told = judge(question, lives, setup.config.replicates)
    frontier = on_frontier(question, lives)
    units = {**HEADS, **question.setting_units, **TAILS}
    rows = []
    lived = question.lived
    names = [each.name for each in question.options]
    for k in sorted(range(len(lived)), key=lambda k: _rank(lived[k].name, names)):
        option = lived[k]
        for measure, judged in zip(question.measures, told[k], strict=True):
            low, median, high = judged.effect
            behind_low, behind, behind_high = judged.behind
            rows.append(
                {
                    "scenario": case,
                    "question": question.name,
                    "option": option.name,
                    **dict.fromkeys(question.setting_units),
                    **option.settings,
                    "cost": option.cost,
                    "present_cost": option.present_cost,
                    "goal": measure.goal,
                    "outcome": measure.outcome,
                    "shock": NOTHING if measure.world == CALM_WORLD else setup.config.shock.name,
                    "judged": question.judged_words,
                    "horizon_years": measure.year,
                    "unit": measure.unit,
                    "better": "more" if measure.is_more_better else "less",
                    "is_headline": measure.is_headline,
                    "level": judged.level,
                    "reference": question.reference.name,
                    "median": median,
                    "low": low,
                    "high": high,
                    "se_luck": judged.se_luck,
                    "se_sample": judged.se_sample,
                    "share_best": judged.share_best,
                    "behind": behind,
                    "behind_low": behind_low,
                    "behind_high": behind_high,
                    "behind_se_luck": judged.behind_se_luck,
                    "behind_se_sample": judged.behind_se_sample,
                    "undecided_by": judged.undecided_by,
                    "verdict": judged.verdict,
                    "share_on_frontier": frontier[k],
                    "gain_per_line": judged.gain_per_line,
                    "n_draws": len(lives),
                    "n_failed": n_draws - len(lives),
                    "drawn_for": case if case in set(draws.draws["case_id"]) else NEW,
                }
            )
    numbers = dict.fromkeys(question.setting_units, "float64")
    frame = pd.DataFrame(rows, columns=list(units)).astype(numbers)
    frame.attrs["units"] = units
    return frame


def _rank(name: str, names: list[str]) -> int:
    """Place of an option in the table: a reference that is none of the options comes first."""
    return names.index(name) if name in names else -1


def _live_all(
    question: Question,
    setup: Setup,
    draws: list[Draw],
    threads: int,
    progress: Progress | None,
) -> list[Lived]:
    """Lives under every draw that settles, in the order of the draws."""

    def one(draw: Draw) -> Lived | None:
        try:
            return live(question, setup, draw)
        except (SolverError, SimulationError):
            return None

    found = []
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for n, lived in enumerate(pool.map(one, draws), start=1):
            found.append(lived)
            if progress is not None:
                progress("draws", n, len(draws))
    return [lived for lived in found if lived is not None]
