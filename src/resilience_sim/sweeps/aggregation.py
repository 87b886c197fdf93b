"""All finished jobs of a sweep as one tidy data set, keyed by the swept values, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq

from resilience_sim.config import Config
from resilience_sim.config.meaning import is_group, settings
from resilience_sim.errors import Problem
from resilience_sim.outcomes import UNITS
from resilience_sim.runs import UNITS_KEY, RunDirectoryError, checked_manifest
from resilience_sim.sweeps.plans import (
    Failure,
    Job,
    Plan,
    State,
    SweepError,
    Value,
    read_failure,
    read_plan,
    state_of,
)

AGGREGATE = "aggregate"
FAILURES = "failures"
KEY = "job"
"""Column with the name of a job's run directory."""
SWEPT = "swept."
"""Opens the name of a swept setting that tables have a column of: `shock` there is the world."""
PARQUET = ".parquet"


@dataclass(frozen=True)
class Aggregate:
    """What came together."""

    directory: Path
    plan: Plan
    rows: dict[str, int]
    """By table."""
    n_done: int
    failures: list[tuple[Job, Failure | None]]
    """Jobs that are not done; None where one was never tried."""

    @property
    def is_complete(self) -> bool:
        """Whether every job of the sweep is in it."""
        return not self.failures


def aggregate(directory: Path, table: str | None = None, output: Path | None = None) -> Aggregate:
    """Gather the tables of a sweep's finished jobs, and a table of what failed.

    Parameters
    ----------
    directory
        Folder of the sweep.
    table
        One table alone; None for all that the jobs wrote.
    output
        Where to write; None for the folder `aggregate` of the sweep. What an earlier aggregation left
        there is replaced.

    Returns
    -------
    What was written: `TABLE.parquet`, with swept values and the job before the columns of a run's
    table, units in the schema; and `failures.parquet`, with every job that is not done.

    Raises
    ------
    SweepError
        Where the folder holds no sweep, or no job of it has the table.
    """
    plan = read_plan(directory)
    output = output or directory / AGGREGATE
    done, failures = _checked(plan)
    names = sorted({name for manifest in done.values() for name in _tables(manifest)})
    if table is not None:
        if table not in names:
            got = "no job that is done has it"
            known = ", ".join(names) or "none yet"
            raise SweepError([Problem("table", f"be one of {known}", f"{table!r}: {got}")])
        names = [table]
    columns = _columns(plan)
    output.mkdir(parents=True, exist_ok=True)
    rows = {}
    with ThreadPoolExecutor() as pool:
        for name in names:
            jobs = [job for job in _unique(plan, done) if name in _tables(done[job.name])]
            paths = [plan.folder(job) / f"{name}{PARQUET}" for job in jobs]
            whole = _gathered(jobs, list(pool.map(_read, paths)), columns)
            _write(output / f"{name}{PARQUET}", whole)
            rows[name] = whole.num_rows
    _write(output / f"{FAILURES}{PARQUET}", _failures(failures, columns))
    return Aggregate(output, plan, rows, len(plan.jobs) - len(failures), failures)


def _checked(plan: Plan) -> tuple[dict[str, dict[str, Any]], list[tuple[Job, Failure | None]]]:
    """Manifests of finished jobs by name, every file checked, and the jobs that are not."""
    done: dict[str, dict[str, Any]] = {}
    failures: list[tuple[Job, Failure | None]] = []
    for job in plan.jobs:
        state = state_of(plan, job)
        if state is State.DONE and job.name not in done:
            try:
                done[job.name] = checked_manifest(plan.folder(job))
            except RunDirectoryError as error:
                failures.append((job, Failure(2, str(error).splitlines())))
        elif state is not State.DONE:
            failures.append((job, read_failure(plan, job) if state is State.FAILED else None))
    return done, failures


def _tables(manifest: Mapping[str, Any]) -> set[str]:
    return {name.removesuffix(PARQUET) for name in manifest["files"] if name.endswith(PARQUET)}


