"""One job: simulate, tabulate, write; or note why not."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from resilience_sim import outcomes, runs, simulation
from resilience_sim.errors import InputError
from resilience_sim.sweeps.plans import Failure, Job, Plan, State, state_of, write_failure
from resilience_sim.sweeps.sharing import Shared

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.results import Results
    from resilience_sim.simulation import Progress

FAILED, BAD_INPUT = 1, 2
"""Exit codes, as the command line has them."""


@dataclass(frozen=True)
class Lived:
    """A job whose households have lived, or which failed on the way."""

    seconds: float
    """In the engine: population, policies, lives; 0 where it failed."""
    finish: Callable[[], None]
    """Makes its tables and writes them, or the reason why not; any thread may call it, once."""


def do(
    plan: Plan, job: Job, config: Config, shared: Shared | None = None, told: Progress | None = None
) -> float:
    """Do one job unless it is done, and note the reason where it fails; a later success removes it.

    Parameters
    ----------
    plan, job
        Where it stands; its run directory is never written over.
    config
        The settings of the job.
    shared
        What it has in common with other jobs; nothing where None.
    told
        Told of the stages of the simulation.

    Returns
    -------
    Seconds in the engine.
    """
    if state_of(plan, job) is State.DONE:
        return 0.0
    lived = live(plan, job, config, shared or Shared([config]), told)
    lived.finish()
    return lived.seconds


def live(
    plan: Plan, job: Job, config: Config, shared: Shared, told: Progress | None = None
) -> Lived:
    """Simulate a job that is not done, and leave what is left of it to `finish`; see `do`."""
    config = replace(config, output_dir=None)
    began = time.perf_counter()
    try:
        runs.require_free(plan.folder(job))
        experiment = simulation.prepare(config, told, shared.households(config))
        results = simulation.run(experiment, progress=told, provide=shared.provide)
    except Exception as error:
        return Lived(0.0, partial(_note, plan, job, _failure(error)))
    seconds = time.perf_counter() - began

    def finish() -> None:
        try:
            _write(plan, job, config, results, told)
        except Exception as error:
            _note(plan, job, _failure(error))
        else:
            plan.note(job).unlink(missing_ok=True)

    return Lived(seconds, finish)


def _write(plan: Plan, job: Job, config: Config, results: Results, told: Progress | None) -> None:
    tables = outcomes.tables(results, config.case_name, config, plan.tables)
    if config.outcomes.draws:
        from resilience_sim.calibration import draws
        from resilience_sim.calibration.uncertainty import uncertainty

        tables["uncertainty"] = uncertainty(config, draws.shipped(), told)
    files = runs.input_files(config)
    runs.write_run(plan.folder(job), config, results, tables, files, [plan.command])


def _note(plan: Plan, job: Job, failure: Failure) -> None:
    """Note a failure, unless another process has done the job: one that outlived a killed sweep may have."""
    if state_of(plan, job) is not State.DONE:
        write_failure(plan, job, failure)


def _failure(error: Exception) -> Failure:
    if isinstance(error, InputError):
        return Failure(BAD_INPUT, str(error).splitlines())
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return Failure(FAILED, [reason], "".join(traceback.format_exception(error)))
