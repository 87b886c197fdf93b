"""Jobs of a sweep as they lie on disk: finished runs, the settings that differ, and what failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from resilience_sim import runs
from resilience_sim.errors import Problem
from resilience_sim.report.document.stored import Stored, read_stored

IGNORED = ("output_dir", "threads")
"""Settings that no result depends on."""
CASE, NAME = "case_name", ".name"
OWN = ("seed", "replicates", "planner.behaviour", "planner.believed_end.hazard", "shock.name")
"""Settings that are told apart from the case, which brings most others."""
EFFECTS = "effects"
"""The one table that a sweep is told by."""
FAILURES = ("failures.parquet", "failures.json")


@dataclass(frozen=True)
class Job:
    """One run of a sweep."""

    name: str
    stored: Stored
    settings: Mapping[str, Any]
    """By dotted key."""


def read_jobs(source: Path) -> tuple[list[Job], list[Problem]]:
    """All finished runs below a folder that have effects, and the problems of those that are damaged."""
    jobs, damaged = [], []
    for manifest in sorted(source.rglob(runs.MANIFEST), key=_in_order):
        directory = manifest.parent
        if any(part.startswith(".") for part in directory.relative_to(source).parts):
            continue  # what a run that is being written, or was stopped, has left
        try:
            stored = read_stored(directory, (EFFECTS,))
            if EFFECTS not in stored.tables:
                continue
        except runs.RunDirectoryError as error:
            damaged += error.problems
            continue
        name = str(directory.relative_to(source))
        jobs.append(Job(name, stored, dict(_flat(stored.settings))))
    return jobs, damaged


def differing(trees: Sequence[Mapping[str, Any]]) -> list[str]:
    """Dotted keys whose values are not the same in all, in the order of the first.

    A shock or a case brings others with its file: then the name of the file stands for all of them.
    """
    keys = dict.fromkeys(key for tree in trees for key in tree)
    found = [key for key in keys if key not in IGNORED and _n_distinct(trees, key) > 1]
    if CASE in found:
        return [CASE, *(key for key in found if key in OWN)]
    groups = {key.removesuffix(NAME) for key in found if key.endswith(NAME)}
    return [key for key in found if key.endswith(NAME) or key.partition(".")[0] not in groups]


def failures(source: Path) -> list[list[str]]:
    """What is written of jobs that failed, whatever its columns."""
    found = []
    for name in FAILURES:
        for path in sorted(source.rglob(name)):
            table = pd.read_parquet(path) if path.suffix == ".parquet" else _json_rows(path)
            for row in table.to_dict("records"):
                told = "; ".join(f"{key}: {value}" for key, value in row.items())
                found.append([str(path.relative_to(source)), told])
    return found


def _in_order(path: Path) -> tuple[tuple[int, str], ...]:
    """Numbered folders by number, others by name."""
    return tuple((int(part) if part.isdigit() else -1, part) for part in path.parts)


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping) and value:
            yield from _flat(value, key)
        else:
            yield key, value


def _n_distinct(trees: Sequence[Mapping[str, Any]], key: str) -> int:
    return len({json.dumps(tree.get(key), default=str) for tree in trees})


def _json_rows(path: Path) -> pd.DataFrame:
    content = json.loads(path.read_text(encoding="utf-8"))
    return pd.DataFrame(content if isinstance(content, list) else [content])
