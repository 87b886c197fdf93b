"""Channels as printed: by which way a programme's effect reached the heirs."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from resilience_sim.report.page import (
    STANDARD_ARMS,
    arm_line,
    cell,
    count,
    error,
    finding,
    in_order,
    number,
    pick,
    reasons,
    title,
    where,
)

SCALES = {"consumption": 100, "poor": 1, "school": 1, "log_skill": 100, "trapped": 1}
CELL, LABEL = 12, 12


def channels_section(channels: pd.DataFrame) -> list[str]:
    """Lines on the split of effects on heirs, where the run asked for it."""
    if channels.empty:
        return []
    lines = title(
        "How a programme reaches the children: effect on heirs of the eligible, split by channel",
        "A channel's part: the effect less the effect with it off. Interaction: what they do "
        "together beyond their sum. Remainder: the effect with all off. Hundredths of a line, "
        "percentage points, years, hundredths of log2 skill; ±: luck alone. No shock, "
        f"{count(int(channels.n_households.iloc[0]), 'household')}.",
    )
    if channels.estimate.isna().all():
        return lines + finding(_sentences(channels))
    parts = in_order(channels.part)
    arms = in_order(channels.arm)
    for arm in [each for each in arms if each in STANDARD_ARMS] or arms:
        lines.append(arm_line(arm, parts, CELL, LABEL))
        for measure in in_order(channels.measure):
            rows = where(channels, arm=arm, measure=measure)
            cells = [cell(where(rows, part=part), SCALES[measure], 2) for part in parts]
            lines.append(arm_line(measure.replace("_", " "), cells, CELL, LABEL))
    lines += reasons(channels)
    return lines + finding(_sentences(channels))


def _sentences(channels: pd.DataFrame) -> Iterable[str]:
    arm = "both" if "both" in set(channels.arm) else channels.arm.iloc[-1]
    rows = where(channels, arm=arm, measure="consumption")
    effect = where(rows, part="effect").iloc[0]
    if math.isnan(effect.estimate):
        yield f"Nothing can be split: {effect.reason}."
        return
    value = f"{number(effect.estimate, 3)} lines ±{error(effect.se_luck, 3)}"
    if math.isnan(effect.share_of_effect):
        yield f"What heirs' consumption has of {arm}, {value}, may be zero, so no share of it is told."
        return
    told = [
        f"{part} {number(100 * pick(rows, 'share_of_effect', part=part), 0)} %"
        for part in rows.part[1:]
    ]
    yield f"Of what heirs' consumption has of {arm}, {value}: {', '.join(told)}."
