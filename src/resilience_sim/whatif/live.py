"""A scenario on its way through stages: few households first, then more, then draws of the parameters.

Each stage is a run of its own, exactly that of `resilience-sim run` with the settings of the stage. A
job lives on a thread; whoever watches takes what is there. Abandoned, it stops at the engine's next sign
of progress, and says nothing more. Once it has said something it steps back: what refines, and what was
abandoned and ends its last piece of work, leaves the processors to the page and to first numbers.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Condition, Event, Lock, Thread, get_native_id
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from resilience_sim import outcomes, simulation
from resilience_sim.calibration import draws
from resilience_sim.calibration.cases import Case, Effort
from resilience_sim.calibration.forecasts import Lived
from resilience_sim.calibration.uncertainty import (
    LONGEST_YEARS,
    Asked,
    chosen,
    live_one,
    uncertainty,
)
from resilience_sim.config import Config
from resilience_sim.errors import InputError, SimulationError, SolverError
from resilience_sim.population import Households, load
from resilience_sim.results import Results
from resilience_sim.solver import in_threads

if TYPE_CHECKING:
    import pandas as pd

N_DRAWS = 24
DRAWS_AT_ONCE = 4
"""Draws after which the page is told."""
PAUSE = 0.5
"""Seconds after first numbers in which the page is left to draw them, before they are refined."""
NICENESS = 5
"""By how much threads that refine step back."""

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Stage:
    """How finely a scenario is run."""

    n_households: int
    replicates: int
    grids: Effort | None
    """Those of the planner; None: the case's own."""
    words: str
    """The planner in words."""
    n_draws: int = 0
    """Draws of parameters under which it is told again; 0: none."""

    def of(self, config: Config) -> Config:
        """Settings of the stage; a case that asks for fewer households keeps them."""
        typed = config.population.n_households or self.n_households
        return replace(
            config,
            replicates=self.replicates,
            planner=self.grids.planner(config.planner) if self.grids else config.planner,
            population=replace(config.population, n_households=min(typed, self.n_households)),
            outcomes=replace(config.outcomes, draws=self.n_draws),
        )


COARSE = Effort(n_skill=3, n_other=2, n_assets=14, n_money=20, n_savings=14, tolerance=2e-3)
STAGES = (
    Stage(400, 4, COARSE, "a coarse planner"),
    Stage(2000, 8, Effort(), "a finer planner"),
    Stage(2000, 8, Effort(), "a finer planner", N_DRAWS),
    Stage(2000, 8, None, "the planner of the case", N_DRAWS),
)
"""In turn. Draws have a planner of their own, so the last two share them."""


@dataclass(frozen=True, eq=False)
class Found:
    """What one stage has found."""

    stage: Stage
    config: Config
    """Settings with which `resilience-sim run` finds the same."""
    results: Results
    lived: tuple[Lived, ...] = ()
    """Lives under the draws so far, of eligible persons, without those that did not settle."""
    n_lived: int = 0
    """Draws so far."""

    @property
    def is_whole(self) -> bool:
        """Whether all draws of the stage are in."""
        return self.n_lived == self.stage.n_draws

    @property
    def rests_on(self) -> str:
        """What the numbers rest on, in words."""
        n_households, n_replicates = self.results.n_households, self.config.replicates
        text = f"{n_households:,} households, {n_replicates} replicates, {self.stage.words}"
        return f"{text}, {self.n_lived} draws" if self.n_lived else text

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables of the run, those of draws and variants too where the stage has draws."""
        told = outcomes.tables(self.results, self.config.case_name, self.config)
        if self.config.outcomes.draws:
            told["uncertainty"] = uncertainty(self.config, draws.shipped())
        return told


class Job:
    """A scenario being run, stage by stage, on a thread of its own.

    Parameters
    ----------
    config
        The scenario, from `scenario.configured`.
    stages
        In turn, those of `STAGES` where None; a stage takes the draws of the one before where that has
        as many.
    """

    def __init__(self, config: Config, stages: Sequence[Stage] | None = None) -> None:
        self.config = config
        self.found: list[Found] = []
        """The latest of each stage, in the order of the stages."""
        self.problem = ""
        """What the engine refuses, in its words: all, or draws alone; empty where nothing is wrong."""
        self.version = 0
        """Rises whenever there is something new."""
        self.doing = ""
        """What is being done, in words."""
        self.is_over = False
        self._abandoned = Event()
        self._news = Condition()
        self._stages = STAGES if stages is None else stages
        self._thread = Thread(target=self._work, name="whatif", daemon=True)
        _running.add(self)
        self._thread.start()

    @property
    def latest(self) -> Found | None:
        """What the last stage has found."""
        return self.found[-1] if self.found else None

    def abandon(self) -> None:
        """Let it stop as soon as it can."""
        self._abandoned.set()

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait until there is something newer than version `seen`; False where time ran out."""
        with self._news:
            return self._news.wait_for(lambda: self.version > seen, seconds)

    def _work(self) -> None:
        try:
            for n, stage in enumerate(self._stages):
                if n == 1:
                    _step_back()
                    self._abandoned.wait(PAUSE)
                if not self._attempt(stage) and self.latest is None:
                    break
        except _AbandonedError:
            pass
        except Exception as error:
            if self._abandoned.is_set():
                return  # at the end of the process the engine finds no more threads
            traceback.print_exception(error, file=sys.stderr)
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            _running.discard(self)
        with self._news:
            self.is_over = True
            self.version += 1
            self._news.notify_all()

    def _attempt(self, stage: Stage) -> bool:
        """Go through a stage, without draws once something was wrong; False where the engine refuses."""
        try:
            self._go_through(replace(stage, n_draws=0) if self.problem else stage)
        except (InputError, SolverError, SimulationError) as error:
            self.problem = str(error)
            return False
        return True

    def _go_through(self, stage: Stage) -> None:
        config, before = stage.of(self.config), self.latest
        found = Found(stage, config, _results_of(config, self._heed))
        if not stage.n_draws:
            self._tell(found)
            return
        if before is not None and before.stage.n_draws == stage.n_draws:
            self._tell(replace(found, lived=before.lived, n_lived=before.n_lived))
            return
        for lived in _lives(config, self._heed):
            found = replace(
                found,
                lived=(*found.lived, *(each for each in lived if each is not None)),
                n_lived=found.n_lived + len(lived),
            )
            self._tell(found)

    def _tell(self, found: Found) -> None:
        with self._news:
            if self._abandoned.is_set():
                raise _AbandonedError
            if self.found and self.found[-1].stage == found.stage:
                self.found.pop()
            self.found = [*self.found, found]
            self.version += 1
            self._news.notify_all()

    def _heed(self, stage: str, done: int, total: int) -> None:
        """Note what the engine is at; stop it where nobody wants to know any more."""
        if self._abandoned.is_set():
            raise _AbandonedError
        self.doing = f"{stage} {done} of {total}"


