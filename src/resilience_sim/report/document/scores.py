"""The scorecard of the run's case: what was reported beside what the draws of the fit say."""

from __future__ import annotations

from collections.abc import Mapping
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

HIT, MISS = ("#0072B2", "o"), ("#D55E00", "X")
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
    from resilience_sim.calibration.scoring import fitted_rows, scorecard

    try:
        table = scorecard(told, draws.shipped())
    except ConfigError as error:
        found = error.problems[0]
        reason = f"the draws that come with the package must {found.allowed}; they have {found.got}"
        return absent("scorecard", subject, reason)
    scored = fitted_rows(table)
    hits = int(scored["hit"].sum())
    title = f"Of {len(scored)} reported effects that were fitted, the shipped draws meet {hits}"
    drawn = table[(table["kind"] == "number") & table["median"].notna()]
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
        "Of the draws that come with the package, not of this run. Numbers in tolerances of the report: hit "
        "where the median lies within 1.645 of zero. Signs, and what the model does not represent, stand in "
        "the table."
    )
    if drawn.empty:
        return Chart(
            "scorecard", title, (), "", sheet, note, "all its targets are signs; the table has them"
        )
    source = (
        f"Source: reported effects of {stored.case} and the shipped fit; resilience-sim score "
        f"case={stored.case}"
    )
    return Chart("scorecard", title, (_panel(drawn),), source, sheet, note)


def _panel(rows: pd.DataFrame) -> Panel:
    low, middle, high = (
        ((rows[name] - rows["reported"]) / rows["tolerance"]).to_numpy()
        for name in ("low", "median", "high")
    )
    names, hit = rows["target_id"].tolist(), rows["hit"].to_numpy(bool)
    with drawing(1.1 + 0.2 * len(rows), margins=None) as (figure, axes):
        axes.axvspan(-1.645, 1.645, color="#e8f1ea", zorder=0)
        zero_line(axes, vertical=True)
        at = np.arange(len(rows))
        axes.hlines(
            at, np.clip(low, -FAR, FAR), np.clip(high, -FAR, FAR), color="#777777", linewidth=1
        )
        for is_hit, (color, marker), label in ((True, HIT, "hit"), (False, MISS, "miss")):
            chosen = hit == is_hit
            axes.plot(
                np.clip(middle[chosen], -FAR, FAR),
                at[chosen],
                marker,
                color=color,
                markersize=5,
                label=label,
            )
        axes.set_yticks(at, names)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(-FAR * 1.05, FAR * 1.05)
        axes.set_xlabel("Draws less report, in tolerances (cut at 6)")
        axes.grid(axis="y", visible=False)
        legend_above(axes, MARK_HANDLE)
        svg = svg_of(figure, "scorecard")
    told = "; ".join(f"{name} {number(x, 1)}" for name, x in zip(names, middle, strict=True))
    return Panel(svg, f"Medians with bands in tolerances from the report: {told}.")


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
