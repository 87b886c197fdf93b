"""The report of a sweep: which settings differ, and the main effects over them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import synthetic_results
from document_runs import settings, stored
from resilience_sim.errors import InputError
from resilience_sim.report.document import write_report
from resilience_sim.report.document.jobs import differing, read_jobs
from resilience_sim.report.document.sweeps import (
    MEASURED,
    MOST_ACROSS,
    effect_chart,
    sweep_document,
)

HAZARDS = (0.0, 0.5, 1.0)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that believe different ends of cash, under other luck each."""
    folder = tmp_path_factory.mktemp("sweep")
    for i, hazard in enumerate(HAZARDS):
        made = synthetic_results.results(seed=i + 1)
        stored(
            folder / str(i), made, settings(f"planner.believed_end.hazard={hazard}", f"threads={i}")
        )
    (folder / ".3.partial").mkdir()
    (folder / ".3.partial" / "manifest.json").write_text("{")
    (folder / "failures.json").write_text(
        json.dumps([{"job": 3, "error": "SolverError: did not settle"}])
    )
    return folder


def test_settings_that_differ_are_found_and_threads_are_none() -> None:
    one = {"seed": 1, "threads": 1, "arms": ["none"], "shock.name": "none", "shock.depth": 0.1}
    assert differing([one, one | {"threads": 8}]) == []
    assert differing([one, one | {"arms": ["none", "cash"], "seed": 2}]) == ["seed", "arms"]
    assert differing([one, one | {"shock.depth": 0.2}]) == ["shock.depth"]
    assert differing([one, one | {"shock.name": "drought", "shock.depth": 0.2}]) == ["shock.name"]
    assert differing([one | {"case_name": "a"}, one | {"case_name": "b", "crra": 3, "seed": 4}]) == [
        "case_name", "seed",
    ]  # fmt: skip


def test_effects_of_every_run_stand_over_the_setting(swept: Path) -> None:
    document = sweep_document(swept)
    jobs, damaged = read_jobs(swept)
    assert [job.name for job in jobs] == ["0", "1", "2"] and not damaged
    chart = next(
        chart
        for part in document.parts
        for chart in part.charts
        if chart.name == "sweep-interaction"
    )
    assert chart.sheet is not None and len(chart.panels) == 1
    assert [row[1] for row in chart.sheet.rows] == ["0", "0.5", "1"]
    for row, job in zip(chart.sheet.rows, jobs, strict=True):
        effects = job.stored.table("effects")
        found = effects[
            (effects.comparison == "interaction") & (effects.outcome == "consumption")
            & (effects.unit == "percent") & (effects.shock == "covid_like") & (effects.horizon_months == 60)
        ]  # fmt: skip
        assert float(row[3]) == pytest.approx(found.estimate.iloc[0], abs=6e-4)


def test_failures_are_told(swept: Path) -> None:
    document = sweep_document(swept)
    sheets = [
        sheet for part in document.parts if part.name == "failures" for _, sheet in part.sheets
    ]
    assert "SolverError: did not settle" in sheets[0].rows[0][1]


def test_two_settings_make_a_map(swept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    shutil.copytree(swept, folder)
    more = replace(synthetic_results.results(seed=7), seed=2)
    stored(folder / "4", more, settings("planner.believed_end.hazard=1.0", "seed=2"))
    charts = [chart for part in sweep_document(folder).parts for chart in part.charts]
    assert all(
        len(chart.panels) == 1 and "seed" in chart.panels[0].alt for chart in charts if chart.panels
    )
    written = write_report(folder)
    text = written.files[0].read_text(encoding="utf-8")
    assert written.files[0].parent == folder / "report"
    assert "http" not in text and "<figure" in text
    assert write_report(folder).files == written.files, "a second report replaces the first"


def test_many_values_stand_down_the_map_and_doubtful_ones_in_brackets(swept: Path) -> None:
    job = read_jobs(swept)[0][0]
    effects = job.stored.table("effects")
    jobs = [
        replace(
            job,
            name=f"{down}-{across}",
            settings={"one.value": down / 10, "other.value": across / 10},
            stored=replace(
                job.stored, tables={"effects": effects.assign(ci_low=-9.0 if down else 0.1)}
            ),
        )
        for down in range(MOST_ACROSS + 1)
        for across in range(2)
    ]
    chart = effect_chart(jobs, ["one.value", "other.value"], MEASURED[0])
    (panel,) = chart.panels
    assert "by other.value and one.value" in panel.alt, "the longer of the two goes down"
    assert panel.svg.count(">(") == 2 * MOST_ACROSS, "where the interval contains zero"
    assert "(one.value=" in chart.title and "other.value=" in chart.title
    assert chart.sheet is not None and len(chart.sheet.rows) == len(jobs)


def test_a_damaged_run_is_a_failure_and_all_damaged_an_error(swept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    shutil.copytree(swept, folder)
    (folder / "1" / "effects.parquet").write_bytes(b"other")
    parts = {part.name: part for part in sweep_document(folder).parts}
    assert any("effects.parquet" in row[1] for row in parts["failures"].sheets[0][1].rows)
    for name in ("0", "2"):
        (folder / name / "effects.parquet").unlink()
    with pytest.raises(InputError, match=r"effects\.parquet"):
        sweep_document(folder)
