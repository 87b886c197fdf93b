"""The report of a sweep: which settings differ over its runs, and what they do to the main effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resilience_sim import runs
from resilience_sim.errors import Problem
from resilience_sim.report.document.drawing import CHANCES, drawing, svg_of, zero_line
from resilience_sim.report.document.jobs import Job, differing, failures, read_jobs
from resilience_sim.report.document.parts import (
    Chart,
    Document,
    Finding,
    Panel,
    Part,
    Sheet,
    sheet_of,
)
from resilience_sim.report.page import MISSING, count, interval_words, number, told_horizons, where

MOST_VALUES = 14
"""Values of a setting that a picture has room for."""
CAUTION = (
    "Intervals join luck and sample of each run; each says how exactly the model was computed there. Runs of a "
    "sweep are settings side by side, without weights: their spread is no band."
)


@dataclass(frozen=True)
class Measured:
    """One effect that is told of every run."""

    name: str
    words: str
    axis: str
    outcome: str
    comparison: str
    unit: str
    which: int
    """0 the first of the two horizons told, -1 the last."""


MEASURED = (
    Measured("poor", "Poverty under both less none", "Points of persons poor", "poor", "control", "pp", 0),
    Measured("consumption", "Consumption under both less none", "Percent of none", "consumption", "control",
             "percent", 0),
    Measured("interaction", "Both less the sum of each, consumption", "Percent of none", "consumption",
             "interaction", "percent", 0),
    Measured("lifted", "Lifted from no way up under both less none", "Points of persons", "lifted", "control",
             "pp", -1),
    Measured("escaped", "Out of the trap under both less none", "Points of persons", "escaped", "control", "pp",
             -1),
)  # fmt: skip


def is_sweep(source: Path) -> bool:
    """Whether there are finished runs below a folder that is none itself."""
    return source.is_dir() and next(source.rglob(runs.MANIFEST), None) is not None


def sweep_document(source: Path) -> Document:
    """Lay out all finished runs below a folder as one document.

    Raises
    ------
    RunDirectoryError
        Where no run can be read; damaged runs beside sound ones are listed as failures.
    """
    jobs, damaged = read_jobs(source)
    if not jobs:
        raise runs.RunDirectoryError(
            damaged or [Problem(str(source), "have finished runs with effects below it", "none")]
        )
    keys = differing([job.settings for job in jobs])
    charts = tuple(_effect_chart(jobs, keys, of) for of in MEASURED)
    told = tuple(
        Finding(
            chart.title.partition(":")[0],
            chart.title.partition(":")[2].strip() or chart.reason,
            chart.name,
        )
        for chart in charts
    )
    failed = [*failures(source), *(["a run", str(problem)] for problem in damaged)]
    parts = [
        Part("effects", "Main effects over the swept settings", charts=charts),
        Part("runs", "The runs", sheets=(("Runs and their settings", _run_sheet(jobs, keys)),)),
    ]
    if failed:
        sheet = sheet_of(["what", "said"], failed)
        parts.append(Part("failures", "Failures", sheets=(("Jobs that failed", sheet),)))
    parts.append(
        Part("appendix", "Appendix: versions and hashes", sheets=(("Manifests", _hashes(jobs)),))
    )
    swept = ", ".join(keys) or "nothing"
    about = (
        f"{count(len(jobs), 'finished run')} below {source.name}; settings that differ: {swept}. "
        f"{count(len(failed), 'failure')}.",
    )
    return Document(f"Sweep over {swept}", about, (), told, CAUTION, tuple(parts))


def _effect_of(job: Job, of: Measured) -> pd.Series | None:
    """The row of one effect in the last world of one run; None where the run has none."""
    rows = where(
        job.stored.table("effects"),
        outcome=of.outcome,
        comparison=of.comparison,
        unit=of.unit,
        shock=job.stored.worlds[-1],
    )
    if of.comparison == "control":
        rows = where(rows, arm=job.stored.lead)
    if rows.empty:
        return None
    year = told_horizons(rows["horizon_months"] // 12)[of.which]
    row = where(rows, horizon_months=12 * year).iloc[0]
    return None if np.isnan(row["estimate"]) else row


def _effect_chart(jobs: Sequence[Job], keys: Sequence[str], of: Measured) -> Chart:
    found = [(job, row) for job in jobs if (row := _effect_of(job, of)) is not None]
    name = f"sweep-{of.name}"
    if not found:
        reason = "no run lived the arms it needs, or its effect is not known"
        return Chart(name, of.words, (), "", reason=reason)
    low, high = (min(found, key=_estimate), max(found, key=_estimate))
    told = [_told(*each, keys) for each in ([low] if low is high else [low, high])]
    panels = tuple(_effect_panels(found, keys, of, name))
    title = f"{of.words}: {' up to '.join(told)}"
    sheet = sheet_of(
        ["run", *keys, "year", of.axis.lower(), "95 % interval"],
        [
            [
                job.name, *(_shown(job.settings.get(key)) for key in keys), str(row["horizon_months"] // 12),
                number(row["estimate"], 3), f"[{number(row['ci_low'], 3)}, {number(row['ci_high'], 3)}]",
            ]
            for job, row in found
        ],
        "effects.parquet",
    )  # fmt: skip
    source = f"Source: {count(len(found), 'run')} of the sweep; effects.parquet of each"
    reason = "" if panels else "no setting differs, so there is nothing to draw it over"
    note = (
        "Eligible persons, with the shock of the run where it has one. 95 % intervals are from luck and "
        "sampling of each run."
    )
    return Chart(name, title, panels, source, sheet, note, reason)


def _told(job: Job, row: pd.Series, keys: Sequence[str]) -> str:
    ends = interval_words(row["ci_low"], row["ci_high"], 2)
    settings = ", ".join(f"{_short(key)}={_shown(job.settings.get(key))}" for key in keys)
    return f"{number(row['estimate'], 2)}, {ends} ({settings or job.name})"


def _short(key: str) -> str:
    """The last word of a key that says what it is: that of a file is its group."""
    return key.removesuffix(".name").rpartition(".")[2]


def _estimate(found: tuple[Job, pd.Series]) -> float:
    return float(found[1]["estimate"])


def _effect_panels(
    found: Sequence[tuple[Job, pd.Series]], keys: Sequence[str], of: Measured, name: str
) -> Iterator[Panel]:
    told = [key for key in keys if len({_shown(job.settings.get(key)) for job, _ in found}) > 1]
    if len(told) == 2 and all(_n_values(found, key) <= MOST_VALUES for key in told):
        yield _map(found, told, of, name)
        return
    for key in told:
        if _n_values(found, key) <= 4 * MOST_VALUES:
            yield _points(found, key, of, f"{name}-{key.replace('.', '-').replace('_', '-')}")


def _n_values(found: Sequence[tuple[Job, pd.Series]], key: str) -> int:
    return len({_shown(job.settings.get(key)) for job, _ in found})


def _points(found: Sequence[tuple[Job, pd.Series]], key: str, of: Measured, name: str) -> Panel:
    """Every run's effect over one setting."""
    values = _values(found, key)
    parts = []
    with drawing(margins=None) as (figure, axes):
        zero_line(axes)
        for job, row in found:
            at = values.index(_shown(job.settings.get(key)))
            others = [each for each, _ in found if _shown(each.settings.get(key)) == values[at]]
            shift = 0.5 * (others.index(job) - (len(others) - 1) / 2) / max(len(others), 1)
            half = np.nan_to_num(
                [[row["estimate"] - row["ci_low"]], [row["ci_high"] - row["estimate"]]]
            )
            axes.errorbar(
                [at + shift], [row["estimate"]], yerr=half, fmt="o", color="#0072B2", markersize=5,
                capsize=2.5, elinewidth=1.1,
            )  # fmt: skip
            parts.append(f"{values[at]}: {number(row['estimate'], 2)}")
        angle = 30 if max(map(len, values)) * len(values) > 40 else 0
        axes.set_xticks(
            range(len(values)), values, rotation=angle, ha="right" if angle else "center"
        )
        axes.set_xlim(-0.6, len(values) - 0.4)
        axes.set_xlabel(key)
        axes.set_ylabel(of.axis)
        svg = svg_of(figure, name)
    return Panel(svg, f"{of.words} by {key}: {'; '.join(parts)}.", key)


