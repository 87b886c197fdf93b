"""Draws on disk: what a fit leaves, as the package ships it and as runs take it.

`draws.parquet` has one row per case and draw: its structure, its weight and its parameters;
`forecasts.parquet` what the model says of every target under it. Both carry in their schema the
command that made them. The case "new" stands for any case of which nothing is known but its file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience_sim.calibration.fitting import FITTED, Fit
from resilience_sim.calibration.priors import priors, values_of
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    import pandas as pd

NEW = "new"
DRAWS, FORECASTS = "draws.parquet", "forecasts.parquet"
_ABOUT = b"resilience_sim.fit"


@dataclass(frozen=True)
class Draws:
    """Draws and forecasts of a fit, and how it was made."""

    draws: pd.DataFrame
    """case_id, kind (fitted or left_out), draw, structure, weight (sum 1 by case and kind), parameters."""
    forecasts: pd.DataFrame
    """case_id, kind, draw, target_id, forecast, added: in the units of the targets."""
    about: Mapping[str, Any]
    """command, seed, version of the code, weights of structures, draws that failed, seconds."""

    def of(self, case: str, kind: str = FITTED) -> pd.DataFrame:
        """Draws of one case, or those for a new one where it has none."""
        known = self.draws["kind"] == kind
        found = self.draws[(self.draws["case_id"] == case) & known]
        if found.empty:
            found = self.draws[(self.draws["case_id"] == NEW) & known]
        return found.reset_index(drop=True)


def tables_of(fit: Fit) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draws and forecasts of a fit as tidy tables."""
    import pandas as pd

    rows, told = [], []
    for drawn in fit.drawn:
        for i, structure in enumerate(drawn.structure):
            place = {"case_id": drawn.case, "kind": drawn.kind, "draw": i}
            values = values_of(drawn.scores[i])
            rows.append(place | {"structure": structure, "weight": drawn.weight[i]} | values)
            told += [
                place | {"target_id": name, "forecast": value, "added": if_added}
                for name, value, if_added in _forecasts(drawn.outputs, drawn.forecasts[i])
            ]
    at = 0
    for structure, scores in fit.new.items():
        for score in scores:
            place = {"case_id": NEW, "kind": FITTED, "draw": at}
            weight = fit.structures[structure] / len(scores)
            rows.append(place | {"structure": structure, "weight": weight} | values_of(score))
            at += 1
    return pd.DataFrame(rows), pd.DataFrame(told)


def _forecasts(outputs: tuple[str, ...], values: np.ndarray) -> list[tuple[str, float, float]]:
    """Each output with its value, and its value if arms simply added where there is one."""
    told = dict(zip(outputs, values.tolist(), strict=True))
    names = [name for name in outputs if not name.endswith("_added")]
    return [(name, told[name], told.get(f"{name}_added", float("nan"))) for name in names]


def write(directory: Path, draws: Draws) -> list[Path]:
    """Write both tables; returns their paths."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frame in ((DRAWS, draws.draws), (FORECASTS, draws.forecasts)):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        about = json.dumps(dict(draws.about), sort_keys=True).encode()
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), _ABOUT: about})
        paths.append(directory / name)
        pq.write_table(table, paths[-1], compression="zstd")
    return paths


def read(directory: Path) -> Draws:
    """Read both tables of a fit.

    Raises
    ------
    ConfigError
        Where there is no fit, or one of other parameters than the model has.
    """
    import pyarrow.parquet as pq

    missing = [str(directory / n) for n in (DRAWS, FORECASTS) if not (directory / n).is_file()]
    if missing:
        hint = "Make one: resilience-sim calibrate case=all"
        raise ConfigError(
            [Problem("draws", "be those of a fit", f"no {' and no '.join(missing)}", hint)]
        )
    table = pq.read_table(directory / DRAWS)
    about = json.loads((table.schema.metadata or {}).get(_ABOUT, b"{}"))
    frame: pd.DataFrame = table.to_pandas()
    names = {prior.name for prior in priors()}
    lacking = sorted(names - set(frame.columns))
    if lacking:
        raise ConfigError(
            [
                Problem(
                    str(directory / DRAWS),
                    "have every parameter of the model",
                    f"no {', '.join(lacking)}",
                    "It is of another version; fit again: resilience-sim calibrate case=all",
                )
            ]
        )
    return Draws(frame, pq.read_table(directory / FORECASTS).to_pandas(), about)


@cache
def shipped() -> Draws:
    """The draws that come with the package."""
    return read(Path(str(resources.files("resilience_sim"))) / "data" / "fit")
