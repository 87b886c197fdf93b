"""The verbs `calibrate` and `score`: fit cases to the evidence, and say how well they agree with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_sim.cli.composition import compose, group_options
from resilience_sim.cli.progress import Bars
from resilience_sim.config import suggestion
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    from resilience_sim.calibration.cases import Case

ALL = "all"


def calibrate(words: Sequence[str]) -> str:
    """Fit one case or all, write its draws, and say what was found."""
    from resilience_sim import runs
    from resilience_sim.calibration import draws, evaluations, fitting
    from resilience_sim.report.scorecard import fit_section

    plan = fitting.Plan()
    counts = [*(each.name for each in fields(plan)), "threads"]
    told = _options("calibrate", words, counts, ["output_dir"])
    chosen = told.case
    directory = Path(told.texts.get("output_dir", f"runs/calibration-{chosen}-{_stamp()}"))
    runs.require_free(directory)
    threads = told.counts.pop("threads", 0)
    plan = replace(plan, **told.counts)
    began = time.perf_counter()
    kept = evaluations.Evaluations(evaluations.folder(), threads)
    with Bars() as bars:
        cases = prepared(calibrated_cases() if chosen == ALL else [chosen])
        found = fitting.fit(cases, kept, plan, progress=bars, trials=prepared_trials())
    seconds = time.perf_counter() - began
    about = {
        "command": " ".join(["resilience-sim", "calibrate", *_without_folder(words)]),
        "plan": {each.name: getattr(plan, each.name) for each in fields(plan)},
        "code": evaluations.code(),
        "structures": dict(found.structures),
        "log_evidence": dict(found.log_evidence),
        "failed": dict(found.n_failed),
        "simulated": kept.n_simulated,
        "taken_from_before": kept.n_kept,
        "seconds": round(seconds, 1),
    }
    made = draws.Draws(*draws.tables_of(found), about)
    written = draws.write(directory, made)
    lines = [*fit_section(found, made, {name: each.targets for name, each in cases.items()}), ""]
    lines += [
        f"{kept.n_simulated} draws simulated, {kept.n_kept} taken from before, {seconds:.0f} s",
        f"Draws and forecasts: {', '.join(str(path) for path in written)}",
        f"Next: resilience-sim score case={chosen} draws={directory}",
    ]
    return "\n".join(lines) + "\n"


def _without_folder(words: Sequence[str]) -> list[str]:
    """Words that decide what is found: where it is written does not."""
    return [word for word in words if not word.startswith(("output_dir=", "threads="))]


def score(words: Sequence[str]) -> str:
    """Score the draws of one case or of all against what was reported."""
    from resilience_sim import runs
    from resilience_sim.calibration import draws
    from resilience_sim.calibration.scoring import scorecard, trial_table
    from resilience_sim.evidence import targets, trials
    from resilience_sim.report.scorecard import scorecard_section, trials_section

    told = _options("score", words, [], ["draws", "output_dir"])
    chosen, where = told.case, told.texts.get("draws")
    made = draws.shipped() if where is None else draws.read(Path(where))
    directory = Path(told.texts.get("output_dir", f"runs/score-{chosen}-{_stamp()}"))
    runs.require_free(directory)
    table = scorecard(targets(None if chosen == ALL else chosen), made)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "scorecard.parquet"
    runs.write_table(path, table)
    elsewhere = trial_table(trials(), made)
    runs.write_table(directory / "trials.parquet", elsewhere)
    lines = [*scorecard_section(table, made), ""]
    if len(elsewhere):
        lines += [*trials_section(elsewhere), ""]
    return "\n".join([*lines, f"Tables: {path}, trials.parquet beside it"]) + "\n"


def calibrated_cases() -> list[str]:
    """Cases that have both reported effects and a file, in the order of the evidence."""
    from resilience_sim.evidence import targets

    files = set(group_options()["case"])
    return [name for name in dict.fromkeys(t.case_id for t in targets()) if name in files]


def prepared(names: Sequence[str]) -> dict[str, Case]:
    """Cases ready for draws, with every target that is represented by arms they have."""
    from resilience_sim.calibration.cases import OWN_TABLES, Case
    from resilience_sim.calibration.forecasts import contrast_of
    from resilience_sim.evidence import Role, targets

    cases = {}
    for name in names:
        config = compose([f"case={name}"])
        arms = set(config.programme.arms)
        wanted = [
            target
            for target in targets(name)
            if target.is_represented
            and (target.role is Role.FIT or set(contrast_of(target)[0]) <= arms)
        ]
        shocks = {
            shock: compose([f"case={name}", f"shock={shock}"]).shock
            for shock in dict.fromkeys(target.table for target in wanted)
            if shock not in OWN_TABLES
        }
        cases[name] = Case(config, wanted, shocks)
    return cases


def prepared_trials() -> dict[str, Case]:
    """Trials elsewhere ready for draws, each lived by the case of its name."""
    from resilience_sim.calibration.cases import Case
    from resilience_sim.evidence import trials

    found = {}
    for trial in trials():
        config = compose([f"case={trial.case_id}", "shock=none"])
        found[trial.case_id] = Case(config, trial.targets, {}, split=trial.split)
    return found


@dataclass(frozen=True)
class _Options:
    case: str
    counts: dict[str, int]
    texts: dict[str, str]


def _options(
    verb: str, words: Sequence[str], counts: Sequence[str], texts: Sequence[str]
) -> _Options:
    """The case, whole numbers and texts by name; every problem is told at once."""
    known = ["case", *counts, *texts]
    told = _Options(ALL, {}, {})
    names = calibrated_cases()
    problems = []
    for word in words:
        key, is_told, value = word.partition("=")
        if not is_told or key not in known:
            hint = suggestion(key, known) or f"See resilience-sim {verb} --help."
            allowed = f"be one of {', '.join(f'{name}=' for name in known)}"
            problems.append(Problem(key, allowed, repr(word), hint))
        elif key == "case" and value not in (ALL, *names):
            hint = suggestion(value, names)
            problems.append(Problem("case", f"be all or one of {', '.join(names)}", value, hint))
        elif key in counts and not value.isdecimal():
            problems.append(Problem(key, "be a whole number, 0 or more", repr(value)))
        elif key == "case":
            told = replace(told, case=value)
        elif key in counts:
            told.counts[key] = int(value)
        else:
            told.texts[key] = value
    if problems:
        raise ConfigError(problems)
    return told


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
