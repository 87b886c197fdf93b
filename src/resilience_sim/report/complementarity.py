"""Complementarity as printed: effects of the arms, their interaction, and what beliefs do to it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    MISSING,
    STANDARD_ARMS,
    arm_line,
    blocks,
    cell,
    count,
    error,
    finding,
    fit,
    in_order,
    interval_words,
    no_sum,
    number,
    pick,
    title,
    told_horizons,
    where,
    world_label,
)

if TYPE_CHECKING:
    from resilience_sim.config import Programme

BOTH = "both"
OUTCOMES = ("income", "consumption", "assets", "improved", "escaped")
HAZARDS_PER_BLOCK = 3


def effects_section(effects: pd.DataFrame, arms: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines on effects and interaction, where the four standard arms were lived; `arms`: contents of each."""
    effects = effects[effects.outcome.isin(OUTCOMES)]
    interaction = where(effects, comparison="interaction")
    if interaction.empty:
        return []
    worlds = in_order(interaction.shock)
    lines = title(
        "Do both together give more than their sum? Eligible persons",
        "Money in lines, % of the mean of none; shares in percent, their effects in percentage "
        "points. Interaction = both - cash - productive + none. Other years: effects.parquet.",
    )
    shocked = "".join(f"{fit(f'{world_label(w)}: level', 20):>21}" for w in worlds[1:2])
    lines += [
        f"{INDENT}{'no shock':<11}{'':>11}{'arm minus none':>21}{'interaction':>13}",
        f"{INDENT}{'outcome':<11}{'year':>4}{'none':>7}{'cash':>7}{'prod.':>7}{'both':>7}"
        f"{'level':>21}{'%':>7}{'>0':>5}{shocked}",
    ]
    for outcome in OUTCOMES:
        rows = where(effects, outcome=outcome)
        if _is_nothing(rows):
            lines.append(f"{INDENT}{outcome:<11}nobody in any arm, year or world")
            continue
        for i, year in enumerate(told_horizons(rows.horizon_months // 12)):
            at = where(rows, horizon_months=12 * year)
            label = outcome if i == 0 else ""
            lines.append(INDENT + _effect_line(label, year, at, worlds[:2]))
    return lines + finding([*filter(None, [no_sum(arms)]), *_interaction_sentences(effects)])


def other_arms_section(
    effects: pd.DataFrame, costs: pd.DataFrame, programme: Programme, left_out: Collection[str]
) -> list[str]:
    """Arms against none: those of the case's own beside both, or all where the four are not complete.

    Arms in `left_out` are told elsewhere.
    """
    control = effects[(effects.comparison == "control") & effects.outcome.isin(OUTCOMES)]
    control = control[control.unit.isin(("percent", "pp")) & ~control.arm.isin(left_out)]
    others = [arm for arm in in_order(control.arm) if arm not in STANDARD_ARMS]
    if (effects.comparison == "interaction").any():
        control = control[control.arm.isin([BOTH, *others] if others else [])]
    if control.empty:
        return []
    lines = title(
        "Arms minus none, eligible persons",
        "Money in percent of the mean of none, shares in percentage points."
        + "".join(f" {arm}: {words}." for arm in others if (words := _scaled(arm, programme))),
    )
    for world in in_order(control.shock):
        for year in told_horizons(control.horizon_months // 12):
            at = where(control, shock=world, horizon_months=12 * year)
            lines.append(arm_line(f"{fit(world_label(world), 9)} {year}y", OUTCOMES, 16))
            for arm in in_order(at.arm):
                cells = [cell(where(at, arm=arm, outcome=each), 1, 2) for each in OUTCOMES]
                lines.append(arm_line(arm, cells, 16))
    return lines + finding(_beside_both(control, costs, others))


def beliefs_section(
    beliefs: pd.DataFrame, effects: pd.DataFrame, hazard: float | None
) -> list[str]:
    """Lines on the interaction by what households believe of the end of cash.

    `hazard` is the belief of the whole run, whose interaction stands in `effects`; None where it is
    a known date.
    """
    if beliefs.empty:
        return []
    first = beliefs.iloc[0]
    lines = title(
        "The same interaction by belief: chance per year that cash is thought to end (0 permanent)",
        f"After {count(int(first.horizon_years), 'year')}, no shock, "
        f"{count(int(first.n_households), 'household')}. Lines and % of the mean of none; shares "
        "in pp.",
    )
    for hazards in blocks(in_order(beliefs.hazard), HAZARDS_PER_BLOCK):
        heads = "".join(f"{f'{each:g}: level':>14}{'% or pp':>9}{'>0':>5}" for each in hazards)
        lines.append(f"{INDENT}{'outcome':<14}{heads}")
        for outcome in in_order(beliefs.outcome):
            cells = [_belief_cell(where(beliefs, outcome=outcome, hazard=each)) for each in hazards]
            lines.append(INDENT + f"{fit(outcome, 13):<14}" + "".join(cells))
    months = 12 * int(first.horizon_years)
    whole = where(effects, comparison="interaction", shock="none", horizon_months=months)
    return lines + finding(_belief_sentences(beliefs, whole, hazard))


def _scaled(arm: str, programme: Programme) -> str:
    """What an arm is that has the contents of both, more or less of each."""
    scale = programme.arm_scale.get(arm, 1.0)
    if scale == 1 or programme.arms.get(arm) != programme.arms.get(BOTH):
        return ""
    return f"{'half of each content' if scale == 0.5 else f'the contents times {scale:g}'} of both"


def _beside_both(control: pd.DataFrame, costs: pd.DataFrame, others: list[str]) -> Iterable[str]:
    """How much of the effect of both on consumption other arms have, and of its cost."""
    rows = where(control, outcome="consumption", shock="none")
    for year in told_horizons(rows.horizon_months // 12):
        at = where(rows, horizon_months=12 * year)
        both = where(at, arm=BOTH)
        if both.empty or not (both.ci_low.iloc[0] > 0 or both.ci_high.iloc[0] < 0):
            continue
        for arm in others:
            share = 100 * pick(at, "estimate", arm=arm) / both.estimate.iloc[0]
            cost, whole = (
                pick(costs, "estimate", arm=each, measure="cost_per_member", shock="none")
                for each in (arm, BOTH)
            )
            money = f" for {number(100 * cost / whole, 0)} % of its cost" if whole > 0 else ""
            yield (
                f"After {count(year, 'year')} {arm} has {number(share, 0)} % of the effect of both "
                f"on consumption{money}."
            )


def _is_nothing(rows: pd.DataFrame) -> bool:
    """Whether an outcome is zero under none and under every arm."""
    return bool((rows.control_mean == 0).all() and (rows.estimate == 0).all())


def _effect_line(label: str, year: int, rows: pd.DataFrame, worlds: list[str]) -> str:
    is_money = "level" in set(rows.unit)
    digits, fine = (3, 4) if is_money else (1, 2)
    level = rows[rows.unit == ("level" if is_money else "pp")]
    calm = where(level, shock=worlds[0])
    mean = pick(calm, "control_mean", comparison="interaction") * (1 if is_money else 100)
    arms = [
        pick(calm, "estimate", comparison="control", arm=arm)
        for arm in ("cash", "productive", "both")
    ]
    cells = [_level(where(level, shock=world, comparison="interaction"), fine) for world in worlds]
    percent = pick(rows, "estimate", shock=worlds[0], comparison="interaction", unit="percent")
    above = pick(calm, "share_above_zero", comparison="interaction")
    return (
        f"{label:<11}{year:>4}{number(mean, digits):>7}"
        + "".join(f"{number(value, digits):>7}" for value in arms)
        + f"{cells[0]:>21}{number(percent, 2) if is_money else '':>7}{number(above, 2):>5}"
        + "".join(f"{text:>21}" for text in cells[1:])
    )


def _level(rows: pd.DataFrame, digits: int) -> str:
    row = rows.iloc[0]
    if math.isnan(row.estimate):
        return MISSING
    luck, sample = error(row.se_luck, digits), error(row.se_sample, digits)
    return f"{number(row.estimate, digits, 7)} ±{luck}/{sample}"


def _belief_cell(rows: pd.DataFrame) -> str:
    is_money = "level" in set(rows.unit)
    level = number(pick(rows, "estimate", unit="level"), 4, 7) if is_money else ""
    share = pick(rows, "estimate", unit="percent" if is_money else "pp")
    above = number(pick(rows, "share_above_zero"), 2)
    return f"{level:>14}{number(share, 2):>9}{above:>5}"


def _interaction_sentences(effects: pd.DataFrame) -> Iterable[str]:
    rows = where(effects, outcome="consumption", shock="none")
    for year in told_horizons(rows.horizon_months // 12):
        here = where(rows, horizon_months=12 * year)
        found = where(here, unit="percent", comparison="interaction").iloc[0]
        in_sd = number(pick(here, "estimate", unit="sd", comparison="control", arm="both"), 2)
        yield (
            f"Consumption under both after {count(year, 'year')}, {in_sd} sd from none, is "
            f"{_verdict(found.ci_low, found.ci_high)}: interaction {number(found.estimate, 2)} %, "
            f"{interval_words(found.ci_low, found.ci_high, 2)}."
        )
    yield _tally(effects)


def _verdict(low: float, high: float) -> str:
    if math.isnan(low):
        return "not to be compared with the sum in this run"
    if low > 0:
        return "in this model more than the sum"
    if high < 0:
        return "in this model less than the sum"
    return "not distinguishable from the sum"


def _tally(effects: pd.DataFrame) -> str:
    """How many interactions have intervals without zero; what is zero to the bit does not count."""
    rows = effects[(effects.comparison == "interaction") & effects.unit.isin(("level", "pp"))]
    known = rows[rows.ci_low.notna() & (rows.ci_high > rows.ci_low)]
    above, below = int((known.ci_low > 0).sum()), int((known.ci_high < 0).sum())
    return (
        f"Of {len(known)} such intervals (these outcomes, all years and worlds) {above} lie above "
        f"zero, {below} below, and {len(known) - above - below} contain it."
    )


def _belief_sentences(
    beliefs: pd.DataFrame, whole: pd.DataFrame, hazard: float | None
) -> Iterable[str]:
    of = {"outcome": "consumption", "unit": "percent"}
    rows = where(beliefs, **of)
    if len(rows) > 1:
        told = dict(zip(rows.hazard, rows.estimate, strict=True))
        parts = [f"at {each:g} {number(value, 2)} %" for each, value in told.items()]
        signs = {value > 0 for value in told.values()}
        changes = "and its sign" if len(signs) > 1 else "but not its sign"
        yield (
            f"The belief alone moves the interaction in consumption, {changes}: "
            f"{', '.join(parts)}; their errors are not known."
        )
    if hazard is not None and hazard in set(rows.hazard):
        value = number(pick(whole, "estimate", **of), 2)
        yield f"All households, at {hazard:g}, give {value} %."
