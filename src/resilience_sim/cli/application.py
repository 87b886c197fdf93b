"""Verbs: what the words of a command line do, and what is said when it goes wrong."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resilience_sim import __version__
from resilience_sim.cli import texts
from resilience_sim.cli.composition import (
    HYDRA_VERSION,
    check_overrides,
    compose,
    composition_problem,
    searchpath_override,
    settings_directories,
)
from resilience_sim.cli.progress import Bars
from resilience_sim.config import Config, from_mapping, suggestion
from resilience_sim.errors import ConfigError, InputError, Problem

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

TRACEBACK = "RESILIENCE_SIM_TRACEBACK"
"""Environment variable that asks for the place of an unexpected error."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code.

    Parameters
    ----------
    argv
        Words after the name of the command; those of the process where it is None.

    Returns
    -------
    0 done, 2 bad input (one line per problem on stderr), 1 any other failure, 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(words)
    except _JobError as failure:
        return failure.exit_code
    except KeyboardInterrupt:
        print("resilience-sim: interrupted; no run was written.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        return _explain(error)


class _JobError(Exception):
    """A job under Hydra failed and has said why."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def _dispatch(words: list[str]) -> int:
    verbs: dict[str, Callable[[list[str]], int | None]] = {
        "run": _run,
        "sweep": _sweep,
        "aggregate": _aggregate,
        "report": _report,
        "ask": _ask,
        "whatif": _whatif,
        "validate": _validate,
        "evidence": _evidence,
        "calibrate": _calibrate,
        "score": _score,
        "bench": _bench,
    }
    if not words or words[0] in ("-h", "--help", "help"):
        print(texts.HELP, end="")
        return 0
    verb, *rest = words
    if verb == "--version":
        print(f"resilience-sim {__version__}")
        return 0
    if verb not in verbs:
        hint = suggestion(verb, verbs) or "See resilience-sim --help."
        if "=" in verb:
            hint = f"Did you mean resilience-sim run {' '.join(words)}?"
        raise ConfigError([Problem("verb", f"be one of {', '.join(verbs)}", repr(verb), hint)])
    return verbs[verb](rest) or 0


def _run(words: list[str]) -> int | None:
    """Do the verb `run`: overrides directly, whatever is Hydra's own through its application."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.run_help(), end="")
        return None
    if any(word.startswith("sweep=") for word in words) and "--cfg" not in words:
        return _sweep(words)
    if any(word.startswith(("-", "hydra.", "hydra/")) for word in words):
        return _run_through_hydra(words)
    config = compose(words)
    _simulate(config, _own_directory(config))
    return None


def _sweep(words: list[str]) -> int:
    """Do the verb `sweep`: the scenarios of a sweep that are not done, or say how."""
    if any(word in ("-h", "--help") for word in words):
        from resilience_sim.cli.telling import ready_sweeps

        print(texts.SWEEP_HELP.format(sweeps=ready_sweeps()), end="")
        return 0
    from resilience_sim.cli.sweeping import sweep

    return sweep(words)


def _aggregate(words: list[str]) -> int:
    """Do the verb `aggregate`: one data set of a sweep, or say how."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.AGGREGATE_HELP, end="")
        return 0
    from resilience_sim.cli.sweeping import aggregate

    return aggregate(words)


def _report(words: list[str]) -> None:
    """Do the verb `report`: a stored run or sweep as HTML and Markdown."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.REPORT_HELP, end="")
        return
    from resilience_sim.cli.reporting import report

    print(report(words), end="")


def _validate(words: list[str]) -> None:
    """Do the verb `validate`: every problem of a survey and its map, or what is in it."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.VALIDATE_HELP, end="")
        return
    from resilience_sim.cli.checking import check

    print(check(words), end="")


def _evidence(words: list[str]) -> None:
    """Do the verb `evidence`: the reported effects, of all cases or of one."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.EVIDENCE_HELP, end="")
        return
    from resilience_sim.evidence import targets
    from resilience_sim.report.evidence import evidence_section

    problems = [
        Problem(word, "be case=NAME or case=all", repr(word))
        for word in words
        if not word.startswith("case=")
    ]
    if problems:
        raise ConfigError(problems)
    case = words[-1].partition("=")[2] if words else "all"
    print("\n".join(evidence_section(targets(None if case == "all" else case))))


def _calibrate(words: list[str]) -> None:
    """Do the verb `calibrate`: fit cases to the evidence, or say how."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.CALIBRATE_HELP, end="")
        return
    from resilience_sim.cli.calibrating import calibrate

    print(calibrate(words), end="")


def _score(words: list[str]) -> None:
    """Do the verb `score`: the scorecard of draws, or how to ask for it."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.SCORE_HELP, end="")
        return
    from resilience_sim.cli.calibrating import score

    print(score(words), end="")


def _ask(words: list[str]) -> None:
    """Do the verb `ask`: answer a policy question, or teach how to ask."""
    if not words or any(word in ("-h", "--help") for word in words):
        print(texts.ASK_HELP, end="")
        return
    from resilience_sim.cli.asking import ask

    print(ask(words), end="")


def _bench(words: list[str]) -> None:
    """Do the verb `bench`: measure this machine, or say how."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.BENCH_HELP, end="")
        return
    from resilience_sim.cli.benchmarking import bench

    print(bench(words), end="")


def _whatif(words: list[str]) -> None:
    """Do the verb `whatif`: serve the what-if page, or say how."""
    if any(word in ("-h", "--help") for word in words):
        print(texts.WHATIF_HELP, end="")
        return
    from resilience_sim.cli.paging import start_page

    start_page(words)


def _simulate(config: Config, directory: Path) -> None:
    """Prepare, run, tabulate, write and print one run."""
    from resilience_sim import outcomes, report, runs, simulation

    runs.require_free(directory)
    with Bars() as bars:
        experiment = simulation.prepare(config, progress=bars)
        results = simulation.run(experiment, progress=bars)
        tables = outcomes.tables(results, config.case_name, config)
        if config.outcomes.draws:
            from resilience_sim.calibration import draws
            from resilience_sim.calibration.uncertainty import uncertainty

            tables["uncertainty"] = uncertainty(config, draws.shipped(), bars)
    written = runs.write_run(directory, config, results, tables, runs.input_files(config))
    print(report.console(results, tables, config, directory, written), end="")


def _own_directory(config: Config) -> Path:
    """Folder of a single run: the one that was asked for, or a new one below `runs`."""
    if config.output_dir is not None:
        return Path(config.output_dir)
    return Path("runs") / f"{config.case_name}-{config.shock.name}-{config.seed}-{_stamp()}"


def _run_through_hydra(words: list[str]) -> int:
    """Run Hydra's application, for its flags; several values make a sweep of ours."""
    import hydra
    from hydra._internal.utils import get_args_parser

    known, unknown = get_args_parser().parse_known_intermixed_args(words)
    overrides: list[str] = known.overrides
    is_multirun = known.multirun or "hydra.mode=MULTIRUN" in overrides
    flags = [word for word in words if word not in overrides]
    ours = [flag for flag in flags if flag not in ("--multirun", "-m")]
    if is_multirun and set(ours) <= {"--dry-run"}:
        from resilience_sim.cli.sweeping import sweep

        return sweep([*overrides, *ours], "run --multirun")
    problems = list(check_overrides(overrides, is_multirun).values())
    for flag in unknown:
        hint = suggestion(flag, ("--multirun", "--cfg", "--help", "--info", "--resolve"))
        problems.append(Problem(flag, "be an option of run", "an unknown option", hint))
    if problems:
        raise ConfigError(problems)
    conf, _ = settings_directories()
    decorate = hydra.main(config_path=str(conf), config_name="config", version_base=HYDRA_VERSION)
    with _as_process(["resilience-sim", *flags, searchpath_override(), *overrides]):
        decorate(_job)()
    return 0


def _job(composed: Any) -> None:
    """Run what Hydra composed, and say itself what went wrong."""
    from omegaconf import OmegaConf

    try:
        tree: Any = OmegaConf.to_container(composed, resolve=True)
        config = from_mapping(tree)
        _simulate(config, _own_directory(config))
    except Exception as error:
        raise _JobError(_explain(error)) from None


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


@contextmanager
def _as_process(argv: list[str]) -> Iterator[None]:
    """Let Hydra take these words for those of the process, and let its errors through to us."""
    name = "HYDRA_FULL_ERROR"
    before, flag = sys.argv, os.environ.get(name)
    sys.argv, os.environ[name] = argv, "1"
    try:
        yield
    finally:
        sys.argv = before
        if flag is None:
            del os.environ[name]
        else:
            os.environ[name] = flag


def _explain(error: Exception) -> int:
    """Say on stderr what went wrong, and return the exit code for it."""
    told = error if isinstance(error, InputError) else composition_problem(error)
    if told is not None:
        print(told, file=sys.stderr)
        return EXIT_BAD_INPUT
    print(f"resilience-sim: {type(error).__name__}: {error}", file=sys.stderr)
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    else:
        print(f"Set {TRACEBACK}=1 to see where it happened.", file=sys.stderr)
    return EXIT_FAILED