def _map(
    found: Sequence[tuple[Job, pd.Series]], keys: Sequence[str], of: Measured, name: str
) -> Panel:
    """The mean effect over two settings as a map with its numbers."""
    across, down = (_values(found, key) for key in keys)
    sums, counts = np.zeros((len(down), len(across))), np.zeros((len(down), len(across)))
    for job, row in found:
        at = (
            down.index(_shown(job.settings.get(keys[1]))),
            across.index(_shown(job.settings.get(keys[0]))),
        )
        sums[at] += row["estimate"]
        counts[at] += 1
    with np.errstate(invalid="ignore"):
        mean = sums / counts
    parts = []
    with drawing(1.4 + 0.36 * len(down), margins=None) as (figure, axes):
        low, high = float(np.nanmin(mean)), float(np.nanmax(mean))
        axes.pcolormesh(
            np.arange(len(across) + 1) - 0.5, np.arange(len(down) + 1) - 0.5, mean, cmap=CHANCES, vmin=low,
            vmax=max(high, low + 1e-9), edgecolors="white", linewidth=1,
        )  # fmt: skip
        for i, j in np.ndindex(mean.shape):
            is_dark = mean[i, j] < low + 0.55 * (high - low) or low == high
            axes.text(
                j, i, number(float(mean[i, j]), 2), ha="center", va="center", fontsize=8,
                color="white" if is_dark else "#222222",
            )  # fmt: skip
            parts.append(f"{across[j]}, {down[i]}: {number(float(mean[i, j]), 2)}")
        angle = 30 if max(map(len, across)) * len(across) > 40 else 0
        axes.set_xticks(
            range(len(across)), across, rotation=angle, ha="right" if angle else "center"
        )
        axes.set_yticks(range(len(down)), down)
        axes.grid(False)
        axes.set_xlabel(keys[0])
        axes.set_ylabel(keys[1])
        svg = svg_of(figure, name)
    heading = f"{of.axis}; intervals in the table"
    return Panel(svg, f"{of.words} by {keys[0]} and {keys[1]}: {'; '.join(parts)}.", heading)


