"""Run directories: written whole or not at all, and checked when read.

A run directory holds `config.yaml` (the composed config), one Parquet file per table, an optional
`panel.parquet`, and `manifest.json`. Everything is written to a hidden sibling directory
`.<name>.<random>.partial`, the manifest last, and renamed into place in one step: a directory
under its own name is complete. A killed run leaves at most the hidden sibling; delete it at will.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from resilience_sim import __version__
from resilience_sim.config import PopulationKind
from resilience_sim.errors import InputError, Problem
from resilience_sim.population.files import path_of
from resilience_sim.population.maps import FOLDER

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.results import Results

MANIFEST = "manifest.json"
CONFIG = "config.yaml"
LIBRARIES = ("numpy", "numba", "llvmlite", "pandas", "pyarrow", "hydra-core", "omegaconf", "PyYAML")
PACKAGE = "resilience-sim"
UNITS_KEY = b"resilience_sim.units"
FORMAT = 1
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one written in C where PyYAML has it: a sweep writes many."""


class RunDirectoryError(InputError):
    """A run directory that cannot be written, or whose content is not what its manifest says."""


@dataclass(frozen=True)
class Run:
    """A finished run as read from its directory."""

    directory: Path
    manifest: dict[str, Any]
    tables: dict[str, pd.DataFrame]


