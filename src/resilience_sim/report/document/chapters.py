"""Chapters: the report of one run, from the first page to the appendix."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from resilience_sim.report.document.appendix import appendix
from resilience_sim.report.document.children import channels_by_arm, persistence_by_arm
from resilience_sim.report.document.findings import caution, findings, key_figures
from resilience_sim.report.document.incidence import growth_incidence
from resilience_sim.report.document.mobility import heirs_transitions, quintile_transitions
from resilience_sim.report.document.money import cost_per_gain, frontier
from resilience_sim.report.document.motion import asset_motion, escape_chances
from resilience_sim.report.document.needs import who_needed_what
from resilience_sim.report.document.parts import Chart, Document, Finding, Part
from resilience_sim.report.document.paths import consumption_paths, poverty_paths
from resilience_sim.report.document.recovering import recovery_curves
from resilience_sim.report.document.scores import scorecard_chart
from resilience_sim.report.document.stored import Stored
from resilience_sim.report.document.together import (
    effects_over_draws,
    interaction_by_belief,
    interaction_by_structure,
    interaction_over_time,
)
from resilience_sim.report.page import count

Draw = Callable[[Stored], Chart]

CHAPTERS: tuple[tuple[str, str, tuple[Draw, ...]], ...] = (
    ("poverty", "Poverty and consumption", (poverty_paths, consumption_paths)),
    ("traps", "Asset motion, thresholds and escape", (asset_motion, escape_chances)),
    ("needs", "Who needed what", (who_needed_what,)),
    (
        "together", "Both together",
        (interaction_over_time, interaction_by_belief, interaction_by_structure, effects_over_draws),
    ),
    ("shock", "The shock and the recovery", (recovery_curves,)),
    ("places", "Who gains, and who moves", (growth_incidence, quintile_transitions)),
    ("children", "What the children inherit", (persistence_by_arm, heirs_transitions, channels_by_arm)),
    ("money", "What it costs", (cost_per_gain, frontier)),
    ("others", "What else the run tells", ()),
    ("scores", "The scorecard", (scorecard_chart,)),
)  # fmt: skip
"""Anchor, heading and charts of each section, in the order of the report."""


def chapters(stored: Stored) -> Document:
    """Lay out one stored run as a document: numbers and bands first, then charts, then the appendix."""
    told = findings(stored)
    parts = [
        Part(name, heading, _paragraphs(name, told), tuple(draw(stored) for draw in draws))
        for name, heading, draws in CHAPTERS
    ]
    kept = [part for part in parts if part.said or part.charts]
    first = [each for each in told if each.link != "others"]
    return Document(
        f"{stored.case}: who escapes under {_listed(stored.arms)}, {_worlds(stored)}",
        _about(stored), tuple(key_figures(stored)), tuple(first), caution(stored),
        (*kept, appendix(stored)),
    )  # fmt: skip


def _paragraphs(name: str, told: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(each.text for each in told if each.link == name)


def _about(stored: Stored) -> tuple[str, ...]:
    manifest = stored.manifest
    behaviour = str(stored.setting("planner.behaviour", "planner")).replace("_", " ")
    end = stored.setting("planner.believed_end.hazard")
    believed = (
        "on its date"
        if stored.setting("planner.believed_end.kind") == "date"
        else f"with chance {end:g} a year"
    )
    return (
        f"{manifest['n_households']:,} households, {manifest['n_eligible']:,} of them eligible, stand for "
        f"{manifest['n_persons']:,.0f} persons. They live {count(len(stored.arms), 'arm')} under the same luck "
        f"for {count(int(stored.setting('horizon_years', 0)), 'year')}, "
        f"{count(int(manifest['replicates']), 'replicate')}, seed {manifest['seed']}. Behaviour: "
        f"{behaviour}; cash is believed to end {believed}.",
        "Money is real, per household member, in annual poverty lines: 1.0 keeps one person on the line for "
        "one year.",
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _worlds(stored: Stored) -> str:
    shock = stored.worlds[-1]
    return "without shock" if shock == "none" else f"with and without {shock}"
