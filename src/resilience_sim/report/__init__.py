"""The console text of a run: the tables an economist asks for first, within 100 columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_sim.report.channels import channels_section
from resilience_sim.report.complementarity import (
    beliefs_section,
    effects_section,
    other_arms_section,
)
from resilience_sim.report.coordination import coordination_section
from resilience_sim.report.costs import costs_section
from resilience_sim.report.heirs import heirs_section
from resilience_sim.report.lists import lists_section
from resilience_sim.report.measured import measured_section
from resilience_sim.report.page import (
    INDENT,
    STANDARD_ARMS,
    WIDTH,
    Tables,
    count,
    plain,
    title,
    wrapped,
)
from resilience_sim.report.poverty import poverty_section
from resilience_sim.report.shock import shock_section
from resilience_sim.report.spillovers import spillovers_section
from resilience_sim.report.traps import escape_section, needed_section
from resilience_sim.report.uncertainty import uncertainty_section

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.results import Results

__all__ = ["console"]


def console(
    results: Results,
    tables: Tables,
    config: Config,
    directory: Path | None = None,
    written: Sequence[Path] = (),
) -> str:
    """Lay out one run as plain text.

    Parameters
    ----------
    results
        What was simulated; only its size, notes and timings are taken from here.
    tables
        The tables of `outcomes.tables`; every other number printed stands in one of them.
    config
        The composed config, for the header and the commands to try next.
    directory, written
        Run directory and the files in it, where the run was stored.

    Returns
    -------
    Text without colour codes, no line longer than 100 columns. Every table names its unit, and
    every section with an estimate to judge closes with what it says, and whether an interval
    contains zero.
    """
    tables = {name: plain(table) for name, table in tables.items() if name != "panel"}
    effects, end = tables["effects"], config.planner.believed_end
    told_apart = set(tables["coordination"].arm) - set(STANDARD_ARMS)
    sections = [
        _header(results, config),
        poverty_section(tables["poverty"], effects),
        effects_section(effects, config.programme.arms),
        other_arms_section(effects, tables["costs"], config.programme, told_apart),
        beliefs_section(tables["beliefs"], effects, None if end.kind == "date" else end.hazard),
        escape_section(
            tables["escape"], tables["thresholds"], effects, config.outcomes.escape_years
        ),
        needed_section(tables["needed"]),
        heirs_section(tables["generations"], tables["persistence"], config.case_name),
        channels_section(tables["channels"]),
        shock_section(tables["resilience"]),
        spillovers_section(tables["spillovers"], told_apart),
        measured_section(tables["measured"]),
        lists_section(tables["lists"]),
        coordination_section(tables["coordination"]),
        costs_section(tables["costs"]),
        uncertainty_section(tables.get("uncertainty"), config.programme.arms),
        _caution(config),
        _notes(results),
        _files(results, directory, written, config),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _header(results: Results, config: Config) -> list[str]:
    shock = "no shock" if len(results.worlds) == 1 else f"shock {results.worlds[-1]}"
    believed = config.planner.believed_end
    behaviour = config.planner.behaviour.value.replace("_", " ")
    end = f"with hazard {believed.hazard:g} a year" if believed.kind == "hazard" else "on its date"
    facts = [
        f"resilience-sim   case {config.case_name}   {shock}   arms {', '.join(results.arms)}",
        f"{results.n_households:,} households, {results.n_eligible:,} eligible, for "
        f"{results.n_persons:,.0f} persons; {count(config.horizon_years, 'year')} in "
        f"{12 // results.periods_per_year}-month periods; seed {results.seed}, "
        f"{count(config.replicates, 'replicate')}; {behaviour}, cash believed to end {end}.",
        "Money is real, in annual poverty lines per person. ±.04/.52: standard errors of luck / of "
        "the sample (one alone: luck); [low, high]: 95 % interval; >0: share of replicates above "
        "zero.",
    ]
    return [*(line for fact in facts for line in wrapped(fact)), "=" * WIDTH]


def _caution(config: Config) -> list[str]:
    alone = (
        " With one replicate the error of luck is unknown, and intervals hold sampling alone."
        if config.replicates == 1
        else ""
    )
    return wrapped(
        "Intervals join luck and sample, >0 is about luck only: how exactly this model was "
        "computed for these households, not how sure the world is. Parameters, beliefs and the "
        "model's structure are held fixed"
        + (", but for the draws and variants above." if config.outcomes.draws else ".")
        + alone
    )


def _notes(results: Results) -> list[str]:
    if not results.notes:
        return []
    said = " ".join(note if note.endswith(".") else f"{note}." for note in results.notes)
    return title("How the population came about", said)


def _files(
    results: Results, directory: Path | None, written: Sequence[Path], config: Config
) -> list[str]:
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in results.seconds.items())
    kept = "; policies are kept from an earlier run" if results.has_policies_from_before else ""
    lines = [f"Seconds: {stages}{kept}"]
    if directory is not None:
        paths = [Path(path) for path in written]
        tables = [path.stem for path in paths if path.suffix == ".parquet"]
        others = [path.name for path in paths if path.suffix != ".parquet"]
        lines += [f"Files in {directory}"]
        lines += wrapped(f"{', '.join(others)}; as .parquet {', '.join(tables)}", INDENT)
    run = f"resilience-sim run case={config.case_name} shock={config.shock.name}"
    is_planner = config.planner.behaviour == "planner"
    hazard = 0 if config.planner.believed_end.hazard == 1 else 1
    return [
        *lines,
        "Next, to see what the answer rests on",
        f"{INDENT}{run} planner.behaviour={'rule_of_thumb' if is_planner else 'planner'}",
        f"{INDENT}{run} planner.believed_end.hazard={hazard}",
        f"{INDENT}{run} seed={config.seed + 1}",
    ]