def write_run(
    directory: Path,
    config: Config,
    results: Results,
    tables: Mapping[str, pd.DataFrame],
    files: Mapping[str, Path] | None = None,
    command: Sequence[str] | None = None,
) -> list[Path]:
    """Write one finished run to `directory`, which appears complete or not at all.

    Parameters
    ----------
    directory
        A path that does not exist, or an empty directory; its parents are made.
    config
        The composed config; written as `config.yaml`.
    results
        What was simulated: its size, notes and seconds by stage go to the manifest.
    tables
        Frames by name, the panel among them where there is one; units are taken from
        `frame.attrs["units"]` and stored in the schema.
    files
        Input files by name, such as the survey; their hashes go to the manifest.
    command
        The command line; by default that of this process.

    Returns
    -------
    The files written, the manifest last.

    Raises
    ------
    RunDirectoryError
        Where `directory` already holds something or cannot be made.
    """
    directory = Path(directory).resolve()
    require_free(directory)
    partial = _make_partial(directory)
    try:
        written = _write_content(partial, config, tables)
        manifest = _manifest(config, results, written, files or {}, command or sys.argv)
        _write_text(partial / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        _sync(partial)
        _move_into_place(partial, directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _sync(directory.parent)
    return [directory / path.name for path in [*written, partial / MANIFEST]]


def require_free(directory: Path) -> None:
    """Raise RunDirectoryError unless `directory` is missing or an empty directory.

    For callers too, before they spend time on a run that could not be stored.
    """
    directory = Path(directory)
    got = ""
    if directory.is_dir():
        if (directory / MANIFEST).exists():
            got = "a finished run"
        elif any(directory.iterdir()):
            got = "a directory with other files in it"
    elif directory.exists() or directory.is_symlink():
        got = "a file"
    if got:
        raise _unusable(directory, got)


def read_run(directory: Path) -> Run:
    """Read a finished run and check every file against the manifest.

    Returns
    -------
    The manifest as a dictionary and the tables by name, the panel among them where there is one;
    units in `frame.attrs["units"]`.

    Raises
    ------
    RunDirectoryError
        Where there is no manifest, or a file is missing or has other bytes; all such files at once.
    """
    directory = Path(directory)
    manifest = checked_manifest(directory)
    names = [Path(name) for name in manifest["files"] if name.endswith(".parquet")]
    return Run(directory, manifest, {name.stem: _read_table(directory / name) for name in names})


def checked_manifest(directory: Path) -> dict[str, Any]:
    """Manifest of a finished run, every file of which has been checked against it.

    Raises
    ------
    RunDirectoryError
        As `read_run` does.
    """
    manifest = _read_manifest(directory)
    problems = []
    for name, entry in manifest["files"].items():
        path = directory / name
        if not path.is_file():
            problems.append(Problem(str(path), "be there, as the manifest says", "no such file"))
        elif sha256(path) != entry["sha256"]:
            problems.append(
                Problem(
                    str(path),
                    "have the bytes its manifest describes",
                    "other bytes",
                    "The file was changed after the run; run again to a new directory.",
                )
            )
    if problems:
        raise RunDirectoryError(problems)
    return manifest


def input_files(config: Config) -> dict[str, Path]:
    """Files that a run of these settings reads, by name: the survey and its map, where there are any."""
    survey = config.population.survey
    if config.population.kind is not PopulationKind.SURVEY:
        return {}
    files = {"survey": path_of(survey.file)}
    if survey.map is not None:
        files["map"] = path_of(survey.map, FOLDER)
    return files


def sha256(path: Path) -> str:
    """Hash of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write one table; single floats, as in a panel, are split by byte, which packs better.

    Units are taken from `frame.attrs["units"]` and stored in the schema.
    """
    units: Mapping[str, str] = frame.attrs.get("units", {})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_metadata({b"unit": units[field.name].encode()}) if field.name in units else field
        for field in table.schema
    ]
    metadata = {**(table.schema.metadata or {}), UNITS_KEY: json.dumps(dict(units)).encode()}
    table = table.cast(pa.schema(fields, metadata=metadata))
    split = [field.name for field in table.schema if pa.types.is_float32(field.type)]
    with path.open("wb") as stream:
        pq.write_table(
            table,
            stream,
            compression="zstd",
            use_dictionary=[field.name for field in table.schema if field.name not in split],
            use_byte_stream_split=split,
        )
        _flush(stream)


def config_text(config: Config) -> str:
    """Return the composed config as YAML: fields in the order of the schema, choices by value."""
    text: str = yaml.dump(
        _plain(config), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _make_partial(directory: Path) -> Path:
    partial = directory.with_name(f".{directory.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise _unusable(directory, error.strerror or str(error)) from error
    return partial


def _write_content(partial: Path, config: Config, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    written = [partial / CONFIG]
    _write_text(written[0], config_text(config))
    for name, frame in tables.items():
        written.append(partial / f"{name}.parquet")
        write_table(written[-1], frame)
    return written


def _read_table(path: Path) -> pd.DataFrame:
    table = pq.read_table(path)
    frame: pd.DataFrame = table.to_pandas()
    units = (table.schema.metadata or {}).get(UNITS_KEY)
    if units is not None:
        frame.attrs["units"] = json.loads(units)
    return frame


def _manifest(
    config: Config,
    results: Results,
    written: Sequence[Path],
    files: Mapping[str, Path],
    command: Sequence[str],
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "package": {"name": PACKAGE, "version": __version__},
        "libraries": {name: _version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "command": [str(word) for word in command],
        "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": config.case_name,
        "arms": list(results.arms),
        "worlds": list(results.worlds),
        "seed": config.seed,
        "replicates": config.replicates,
        "n_households": int(results.n_households),
        "n_eligible": int(results.n_eligible),
        "n_persons": float(results.n_persons),
        "notes": list(results.notes),
        "seconds": {name: float(value) for name, value in results.seconds.items()},
        "policies_from_before": results.has_policies_from_before,
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "data": {
            name: {"file": Path(path).name, "sha256": sha256(Path(path))}
            for name, path in files.items()
        },
        "files": {
            path.name: {"sha256": sha256(path), "bytes": path.stat().st_size} for path in written
        },
    }


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MB (1e6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return peak * bytes_per_unit / 1e6


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _plain(value: Any) -> Any:
    """Return a config value as what YAML knows: mappings, lists, text, numbers, truth, nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, Path) else value


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        _flush(stream)


def _flush(stream: IO[Any]) -> None:
    """Down to the disk, so that a manifest never outlives the files it lists."""
    stream.flush()
    os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move_into_place(partial: Path, directory: Path) -> None:
    """Rename; an empty directory is replaced, one that was filled meanwhile is left alone."""
    try:
        partial.replace(directory)
    except OSError:
        require_free(directory)
        raise


def _unusable(directory: Path, got: str) -> RunDirectoryError:
    return RunDirectoryError(
        [
            Problem(
                "output_dir",
                "be a new or empty directory that can be written to",
                f"{directory} ({got})",
                "Choose another output_dir, or move this one away first.",
            )
        ]
    )


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    if not path.is_file():
        raise RunDirectoryError(
            [
                Problem(
                    str(directory),
                    "be the directory of a finished run",
                    f"a path without {MANIFEST}",
                    "A run that was stopped leaves none; run it again.",
                )
            ]
        )
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        manifest["files"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunDirectoryError(
            [Problem(str(path), "be the manifest of a run", f"something else ({error})")]
        ) from error
    return manifest
