"""The layout of the what-if page. `resilience-sim whatif` has Streamlit run this file."""

from __future__ import annotations

import sys

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resilience_sim.config import Config
from resilience_sim.errors import InputError
from resilience_sim.whatif.cases import Choice, composed, options
from resilience_sim.whatif.live import Found, Job, job_of
from resilience_sim.whatif.scenario import Levers, configured, own
from resilience_sim.whatif.sliders import Slider, in_currency, moved, sliders
from resilience_sim.whatif.views import say, views

USUAL_CASE = "erewhon"
YEARS = (5, 10, 20, 40)
HEARING = 0.02
"""Seconds within which a slider that was moved is heard while first numbers are waited for."""
BEATS = 12
"""So many times that, what the job is at is told anew."""
LOOK = 0.5
"""Seconds between two looks of the browser at a job that refines."""
KEPT_JOBS = 6


def page() -> None:
    """Lay out the page with the latest numbers of the run; wait for the first of them."""
    st.set_page_config("What if? resilience-sim", layout="wide")
    st.title("What if?")
    st.markdown(
        "Who gets out of a rural poverty trap with cash, with productive support, with both or with "
        "neither, and what one more unit of budget would buy. Move a slider: the model runs here, "
        "on this machine, first in small, then finer."
    )
    try:
        choice, base = _choice()
        config = configured(base, _sliders(choice, base))
    except InputError as error:
        say(str(error))
        return
    job, line = _job(config), st.empty()
    if job.latest is None:
        _wait(job, line)
    seen, found = job.version, job.latest
    if found is not None:
        with line.container():
            st.fragment(_line, run_every=None if job.is_over else LOOK)(job, found, seen)
        views(choice, found, tuple(job.found))
    if job.problem:
        say(job.problem)
    if job.version > seen:
        st.rerun()


def _wait(job: Job, line: DeltaGenerator) -> None:
    """Wait for first numbers, and say what is being done.

    Streamlit ends a page that is to be laid out anew where the page asks it for something.
    """
    beat = 0
    while not job.is_over and not job.wait(0, HEARING):
        if beat % BEATS == 0:
            line.markdown(f"*Running: {job.doing or 'preparing'}*")
        beat += 1
        "jobs" in st.session_state  # noqa: B015 - asked for the sake of asking


def _line(job: Job, found: Found, seen: int) -> None:
    """Tell what the numbers rest on; have the page laid out anew once there are newer ones.

    This alone is looked at again and again, so that the page itself is at rest and hears a slider at once.
    """
    if job.version > seen:
        st.rerun()
    doing = "nothing left to refine" if job.is_over else f"refining: {job.doing}"
    st.markdown(f"**{found.rests_on}** · *{doing}*")


def _choice() -> tuple[Choice, Config]:
    """The files chosen, and what they compose to."""
    known = options()
    asked = sys.argv[1] if len(sys.argv) > 1 else USUAL_CASE
    with st.sidebar:
        start = known["case"].index(asked if asked in known["case"] else USUAL_CASE)
        case = st.selectbox(
            "Case", known["case"], start, help="A country study; erewhon is fictional."
        )
        base = composed(Choice(case))
        picked = {}
        for group, has in (("shock", base.shock.name), ("coordination", base.coordination.name)):
            names = known[group] if has in known[group] else [has, *known[group]]
            picked[group] = st.selectbox(
                group.capitalize(), names, names.index(has), key=f"{group} of {case}",
                help=f"Files of conf/{group}; the case has {has}.",
            )  # fmt: skip
    choice = Choice(
        case,
        None if picked["shock"] == base.shock.name else picked["shock"],
        None if picked["coordination"] == base.coordination.name else picked["coordination"],
    )
    return choice, composed(choice)


def _sliders(choice: Choice, base: Config) -> Levers:
    """Where the sliders stand; each keeps its place while the file that it changes is the same."""
    turn = st.session_state.setdefault("turn", 0)
    shown: dict[str, float] = {}
    group = ""
    with st.sidebar:
        for slider in sliders(base):
            if slider.group != group:
                group = slider.group
                st.subheader(group, divider="gray")
            of = {"Coordination": base.coordination.name, "Shock": base.shock.name}.get(group, "")
            shown[slider.name] = _slider(slider, f"{slider.name} {choice.case} {of} {turn}")
            if slider.name in ("transfer", "grant"):
                paid = in_currency(base, shown[slider.name])
                if paid is not None:
                    st.caption(f"= {paid:,.0f} in the currency of the survey")
        st.subheader("Run", divider="gray")
        usual = own(base).years
        years = st.select_slider(
            "Years lived", sorted({*YEARS, usual}), usual, key=f"years {choice.case} {turn}"
        )
        if st.button("Back to the case", help="All sliders to where the case has them."):
            st.session_state.turn += 1
            st.rerun()
    return moved(base, shown, years)


def _slider(told: Slider, key: str) -> float:
    if told.is_whole:
        whole = (int(each) for each in (told.low, told.high, told.value, told.step))
        low, high, value, step = whole
        return st.slider(
            told.label, low, high, value, step, format=told.format, help=told.help, key=key
        )
    return st.slider(
        told.label, float(told.low), float(told.high), float(told.value), float(told.step),
        format=told.format, help=told.help, key=key,
    )  # fmt: skip


def _job(config: Config) -> Job:
    """The job of these settings, running or done; any other that still runs is abandoned."""
    jobs: dict[str, Job] = st.session_state.setdefault("jobs", {})
    key = repr(config)
    for other in [each for each in jobs if each != key and not jobs[each].is_over]:
        jobs.pop(other).abandon()
    if key not in jobs:
        jobs[key] = job_of(config)
    jobs[key] = jobs.pop(key)
    while len(jobs) > KEPT_JOBS:
        jobs.pop(next(iter(jobs)))
    return jobs[key]


page()