def _values(found: Sequence[tuple[Job, pd.Series]], key: str) -> list[str]:
    """Values of a setting over the runs: numbers by size, others in the order of the runs."""
    values = [job.settings.get(key) for job, _ in found]
    if all(isinstance(each, int | float) for each in values):
        values.sort()
    return list(dict.fromkeys(map(_shown, values)))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return MISSING if value is None else str(value)


def _run_sheet(jobs: Sequence[Job], keys: Sequence[str]) -> Sheet:
    columns = ["run", "case", *keys, "households", "replicates", "seconds"]
    return sheet_of(
        columns,
        [
            [
                job.name, job.stored.case, *(_shown(job.settings.get(key)) for key in keys),
                f"{job.stored.manifest['n_households']:,}", str(job.stored.manifest["replicates"]),
                f"{sum(job.stored.manifest['seconds'].values()):.1f}",
            ]
            for job in jobs
        ],
        "manifest.json",
    )  # fmt: skip


def _hashes(jobs: Sequence[Job]) -> Sheet:
    return sheet_of(
        ["run", "version", "seed", "SHA-256 of config.yaml", "of effects.parquet"],
        [
            [
                job.name, str(job.stored.manifest["package"]["version"]), str(job.stored.manifest["seed"]),
                *(job.stored.manifest["files"].get(name, {}).get("sha256", MISSING)
                  for name in (runs.CONFIG, "effects.parquet")),
            ]
            for job in jobs
        ],
        runs.MANIFEST,
    )  # fmt: skip
