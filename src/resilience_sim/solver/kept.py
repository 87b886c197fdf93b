"""Policies kept on disk from one run to the next, under a hash of all that they follow from.

A folder `policies` beside the compiled kernels holds one folder for each set: its arrays, and the sum
of the words of each, which is checked when they are read. It appears complete or not at all. The sets
read least lately go when all of them take more than the limit.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import binding

from resilience_sim.config import Config
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.kernels.lanes import is_compiled
from resilience_sim.kernels.primitives import Primitives
from resilience_sim.kernels.vector import CACHE_FOLDER
from resilience_sim.solver.axes import Phase, TypeAxes
from resilience_sim.solver.policies import Policies, blank

LIMIT = "RESILIENCE_SIM_POLICIES_GB"
"""Environment variable: how much policies may take on disk, in GB (1e9 bytes); 0 keeps none."""
DEFAULT_GB = 2.0
ARRAYS = ("plans", "choice", "escape", "type_class", "rests")
CONTENTS = "contents.json"


def read(config: Config, p: Primitives, axes: TypeAxes, phases: Sequence[Phase]) -> Policies | None:
    """Policies of an earlier solve of the same; None where there are none.

    Warns of a set that is damaged, and removes it.
    """
    directory = _folder() / _name_of(config, p, axes, phases)
    if limit_bytes() == 0 or not directory.is_dir():
        return None
    empty = blank(config, p, axes, phases)
    try:
        contents = json.loads((directory / CONTENTS).read_text(encoding="utf-8"))
        found = {name: np.load(directory / f"{name}.npy") for name in ARRAYS}
        for name, expected in _arrays(empty).items():
            array = found[name]
            if (array.shape, array.dtype) != (expected.shape, expected.dtype):
                raise ValueError(f"{name} has shape {array.shape}, not {expected.shape}")
            if _sum_of_words(array) != contents["sums"][name]:
                raise ValueError(f"{name} has other bytes than were written")
        os.utime(directory)
        empty.choice[empty.planting_slots] = found.pop("choice")
        return replace(empty, **found, searches=int(contents["searches"]), are_from_before=True)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        warnings.warn(
            f"policies kept in {directory} cannot be used ({error}); they are removed and solved anew",
            RuntimeWarning,
            stacklevel=2,
        )
        shutil.rmtree(directory, ignore_errors=True)
        return None


def keep(
    policies: Policies, config: Config, p: Primitives, axes: TypeAxes, phases: Sequence[Phase]
) -> None:
    """Keep policies for later runs, if they fit under the limit; warns where the disk will not have them."""
    arrays = _arrays(policies)
    if sum(array.nbytes for array in arrays.values()) > limit_bytes():
        return
    folder = _folder()
    partial = folder / f".{uuid.uuid4().hex}.partial"
    try:
        partial.mkdir(parents=True)
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array)
        sums = {name: _sum_of_words(array) for name, array in arrays.items()}
        contents = {"searches": policies.searches, "sums": sums}
        (partial / CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
        _move_into_place(partial, folder / _name_of(config, p, axes, phases))
        _make_room(folder)
    except OSError as error:
        warnings.warn(
            f"policies cannot be kept in {folder} ({error.strerror or error}); the next run solves them "
            f"anew; {LIMIT}=0 keeps none",
            RuntimeWarning,
            stacklevel=2,
        )
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _arrays(policies: Policies) -> dict[str, np.ndarray]:
    """What is kept, by name; of choices those that are made."""
    arrays = {name: getattr(policies, name) for name in ARRAYS}
    return arrays | {"choice": policies.choice[policies.planting_slots]}


def limit_bytes() -> float:
    """How much policies may take on disk.

    Raises
    ------
    ConfigError
        Where the environment variable is no number of GB.
    """
    told = os.environ.get(LIMIT, "")
    try:
        limit = float(told or DEFAULT_GB)
    except ValueError:
        limit = -1.0
    if not limit >= 0.0:
        allowed = "be a number of GB, 0 or more"
        raise ConfigError(
            [Problem(LIMIT, allowed, repr(told), "It is an environment variable; 0 keeps none.")]
        )
    return limit * 1e9


def _folder() -> Path:
    return Path(CACHE_FOLDER).parent / "policies"


def _move_into_place(partial: Path, directory: Path) -> None:
    """Rename, unless another process has kept the same meanwhile."""
    try:
        partial.replace(directory)
    except OSError:
        if not directory.is_dir():
            raise


def _make_room(folder: Path) -> None:
    """Remove sets, those read least lately first, until all fit under the limit."""
    sizes, read_at = {}, {}
    for directory in folder.iterdir():
        try:
            sizes[directory] = sum(path.stat().st_size for path in directory.iterdir())
            read_at[directory] = directory.stat().st_mtime
        except OSError:  # another process removed it meanwhile
            sizes.pop(directory, None)
    total = sum(sizes.values())
    for directory in sorted(sizes, key=lambda each: read_at[each]):
        if total <= limit_bytes():
            return
        total -= sizes[directory]
        shutil.rmtree(directory, ignore_errors=True)


def _sum_of_words(array: np.ndarray) -> int:
    """Sum of an array's 32-bit words; the cheapest check that sees zeros and missing ends."""
    words = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
    return int(words.sum(dtype=np.uint64))


def _name_of(config: Config, p: Primitives, axes: TypeAxes, phases: Sequence[Phase]) -> str:
    """Hash of settings, world, types, phases, code and machine."""
    digest = hashlib.sha256()
    settings = (config.planner, config.mechanisms, config.periods_per_year)
    for part in (*settings, p._asdict(), axes, list(phases), _code(), _machine()):
        feed(digest, part)
    return digest.hexdigest()[:32]


@cache
def _code() -> tuple[str, ...]:
    """Sources that policies follow from."""
    package = Path(__file__).parent.parent
    paths = [package / "model.py", *sorted(Path(__file__).parent.glob("*.py"))]
    return (Path(CACHE_FOLDER).name, *(path.read_text(encoding="utf-8") for path in paths))


def _machine() -> tuple[str, ...]:
    """What the last bit of a result may hang on."""
    features = vars(numba.config)["CPU_FEATURES"] or binding.get_host_cpu_features().flatten()
    return (
        np.__version__, numba.__version__, binding.get_host_cpu_name(), features, str(is_compiled)
    )  # fmt: skip


def feed(digest: Any, value: Any) -> None:
    """Tell a hash a value and of what kind it is."""
    digest.update(f"{type(value).__name__}:".encode())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, dict):
        for key, each in value.items():
            feed(digest, key)
            feed(digest, each)
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)}:".encode())
        for each in value:
            feed(digest, each)
    elif isinstance(value, Enum):
        feed(digest, value.value)
    else:
        text = str(value).encode()
        digest.update(f"{len(text)}:".encode() + text)
