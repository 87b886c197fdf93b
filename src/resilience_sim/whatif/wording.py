"""Words of the page: numbers with their bands, cards of the arms, tables, and what they say."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Protocol

import pandas as pd

from resilience_sim.whatif.charts import colour
from resilience_sim.whatif.live import Found
from resilience_sim.whatif.telling import SHOWN, Measure, measure

ARM_WORDS = {
    "none": "None",
    "cash": "Cash",
    "productive": "Productive support",
    "both": "Both",
    "uncoordinated": "Both, uncoordinated",
    "interaction": "Interaction",
}
STYLE = """<style>
.arms {display: grid; grid-template-columns: repeat(auto-fit, minmax(225px, 1fr)); gap: .8rem}
.arm {border: 1px solid #ddd; border-top: 5px solid var(--arm); border-radius: 6px; padding: .5rem .8rem}
.arm h4 {margin: 0; padding: 0; font-size: 1.05rem}
.arm .budget {color: #555; font-size: .8rem; margin-bottom: .3rem}
.arm .row {display: grid; grid-template-columns: 6.6rem auto; align-items: baseline; padding-top: .3rem}
.arm .value {font-size: 1.35rem; font-weight: 600}
.arm .band {grid-column: 1 / 3; color: #444; font-size: .8rem}
.arm .band span {white-space: nowrap}
@media (max-width: 500px) {
  .arm .row {grid-template-columns: 6.9rem 4.4rem auto; padding-top: 0}
  .arm .value {font-size: 1.1rem}
  .arm .band {grid-column: 3; line-height: 1.2}
}
</style>"""
TABLE_STYLE = """<style>
.wide {overflow-x: auto; margin-bottom: 1rem}
.wide table {border-collapse: collapse; font-size: .88rem}
.wide th, .wide td {padding: .25rem .7rem .25rem 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid #ddd}
.wide td {font-variant-numeric: tabular-nums}
@media (max-width: 500px) {
  .wide table {font-size: .75rem}
  .wide th, .wide td {padding-right: .4rem; white-space: normal; vertical-align: top}
}
</style>"""
UNTOLD = "not told"


class Row(Protocol):
    """Numbers of a row of a table."""

    estimate: float
    low: float
    high: float
    draws_low: float
    draws_high: float


def words_of(arm: str) -> str:
    """An arm in words; a world of coordination by its name."""
    return ARM_WORDS.get(arm, f"Both, {arm} coordination")


def number(value: float, told: Measure) -> str:
    """A number with as many digits as its unit deserves."""
    if math.isnan(value):
        return "unknown"
    digits = 1 if told.scale > 1 else 3
    return f"{round(value, digits) + 0.0:.{digits}f}"  # no zero below zero


def interval_text(row: Row, told: Measure) -> str:
    """The 95 % interval of luck and sample."""
    return f"[{number(row.low, told)}, {number(row.high, told)}]"


def draws_text(row: Row, told: Measure) -> str:
    """The band over draws, where there is one."""
    if math.isnan(row.draws_low):
        return UNTOLD
    return f"{number(row.draws_low, told)} to {number(row.draws_high, told)}"


def cards(rows: pd.DataFrame, budgets: dict[str, float]) -> str:
    """The arms side by side as HTML: rows of one world and year from `telling.levels`."""
    by_arm: dict[str, dict[str, Row]] = {}
    for row in rows.itertuples():
        by_arm.setdefault(str(row.arm), {})[str(row.measure)] = row  # type: ignore[assignment]
    told = [_card(arm, of_arm, budgets[arm]) for arm, of_arm in by_arm.items()]
    return f'{STYLE}<div class="arms">{"".join(told)}</div>'


def _card(arm: str, rows: Mapping[str, Row], budget: float) -> str:
    lines = []
    for name in SHOWN:
        told, row = measure(name), rows[name]
        sign = " %" if told.scale > 1 else ""
        is_drawn = not math.isnan(row.draws_low)
        drawn = f"; <span>draws {draws_text(row, told)}</span>" if is_drawn else ""
        lines.append(
            f'<div class="row"><span>{told.label}</span>'
            f'<span class="value" data-number="{arm}-{name}">{number(row.estimate, told)}{sign}</span>'
            f'<span class="band">{interval_text(row, told)}{drawn}</span></div>'
        )
    return (
        f'<div class="arm" style="--arm: {colour(arm)}"><h4>{html.escape(words_of(arm))}</h4>'
        f'<div class="budget">budget {budget:.2f} lines per household</div>{"".join(lines)}</div>'
    )


def table(rows: pd.DataFrame, told: Measure) -> str:
    """One measure as HTML: a row for each arm and world, errors of luck and sample apart."""
    errors = zip(rows.se_luck, rows.se_sample, strict=True)
    columns = {
        "arm": rows.arm.map(words_of),
        "world": rows.world.map(world_words),
        told.unit: [number(each, told) for each in rows.estimate],
        "95 %: luck and sample": [interval_text(row, told) for _, row in rows.iterrows()],
        "errors: luck / sample": [f"{luck:.3f} / {sample:.3f}" for luck, sample in errors],
    }
    if rows.draws_low.notna().any():
        columns["5 to 95 % of draws"] = [draws_text(row, told) for _, row in rows.iterrows()]
    return html_table(pd.DataFrame(columns))


def html_table(frame: pd.DataFrame) -> str:
    """Text in rows and columns as HTML that a narrow screen can push aside."""
    return f'{TABLE_STYLE}<div class="wide">{frame.to_html(index=False, border=0)}</div>'


def world_words(name: str) -> str:
    """A world in words."""
    return "no shock" if name == "none" else name


def interaction_words(rows: pd.DataFrame, told: Measure) -> str:
    """What both do beyond the sum of their parts, in one world and year, in a sentence."""
    row = rows[(rows.arm == "interaction") & (rows.measure == told.name)].iloc[0]
    holds = row.low <= 0.0 <= row.high
    verdict = "the interval contains zero" if holds else "the interval leaves zero out"
    drawn = ""
    if not math.isnan(row.draws_low):
        drawn = f"; draws {draws_text(row, told)}"
        drawn += ", zero among them" if row.draws_low <= 0.0 <= row.draws_high else ""
    return (
        f"{told.label}: {number(row.estimate, told)} {told.difference} "
        f"{interval_text(row, told)}, {verdict}{drawn}."
    )


def source(found: Found) -> str:
    """Where the numbers of a chart come from."""
    return f"Source: this page's run of {found.config.case_name}, {found.rests_on}, seed {found.config.seed}."


def marks(found: Found) -> str:
    """What the marks of a chart of bands mean."""
    n_draws = len(found.lived)
    draws = f" Wide pale bars: 5 to 95 % over {n_draws} draws of the parameters." if n_draws else ""
    return (
        f"Thin lines: 95 % interval of luck and sample.{draws} Filled circles: no shock; hollow squares: "
        "with the shock."
    )
