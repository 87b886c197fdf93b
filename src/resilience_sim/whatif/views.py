"""What the page shows of what was found: cards of the arms, charts, tables, comparison, files."""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd
import streamlit as st

from resilience_sim.errors import InputError
from resilience_sim.whatif import charts, wording
from resilience_sim.whatif.cases import Choice
from resilience_sim.whatif.compare import WORLDS, Saved, compared
from resilience_sim.whatif.live import Found
from resilience_sim.whatif.sharing import Download, report_file, scenario_file
from resilience_sim.whatif.telling import (
    BOUGHT,
    MEASURES,
    SHOWN,
    bought,
    budgets,
    effects,
    levels,
    measure,
)

TABS = ("Arms", "One more unit of budget", "Together", "Compare", "Download")
CHARTED = ("out", "poor")
DRAWING = 0.1
"""Seconds in which the browser is left to draw the numbers alone, before charts follow."""
BANDS = (
    "**[ , ]** is the 95 % interval of luck and sample: how exactly this model was computed for these "
    "households. **Draws** are runs under other parameters that the evidence leaves open: 5 to 95 % of "
    "them. The two are never merged, and a band of draws may lie beside the estimate, for the settings of "
    "a case need not be the middle of its draws."
)


def views(choice: Choice, found: Found, stages: tuple[Found, ...]) -> None:
    """What was found: cards of the arms on top, then the tabs."""
    results = found.results
    left, right = st.columns(2)
    years = list(results.horizons_years)
    year = left.select_slider("Look at year", years, years[-1], key=f"year of {years[-1]}")
    worlds = list(results.worlds)
    world = right.radio(
        "World", worlds, len(worlds) - 1, format_func=wording.world_words, horizontal=True,
        key=f"world of {worlds}",
    )  # fmt: skip
    told = levels(found)
    here = told[(told.year == year) & (told.world == world)]
    st.html(wording.cards(here, budgets(found)))
    st.caption(BANDS)
    time.sleep(DRAWING)
    tabs = st.tabs(list(TABS), on_change="rerun", key="tab")
    shown: dict[str, Callable[[], None]] = {
        "Arms": lambda: _arms(found, year, world),
        "One more unit of budget": lambda: _bought(found, year),
        "Together": lambda: _together(found, year, world),
        "Compare": lambda: _compare(choice, stages, year),
        "Download": lambda: _downloads(choice, found),
    }
    for tab, name in zip(tabs, TABS, strict=True):
        if tab.open:
            with tab:
                shown[name]()


def say(problem: str) -> None:
    """Show what the engine finds wrong, one line each."""
    st.error("  \n".join(problem.splitlines()))


def _charts(
    found: Found, rows: pd.DataFrame, names: tuple[str, ...], unit: Callable[..., str]
) -> None:
    """Charts of some measures side by side, one year, all arms and worlds."""
    for column, name in zip(st.columns(len(names)), names, strict=True):
        told = measure(name)
        chart = charts.bands_chart(rows[rows.measure == name], told, unit(told))
        alt = "; ".join(
            f"{row.arm}, {wording.world_words(row.world)}: {wording.number(row.estimate, told)} "
            f"{wording.interval_text(row, told)}"
            for _, row in rows[rows.measure == name].iterrows()
        )
        column.vega_lite_chart(*chart, width="stretch", alt=f"{told.label}, {unit(told)}. {alt}")
    st.caption(f"{wording.source(found)} {wording.marks(found)}")


def _arms(found: Found, year: int, world: str) -> None:
    told = levels(found)
    here = told[told.year == year]
    _charts(found, here, SHOWN, lambda each: f"{each.unit}, year {year}")
    name = st.selectbox(
        "Measure", [each.name for each in MEASURES], format_func=lambda n: measure(n).label
    )
    st.markdown(f"**{measure(name).label}**, year {year}")
    st.html(wording.table(here[here.measure == name], measure(name)))
    st.markdown(f"**{measure(name).label}** over the years, {wording.world_words(world)}")
    rows = told[(told.measure == name) & (told.world == world)]
    chart = charts.years_chart(rows, measure(name))
    st.vega_lite_chart(*chart, width="stretch", alt=f"{measure(name).label} by year and arm")
    st.caption(f"{wording.source(found)} Shaded: 95 % interval of luck and sample.")


