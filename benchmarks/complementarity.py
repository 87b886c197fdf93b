"""Say for each case what complementarity there is, and what makes or destroys it: docs/complementarity.md.

    python benchmarks/complementarity.py [--draws N] [--beliefs-draws M] [CASE ...]

For every case N draws of the shipped set, in proportion to their weights, live the four arms; then again
with one mechanism off at a time, with coordination as it was found beside none of it, and M of them with
three believed ends of cash. Prints Markdown.
"""

import argparse
import sys
from copy import copy
from dataclasses import replace

import numpy as np

from resilience_sim import compose
from resilience_sim.calibration.cases import Case
from resilience_sim.calibration.draws import shipped
from resilience_sim.calibration.forecasts import SMALL_CASH, Lived
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.calibration.uncertainty import Asked, Draw, chosen, live_all
from resilience_sim.cli.calibrating import calibrated_cases
from resilience_sim.config import Config
from resilience_sim.programmes.coordination import UNCOORDINATED

YEARS = 3
OFF = {
    "labour not given up": {"labour_taken": False},
    "no outlay": {"outlay": False},
    "no improved technique": {"improved_technique": False},
    "knowledge changes nothing": {"knowledge": False},
    "all confident": {"confidence": False},
    "no pool": {"pooling": False},
    "no borrowing": {"borrowing": False},
    "assets sell at cost": {"illiquid_assets": False},
}
NOT_IDLE = "no labour is idle"
HAZARDS = (0.02, 0.2, 1.0)
ETHIOPIA = "ethiopia_psnp_insct"
SERVED = (1.0, 0.5, 0.25, 0.0)
"""Parts of extension and credit that reach who had one year of cash, beside those of five years."""
ADOPTION_YEAR = 4

Lives = list[Lived]


def main(cases: list[str], n: int, m: int) -> None:
    """Print the page."""
    draws = shipped()
    arms, offs, worlds, beliefs, structures = [], [], [], [], []
    for name in cases:
        config = compose([f"case={name}"])
        case = Case(config, [], {}, years=YEARS)
        several = chosen(draws, name, n, 1)
        base = lived(case, several)
        arms.append(f"| {name} | {' | '.join(_arms(base))} | {told(base)} |")
        row = [told(lived(switched(case, switch), several)) for switch in OFF.values()]
        row.append(told(lived(case, [Draw(s, {**v, "idle_labour": 0.0}) for s, v in several])))
        offs.append(f"| {name} | {told(base)} | {' | '.join(row)} |")
        worlds.append(
            f"| {name} | {config.coordination.name} | {coordinated(case, config, several)} |"
        )
        few = several[:: max(1, n // m)][:m]
        row = [
            told(lived(case, [Draw(s, {**v, "believed_end": hazard}) for s, v in few]))
            for hazard in HAZARDS
        ]
        beliefs.append(f"| {name} | {' | '.join(row)} |")
        row = [told(lived(case, [Draw(structure, v) for _, v in few])) for structure in STRUCTURES]
        structures.append(f"| {name} | {' | '.join(row)} |")
        print(f"{name} done", flush=True, file=sys.stderr)
    _table(f"The four arms, income in year {YEARS}, % of the mean of none",
           ["case", "cash", "productive", "both", "interaction [band], above zero"], arms)  # fmt: skip
    _table("With one mechanism off", ["case", "as it is", *OFF, NOT_IDLE], offs)
    _table(
        f"Coordination as it was found, what it adds to both at the same money, % of none in year {YEARS}",
        ["case", "world", "income, with it minus without"],
        worlds,
    )
    _table("By the believed chance per year that cash ends", ["case", *map(str, HAZARDS)], beliefs)
    _table("By structure, the same parameters", ["case", *STRUCTURES], structures)
    if ETHIOPIA in cases:
        delivery()


def delivery() -> None:
    """Print what Ethiopia's interaction of adoption would be if clients of cash are served first."""
    config = compose([f"case={ETHIOPIA}"])
    draws = chosen(shipped(), ETHIOPIA, 8, 1)
    case = Case(config, [], {}, arms=["one_year", "one_year_productive"], years=ADOPTION_YEAR)
    rows = []
    for share in SERVED:
        lives = lived(case, [Draw(s, {**v, "others_served": share}) for s, v in draws])
        gap = np.array([_adoption(each) for each in lives])
        rows.append(f"| {share:.0%} | {_band(gap)} |")
    _table(
        "Ethiopia: delivery beside technology, interaction of adoption in year 4, points",
        [
            "extension and credit reach, of who had one year of cash",
            "both - its one year - cash + one year",
        ],
        rows,
    )


def _adoption(lived: Lived) -> float:
    o = lived.outcomes.index("improved")
    both, productive, cash, one_year = (
        lived.means["none"][lived.arms.index(arm), ADOPTION_YEAR - 1, o]
        for arm in ("both", "one_year_productive", "cash", "one_year")
    )
    return float(100 * (both - productive - cash + one_year))


def switched(case: Case, switch: dict[str, bool]) -> Case:
    """The same case and people with a mechanism off."""
    other = copy(case)
    other.config = replace(case.config, mechanisms=replace(case.config.mechanisms, **switch))
    return other


def coordinated(case: Case, config: Config, several: list[Draw]) -> str:
    """What coordination as it was found adds to income under both programmes; no world of it, nothing."""
    name = config.coordination.name
    if name in ("off", "none"):
        return "-"
    other = copy(case)
    other.config = replace(case.config, coordination=config.coordination)
    lives = lived(other, several)
    gap = [
        100 * (_income(each, name) - _income(each, UNCOORDINATED)) / _income(each, "none")
        for each in lives
    ]
    return f"{_band(np.array(gap))}, {np.mean(np.array(gap) > 0):.0%}"


def lived(case: Case, several: list[Draw]) -> Lives:
    """What each draw leads to, without those that do not settle."""
    found = live_all(case, [Asked("draws", draw) for draw in several], threads=0)
    return [each for each in found if each is not None]


def _income(lived: Lived, arm: str) -> float:
    return float(
        lived.means["none"][lived.arms.index(arm), YEARS - 1, lived.outcomes.index("income")]
    )


def _arms(lives: Lives) -> list[str]:
    return [
        _band(np.array([100 * (_income(each, arm) / _income(each, "none") - 1) for each in lives]))
        for arm in ("cash", "productive", "both")
    ]


def told(lives: Lives) -> str:
    """Interaction of income: median, band and share above zero."""
    cash = SMALL_CASH if lives and SMALL_CASH in lives[0].arms else "cash"
    gap = np.array(
        [
            100
            * (
                _income(each, "both")
                - _income(each, cash)
                - _income(each, "productive")
                + _income(each, "none")
            )
            / _income(each, "none")
            for each in lives
        ]
    )
    return f"{_band(gap)}, {np.mean(gap > 0):.0%}" if len(gap) else "-"


def _band(values: np.ndarray) -> str:
    low, median, high = quantiles(values, np.ones(len(values)))
    return f"{median:.2f} [{low:.2f}, {high:.2f}]"


def _table(heading: str, columns: list[str], rows: list[str]) -> None:
    print(f"\n## {heading}\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    print("\n".join(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=16)
    parser.add_argument("--beliefs-draws", type=int, default=8)
    parser.add_argument("cases", nargs="*")
    told_words = parser.parse_args()
    main(told_words.cases or calibrated_cases(), told_words.draws, told_words.beliefs_draws)