def _unique(plan: Plan, done: Mapping[str, Any]) -> list[Job]:
    return [job for job in plan.jobs if job.name in done]


def _read(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


def _columns(plan: Plan) -> dict[str, str]:
    """Name in the data set of each swept setting."""
    taken = {column for units in UNITS.values() for column in units}
    return {name: f"{SWEPT}{name}" if name in taken else name for name in plan.columns}


def _gathered(
    jobs: Sequence[Job], tables: Sequence[pa.Table], columns: Mapping[str, str]
) -> pa.Table:
    """One below the other, swept values in front."""
    lengths = [table.num_rows for table in tables]
    whole = pa.concat_tables(tables, promote_options="permissive")
    units = json.loads((tables[0].schema.metadata or {}).get(UNITS_KEY, b"{}"))
    keys = _keys(jobs, columns)
    index = pa.array([at for at, n in enumerate(lengths) for _ in range(n)], pa.int64())
    arrays = [column.take(index) for column in keys.columns] + whole.columns
    fields = [*keys.schema, *whole.schema]
    told = {field.name: field.metadata[b"unit"].decode() for field in keys.schema} | units
    schema = pa.schema(fields, metadata={UNITS_KEY: json.dumps(told).encode()})
    return pa.Table.from_arrays(arrays, schema=schema)


def _keys(jobs: Sequence[Job], columns: Mapping[str, str]) -> pa.Table:
    """A row for each job: swept values, typed, and its name."""
    arrays, fields = [], []
    for name, column in columns.items():
        array = _array([job.values.get(name) for job in jobs])
        arrays.append(array)
        fields.append(pa.field(column, array.type, metadata={b"unit": _unit_of(name).encode()}))
    arrays.append(pa.array([job.name for job in jobs], pa.string()))
    fields.append(pa.field(KEY, pa.string(), metadata={b"unit": b"name of its run directory"}))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(values: Sequence[Value]) -> pa.Array:
    """Truth, whole numbers, numbers or text: the narrowest that holds all of them."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if len(kinds) <= 1:
        return pa.array(values, None if kinds else pa.string())
    return pa.array([None if v is None else str(v) for v in values], pa.string())


def _unit_of(key: str) -> str:
    """Unit of a setting, of an entry of a mapping too; of a choice of files and of text, "name"."""
    kind: Any = Config
    unit = ""
    for name in key.lstrip("+").split("."):
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif is_group(kind) and name in settings(kind):
            setting = settings(kind)[name]
            kind, unit = setting.kind, setting.meaning.unit
    return "name" if is_dataclass(kind) or not unit else unit


def _failures(
    failures: Sequence[tuple[Job, Failure | None]], columns: Mapping[str, str]
) -> pa.Table:
    """A row for each job that is not done."""
    keys = _keys([job for job, _ in failures], columns)
    told = [failure or Failure(0, ["not tried yet"]) for _, failure in failures]
    more = {
        "state": ([State.MISSING if f is None else State.FAILED for _, f in failures], "name"),
        "exit_code": (
            [None if f is None else f.exit_code for _, f in failures],
            "1 a failure, 2 bad input; null: not tried yet",
        ),
        "reason": (["\n".join(each.reason) for each in told], "text, a line for each problem"),
    }
    types = {"state": pa.string(), "exit_code": pa.int64(), "reason": pa.string()}
    arrays = [pa.array(values, types[name]) for name, (values, _) in more.items()]
    fields = [
        pa.field(name, types[name], metadata={b"unit": unit.encode()})
        for name, (_, unit) in more.items()
    ]
    schema = pa.schema([*keys.schema, *fields])
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    schema = schema.with_metadata({UNITS_KEY: json.dumps(units).encode()})
    return pa.Table.from_arrays([*keys.columns, *arrays], schema=schema)


def _write(path: Path, table: pa.Table) -> None:
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)
