"""Words of the page: numbers with their bands, cards of the arms, tables, and what they say."""

from __future__ import annotations

import html
import math

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
}
STYLE = """<style>
.arms {display: grid; grid-template-columns: repeat(auto-fit, minmax(225px, 1fr)); gap: .8rem}
.arm {border: 1px solid #ddd; border-top: 5px solid var(--arm); border-radius: 6px; padding: .5rem .8rem}
.arm h4 {margin: 0; padding: 0; font-size: 1.05rem}
.arm .budget {color: #555; font-size: .8rem; margin-bottom: .3rem}
.arm .row {display: grid; grid-template-columns: 6.6rem auto; align-items: baseline; padding-top: .3rem}
.arm .value {font-size: 1.35rem; font-weight: 600}
.arm .band {grid-column: 1 / 3; color: #444; font-size: .8rem}
</style>"""


def words_of(arm: str) -> str:
    """An arm in words; a world of coordination by its name."""
    return ARM_WORDS.get(arm, f"Both, {arm} coordination")


def number(value: float, told: Measure) -> str:
    """A number with as many digits as its unit deserves."""
    return "?" if math.isnan(value) else f"{value:.{1 if told.scale > 1 else 3}f}"


def interval_text(row: pd.Series, told: Measure) -> str:
    """The 95 % interval of luck and sample."""
    return f"[{number(row.low, told)}, {number(row.high, told)}]"


def draws_text(row: pd.Series, told: Measure) -> str:
    """The band over draws, or a dash where there is none."""
    if math.isnan(row.draws_low):
        return "-"
    return f"{number(row.draws_low, told)} to {number(row.draws_high, told)}"


def cards(rows: pd.DataFrame, budgets: dict[str, float]) -> str:
    """The arms side by side as HTML: rows of one world and year from `telling.levels`."""
    arms = [str(arm) for arm in dict.fromkeys(rows.arm)]
    told = [_card(arm, rows[rows.arm == arm], budgets[arm]) for arm in arms]
    return f'{STYLE}<div class="arms">{"".join(told)}</div>'


def _card(arm: str, rows: pd.DataFrame, budget: float) -> str:
    lines = []
    for name in SHOWN:
        told, row = measure(name), rows[rows.measure == name].iloc[0]
        sign = " %" if told.scale > 1 else ""
        drawn = f"; draws {draws_text(row, told)}" if not math.isnan(row.draws_low) else ""
        lines.append(
            f'<div class="row"><span>{told.label}</span>'
            f'<span class="value" data-number="{arm}-{name}">{number(row.estimate, told)}{sign}</span>'
            f'<span class="band">{interval_text(row, told)}{drawn}</span></div>'
        )
    return (
        f'<div class="arm" style="--arm: {colour(arm)}"><h4>{html.escape(words_of(arm))}</h4>'
        f'<div class="budget">budget {budget:.2f} lines per household</div>{"".join(lines)}</div>'
    )


def table(rows: pd.DataFrame, told: Measure) -> pd.DataFrame:
    """One measure as text: a row for each arm and world, errors of luck and sample apart."""
    return pd.DataFrame({
        "arm": rows.arm.map(words_of),
        "world": rows.world.map(world_words),
        told.unit: [number(each, told) for each in rows.estimate],
        "95 %: luck and sample": [interval_text(row, told) for _, row in rows.iterrows()],
        "se luck": [f"{each:.3f}" for each in rows.se_luck],
        "se sample": [f"{each:.3f}" for each in rows.se_sample],
        "5 to 95 % of draws": [draws_text(row, told) for _, row in rows.iterrows()],
    }).set_index("arm")  # fmt: skip


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
    config = found.config
    draws = (
        f" Wide pale bars: 5 to 95 % over {len(found.lived)} draws of the parameters."
        if found.lived
        else ""
    )
    return (
        f"Source: this page's run of {config.case_name}, {found.rests_on}, seed {config.seed}. "
        f"Thin lines: 95 % interval of luck and sample.{draws}"
    )
