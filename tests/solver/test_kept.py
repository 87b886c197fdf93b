"""Policies kept on disk: the same to the bit, named by all they follow from, and never half or damaged."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resilience_sim import simulation, solver
from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.errors import ConfigError
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.solver import Policies, kept, provide
from small_planners import AXES, SHY, cash, dated, world

PHASES = (cash(0.2), dated(3))
QUICK = (
    "planner.n_assets=8",
    "planner.n_money=10",
    "planner.n_savings=8",
    "planner.tolerance=1e-3",
)
Problem = tuple[Config, Primitives, Any, list[Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where policies are kept, up to 1 GB."""
    monkeypatch.setenv(kept.LIMIT, "1")
    monkeypatch.setattr(kept, "CACHE_FOLDER", str(tmp_path / "kernels"))
    return tmp_path / "policies"


@pytest.fixture
def solves(monkeypatch: pytest.MonkeyPatch) -> list[Policies]:
    """What was solved, not read."""
    told: list[Policies] = []
    real = solver.solve

    def counting(*words: Any) -> Policies:
        told.append(real(*words))
        return told[-1]

    monkeypatch.setattr(solver, "solve", counting)
    return told


def problem(*overrides: str) -> Problem:
    config, p = world(*QUICK, *overrides)
    return config, p, AXES["few"], list(PHASES)


def sets(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.mark.parametrize("overrides", [(), SHY])
def test_what_is_read_is_what_was_solved(
    folder: Path, solves: list[Policies], overrides: tuple[str, ...]
) -> None:
    first, again = provide(*problem(*overrides)), provide(*problem(*overrides))
    assert len(solves) == 1
    assert again.are_from_before and not first.are_from_before
    for field in fields(Policies):
        ours, theirs = getattr(first, field.name), getattr(again, field.name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype and theirs.flags.writeable, field.name
            np.testing.assert_array_equal(ours, theirs)
    assert list(first.phase_slots) == list(again.phase_slots)
    for ours, theirs in ((first.assets, again.assets), (first.money, again.money)):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    assert again.searches == first.searches
    assert len(sets(folder)) == 1  # and nothing half written beside it


CHANGES: dict[str, Callable[[Problem], Problem]] = {
    "a setting of the planner": lambda it: (problem("planner.n_luck=6")[0], *it[1:]),
    "a mechanism": lambda it: (problem("mechanisms.saving=false")[0], *it[1:]),
    "a scalar of the world": lambda it: (
        it[0], it[1]._replace(wage=np.nextafter(it[1].wage, np.float32(2.0))), *it[2:]
    ),
    "a season of the world": lambda it: (
        it[0], it[1]._replace(season_price=it[1].season_price * np.float32(1.01)), *it[2:]
    ),
    "types": lambda it: (*it[:2], replace(it[2], other=it[2].other + 1e-9), it[3]),
    "a phase": lambda it: (*it[:3], [cash(0.3), it[3][1]]),
    "the order of phases": lambda it: (*it[:3], it[3][::-1]),
    "a phase less": lambda it: (*it[:3], it[3][:1]),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_another_question_has_another_name(what: str) -> None:
    asked = problem()
    assert kept._name_of(*CHANGES[what](asked)) != kept._name_of(*asked)


def test_names_hang_on_the_code_and_not_on_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, again = problem(), problem("seed=7", "threads=1")
    assert kept._name_of(*again) == kept._name_of(*asked)  # of luck and threads they are free
    before = kept._name_of(*asked)
    monkeypatch.setattr(kept, "_code", lambda: ("another planner",))
    assert kept._name_of(*asked) != before


def test_solving_reads_no_setting_that_is_not_in_the_name() -> None:
    # A planner that came to read another part of the settings would be served the plans of others.
    asked = problem(*SHY)
    read: set[str] = set()

    class Watched:
        def __getattribute__(self, name: str) -> Any:
            read.add(name)
            return getattr(asked[0], name)

    solver.solve(Watched(), *asked[1:])  # type: ignore[arg-type]
    assert read - {"threads"} == {"planner", "mechanisms", "periods_per_year"}


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-64])


def zeroed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(4096)
    path.write_bytes(bytes(content))


def of_another_shape(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


@pytest.mark.parametrize("harm", [cut_short, zeroed, of_another_shape, Path.unlink])
def test_a_damaged_set_is_solved_anew(
    folder: Path, solves: list[Policies], harm: Callable[[Path], None]
) -> None:
    provide(*problem())
    harm(sets(folder)[0] / "plans.npy")
    with pytest.warns(RuntimeWarning, match="removed and solved anew"):
        again = provide(*problem())
    assert len(solves) == 2 and not again.are_from_before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert provide(*problem()).are_from_before  # the new one is whole


def test_a_set_without_its_contents_is_solved_anew(folder: Path, solves: list[Policies]) -> None:
    provide(*problem())
    (sets(folder)[0] / kept.CONTENTS).write_text(json.dumps({}))
    with pytest.warns(RuntimeWarning, match="cannot be used"):
        provide(*problem())
    assert len(solves) == 2


def test_those_read_least_lately_go_first(
    folder: Path, solves: list[Policies], monkeypatch: pytest.MonkeyPatch
) -> None:
    crra = ["preferences.crra=1.4", "preferences.crra=1.5", "preferences.crra=1.6"]
    provide(*problem(crra[0]))
    size = sum(path.stat().st_size for path in sets(folder)[0].iterdir())
    provide(*problem(crra[1]))
    assert provide(*problem(crra[0])).are_from_before  # read again, later than the second
    monkeypatch.setenv(kept.LIMIT, str(2.5 * size / 1e9))
    provide(*problem(crra[2]))
    assert len(sets(folder)) == 2
    assert [provide(*problem(each)).are_from_before for each in (crra[0], crra[2])] == [True, True]
    assert len(solves) == 3


@pytest.mark.parametrize("limit", ["0", "1e-6"])
def test_nothing_is_kept_beyond_the_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv(kept.LIMIT, limit)
    assert not provide(*problem()).are_from_before
    assert not folder.exists()


@pytest.mark.parametrize("limit", ["much", "-1", "nan"])
def test_a_limit_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv(kept.LIMIT, limit)
    with pytest.raises(ConfigError, match=f"{kept.LIMIT} must be a number of GB"):
        provide(*problem())


def test_a_disk_that_will_not_have_them_costs_a_warning_alone(folder: Path) -> None:
    folder.write_text("not a folder")
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        found = provide(*problem())
    assert found.plans.size


def test_a_run_says_where_its_policies_come_from(folder: Path) -> None:
    config = compose(
        ["case=erewhon", "shock=none", "population.n_households=60", "replicates=1", "horizon_years=2",
         "outcomes.horizons_years=[2]", "outcomes.belief_households=0", "planner.n_skill=2",
         "planner.n_other=1", *QUICK]
    )  # fmt: skip
    experiment = simulation.prepare(config)
    first, again = simulation.run(experiment), simulation.run(experiment)
    assert not first.has_policies_from_before and again.has_policies_from_before
    np.testing.assert_array_equal(first.year_mean, again.year_mean)
