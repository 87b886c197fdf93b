"""The shock as printed: how deep it cut, how long it lasted, who came back, by arm."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    MISSING,
    cell,
    error,
    finding,
    fit,
    in_order,
    number,
    pick,
    reasons,
    title,
    where,
)


def shock_section(resilience: pd.DataFrame) -> list[str]:
    """Lines on the shock, where there is one."""
    if resilience.empty:
        return []
    lines = title(
        "The shock, eligible persons, against the same lives without it",
        "Depth: largest fall of mean consumption, percent. Trough, recovery (gap under a tenth of "
        "it): months. Lost: years of consumption. Back: percent of persons at 95 % of that life "
        "for good.",
    )
    for shock in in_order(resilience.shock):
        rows = where(resilience, shock=shock)
        lines.append(
            f"{INDENT}{fit(shock, 12):<13}{'depth':>12}{'trough':>7}{'recovery':>10}{'lost':>12}"
            f"{'never below':>12}{'back 1y':>8}{'2y':>6}{'5y':>6}{'never back':>12}"
        )
        lines += [_arm(arm, where(rows, arm=arm)) for arm in in_order(rows.arm)]
        lines += reasons(rows)
    return lines + finding(_sentences(resilience))


def _arm(arm: str, rows: pd.DataFrame) -> str:
    def value(measure: str, scale: float, digits: int) -> str:
        return number(scale * pick(rows, "estimate", measure=measure), digits, 5)

    recovery = value("months_to_recover", 1, 0)
    if recovery != MISSING:
        recovery += f" ±{error(pick(rows, 'se_luck', measure='months_to_recover'), 1)}"
    return (
        f"{INDENT}{fit(arm, 12):<13}{_shown(rows, 'depth', 100, 1):>12}"
        f"{value('months_to_trough', 1, 0):>7}{recovery:>10}{_shown(rows, 'area_lost', 1, 3):>12}"
        f"{value('never_below', 100, 1):>12}{value('back_within_1_years', 100, 1):>8}"
        f"{value('back_within_2_years', 100, 1):>6}{value('back_within_5_years', 100, 1):>6}"
        f"{_shown(rows, 'never_back', 100, 1):>12}"
    )


def _shown(rows: pd.DataFrame, measure: str, scale: float, digits: int) -> str:
    found = where(rows, measure=measure).drop(columns="se_sample", errors="ignore")
    return cell(found, scale, digits, max(digits, 2))


def _sentences(resilience: pd.DataFrame) -> Iterable[str]:
    for shock in in_order(resilience.shock):
        rows = where(resilience, shock=shock)
        depth = where(rows, measure="depth")
        told = [arm for arm in ("none", "both") if arm in set(depth.arm)]
        if depth.estimate.isna().all():
            continue
        parts = [
            f"{number(100 * pick(depth, 'estimate', arm=arm), 1)} % under {arm}" for arm in told
        ]
        yield (
            f"At its trough {shock} takes {' and '.join(parts)} of mean consumption; what it takes "
            "from income is assumed, how households carry it is the result."
        )