_running: set[Job] = set()
_ahead: dict[str, Job] = {}
_beginning = Lock()


def begin_ahead(config: Config) -> None:
    """Begin a job before anybody asks for it, unless somebody was faster."""
    with _beginning:
        if not any(job.config == config for job in list(_running)):
            _ahead[repr(config)] = Job(config)


def job_of(config: Config) -> Job:
    """The job of these settings that was begun ahead, for who asks first; else a new one."""
    with _beginning:
        return _ahead.pop(repr(config), None) or Job(config)


def abandon_all() -> None:
    """Abandon every job of this process, for its end."""
    for job in list(_running):
        job.abandon()


class _AbandonedError(Exception):
    """Nobody wants to know any more."""


class _Kept(Generic[_Thing]):
    """The last few things that were made, by the settings they follow from."""

    def __init__(self, limit: int) -> None:
        self._things: OrderedDict[str, _Thing] = OrderedDict()
        self._limit = limit
        self._lock = Lock()

    def get(self, settings: object, make: Callable[[], _Thing]) -> _Thing:
        """The thing that follows from these settings, made where it is not kept."""
        key = repr(settings)
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
        made = make()
        with self._lock:
            self._things[key] = made
            while len(self._things) > self._limit:
                self._things.popitem(last=False)
        return made


def _step_back() -> None:
    """Let other threads go before this one and those it starts; Linux alone has it by thread."""
    if sys.platform == "linux":
        thread = get_native_id()
        further = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, further)


_populations: _Kept[Households] = _Kept(8)
_results: _Kept[Results] = _Kept(24)


def _results_of(config: Config, progress: Callable[[str, int, int], None]) -> Results:
    """What a run of these settings finds, or has found lately; draws do not touch it."""
    bare = replace(config, outcomes=replace(config.outcomes, draws=0))

    def made() -> Results:
        return simulation.run(_prepared(bare), progress=progress)

    return _results.get(bare, made)


def _prepared(config: Config) -> simulation.Experiment:
    """Prepared for a population that is read once."""
    origin = (config.population, config.seed, config.generations)
    return simulation.prepare(config, households=_populations.get(origin, lambda: load(*origin)))


def _lives(
    config: Config, progress: Callable[[str, int, int], None]
) -> Iterator[list[Lived | None]]:
    """Lives under the draws of `uncertainty`, some at a time and in no order, so that any part is a sample."""
    years = max(y for y in config.outcomes.horizons_years if y <= LONGEST_YEARS)
    drawn = chosen(draws.shipped(), config.case_name, config.outcomes.draws, config.seed)
    case = Case(
        config,
        [],
        {},
        arms=config.arms,
        years=years,
        is_shocked=config.shock.name != "none",
        with_escape=True,
    )
    order = np.random.default_rng(config.seed).permutation(len(drawn))
    n_lived = 0

    def live(at: int) -> Lived | None:
        progress("draws", n_lived, len(drawn))
        return live_one(case, Asked("draws", drawn[at]))

    for some in np.split(order, range(DRAWS_AT_ONCE, len(drawn), DRAWS_AT_ONCE)):
        yield in_threads(config.threads, live, some.tolist(), None)
        n_lived += len(some)
