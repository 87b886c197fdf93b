"""What jobs share changes nothing that they find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from resilience_sim import outcomes, simulation, solver
from resilience_sim.cli import compose
from resilience_sim.errors import SolverError
from resilience_sim.sweeps import Shared, sharing

SMALL = [
    "case=erewhon", "shock=none", "population.synthetic.n_villages=6", "replicates=1",
    "horizon_years=3", "outcomes.horizons_years=[3]", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "arms=[none,cash,productive,both]", "planner.n_skill=2",
    "planner.n_other=1", "planner.n_assets=10", "planner.n_money=16",
    "planner.n_savings=10", "generations.children=2",
]  # fmt: skip


def config_with(*words: str) -> Any:
    return compose([*SMALL, *words])


@pytest.fixture(scope="module")
def configs() -> list[Any]:
    """Two transfers by two grants, and a world of its own."""
    changes = [
        [f"programme.contents.transfer.value={t}", f"programme.contents.asset_grant.value={g}"]
        for g in (0.1, 0.2)
        for t in (0.15, 0.3)
    ]
    return [config_with(*words) for words in [*changes, ["preferences.crra=1.7"]]]


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many phases every solve was for."""
    counts: list[int] = []
    real = solver.solve

    def solve(config: Any, p: Any, axes: Any, phases: Any, *rest: Any) -> Any:
        counts.append(len(phases))
        return real(config, p, axes, phases, *rest)

    monkeypatch.setattr(solver, "solve", solve)
    return counts


def lived(config: Any, shared: Shared | None) -> dict[str, pd.DataFrame]:
    if shared is None:
        return outcomes.tables(simulation.run(simulation.prepare(config)), "", config)
    experiment = simulation.prepare(config, households=shared.households(config))
    return outcomes.tables(simulation.run(experiment, provide=shared.provide), "", config)


def test_shared_policies_give_the_same_to_the_bit(configs: list[Any], solved: list[int]) -> None:
    shared = Shared(configs)
    together = {at: lived(configs[at], shared) for at in shared.order(configs)}
    assert sorted(solved) == [1, 2], "one solve for both transfers, one for the other world"
    for at, config in enumerate(configs):
        for name, frame in lived(config, None).items():
            pd.testing.assert_frame_equal(together[at][name], frame, check_exact=True)
    assert not np.allclose(
        together[0]["effects"]["estimate"], together[1]["effects"]["estimate"], equal_nan=True
    )


def test_jobs_that_share_follow_each_other(
    configs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Shared(configs)
    assert shared.order(configs) == [0, 1, 2, 3, 4]
    monkeypatch.setattr(sharing, "MOST_SLOTS", 4)  # one phase of four seasons at a time
    assert Shared(configs).order(configs) == [0, 2, 1, 3, 4]


def test_phases_that_change_the_nodes_are_solved_apart(configs: list[Any]) -> None:
    """A programme that lends moves the lowest money, and so every node of money."""
    lending = config_with(
        "+programme.contents.group={kind:savings_group,value:0.1,basis:person,start_month:0,months:12,"
        "unit_cost:0,success:null,source:made up,quality:fictional}",
        "programme.arms.productive=[group]",
    )
    shared = Shared([configs[0], lending])
    assert len(shared._parts_of(lending)) == 2


def test_households_are_loaded_once(configs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    real = sharing.load
    monkeypatch.setattr(sharing, "load", lambda *words: loaded.append(words) or real(*words))
    shared = Shared(configs)
    first = shared.households(configs[0])
    assert shared.households(configs[4]) is first
    assert shared.households(replace(configs[0], seed=2)) is not first
    assert len(loaded) == 2


def test_what_does_not_settle_together_is_tried_alone(
    configs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def provide(config: Any, p: Any, axes: Any, phases: Any, progress: Any = None) -> Any:
        asked.append(len(phases))
        if len(phases) > 1:
            raise SolverError("one of them did not settle")
        return solver.solve(config, p, axes, phases, progress)

    monkeypatch.setattr(sharing.solver, "provide", provide)
    lived(configs[0], Shared(configs))
    assert asked == [2, 1]
