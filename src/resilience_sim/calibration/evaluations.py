"""Simulated draws, kept on disk as they come, so that a fit that was stopped goes on where it was.

What is kept stands under a hash of all it follows from: the case as it is simulated, its targets,
the structure, the scores, and the code of the model. So nothing has to be said to go on, nothing old
can be taken for new, and every machine thread simulates a draw of its own.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from resilience_sim.calibration.cases import Case
from resilience_sim.calibration.priors import values_of
from resilience_sim.kernels.vector import CACHE_FOLDER
from resilience_sim.solver.kept import feed
from resilience_sim.sources import hash_of

AT_ONCE = 16
"""Draws that are kept together."""
_SOURCES = (
    "kernels/*.py",
    "solver/*.py",
    "population/*.py",
    "programmes/*.py",
    "model.py",
    "imputed.py",
    "lives.py",
    "shocks.py",
    "chance.py",
    "outcomes/measured.py",
    "calibration/cases.py",
    "calibration/forecasts.py",
    "calibration/priors.py",
    "calibration/structures.py",
    "data/priors.csv",
)
"""What a simulated draw follows from, besides its case."""

Told = Callable[[int], None]
"""Told of draws that are done."""


def folder() -> Path:
    """Where simulated draws are kept unless told otherwise: beside the compiled kernels."""
    return Path(CACHE_FOLDER).parent / "evaluations"


class Evaluations:
    """Where simulated draws are kept, and how many threads simulate.

    Parameters
    ----------
    directory
        Made where it is missing.
    threads
        0 takes all processors.
    """

    def __init__(self, directory: Path, threads: int = 0) -> None:
        self.directory, self.threads = directory, threads
        self.n_simulated, self.n_kept = 0, 0
        directory.mkdir(parents=True, exist_ok=True)

    def simulate(
        self, case: Case, structure: str, scores: np.ndarray, told: Told | None = None
    ) -> np.ndarray:
        """Forecasts of draws, shape (n, len(case.outputs)), of scores (n, n_parameters)."""
        parts = [
            self._part(case, structure, scores[first : first + AT_ONCE], told)
            for first in range(0, len(scores), AT_ONCE)
        ]
        return np.concatenate(parts)

    def _part(
        self, case: Case, structure: str, scores: np.ndarray, told: Told | None
    ) -> np.ndarray:
        path = self.directory / f"{_name(case, structure, scores)}.npy"
        shape = (len(scores), len(case.outputs))
        kept = _read(path, shape)
        if kept is not None:
            self.n_kept += len(scores)
            if told is not None:
                told(len(scores))
            return kept
        found = np.array(list(self._lived(case, structure, scores, told)))
        self.n_simulated += len(scores)
        partial = path.with_name(f".{uuid.uuid4().hex}.partial")
        with partial.open("wb") as stream:
            np.save(stream, found)
        partial.replace(path)
        return found

    def _lived(
        self, case: Case, structure: str, scores: np.ndarray, told: Told | None
    ) -> Iterator[np.ndarray]:
        def one(score: np.ndarray) -> np.ndarray:
            return case.simulate(structure, values_of(score))

        with ThreadPoolExecutor(self.threads or os.cpu_count()) as pool:
            for found in pool.map(one, scores):
                if told is not None:
                    told(1)
                yield found


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """What is kept, if it is whole."""
    try:
        found: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == shape else None


def _name(case: Case, structure: str, scores: np.ndarray) -> str:
    digest = hashlib.sha256()
    for part in (case.config, case.shocks, case.targets, case.split, structure, scores, code()):
        feed(digest, part)
    return digest.hexdigest()[:32]


def code() -> str:
    """Hash of the sources that a simulated draw follows from."""
    return hash_of(_SOURCES)