def _bought(found: Found, year: int) -> None:
    st.markdown(
        "What one more line for each eligible household buys: persons of 1,000 eligible who are out of the "
        "trap then and would not have been, or are not poor and would have been. From a twin of each arm "
        "with a quarter more of everything, so it is the next unit, not the average one."
    )
    told = bought(found)
    here = told[told.year == year]
    if here.empty:
        st.info("No arm costs anything, so nothing is bought.")
        return
    unit = f"persons of 1,000 eligible, per line and household, year {year}"
    _charts(found, here, CHARTED, lambda each: unit)
    for name in BOUGHT:
        thousand = measure(name)._replace(unit="persons of 1,000")
        st.markdown(f"**{thousand.label}**" + (": fewer" if thousand.better < 0 else ""))
        st.html(wording.table(here[here.measure == name], thousand))


def _together(found: Found, year: int, world: str) -> None:
    st.markdown(
        "What both do together beyond the sum of what each does alone: both - cash - productive + none. "
        "It is an outcome of the model; no setting of a household makes it."
    )
    told = effects(found)
    here = told[told.year == year]
    names = SHOWN
    _charts(
        found, here[here.arm == "interaction"], names,
        lambda each: f"{each.difference}, year {year}",
    )  # fmt: skip
    at = here[here.world == world]
    st.markdown("\n".join(f"- {wording.interaction_words(at, measure(name))}" for name in names))
    st.markdown(f"**Every arm less none**, {wording.world_words(world)}, year {year}")
    for name in names:
        told_as = measure(name)._replace(unit=measure(name).difference)
        st.markdown(told_as.label)
        st.html(wording.table(at[at.measure == name], told_as))


def _compare(choice: Choice, stages: tuple[Found, ...], year: int) -> None:
    saved: dict[str, Saved] = st.session_state.setdefault("saved", {})

    usual = f"Scenario {len(saved) + 1}"

    def save() -> None:
        name = st.session_state.get(f"name, {usual} by default", usual)
        saved[name] = Saved(name, choice, stages)

    st.text_input("Name", usual, key=f"name, {usual} by default")
    st.button("Save this scenario", on_click=save)
    if len(saved) < 2:
        st.info(f"Saved: {', '.join(saved) or 'nothing yet'}. Two are needed to compare.")
        return
    names = list(saved)
    left, right = st.columns(2)
    first = left.selectbox("First", names, len(names) - 2)
    second = right.selectbox("Second", names, len(names) - 1)
    found = compared(saved[first], saved[second])
    rests_on = " beside ".join(dict.fromkeys(found.rests_on))
    twins = "the same households under the same luck" if found.are_twins else "different households"
    name = st.selectbox(
        "Compare by", [each.name for each in MEASURES], format_func=lambda n: measure(n).label
    )
    told = measure(name)
    years = sorted(set(found.table.year))
    at = year if year in years else years[-1]
    rows = found.table[(found.table.measure == name) & (found.table.year == at)]
    shown = pd.DataFrame({
        "arm": rows.arm.map(wording.words_of),
        "world": rows.world,
        first: [wording.number(each, told) for each in rows["first"]],
        f"{second} ": [wording.number(each, told) for each in rows["second"]],
        f"difference, {told.difference}": [wording.number(each, told) for each in rows.difference],
        "95 %: luck and sample": [wording.interval_text(row, told) for _, row in rows.iterrows()],
    })  # fmt: skip
    st.markdown(f"**{told.label}**, {told.unit}, year {at}: {second} less {first}")
    st.html(wording.html_table(shown))
    drawn = rows.rename(columns={"difference": "estimate"}).assign(
        world=rows.world, draws_low=float("nan"), draws_high=float("nan")
    )
    chart = charts.bands_chart(drawn, told, f"{told.difference}, {second} less {first}")
    st.vega_lite_chart(*chart, width="stretch", alt=f"{told.label}: {second} less {first} by arm")
    st.caption(
        f"Source: runs of this page, {rests_on}, {twins}. Filled circles: {WORLDS[0]}; hollow squares: with "
        "the shock. Draws are not compared."
    )


def _downloads(choice: Choice, found: Found) -> None:
    st.markdown(
        f"What the page shows now rests on **{found.rests_on}**. The file carries all of it: the command "
        "line ends in the same numbers, to the bit."
    )
    name = st.text_input("Name of the scenario", f"whatif_{choice.case}")
    try:
        file = scenario_file(name, choice, found.config, found.rests_on)
    except InputError as error:
        say(str(error))
        return
    _button("Download the scenario", file.name, file.mime, lambda: file)
    st.markdown(
        f"Save it as `scenarios/case/{file.name}` in the folder that you work in, and say there"
    )
    st.code(f"resilience-sim run case={name}", language="text")
    _button("Download the report", f"{name}.html", "text/html", lambda: report_file(name, found))
    with st.expander("The scenario"):
        st.code(file.content, language="yaml")


def _button(label: str, name: str, mime: str, made: Callable[[], Download]) -> None:
    st.download_button(label, lambda: made().content, name, mime, on_click="ignore")
