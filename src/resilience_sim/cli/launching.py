"""Launchers of Hydra: jobs of a sweep in other processes, here or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from resilience_sim.cli import queueing
from resilience_sim.cli.composition import (
    HYDRA_VERSION,
    quoted,
    searchpath_override,
    settings_directories,
)
from resilience_sim.cli.expanding import job_config
from resilience_sim.errors import ConfigError, Problem

BASIC = "basic"
"""In this process, one job after another, each on all threads."""
SLURM = "submitit_slurm"
"""In the queue of a cluster."""
PLUGINS = {
    "joblib": "hydra_plugins.hydra_joblib_launcher",
    "submitit_local": "hydra_plugins.hydra_submitit_launcher",
    SLURM: "hydra_plugins.hydra_submitit_launcher",
}
LAUNCHERS = (BASIC, *PLUGINS)
SETTINGS = {
    "joblib": ("hydra.launcher.n_jobs=-1",),
    "submitit_local": ("hydra.launcher.timeout_min=1440", "hydra.launcher.cpus_per_task=1"),
    SLURM: (
        "hydra.launcher.name=resilience-sim",
        "hydra.launcher.timeout_min=240",
        "hydra.launcher.cpus_per_task=4",
        "hydra.launcher.mem_gb=8",
    ),
}
"""Ours, unless others are typed; minutes, processors and GB of one job."""


def require_plugin(launcher: str) -> None:
    """Raise ConfigError unless a launcher is known and installed."""
    if launcher not in LAUNCHERS:
        allowed = f"be one of {', '.join(LAUNCHERS)}"
        raise ConfigError([Problem("launcher", allowed, repr(launcher))])
    if launcher in PLUGINS and not (find_spec("hydra_plugins") and find_spec(PLUGINS[launcher])):
        hint = "pip install 'resilience-sim[launchers]' brings it."
        raise ConfigError([Problem("launcher", "be installed", launcher, hint)])


def settings_of(words: Sequence[str]) -> list[str]:
    """Our settings of the launcher that these words of Hydra choose."""
    chosen = [word.partition("=")[2] for word in words if word.startswith("hydra/launcher=")]
    return list(SETTINGS.get(chosen[-1], ())) if chosen else []


def at_once(launcher: str, told: int | None) -> int | None:
    """How many jobs are handed to a launcher at a time; None for all.

    `submitit_local` begins whatever it is given at the same moment, so it is given one for each processor.
    """
    return told or ((os.cpu_count() or 1) if launcher == "submitit_local" else None)


def launch(
    directory: Path, jobs: Sequence[Sequence[str]], words: Sequence[str], launcher: str,
    max_batch_size: int | None, told: Callable[[str], None],
) -> list[str]:  # fmt: skip
    """Do jobs by a launcher; what became of each stands in the folder of the sweep.

    Parameters
    ----------
    directory
        Folder of the sweep, with its plan.
    jobs
        Overrides of each job.
    words
        Those of Hydra itself, and the file of the sweep.
    launcher
        Its name.
    max_batch_size
        See `at_once`.
    told
        Told what a cluster is at.

    Returns
    -------
    What went wrong outside of the jobs themselves, each thing once.
    """
    from hydra._internal.callbacks import Callbacks
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.plugins import Plugins
    from hydra.core.utils import JobStatus
    from hydra.types import HydraContext, RunMode
    from hydra.version import setbase

    setbase(HYDRA_VERSION)
    conf, _ = settings_directories()
    own = [searchpath_override(), f"hydra.sweep.dir={quoted(str(directory.resolve()))}"]
    threads = [] if any(_key(word) == "threads" for word in jobs[0]) else ["threads"]
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("resilience-sim", create_config_search_path(str(conf)))
    try:
        composed = hydra.compose_config("config", [*words, *own], RunMode.MULTIRUN)
        cpus = composed.hydra.launcher.get("cpus_per_task") or 1
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(composed))
        started = Plugins.instance().instantiate_launcher(context, under_hydra, composed)
        given = [[*job, *(f"{name}={cpus}" for name in threads)] for job in jobs]
        step = at_once(launcher, max_batch_size) or len(given)
        wrong: dict[str, None] = {}
        for first in range(0, len(given), step):
            batch = given[first : first + step]
            if launcher == SLURM:
                wrong |= dict.fromkeys(queueing.work(started, batch, first, directory, told))
                continue
            try:
                backs = started.launch(batch, initial_job_idx=first)
            except RuntimeError as error:
                # Of joblib and submitit, whose process was killed.
                why = " ".join(f"{type(error).__name__}: {error}".split())
                wrong[f"A process ended before its job did: {why}"] = None
                continue
            for back in backs:
                if back.status is JobStatus.FAILED:
                    wrong[" ".join(str(vars(back)["_return_value"]).split())] = None
        return list(wrong)
    finally:
        GlobalHydra.instance().clear()


def under_hydra(composed: Any) -> None:
    """Do one job of the sweep in whose folder Hydra works; in the process that the launcher made."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from resilience_sim import sweeps

    tree: Any = OmegaConf.to_container(composed, resolve=True)
    plan = sweeps.read_plan(Path(HydraConfig.get().sweep.dir))
    config = job_config(tree)
    key = sweeps.key_of(config, plan.tables)
    jobs = [job for job in plan.jobs if job.key == key]
    if not jobs:
        raise RuntimeError(
            f"this process finds the job {key}, which {plan.directory} does not plan: the code or the "
            "data it sees are others than where the sweep was started"
        )
    sweeps.do(plan, jobs[0], config)


def _key(word: str) -> str:
    return word.partition("=")[0]
