"""Order: which of the two programmes comes first, and how long before the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from resilience_sim.config import Side
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes.contents import side_of
from resilience_sim.questions.measures import of_programmes
from resilience_sim.questions.options import Option, Question, Setup, both_of, priced, with_arms

GAPS = (6, 12, 24)
TOGETHER = "together"
SIDES = {"cash": Side.PRODUCTIVE, "productive": Side.SOCIAL}
"""Who comes first, and the side that therefore waits."""
UNITS = {
    "gap_months": "months from the start of the first side to that of the other; below zero: "
    "productive support first",
}


def order(setup: Setup, gaps: Sequence[int] = GAPS, years: Sequence[int] = (10,)) -> Question:
    """Both programmes at once, or one of them some months before the other.

    The side that comes first keeps its months; all contents of the other start later by the gap.

    Parameters
    ----------
    gaps
        Months between the two, each tried in both orders; 0 is together.
    years
        When outcomes are told: of these only those by which every option has been paid for, so that
        none is judged before its money is spent.

    Raises
    ------
    ConfigError
        Where a gap is none, or a content would end after the run, so that less would be paid.
    """
    held = both_of(setup.config)
    months = 12 * setup.config.horizon_years
    problems = [
        Problem("gaps", "be different numbers of months, 0 to 120", str(gap))
        for n, gap in enumerate(gaps)
        if not 0 <= gap <= 120 or gap in gaps[:n]
    ]
    last = max(each.start_month + each.months for each in held.values()) + max(gaps, default=0)
    if last > months:
        hint = f"Ask for shorter gaps, or horizon_years={-(-last // 12)}."
        allowed = f"leave all contents to end within the run (month {months})"
        problems.append(Problem("gaps", allowed, f"month {last}", hint))
    if problems:
        raise ConfigError(problems)
    arms = {TOGETHER: held}
    gap_of = {TOGETHER: 0}
    for first, waiting in SIDES.items():
        for gap in sorted(gaps):
            arms[f"{first}_first_{gap}"] = {
                name: replace(each, start_month=each.start_month + gap)
                if side_of(each) is waiting
                else each
                for name, each in held.items()
            }
            gap_of[f"{first}_first_{gap}"] = gap if first == "cash" else -gap
    config = with_arms(setup.config, arms)
    options = [
        Option(name, {"gap_months": gap_of[name]}, config, name, tuple(arm.values()))
        for name, arm in sorted(arms.items(), key=lambda each: gap_of[each[0]])
    ]
    costed = priced(setup, options)
    together = next(each for each in costed if each.name == TOGETHER)
    after = [year for year in years if 12 * year >= last] or [setup.config.horizon_years]
    measures = of_programmes(after, setup.is_shocked, setup.config.horizon_years)
    return Question(
        "order", costed, together, setup.eligible, "eligible persons",
        tuple(measures), UNITS,
    )  # fmt: skip
