"""The planner: one type beside its C twin, a solve without programmes, and an evaluation of a calibration."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from resilience_sim import compose, prepare, solver
from resilience_sim.imputed import start_of
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.lives import Lives, phases_of
from resilience_sim.simulation import Experiment
from resilience_sim.solver import Policies

from .planner_twin import Seconds, agreement, planner_twin, problem_of
from .report import LEFT_OUT, Report, Settings, Tell, lacking
from .world import world_of

EVALUATED = (
    "arms=[none,cash,productive,both]", "shock=none", "population.n_households=5000", "replicates=1",
    "horizon_years=5", "outcomes.horizons_years=[5]", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "outcomes.panel_share=0",
)  # fmt: skip
EVALUATION = "evaluation of a calibration, begun at a neighbour"
GOAL = "<= 1"
TYPE = "planner, one type, one thread"
TWIN = "C, vectorised, float32"
STEP = 0.01
"""By how much a neighbour's improved technique is more productive, share."""


def planner(
    report: Report, settings: Settings, first: float, size: int, folder: Path, tell: Tell
) -> None:
    """One type beside its twin, a solve without programmes, on one thread, and evaluations on all."""
    with lacking(report, TYPE, TWIN, "ms", "planner_vs_c"):
        _type(report, settings, folder, tell)
    note = f"{' '.join(settings.world) or 'default grids'}; {size / 1e6:.0f} MB of tables"
    report.add("planner", "first solve, compiling what is not cached", "s", [first], note)
    if not settings.is_quick:
        tell("planner")
        report.add("planner", "solve", "s", [world_of(settings.world).policy_seconds], note)
    if settings.is_quick:
        report.lack("planner", EVALUATION, "s", LEFT_OUT, GOAL)
        return
    tell("evaluation of a calibration")
    experiment = prepare(compose([*EVALUATED, *settings.overrides]))
    p = experiment.primitives
    alone, begun = evaluate(experiment, p, None)
    note = "four arms, 5,000 households, 5 years by quarter: skill, policies and lives"
    report.add("planner", "evaluation of a calibration, begun at nothing", "s", [alone], note)
    took = [evaluate(experiment, _nudged(p, step), begun)[0] for step in (1, -1, 2)]
    note = f"{STEP:.0%} and {2 * STEP:.0%} from it in the productivity of the improved technique"
    report.add("planner", EVALUATION, "s", took, note, GOAL)


def _type(report: Report, settings: Settings, folder: Path, tell: Tell) -> None:
    """The middle type solved from nothing by the kernel and its twin, in turns; the best of two each."""
    tell("building the planner's twin")
    problem = problem_of(settings.world)
    twin = planner_twin(problem, folder)
    ours: list[Seconds] = []
    its: list[Seconds] = []
    found = problem.solve()
    problem.seconds()
    for turn in range(settings.rounds):
        tell(f"planner and its twin, round {turn + 1} of {settings.rounds}")
        for took, best in (
            (ours, [problem.seconds() for _ in range(2)]),
            (its, twin.seconds(2)),
        ):
            took.append(Seconds(*(1e3 * min(each) for each in zip(*best, strict=True))))
    told = twin.found()
    note = f"{told.searches} searches, {told.years} years; {agreement(found, told)}"
    parts = {"solve": "", "year": ", a year that is valued", "search": ", the first search"}
    for name, what in parts.items():
        pair = [[getattr(each, name) for each in took] for took in (ours, its)]
        report.add(TYPE, "kernel" + what, "ms", pair[0])
        report.add(TYPE, TWIN + what, "ms", pair[1], note if name == "solve" else "")
        if name == "solve":
            report.compare("planner_vs_c", *pair)


def evaluate(
    experiment: Experiment, p: Primitives, neighbour: Policies | None
) -> tuple[float, Policies]:
    """Seconds from parameters to the sums of all lives; policies can be a neighbour where none is given."""
    config = experiment.config
    began = time.perf_counter()
    start = start_of(config, p, experiment.households)
    complete = start.complete(p)
    phases = phases_of(config, experiment.deliveries)
    believed = dict.fromkeys(phase for told in phases.values() for phase, _ in told)
    policies = solver.solve(
        config,
        complete,
        start.axes,
        list(believed),
        neighbour=neighbour,
        is_neighbour=neighbour is None,
    )
    lives = Lives(experiment, complete, start, policies)
    lives.live(phases, range(len(lives.blocks)), experiment.worlds, config.horizon_years)
    return time.perf_counter() - began, policies


def _nudged(p: Primitives, steps: int) -> Primitives:
    factor = np.float32(1.0 + STEP * steps)
    return p._replace(
        productivity_improved=p.productivity_improved * factor,
        productivity_known=p.productivity_known * factor,
    )
