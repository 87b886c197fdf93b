"""The first page: key figures with their bands, and what the sections of the console say, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from resilience_sim.report.channels import channels_section
from resilience_sim.report.complementarity import (
    beliefs_section,
    effects_section,
    other_arms_section,
)
from resilience_sim.report.coordination import coordination_section
from resilience_sim.report.costs import costs_section
from resilience_sim.report.document.parts import Finding, KeyFigure
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.heirs import heirs_section
from resilience_sim.report.lists import lists_section
from resilience_sim.report.measured import measured_section
from resilience_sim.report.page import (
    STANDARD_ARMS,
    count,
    error,
    interval_words,
    number,
    pick,
    said,
    told_horizons,
    where,
    world_words,
)
from resilience_sim.report.poverty import poverty_section
from resilience_sim.report.shock import shock_section
from resilience_sim.report.spillovers import spillovers_section
from resilience_sim.report.traps import escape_section, needed_section
from resilience_sim.report.uncertainty import uncertainty_section

if TYPE_CHECKING:
    import pandas as pd

    from resilience_sim.config import Programme

CAUTION = (
    "Bands tell of three things apart: luck, how other harvests and illnesses would move a number; sample, how "
    "other households would; parameters, how other draws that the evidence leaves would. A 95 % interval in "
    "square brackets joins luck and sample: it says how exactly this model was computed for these "
    "households, not how sure the world is."
)
NO_PARAMETERS = (
    " This run has no draws: beliefs, parameters and structure are held fixed throughout."
)


def caution(stored: Stored) -> str:
    """How far the bands of the report reach."""
    return CAUTION + ("" if len(stored.table("uncertainty")) else NO_PARAMETERS)


def findings(stored: Stored) -> list[Finding]:
    """What the run says, topic by topic: the sentences that close the sections of the console."""
    effects, costs = stored.table("effects"), stored.table("costs")
    told_apart = set(stored.table("coordination").get("arm", ())) - set(STANDARD_ARMS)
    programme = cast("Programme", SimpleNamespace(**stored.setting("programme", {})))
    arms = stored.setting("programme.arms", {})
    escape_years = int(stored.setting("outcomes.escape_years", 2))
    believed = stored.setting("planner.believed_end.hazard")
    hazard = None if stored.setting("planner.believed_end.kind") == "date" else believed
    table = stored.table
    spoken = [
        ("Poverty", "poverty", poverty_section(table("poverty"), effects)),
        ("Both together", "together", effects_section(effects, arms)),
        ("Other arms", "together", other_arms_section(effects, costs, programme, told_apart)),
        ("What people believe", "together", beliefs_section(table("beliefs"), effects, hazard)),
        ("Parameters and structure", "together", uncertainty_section(stored.tables.get("uncertainty"), arms)),
        ("Out of the trap", "traps",
         escape_section(table("escape"), table("thresholds"), effects, escape_years)),
        ("Who needed what", "needs", needed_section(table("needed"))),
        ("The shock", "shock", shock_section(table("resilience"))),
        ("The children", "children",
         heirs_section(table("generations"), table("persistence"), stored.case)),
        ("How it reaches them", "children", channels_section(table("channels"))),
        ("Money", "money", costs_section(costs)),
        ("Neighbours", "others", spillovers_section(table("spillovers"), told_apart)),
        ("Measured", "others", measured_section(table("measured"))),
        ("The lists", "others", lists_section(table("lists"))),
        ("Coordination", "others", coordination_section(table("coordination"))),
    ]  # fmt: skip
    return [Finding(topic, text, link) for topic, link, lines in spoken if (text := said(lines))]


def key_figures(stored: Stored) -> list[KeyFigure]:
    """The numbers to read first, each with its band."""
    return [
        *_poverty(stored), *_interaction(stored), *_escape(stored), *_shock(stored), *_heirs(stored),
        *_price(stored), *_parameters(stored),
    ]  # fmt: skip


def _poverty(stored: Stored) -> Iterator[KeyFigure]:
    rows = where(stored.table("poverty"), measure="headcount", of="consumption", shock="none")
    years = [year for year in rows["horizon_years"] if year > 0]
    if not years:
        return
    year = told_horizons(years)[0]
    at = where(rows, horizon_years=year)
    own = where(at, arm=stored.lead).iloc[0]
    label = (
        f"of all persons are poor under {stored.lead} after {count(year, 'year')}, without shock"
    )
    if stored.lead != "none":
        none = 100 * pick(at, "estimate", arm="none")
        label += f"; under none {number(none, 1)} %"
    yield KeyFigure(label, f"{number(100 * own.estimate, 1)} %", _errors(own, 100))


def _interaction(stored: Stored) -> Iterator[KeyFigure]:
    row = _effect(stored, comparison="interaction", outcome="consumption", unit="percent")
    if row is None:
        return
    year = int(row["horizon_months"]) // 12
    yield KeyFigure(
        f"of consumption is what both give beyond the sum of each after {count(year, 'year')}",
        f"{number(row['estimate'], 2)} %", _interval(row, 2),
    )  # fmt: skip


def _escape(stored: Stored) -> Iterator[KeyFigure]:
    row = _effect(stored, -1, comparison="control", outcome="lifted", unit="pp", arm=stored.lead)
    if row is None:
        return
    year = int(row["horizon_months"]) // 12
    yield KeyFigure(
        f"more of the eligible are lifted from no way up under {stored.lead} than under none after "
        f"{count(year, 'year')}",
        f"{number(row['estimate'], 2)} points", _interval(row, 2),
    )  # fmt: skip


def _shock(stored: Stored) -> Iterator[KeyFigure]:
    table = stored.table("resilience")
    if table.empty:
        return
    rows = where(table, measure="depth")
    none = where(rows, arm="none").iloc[0]
    label = f"of consumption is lost at the trough {world_words(stored.worlds[-1])} under none"
    if stored.lead != "none":
        own = where(rows, arm=stored.lead).iloc[0]
        label += (
            f"; under {stored.lead} {number(100 * own.estimate, 1)} % ±{error(100 * own.se_luck)}"
        )
    yield KeyFigure(
        label,
        f"{number(100 * none.estimate, 1)} %",
        _errors(none, 100),
    )


def _price(stored: Stored) -> Iterator[KeyFigure]:
    costs = stored.table("costs")
    if costs.empty or stored.lead == "none":
        return
    rows = where(costs, measure="cost_per_poor", shock="none", arm=stored.lead)
    rows = rows.dropna(subset=["estimate"])
    if rows.empty:
        return
    year = told_horizons(rows["horizon_years"])[0]
    row = where(rows, horizon_years=year).iloc[0]
    yield KeyFigure(
        f"lines buy one person fewer in poverty under {stored.lead} after {count(year, 'year')}",
        number(row.estimate, 1),
        _errors(row, 1),
    )


def _parameters(stored: Stored) -> Iterator[KeyFigure]:
    table = stored.table("uncertainty")
    if table.empty:
        return
    rows = where(
        table, source="draws", comparison="control", shock="none", outcome="consumption", unit="percent",
        arm=stored.lead,
    )  # fmt: skip
    if rows.empty:
        return
    row = rows.sort_values("horizon_months").iloc[-1]
    yield KeyFigure(
        f"more consumption under {stored.lead} after {count(int(row.horizon_months) // 12, 'year')}, over "
        "draws of the parameters",
        f"{number(row['median'], 1)} %",
        f"90 % of draws [{number(row['low'], 1)}, {number(row['high'], 1)}]",
    )


def _heirs(stored: Stored) -> Iterator[KeyFigure]:
    table = stored.table("generations")
    if table.empty:
        return
    rows = where(
        table, shock="none", group="all", comparison="level", measure="elasticity", arm="none"
    ).dropna(subset=["estimate"])  # fmt: skip
    if len(rows):
        row = rows.iloc[0]
        yield KeyFigure(
            "percent more an heir consumes where the parent consumed one percent more, under none",
            number(row.estimate, 2), _errors(row, 1, 3),
        )  # fmt: skip


def _errors(row: pd.Series, scale: float, digits: int = 2) -> str:
    """Standard errors of luck and, where it is known, of the sample, apart."""
    told = {"luck": scale * row["se_luck"], "sample": scale * row.get("se_sample", math.nan)}
    known = [f"{of} {error(size, digits)}" for of, size in told.items() if not math.isnan(size)]
    return f"standard error: {', '.join(known)}" if known else "its errors are not known"


def _interval(row: pd.Series, digits: int) -> str:
    if row["estimate"] == row["ci_low"] == row["ci_high"] == 0:
        return "nothing at all, in every replicate"
    return f"95 % {interval_words(row['ci_low'], row['ci_high'], digits)}"


def _effect(stored: Stored, which: int = 0, **at: str) -> pd.Series | None:
    """The row of effects without shock at the first or last horizon told, where there is one."""
    effects = stored.table("effects")
    if effects.empty:
        return None
    rows = where(effects, shock="none", **at)
    if rows.empty:
        return None
    year = told_horizons(rows["horizon_months"] // 12)[which]
    row = where(rows, horizon_months=12 * year).iloc[0]
    return None if math.isnan(row["estimate"]) else row
