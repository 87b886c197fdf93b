"""The scorecard as printed: what was reported, what the draws say, and how often they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from resilience_sim.calibration.draws import Draws
from resilience_sim.calibration.fitting import FLOOR, Fit
from resilience_sim.calibration.priors import priors
from resilience_sim.calibration.scoring import fitted_rows, shares, unmoved
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.evidence import Target
from resilience_sim.report.page import fit as fitted
from resilience_sim.report.page import in_order, number, title, wrapped

GOALS = {
    "numbers of weight high or medium, represented": 0.85,
    "signs of weight high or medium, represented": 0.90,
}
ROLES = {"prior": "prior", "conflict": "confl"}
UNITS = {"percent": "%", "removed": "% rem", "index": "index", "months": "mths"}


def scorecard_section(table: pd.DataFrame, draws: Draws) -> list[str]:
    """Lines of a whole scorecard: every case, then shares of hits, interval scores and what did not move."""
    lines = title(
        "Scorecard: reported effects beside what the draws say",
        "Reported ± tolerance; then median and 90 % band over draws, tolerances between the two, or "
        "share of draws on the right side of a sign; hit or MISS; interval score (less is better) beside "
        "those of no effect anywhere and of arms that simply add; the last is that of the forecast that "
        "left the case out.",
    )
    for case in in_order(table["case_id"]):
        rows = table[table["case_id"] == case]
        lines += ["", f"{case}: {_structures(draws, case)}"]
        lines += [_line(row) for row in rows.itertuples()]
        lines += _never(rows)
        still = unmoved(draws, case)
        told = f"Not moved by the evidence ({len(still)} of {len(priors())}): "
        lines += wrapped(told + (", ".join(still) or "none") + ".", "  ", "    ")
    return [*lines, "", *summary(table)]


def summary(table: pd.DataFrame) -> list[str]:
    """Shares of hits and mean interval scores, with the goals."""
    lines = title(
        "How often they agree",
        "A number is hit where the median lies within 1.645 tolerances, a sign where 80 % of the draws "
        "lie on its side; what the model does not represent counts as missed in the first row.",
    )
    for name, hits, n, share in shares(table):
        if not n:
            continue
        goal = f"   goal {GOALS[name]:.0%}" if name in GOALS else ""
        lines.append(f"  {name:48} {hits:3} of {n:3}   {share:6.1%}{goal}")
    rows = fitted_rows(table)
    scored = rows[rows["interval_score"].notna()]
    left = scored[scored["left_out_score"].notna()]
    lines += ["", "  Mean interval score, in tolerances or bands; less is better"]
    for name, frame, column in (
        ("of the draws", scored, "interval_score"),
        ("of no effect anywhere", scored, "score_no_effect"),
        ("of arms that simply add", scored, "score_added"),
        ("of the draws, each case left out", left, "left_out_score"),
        ("of no effect, the same targets", left, "score_no_effect"),
    ):
        told = number(float(frame[column].mean()), 2, 8) if len(frame) else "-"
        lines.append(f"  {name:48} {told:>8}   over {len(frame)} targets")
    represented = int(table["represented"].sum())
    lines.append(
        f"  Not represented: {len(table) - represented} of {len(table)} targets "
        f"({1 - represented / len(table):.1%}; goal at most 15 %)"
    )
    return lines


def trials_section(table: pd.DataFrame) -> list[str]:
    """Lines on trials elsewhere: what was reported, with room for transport, beside their own draws."""
    lines = title(
        "Trials elsewhere, which inform what all cases share and are not scored",
        "Reported ± standard error and room for transport; median and 90 % band over draws; tolerances "
        "between the two.",
    )
    for case in in_order(table["case_id"]):
        lines += ["", case]
        for at in table[table["case_id"] == case].to_dict("records"):
            is_sign = bool(np.isnan(at["z"]))
            unit = UNITS.get(at["unit"], at["unit"].replace("_", " "))
            band = f"{number(at['median'], 2)} [{number(at['low'], 2)}, {number(at['high'], 2)}]"
            z = "" if is_sign else f"z {number(at['z'], 1, 5)}"
            start = f"  {at['target_id']} {at['weight']:6} {_reported(at, is_sign):14} {unit:11}"
            lines.append(f"{start} {fitted(band, 24):24} {z:>7}".rstrip())
    return lines


def fit_section(found: Fit, draws: Draws, targets: Mapping[str, Sequence[Target]]) -> list[str]:
    """Lines on a fit: structures, how well emulators stood in, and draws that count."""
    lines = title(
        "What the fit found",
        f"Weights of structures, none under {FLOOR:.0%}, from the evidence of all cases together; share of "
        "the variance of the targets over draws that emulators explain, from draws left out; and how "
        "many draws of equal weight the draws are worth.",
    )
    lines += [
        f"  {name:16} weight {weight:6.1%}   log evidence {found.log_evidence[name]:8.2f}"
        for name, weight in found.structures.items()
    ]
    lines += [
        "",
        f"  {'case':24} {'failed':>6} {'worth':>6}   explained by structure, median target",
    ]
    for case, told in targets.items():
        weight = draws.of(case)["weight"].to_numpy()
        worth = float(weight.sum() ** 2 / (weight**2).sum())
        explained = "  ".join(
            f"{name} {np.median(found.explained[case, name][: len(told)]):.2f}"
            for name in STRUCTURES
            if (case, name) in found.explained
        )
        lines.append(f"  {case:24} {found.n_failed[case]:6} {worth:6.0f}   {explained}")
    return lines


def _structures(draws: Draws, case: str) -> str:
    found = draws.of(case)
    weight = found.groupby("structure", sort=False)["weight"].sum()
    return ", ".join(f"{name} {share:.0%}" for name, share in weight.items())


def _line(row: object) -> str:
    at = row._asdict()  # type: ignore[attr-defined]
    name = f"  {at['target_id']} {at['weight']:6}"
    if not at["represented"]:
        return f"{name} not represented"
    unit = UNITS.get(at["unit"], at["unit"])
    is_sign = at["kind"] == "sign"
    start = f"{name} {_reported(at, is_sign):14} {unit:7}"
    role = ROLES.get(at["role"], "")
    if np.isnan(at["median"]):
        return f"{start} not forecast {role}".rstrip()
    band = f"{number(at['median'], 2)} [{number(at['low'], 2)}, {number(at['high'], 2)}]"
    told = f"{at['right_side']:.0%}" if is_sign else f"z {number(at['z'], 1, 5)}"
    hit = role or ("hit" if at["hit"] else "MISS")
    columns = ("interval_score", "score_no_effect", "score_added", "left_out_score")
    scores = " ".join(f"{number(at[column], 1, 5):>5}" for column in columns)
    return f"{start} {fitted(band, 24):24} {told:>7} {hit:5} {scores}"


def _reported(at: Mapping[str, float], is_sign: bool) -> str:
    if is_sign:
        return f"sign {at['reported']:+.0f}" if at["reported"] else "sign 0"
    return f"{number(at['reported'], 2)} ±{number(at['tolerance'], 2)}"


def _never(rows: pd.DataFrame) -> list[str]:
    """Targets that no draw can meet."""
    told = rows[rows["represented"] & rows["median"].notna() & ~rows["reachable"]]
    names = [
        f"{at['target_id']} (nearest {number(at['nearest'], 2)}"
        + (f"; moves most with {at['moves_with']})" if isinstance(at["moves_with"], str) else ")")
        for at in told.to_dict("records")
    ]
    return wrapped(f"No draw meets: {', '.join(names)}.", "  ", "    ") if names else []
