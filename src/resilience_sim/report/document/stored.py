"""A stored run as a report reads it: tables, settings, and the words for where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from resilience_sim import runs
from resilience_sim.errors import Problem
from resilience_sim.outcomes.uncertainty import student_95
from resilience_sim.report.page import plain


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

    def lacks(self, table: str) -> str:
        """Why there are no rows to draw."""
        if table in self.tables:
            return f"the run's table {table} has no rows for it"
        return f"the run has no table {table}; it was written by an earlier version, or did not ask for it"


def read_stored(directory: Path) -> Stored:
    """Read a run directory.

    Raises
    ------
    RunDirectoryError
        Where it is not that of a finished run, its files are not what the manifest says, or its
        settings are not text that can be read.
    """
    run = runs.read_run(directory)
    path = directory / runs.CONFIG
    try:
        settings = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise runs.RunDirectoryError(
            [Problem(str(path), "be the settings of a run", f"something else ({error})")]
        ) from error
    tables = {name: plain(table) for name, table in run.tables.items() if name != "panel"}
    return Stored(directory, run.manifest, settings, tables)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
