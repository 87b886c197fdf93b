"""A stored run as a report reads it: tables, settings, and the words for where they come from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from resilience_sim import runs
from resilience_sim.errors import Problem
from resilience_sim.outcomes.uncertainty import student_95
from resilience_sim.report.page import in_order, plain

MOST_BANDS = 5
"""Arms up to which a picture with lines has room for the bands of all."""
NOT_OF_A_QUESTION = ("arms", "replicates", "output_dir", "tables", "panel")
"""Settings of a run that the command `ask` sets by itself or has no use for."""
PANEL = "panel"
"""Every household in every period: too large for a report, which has no use for it."""


@dataclass(frozen=True)
class Stored:
    """One finished run."""

    directory: Path
    manifest: Mapping[str, Any]
    settings: Mapping[str, Any]
    """The composed config, as plain values."""
    tables: Mapping[str, pd.DataFrame]

    @property
    def case(self) -> str:
        """Name of the case."""
        return str(self.manifest["case"])

    @property
    def arms(self) -> list[str]:
        """Arms in the order they were lived."""
        return list(self.manifest["arms"])

    @property
    def worlds(self) -> list[str]:
        """The world without shock, then the one with it where there is one."""
        return list(self.manifest["worlds"])

    @property
    def lead(self) -> str:
        """The arm that titles speak of: both, or the last one."""
        return "both" if "both" in self.arms else self.arms[-1]

    @property
    def banded(self) -> list[str]:
        """Arms whose bands are drawn: all, or the two that titles speak of where there are many."""
        return self.arms if len(self.arms) <= MOST_BANDS else in_order(["none", self.lead])

    @property
    def band_words(self) -> str:
        """Whose bands are drawn, where it is not those of all arms."""
        if len(self.arms) <= MOST_BANDS:
            return ""
        return f" Errors are drawn for {' and '.join(self.banded)}; those of all arms stand in the table."

    @property
    def width_of_luck(self) -> float:
        """Standard errors of luck on either side of a 95 % band."""
        return student_95(int(self.manifest["replicates"]))

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run; without rows and columns where the run has none of that name."""
        return self.tables.get(name, pd.DataFrame())

    def setting(self, key: str, otherwise: Any = None) -> Any:
        """A setting by its dotted key; `otherwise` where the run has none of that name."""
        at: Any = self.settings
        for name in key.split("."):
            if not isinstance(at, Mapping) or name not in at:
                return otherwise
            at = at[name]
        return at

    def source(self, *tables: str) -> str:
        """Line under a chart: which run, which tables."""
        files = ", ".join(f"{name}.parquet" for name in tables)
        return (
            f"Source: resilience-sim {self.manifest['package']['version']}, run of {self.case}, seed "
            f"{self.manifest['seed']}, {self.manifest['replicates']} replicates; {files}"
        )

    def question(self, name: str) -> str:
        """The command line that answers a policy question in the setting of this run."""
        words = list(self.manifest["command"])
        told = words[words.index("run") + 1 :] if "run" in words else []
        kept = [
            word
            for word in told
            if "=" in word
            and word.partition("=")[0] not in NOT_OF_A_QUESTION
            and not word.startswith("outcomes.")
        ]
        if not any(word.startswith("case=") for word in kept):
            kept.insert(0, f"case={self.case}")
        return shlex.join(["resilience-sim", "ask", name, *kept])

    def lacks(self, table: str) -> str:
        """Why there are no rows to draw."""
        if table in self.tables:
            return f"the run's table {table} has no rows for it"
        return f"the run has no table {table}; it was written by an earlier version, or did not ask for it"


def read_stored(directory: Path, only: Collection[str] | None = None) -> Stored:
    """Read a run directory, all files of which are checked against its manifest.

    Parameters
    ----------
    directory
        That of a finished run.
    only
        Names of the tables to read; None for all. The panel is never read.

    Raises
    ------
    RunDirectoryError
        Where it is not that of a finished run, its files are not what the manifest says, or its
        settings are not text that can be read.
    """
    manifest = runs.checked_manifest(directory)
    path = directory / runs.CONFIG
    try:
        settings = _settings(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise runs.RunDirectoryError(
            [Problem(str(path), "be the settings of a run", f"something else ({error})")]
        ) from error
    files = [Path(name) for name in manifest["files"] if name.endswith(".parquet")]
    tables = {
        file.stem: plain(pd.read_parquet(directory / file, use_threads=False))
        for file in files
        if file.stem != PANEL and (only is None or file.stem in only)
    }
    return Stored(directory, manifest, settings, tables)


def _settings(text: str) -> Mapping[str, Any]:
    """Settings as plain values, read group by group: most groups are the same in all runs of a sweep.

    Where a group does not stand for itself, the text is read whole.
    """
    settings: dict[str, Any] = {}
    try:
        for group in _GROUP.split(text):
            settings |= _group(group)
    except (yaml.YAMLError, TypeError, ValueError):
        settings = yaml.load(text, Loader=_LOADER)
    return settings


@lru_cache(maxsize=1024)
def _group(text: str) -> Mapping[str, Any]:
    return yaml.load(text, Loader=_LOADER) if text.strip() else {}


_GROUP = re.compile(r"^(?=[^\s-])", re.MULTILINE)
"""Where a group of settings begins: at a word without a blank or a dash before it."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
