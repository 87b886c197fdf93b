"""One job: simulate, tabulate, write; or note why not."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from resilience_sim import outcomes, runs, simulation
from resilience_sim.errors import InputError
from resilience_sim.sweeps.plans import Failure, Job, Plan, State, state_of, write_failure
from resilience_sim.sweeps.sharing import Shared

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.simulation import Progress

FAILED, BAD_INPUT = 1, 2
"""Exit codes, as the command line has them."""


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
    Seconds in the engine: population, policies, lives. NaN where the job failed.
    """
    try:
        seconds = 0.0 if state_of(plan, job) is State.DONE else _do(plan, job, config, shared, told)
    except Exception as error:
        write_failure(plan, job, _failure(error))
        return float("nan")
    plan.note(job).unlink(missing_ok=True)
    return seconds


def _do(
    plan: Plan, job: Job, config: Config, shared: Shared | None, told: Progress | None
) -> float:
    config = replace(config, output_dir=None)
    runs.require_free(plan.folder(job))
    shared = shared or Shared([config])
    began = time.perf_counter()
    experiment = simulation.prepare(config, told, shared.households(config))
    results = simulation.run(experiment, progress=told, provide=shared.provide)
    seconds = time.perf_counter() - began
    tables = outcomes.tables(results, config.case_name, config, plan.tables)
    if config.outcomes.draws:
        from resilience_sim.calibration import draws
        from resilience_sim.calibration.uncertainty import uncertainty

        tables["uncertainty"] = uncertainty(config, draws.shipped(), told)
    files = runs.input_files(config)
    runs.write_run(plan.folder(job), config, results, tables, files, [plan.command])
    return seconds


def _failure(error: Exception) -> Failure:
    if isinstance(error, InputError):
        return Failure(BAD_INPUT, str(error).splitlines())
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return Failure(FAILED, [reason], "".join(traceback.format_exception(error)))
