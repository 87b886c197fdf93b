"""How sure a calibrated run is, as printed: bands over draws, and what variants of the model say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from resilience_sim.report.page import INDENT, finding, fit, in_order, no_sum, number, title, where

OUTCOMES = ("income", "consumption", "poor")
VARIANTS = {"no_trap": "no trap", "rule_of_thumb": "rule", "no_pooling": "no pooling"}
CONTRASTS = {"control": None, "interaction": "interaction"}
"""Those printed, by what they are called; an arm minus none by its own name."""
FIRST_MONTHS = 24


def uncertainty_section(table: pd.DataFrame | None, arms: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines on the bands of arms and interaction without shock; none where no draws were asked for.

    `arms` are the contents of each arm.
    """
    if table is None or table.empty:
        return []
    calm = table[(table["shock"] == "none") & table["unit"].isin(["percent", "pp"])]
    variants = [name for name in in_order(calm["source"]) if name != "draws"]
    seen = table["drawn_for"].iloc[0]
    n_draws = int(table.loc[table["source"] == "draws", "n_draws"].iloc[0])
    origin = "the pooled set, for a case not fitted" if seen == "new" else f"the fit of {seen}"
    lines = title(
        "How sure is this? Draws that the evidence leaves, and other forms of the model",
        f"Median [5 %, 95 %] and share above zero over {n_draws} draws from {origin}; then medians of the "
        "variants. Percent of the mean of the arm compared with; poor in percentage points. Luck and sample "
        "stand in the tables above, apart. Other outcomes, contrasts, years and the shock: "
        "uncertainty.parquet.",
    )
    lines.append(
        f"{INDENT}{'outcome':<12}{'year':>4}  {'contrast':<13}{'median [band]':>27}{'>0':>6}"
        + "".join(f"{VARIANTS.get(name, name):>11}" for name in variants)
    )
    for outcome in OUTCOMES:
        for months in _horizons(calm):
            rows = where(calm, outcome=outcome, horizon_months=months)
            is_told = (rows["source"] == "draws") & rows["comparison"].isin(CONTRASTS)
            for row in rows[is_told].to_dict("records"):
                arm, comparison = row["arm"], row["comparison"]
                others = "".join(f"{_median(rows, name, arm, comparison):>11}" for name in variants)
                low, median, high = (number(row[name], 2) for name in ("low", "median", "high"))
                lines.append(
                    f"{INDENT}{outcome:<12}{months // 12:>4}  {fit(CONTRASTS[comparison] or arm, 13):<13}"
                    f"{f'{median} [{low}, {high}]':>27}{row['share_above_zero']:>6.0%}{others}"
                )
    return lines + finding(_sentences(calm, no_sum(arms)))


def _horizons(calm: pd.DataFrame) -> list[int]:
    """The first horizon of two years or more, and the last."""
    every = sorted(set(calm["horizon_months"]))
    return sorted({next((m for m in every if m >= FIRST_MONTHS), every[-1]), every[-1]})


def _median(rows: pd.DataFrame, source: str, arm: str, comparison: str) -> str:
    found = where(rows, source=source, arm=arm, comparison=comparison)
    return number(float(found["median"].iloc[0]), 2) if len(found) else "-"


def _sentences(calm: pd.DataFrame, no_test: str) -> Iterable[str]:
    """Say why the interaction is no test, if it is none, and whether the band of that of income holds zero.

    It is that of the last year told.
    """
    told = where(calm, source="draws", comparison="interaction", outcome="income")
    if told.empty:
        return
    row = told.sort_values("horizon_months").iloc[-1]
    holds = row["low"] <= 0 <= row["high"]
    settled = "" if no_test else ": complementarity is not settled"
    verdict = f"holds zero{settled}" if holds else "leaves zero out"
    if no_test:
        yield no_test
    yield (
        f"The band of the interaction of income in year {row['horizon_months'] // 12} {verdict}; "
        f"{row['share_above_zero']:.0%} of the draws are above zero."
    )
