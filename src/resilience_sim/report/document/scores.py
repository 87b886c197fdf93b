"""The scorecard of the run's case: what was reported beside what the draws of the fit say."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_sim.errors import ConfigError
from resilience_sim.evidence import targets
from resilience_sim.report.document.drawing import (
    MARK_HANDLE,
    drawing,
    legend_above,
    svg_of,
    zero_line,
)
from resilience_sim.report.document.parts import Chart, Panel, absent, sheet_of
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.page import MISSING, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from resilience_sim.evidence import Target

HIT, MISS, UNSCORED = ("#0072B2", "o"), ("#D55E00", "X"), ("#777777", "D")
WIDEST = 28
"""Letters of a line of a target's words."""
ROW = 0.29
"""Inches of a target."""
FAR = 6.0
"""Tolerances beyond which a band is cut at the edge of the picture."""


def scorecard_chart(stored: Stored) -> Chart:
    """Reported numbers and the draws' bands in tolerances; all targets in the table."""
    subject = "Reported effects beside what the draws say"
    told = [target for target in targets() if target.case_id == stored.case]
    if not told:
        return absent(
            "scorecard", subject,
            f"no effects of programmes are reported for the case {stored.case}, so there is nothing to score; "
            "resilience-sim score tells how the fitted cases do",
        )  # fmt: skip
    from resilience_sim.calibration import draws
    from resilience_sim.calibration.scoring import HIT as WITHIN
    from resilience_sim.calibration.scoring import SURE, fitted_rows, scorecard

    try:
        table = scorecard(told, draws.shipped())
    except ConfigError as error:
        found = error.problems[0]
        reason = f"the draws that come with the package must {found.allowed}; they have {found.got}"
        return absent("scorecard", subject, reason)
    scored = fitted_rows(table)
    title = (
        f"Of {len(scored)} reported effects that were fitted, the shipped draws meet "
        f"{int(scored['hit'].sum())}; {int((~scored['represented']).sum())} the model does not represent"
    )
    seen = table[table["represented"] & table["median"].notna()]
    numbers, signs = seen[seen["kind"] == "number"], seen[seen["kind"] == "sign"]
    words = {target.target_id: _words(target) for target in told}
    sheet = sheet_of(
        [
            "target",
            "weight",
            "unit",
            "reported",
            "tolerance",
            "median",
            "90 % band",
            "right side",
            "verdict",
        ],
        [_line(row) for row in table.to_dict("records")],
    )
    note = (
        "Of the draws that come with the package, not of this run. Numbers: the shaded strip is a hit, where "
        f"the median lies within {WITHIN} tolerances of the report; lines are bands of 90 % of draws. Signs: "
        f"a hit where at least {SURE:.0%} of draws are on the reported side. Marked not scored: reports that "
        "the fit did not use, or that are at odds with others. What the model does not represent "
        "stands in the table."
    )
    panels = [_numbers(numbers, words, WITHIN)] if len(numbers) else []
    panels += [_signs(signs, words, SURE)] if len(signs) else []
    if not panels:
        reason = "the model represents none of its targets; the table has them"
        return Chart("scorecard", title, (), "", sheet, note, reason)
    source = (
        f"Source: reported effects of {stored.case} and the shipped fit; resilience-sim score "
        f"case={stored.case}"
    )
    return Chart("scorecard", title, tuple(panels), source, sheet, note)


def _words(target: Target) -> str:
    """A target in a few words, on two lines where it is long."""
    outcome = target.outcome.replace("_", " ")
    years = f"{target.horizon_months / 12:g}y"
    return "\n".join(wrap(f"{outcome}, {years} ({target.target_id})", WIDEST))


def _numbers(rows: pd.DataFrame, words: Mapping[str, str], within: float) -> Panel:
    """Bands of the draws about what was reported, in tolerances."""
    low, middle, high = (
        ((rows[name] - rows["reported"]) / rows["tolerance"]).to_numpy()
        for name in ("low", "median", "high")
    )
    at = np.arange(len(rows))
    with drawing(1.1 + ROW * len(rows), margins=None) as (figure, axes):
        axes.axvspan(-within, within, color="#e8f1ea", zorder=0)
        zero_line(axes, vertical=True)
        axes.hlines(
            at, np.clip(low, -FAR, FAR), np.clip(high, -FAR, FAR), color="#777777", linewidth=1
        )
        _marks(axes, np.clip(middle, -FAR, FAR), rows)
        _name_targets(axes, rows, words)
        axes.set_xlim(-FAR * 1.05, FAR * 1.05)
        axes.set_xlabel(f"Draws less report, in tolerances (cut at {FAR:g})")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, "scorecard-numbers")
    told = "; ".join(
        f"{name} {number(x, 1)}" for name, x in zip(rows["target_id"], middle, strict=True)
    )
    return Panel(svg, f"Medians with bands in tolerances from the report: {told}.", "Numbers")


def _signs(rows: pd.DataFrame, words: Mapping[str, str], sure: float) -> Panel:
    """Share of draws on the reported side."""
    share = 100 * rows["right_side"].to_numpy()
    with drawing(1.1 + ROW * len(rows), margins=None) as (figure, axes):
        axes.axvspan(100 * sure, 100, color="#e8f1ea", zorder=0)
        _marks(axes, share, rows)
        _name_targets(axes, rows, words)
        axes.set_xlim(-2, 102)
        axes.set_xlabel("Draws on the reported side, percent")
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, "scorecard-signs")
    told = "; ".join(
        f"{name} {number(x, 0)}" for name, x in zip(rows["target_id"], share, strict=True)
    )
    return Panel(svg, f"Percent of draws on the reported side: {told}.", "Signs")


def _marks(axes: Axes, at: np.ndarray, rows: pd.DataFrame) -> None:
    """A mark for each target: hit, miss, or not scored at all."""
    is_scored, is_hit = (rows["role"] == "fit").to_numpy(), rows["hit"].to_numpy(bool)
    place = np.arange(len(rows))
    for chosen, (color, marker), label in (
        (is_scored & is_hit, HIT, "hit"), (is_scored & ~is_hit, MISS, "miss"),
        (~is_scored, UNSCORED, "not scored"),
    ):  # fmt: skip
        if chosen.any():
            axes.plot(at[chosen], place[chosen], marker, color=color, markersize=5, label=label)


def _name_targets(axes: Axes, rows: pd.DataFrame, words: Mapping[str, str]) -> None:
    axes.set_yticks(range(len(rows)), [words[name] for name in rows["target_id"]], fontsize=7.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _line(row: Mapping[Any, Any]) -> list[str]:
    def shown(name: str, digits: int = 2) -> str:
        return number(float(row[name]), digits)

    is_sign = row["kind"] == "sign"
    verdict = "hit" if row["hit"] else "miss"
    if not row["represented"]:
        verdict = "not represented"
    elif row["role"] != "fit":
        verdict = f"{row['role']}, not scored"
    has_forecast = shown("median") != MISSING
    return [
        str(row["target_id"]), str(row["weight"]), str(row["unit"]),
        f"sign {shown('reported', 0)}" if is_sign else shown("reported"),
        MISSING if is_sign else shown("tolerance"), shown("median"),
        f"[{shown('low')}, {shown('high')}]" if has_forecast else MISSING,
        shown("right_side") if is_sign else MISSING, verdict,
    ]  # fmt: skip
