"""Kernels are compiled once: helpers not by themselves, loops apart, and in one process for all later ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import resilience_sim
import small_world as small
from resilience_sim.kernels import compiling, elementary, population_step

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="needs the compiler"
)

#: Live the small world, and tell what was compiled for it, loops and helpers alike.
TELL = """
from numba.core import event
with event.install_recorder("numba:compile") as told:
    import small_world
    small_world.simulate(small_world.small_world())
print(len({each.data["dispatcher"].py_func for _, each in told.buffer}))
"""


def compiled_apart(folder: Path) -> int:
    """How many functions a process of its own compiles."""
    paths = (str(Path(small.__file__).parent), str(Path(resilience_sim.__file__).parents[1]))
    environment = {"PYTHONPATH": os.pathsep.join(paths), "RESILIENCE_SIM_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", TELL], check=True, env=os.environ | environment, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    assert compiled_apart(tmp_path) > 50
    assert compiled_apart(tmp_path) == 0


@pytest.mark.slow
def test_what_is_lost_from_the_cache_is_compiled_anew(tmp_path: Path) -> None:
    compiled_apart(tmp_path)
    for path in tmp_path.rglob("earnings.draw_luck-*"):
        path.unlink()
    assert compiled_apart(tmp_path) > 0  # and its callers, which are still there, find it
    assert compiled_apart(tmp_path) == 0


#: Draw droughts for a tuple of a module that no other process has.
PASS_BY = """
import numpy as np
from passer_by import Villagers
from resilience_sim import compose
from resilience_sim.kernels import earnings
from resilience_sim.model import primitives
p = primitives(compose(["case=erewhon"]))
village, out = np.zeros(16, np.int32), np.empty(16, np.float32)
earnings.strike_villages(p, Villagers(village), 0, 16, 1, np.uint32(1), np.uint32(0), out)
"""


@pytest.mark.slow
def test_a_tuple_of_a_module_that_is_gone_keeps_nobody_from_the_cache(tmp_path: Path) -> None:
    module = "from typing import Any, NamedTuple\nclass Villagers(NamedTuple):\n    village: Any\n"
    (tmp_path / "passer_by.py").write_text(module)
    folder = tmp_path / "cache"
    package = str(Path(resilience_sim.__file__).parents[1])
    environment = {
        "PYTHONPATH": os.pathsep.join((package, str(tmp_path))),
        "RESILIENCE_SIM_CACHE_DIR": str(folder),
    }
    subprocess.run([sys.executable, "-c", PASS_BY], check=True, env=os.environ | environment)
    assert compiled_apart(folder) > 50
    assert compiled_apart(folder) == 0


def test_helpers_are_inlined_and_run_from_python_alike() -> None:
    assert isinstance(elementary.log2, compiling.Helper)
    assert elementary.log2(np.float32(8.0)) == np.float32(3.0)


def test_loops_that_only_loops_call_have_no_door() -> None:
    small.simulate(small.small_world())
    assert population_step.simulate._doors
    [begun] = population_step.begin.overloads.values()
    assert not any(f.name.startswith("_ZN7cpython") for f in begun.library.get_defined_functions())


def test_threads_that_knock_at_once_find_one_door(monkeypatch: pytest.MonkeyPatch) -> None:
    knocks = []
    monkeypatch.setattr(
        compiling.Loop, "_compile_for_args", _counted(knocks, compiling.Loop._compile_for_args)
    )
    loop = compiling.Loop(add_up, {"error_model": "numpy"})
    starts = threading.Barrier(4)

    def knock(n: int) -> float:
        starts.wait()
        return float(loop(np.arange(n, dtype=np.float64)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(knock, range(1, 5))) == [0.0, 1.0, 3.0, 6.0]
    at_first = len(knocks)
    assert loop(np.arange(5.0)) == 10.0
    assert len(knocks) == at_first  # Numba itself finds what is there


def add_up(values: np.ndarray) -> float:
    """The sum, for a loop of its own."""
    total = 0.0
    for n in range(values.size):
        total += values[n]
    return total


def _counted(told: list[int], function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*given: Any) -> Any:
        told.append(1)
        return function(*given)

    return counted
