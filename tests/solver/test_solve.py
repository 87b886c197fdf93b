"""Solving many types at once: threads, progress, and what is told where values do not settle."""

import numpy as np
import pytest

from oracle import lasting_surplus
from resilience_sim import compose, prepare
from resilience_sim.errors import SolverError
from resilience_sim.imputed import start_of
from resilience_sim.kernels.bellman import FREE_SEARCHES
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.solver import Policies, TypeAxes, solve
from small_planners import AXES, OTHER_HEIRS, SHY, cash, dated, policies, world


@pytest.mark.parametrize("overrides", [(), (*SHY, *OTHER_HEIRS)])
def test_threads_do_not_matter(overrides: tuple[str, ...]) -> None:
    phases = (cash(0.2), dated(6))
    one, three = (policies("few", phases, *overrides, threads=n) for n in (1, 3))
    for name in ("plans", "choice", "escape", "type_class", "rests"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


def test_types_are_solved_apart() -> None:
    # A type's plans do not depend on which other types there are.
    few, axes = policies("few", ()), AXES["few"]
    config, p = world()
    alone = solve(config, p, TypeAxes(axes.land[1:], axes.log_skill[2:], axes.other), [])
    np.testing.assert_array_equal(alone.plans[:, 0, :, 0], few.plans[:, 1, :, 2])


def test_a_planner_that_does_not_settle_says_how_far_it_got() -> None:
    config, p = world("planner.max_years=1", "planner.tolerance=1e-5")
    with pytest.raises(SolverError) as caught:
        solve(config, p, AXES["one"], [])
    message = str(caught.value)
    for part in (
        "planner.max_years=1",
        "can still be bettered by",
        "planner.tolerance=1e-05",
        "raise",
    ):
        assert part in message
    assert "\n" not in message


def test_progress_counts_types_once_for_each_pass() -> None:
    # Without programmes, then what depends on it.
    config, p = world()
    told: list[tuple[int, int]] = []
    solve(config, p, AXES["few"], [], lambda done, n: told.append((done, n)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {done for done, _ in told} == set(range(13)) and {n for _, n in told} == {12}


@pytest.mark.slow
def test_types_whose_plans_take_turns_settle_too() -> None:
    # Where own work takes no labour, two plans of some Mexican types are worth almost the same, and a
    # search that takes all it finds goes from the one to the other until the years are over.
    config = compose(
        ["case=mexico", "shock=none", "mechanisms.labour_taken=false", "population.n_households=3000",
         "planner.n_skill=7", "planner.n_other=3"]
    )  # fmt: skip
    experiment = prepare(config)
    start = start_of(config, experiment.primitives, experiment.households)
    found = solve(config, start.complete(experiment.primitives), start.axes, [])
    assert found.searches > FREE_SEARCHES


def apart(p: Primitives, one: Policies, other: Policies) -> np.ndarray:
    """How far apart two sets of plans are in worth, as shares of lasting consumption above need."""
    values = [lasting_surplus(p, each.values.astype(float)) for each in (one, other)]
    return np.abs(values[0] / values[1] - 1.0)


@pytest.mark.parametrize("overrides", [(), (*SHY, *OTHER_HEIRS)])
def test_a_neighbour_shortens_the_way_and_leads_to_the_same(overrides: tuple[str, ...]) -> None:
    phases = [cash(0.2), dated(3)]
    config, p = world(*overrides)
    there = p._replace(wage=p.wage * np.float32(1.03), crra=p.crra * np.float32(0.98))
    neighbour = solve(config, there, AXES["few"], phases, is_neighbour=True)
    cold = solve(config, p, AXES["few"], phases, is_neighbour=True)
    warm = solve(config, p, AXES["few"], phases, neighbour=neighbour, is_neighbour=True)
    assert warm.searches <= cold.searches - 2
    assert apart(p, warm, cold).mean() < 0.1 * apart(p, neighbour, cold).mean()
    assert np.mean((warm.choice > 0) == (cold.choice > 0)) > 0.99
    assert np.abs(warm.escape - cold.escape).mean() < 1e-2


def test_a_neighbour_that_is_the_same_is_left_at_once() -> None:
    config, p = world(*SHY, *OTHER_HEIRS)
    neighbour = solve(config, p, AXES["few"], [cash(0.2)], is_neighbour=True)
    again = solve(config, p, AXES["few"], [cash(0.2)], neighbour=neighbour, is_neighbour=True)
    assert again.searches <= 3  # once to settle, once or twice more where heirs have moved it
    assert (
        apart(p, again, neighbour).mean() < 5e-3
    )  # what Erewhon's tolerance leaves: 0.003 measured


def test_a_neighbour_must_be_alike() -> None:
    config, p = world()
    plain = solve(config, p, AXES["one"], [])
    with pytest.raises(SolverError, match="is_neighbour=True"):
        solve(config, p, AXES["one"], [], neighbour=plain)
    other = solve(config, p, AXES["one"], [], is_neighbour=True)
    with pytest.raises(SolverError, match="must have the shape"):
        solve(config, p, AXES["few"], [], neighbour=other)
    with pytest.raises(SolverError, match="same slots"):
        solve(config, p, AXES["one"], [cash(0.2)], neighbour=other)
