"""Aggregates: one tidy data set, keyed by the swept values, and nothing left out in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import synthetic_results
from resilience_sim import outcomes, runs
from resilience_sim.cli import compose
from resilience_sim.runs import UNITS_KEY
from resilience_sim.sweeps import Failure, Plan, aggregate, plan_of, plans, write_plan

TABLES = ["effects", "poverty", "beliefs"]


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return outcomes.tables(synthetic_results.results(), "erewhon", names=TABLES)


def sweep(directory: Path, frames: Any, values: list[dict[str, Any]], done: int) -> Plan:
    """A plan whose first jobs are done; each with its own estimates."""
    keys = [f"{at:012x}" for at in range(len(values))]
    plan = plan_of(directory, "resilience-sim sweep x=1", TABLES, values, keys, "code")
    write_plan(plan)
    config, results = compose(["case=erewhon"]), synthetic_results.results()
    for at, job in enumerate(plan.jobs[:done]):
        own = {name: frame.copy() for name, frame in frames.items()}
        for name, frame in frames.items():
            own[name].attrs = frame.attrs
        own["effects"]["estimate"] = float(at)
        runs.write_run(plan.folder(job), config, results, own)
    return plan


def test_every_row_has_the_values_of_its_job(tmp_path: Path, frames: Any) -> None:
    values = [{"seed": s, "shock.own_loss": x} for s in (1, 2) for x in (0, 0.5)]
    plan = sweep(tmp_path, frames, values, 4)
    made = aggregate(tmp_path)
    assert made.is_complete and made.n_done == 4
    assert made.rows == {name: 4 * len(frames[name]) for name in TABLES}
    effects = pd.read_parquet(tmp_path / "aggregate" / "effects.parquet")
    assert list(effects)[:4] == ["seed", "shock.own_loss", "job", "scenario"]
    assert (effects["seed"].dtype, effects["shock.own_loss"].dtype) == ("int64", "float64")
    for at, job in enumerate(plan.jobs):
        own = effects[effects["job"] == job.name]
        assert len(own) == len(frames["effects"]) and (own["estimate"] == at).all()
        assert own[["seed", "shock.own_loss"]].drop_duplicates().to_dict("records") == [values[at]]
    kept = effects[effects["job"] == plan.jobs[2].name].drop(columns=list(effects)[:3])
    expected = frames["effects"].assign(estimate=2.0)
    pd.testing.assert_frame_equal(
        kept.reset_index(drop=True), expected, check_dtype=False, check_exact=True
    )


def test_units_of_swept_values_and_of_tables_are_kept(tmp_path: Path, frames: Any) -> None:
    names = [
        "seed", "programme.contents.transfer.value", "case", "luck.drought_rate",
        "planner.behaviour", "technology.outlay.improved",
    ]  # fmt: skip
    sweep(tmp_path, frames, [dict.fromkeys(names, 1)], 1)
    aggregate(tmp_path)
    schema = pq.read_schema(tmp_path / "aggregate" / "effects.parquet")
    units = json.loads(schema.metadata[UNITS_KEY])
    assert [units[name] for name in names] == [
        "number", "lines or share", "name", "per year", "name", "lines per year",
    ]  # fmt: skip
    assert {name: units[name] for name in outcomes.UNITS["effects"]} == outcomes.UNITS["effects"]
    for field in schema:
        assert field.metadata[b"unit"].decode() == units[field.name]


def test_a_swept_name_that_tables_have_is_told_apart(tmp_path: Path, frames: Any) -> None:
    sweep(tmp_path, frames, [{"shock": "drought"}], 1)
    aggregate(tmp_path)
    effects = pd.read_parquet(tmp_path / "aggregate" / "effects.parquet")
    assert set(effects["swept.shock"]) == {"drought"}
    assert set(effects["shock"]) == set(frames["effects"]["shock"])


@pytest.mark.parametrize(
    ("values", "kind", "read"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, 0.5], "float64", [1.0, 0.5]),
        ([True, False], "bool", [True, False]),
        (["a", "b"], "str", ["a", "b"]),
        ([None, 2], "float64", [None, 2.0]),
        (["none", 2], "str", ["none", "2"]),
        ([True, 2], "str", ["True", "2"]),
    ],
)
def test_swept_values_are_typed(
    tmp_path: Path, frames: Any, values: list[Any], kind: str, read: list[Any]
) -> None:
    sweep(tmp_path, frames, [{"x": value} for value in values], 2)
    aggregate(tmp_path, "beliefs")
    aggregate(tmp_path, "poverty")
    table = pd.read_parquet(tmp_path / "aggregate" / "poverty.parquet")
    found = table.drop_duplicates("job")["x"]
    assert str(found.dtype) == kind
    assert [None if pd.isna(value) else value for value in found] == read


def test_what_is_not_done_is_a_table_with_reasons(tmp_path: Path, frames: Any) -> None:
    plan = sweep(tmp_path, frames, [{"seed": seed} for seed in (1, 2, 3, 4)], 2)
    told = Failure(2, ["ConfigError: one.", "ConfigError: two."])
    plans.write_failure(plan, plan.jobs[2], told)
    effects = plan.folder(plan.jobs[1]) / "effects.parquet"
    effects.write_bytes(effects.read_bytes()[:-1] + b"X")
    made = aggregate(tmp_path)
    assert not made.is_complete and made.n_done == 1
    table = pd.read_parquet(tmp_path / "aggregate" / "failures.parquet")
    assert table["seed"].tolist() == [2, 3, 4]
    assert table["state"].tolist() == ["failed", "failed", "missing"]
    assert table["exit_code"].isna().tolist() == [False, False, True]
    assert "effects.parquet must have the bytes its manifest describes" in table["reason"][0]
    assert table["reason"].tolist()[1:] == ["ConfigError: one.\nConfigError: two.", "not tried yet"]
    assert set(pd.read_parquet(tmp_path / "aggregate" / "effects.parquet")["seed"]) == {1}


def test_nothing_done_is_told_and_not_an_error(tmp_path: Path, frames: Any) -> None:
    sweep(tmp_path, frames, [{"seed": 1}], 0)
    made = aggregate(tmp_path, output=tmp_path / "elsewhere")
    assert (made.rows, made.n_done, len(made.failures)) == ({}, 0, 1)
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["failures.parquet"]


def test_one_table_alone_and_one_that_nobody_wrote(tmp_path: Path, frames: Any) -> None:
    sweep(tmp_path, frames, [{"seed": 1}], 1)
    assert set(aggregate(tmp_path, "poverty").rows) == {"poverty"}
    with pytest.raises(plans.SweepError, match="table must be one of beliefs, effects, poverty"):
        aggregate(tmp_path, "mobility")


def test_jobs_that_are_one_are_told_for_each_value(tmp_path: Path, frames: Any) -> None:
    plan = sweep(tmp_path, frames, [{"x": 1}], 1)
    both = plan_of(tmp_path, "", TABLES, [{"x": 1}, {"x": 2}], [plan.jobs[0].key] * 2, "code")
    write_plan(both)
    made = aggregate(tmp_path)
    assert made.rows["poverty"] == 2 * len(frames["poverty"])
