"""Loops over households run on whole vectors, as LLVM itself tells; those that do not are listed with why."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from llvmlite import binding

import resilience_sim
import small_world as small

KERNELS = Path(resilience_sim.__file__).parent / "kernels"
PASSES = ("choices.py", "earnings.py", "family.py", "records.py")

#: Loops over households that stay scalar: (function, number of the loop from the top) and why.
RARE = "few households, years or periods"
BY_VILLAGE = "a running total"
ONCE = "once a life, and where participation changes"
HISTOGRAM = "adds to bins, of which two households may have the same; only at horizons"
SCALAR = {
    ("judge", 3): "once in a run",
    ("school_so_far", 1): "once, before the run",
    ("take_terms", 1): "only when terms change",
    ("deliver", 1): RARE,
    ("find_villages", 1): "once a block",
    ("add_up_villages", 1): BY_VILLAGE,
    ("divide_pots", 1): ONCE,
    ("close_year", 1): HISTOGRAM,
    ("close_year", 2): HISTOGRAM,
    ("close_year", 3): "only households of the panel",
    ("_start_year", 1): "a copy, for which the compiler calls the machine's own",
    ("record_adults", 1): "once a life",
    ("finish_world", 1): "once a life",
    ("deliver_for_school", 1): "only where money hangs on school",
    ("list_households", 1): "once a life",
}

#: Where the planner spends its time: functions of which every innermost loop runs on whole vectors.
#: Loops that look up in registers are written for whole vectors and need no vectoriser.
PLANNER = {
    "search.py": ("_best_nodes", "_weigh_cells", "_save_between", "_keep_best"),
    "bellman.py": ("_trace", "follow", "_take"),
    "curves.py": ("places", "curvature", "curvature_along"),
    "prospects.py": ("_place_money",),
}
BY_FEW = "range(start, n_savings)"  # only where rounding has the best node fall

#: Compile the passes with line numbers and live a small world, with remarks of the loop vectoriser on.
TELL = """
import llvmlite.binding as llvm
llvm.set_option("", "--pass-remarks=loop-vectorize")
from resilience_sim.kernels import compiling, lanes, vector
flags = dict(fastmath=lanes.FLOAT_FLAGS, error_model="numpy", debug=True, boundscheck=None)
vector.loop_kernel = lambda function: compiling.Loop(function, flags)
import small_world
small_world.simulate(small_world.small_world())
import small_planners
small_planners.policies("one", (small_planners.cash(0.2),))
"""
OVER_HOUSEHOLDS = re.compile(r"range\((n|size|out\.size|start, end|begin, end)\)")
REMARK = re.compile(r"(\w+\.py):(\d+):\d+: vectorized loop \(vectorization width: (\d+)")


def _lanes() -> int:
    features = binding.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 0


pytestmark = [
    pytest.mark.skipif(_lanes() == 0, reason="needs AVX2 or AVX-512"),
    pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="needs the compiler"),
]


def run_apart(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, in which nothing has been compiled."""
    paths = (str(Path(small.__file__).parent), str(KERNELS.parents[1]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | environment
    return subprocess.run(
        [sys.executable, *words], check=True, env=environment, capture_output=True, text=True,
        timeout=900,
    )  # fmt: skip


@cache
def remarks() -> dict[tuple[str, int], int]:
    """Narrowest width of every loop that was vectorised, by file and line."""
    with TemporaryDirectory() as folder:  # what is cached tells nothing
        done = run_apart("-c", TELL, NUMBA_CACHE_DIR=folder)
    widths: dict[tuple[str, int], int] = {}
    for name, line, width in REMARK.findall(done.stderr):
        at = (name, int(line))
        widths[at] = min(int(width), widths.get(at, 64))
    return widths


def loops() -> Iterator[tuple[str, str, int, range]]:
    """File, function, number from the top, and lines of every loop over households."""
    for name in PASSES:
        for function in ast.parse((KERNELS / name).read_text()).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            if "loop_kernel" not in [ast.unparse(mark) for mark in function.decorator_list]:
                continue
            found = [each for each in ast.walk(function) if isinstance(each, ast.For)]
            found = [each for each in found if OVER_HOUSEHOLDS.fullmatch(ast.unparse(each.iter))]
            for number, loop in enumerate(sorted(found, key=lambda loop: loop.lineno), 1):
                yield name, function.name, number, range(loop.lineno, (loop.end_lineno or 0) + 1)


@pytest.mark.slow
def test_loops_over_households_are_vectorised() -> None:
    told = remarks()
    narrow = []
    for name, function, number, lines in loops():
        widths = [told[name, line] for line in lines if (name, line) in told]
        if (function, number) not in SCALAR and min(widths, default=1) < _lanes():
            narrow.append((name, function, number, lines[0], widths))
    assert not narrow


def innermost(function: ast.FunctionDef) -> Iterator[ast.For]:
    """Loops of a function without a loop inside but for those of two rounds, which are unrolled."""
    for loop in ast.walk(function):
        if isinstance(loop, ast.For) and ast.unparse(loop.iter) != "range(2)":
            inside = [each for each in ast.walk(loop) if isinstance(each, ast.For)][1:]
            if all(ast.unparse(each.iter) == "range(2)" for each in inside):
                yield loop


@pytest.mark.slow
def test_loops_of_the_planner_are_vectorised() -> None:
    told = remarks()
    narrow = []
    for name, functions in PLANNER.items():
        found = [
            each
            for each in ast.parse((KERNELS / name).read_text()).body
            if isinstance(each, ast.FunctionDef) and each.name in functions
        ]
        assert len(found) == len(functions)
        for function in found:
            for loop in innermost(function):
                lines = range(loop.lineno, (loop.end_lineno or 0) + 1)
                widths = [told[name, line] for line in lines if (name, line) in told]
                if ast.unparse(loop.iter) != BY_FEW and min(widths, default=1) < _lanes():
                    narrow.append((name, function.name, loop.lineno, widths))
    assert not narrow


def test_every_loop_that_is_listed_as_scalar_is_there() -> None:
    assert set(SCALAR) <= {(function, number) for _, function, number, _ in loops()}


@pytest.mark.slow
@pytest.mark.skipif(_lanes() < 8, reason="needs AVX-512")
def test_width_of_vectors_does_not_matter(tmp_path: Path) -> None:
    told = []
    for wide in ("0", "1"):
        out = tmp_path / f"{wide}.npz"
        run_apart("-m", "small_world", str(out), RESILIENCE_SIM_WIDE_VECTORS=wide)
        told.append(np.load(out))
    for name in told[0].files:
        np.testing.assert_array_equal(told[0][name], told[1][name], err_msg=name)
