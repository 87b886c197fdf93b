"""The report of a sweep: which settings differ over its runs, and what they do to the main effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from resilience_sim import runs
from resilience_sim.errors import Problem
from resilience_sim.report.document.drawing import CHANCES, drawing, svg_of, zero_line
from resilience_sim.report.document.jobs import EFFECTS, Job, differing, failures, read_jobs
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ACROSS, MOST_DOWN = 10, 24
"""Values of the two settings that a map with its numbers has room for."""
MOST_POINTS = 56
"""Values of one setting that a picture has room for."""
FEW = 6
"""Runs of one value, or columns of a map, up to which a picture is drawn large."""
MOST_TOLD = 30
"""Numbers of a map that are told to who cannot see it; of larger ones the ends and corners."""
Row = Mapping[Any, Any]
"""A row of effects by column."""
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
    charts = tuple(effect_chart(jobs, keys, of) for of in MEASURED)
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


def _effects_of(jobs: Sequence[Job], of: Measured) -> Iterator[tuple[Job, Row]]:
    """One effect of every run that has it, in the run's last world."""
    for job, rows in zip(jobs, _rows(jobs, of), strict=True):
        world = job.stored.worlds[-1]
        arm = job.stored.lead if of.comparison == "control" else None
        at = [row for row in rows if row["shock"] == world and arm in (None, row["arm"])]
        if not at:
            continue
        year = told_horizons(row["horizon_months"] // 12 for row in at)[of.which]
        row = next(row for row in at if row["horizon_months"] == 12 * year)
        if not math.isnan(row["estimate"]):
            yield job, row


def _rows(jobs: Sequence[Job], of: Measured) -> list[list[Row]]:
    """Rows of one effect in every run; all runs are searched at once, which is far faster than each alone."""
    tables = [job.stored.table(EFFECTS) for job in jobs]
    found = where(
        pd.concat(tables, keys=range(len(jobs))), outcome=of.outcome, comparison=of.comparison, unit=of.unit
    )  # fmt: skip
    rows: list[list[Row]] = [[] for _ in jobs]
    for (place, _), row in zip(found.index, found.to_dict("records"), strict=True):
        rows[place].append(row)
    return rows


def effect_chart(jobs: Sequence[Job], keys: Sequence[str], of: Measured) -> Chart:
    """One effect of every run over the settings that differ: a picture, and a table with all intervals."""
    found = list(_effects_of(jobs, of))
    name = f"sweep-{of.name}"
    if not found:
        reason = "no run lived the arms it needs, or its effect is not known"
        return Chart(name, of.words, (), "", reason=reason)
    low, high = (min(found, key=_estimate), max(found, key=_estimate))
    told = [_told(*each, keys) for each in ([low] if low is high else [low, high])]
    panels = tuple(_effect_panels(found, keys, of, name))
    is_nothing = all(row["ci_low"] == row["ci_high"] == 0 for _, row in found)
    title = f"{of.words}: {'nothing at all in any run' if is_nothing else ' up to '.join(told)}"
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


def _told(job: Job, row: Row, keys: Sequence[str]) -> str:
    ends = interval_words(row["ci_low"], row["ci_high"], 2)
    settings = ", ".join(f"{_short(key, keys)}={_shown(job.settings.get(key))}" for key in keys)
    return f"{number(row['estimate'], 2)}, {ends} ({settings or job.name})"


def _short(key: str, keys: Sequence[str]) -> str:
    """The last words of a key, as many as tell it from the others; that of a file is its group."""
    words = key.removesuffix(".name").split(".")
    others = [other.removesuffix(".name").split(".") for other in keys if other != key]
    n = next(
        (n for n in range(1, len(words)) if all(o[-n:] != words[-n:] for o in others)), len(words)
    )
    return ".".join(words[-n:])


def _estimate(found: tuple[Job, Row]) -> float:
    return float(found[1]["estimate"])


def _effect_panels(
    found: Sequence[tuple[Job, Row]], keys: Sequence[str], of: Measured, name: str
) -> Iterator[Panel]:
    told = {key: len(_values(found, key)) for key in keys}
    told = {key: n_values for key, n_values in told.items() if n_values > 1}
    if len(told) == 2 and min(told.values()) <= MOST_ACROSS and max(told.values()) <= MOST_DOWN:
        across, down = (
            told if max(told.values()) <= MOST_ACROSS else sorted(told, key=told.__getitem__)
        )
        yield _map(found, across, down, of, name)
        return
    for key, n_values in told.items():
        if n_values <= MOST_POINTS:
            yield _points(found, key, of, f"{name}-{key.replace('.', '-').replace('_', '-')}")


def _points(found: Sequence[tuple[Job, Row]], key: str, of: Measured, name: str) -> Panel:
    """Every run's effect over one setting, with its interval; runs of one value stand side by side."""
    values = _values(found, key)
    groups: dict[str, list[Row]] = {value: [] for value in values}
    for job, row in found:
        groups[_shown(job.settings.get(key))].append(row)
    place = [
        at + 0.5 * (i - (len(rows) - 1) / 2) / len(rows)
        for at, rows in enumerate(groups.values())
        for i in range(len(rows))
    ]
    low, middle, high = (
        np.array([row[end] for rows in groups.values() for row in rows])
        for end in ("ci_low", "estimate", "ci_high")
    )
    most = max(map(len, groups.values()))
    with drawing(margins=None) as (figure, axes):
        zero_line(axes)
        axes.errorbar(
            place, middle, yerr=np.nan_to_num([middle - low, high - middle]), fmt="o", color="#0072B2",
            markersize=5 if most <= FEW else 2.5, capsize=2.5 if most <= FEW else 0,
            elinewidth=1.1 if most <= FEW else 0.6,
        )  # fmt: skip
        _name_values(axes, values)
        axes.set_xlim(-0.6, len(values) - 0.4)
        axes.set_xlabel(key)
        axes.set_ylabel(of.axis)
        svg = svg_of(figure, name)
    parts = [
        f"{value}: {_between([row['estimate'] for row in rows])}" for value, rows in groups.items()
    ]
    return Panel(svg, f"{of.words} by {key}: {'; '.join(parts)}.", key)


def _between(estimates: Sequence[float]) -> str:
    """Estimates of one value, or the least and the most of many."""
    if len(estimates) <= FEW:
        return ", ".join(number(each, 2) for each in estimates)
    return f"{number(min(estimates), 2)} to {number(max(estimates), 2)}"


def _map(
    found: Sequence[tuple[Job, Row]], across: str, down: str, of: Measured, name: str
) -> Panel:
    """The mean effect over two settings as a map with its numbers."""
    columns, lines = _values(found, across), _values(found, down)
    shape = len(lines), len(columns)
    sums, counts, open_signs = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for job, row in found:
        at = (
            lines.index(_shown(job.settings.get(down))),
            columns.index(_shown(job.settings.get(across))),
        )
        sums[at] += row["estimate"]
        counts[at] += 1
        open_signs[at] += row["ci_low"] <= 0 <= row["ci_high"]
    with np.errstate(invalid="ignore"):
        mean = sums / counts
    low, high = float(np.nanmin(mean)), float(np.nanmax(mean))
    digits = 2 if max(abs(low), abs(high)) < 10 else 1 if max(abs(low), abs(high)) < 100 else 0
    is_few = len(lines) <= MOST_ACROSS
    with drawing(1.4 + (0.36 if is_few else 0.22) * len(lines), margins=None) as (figure, axes):
        axes.pcolormesh(
            np.arange(len(columns) + 1) - 0.5, np.arange(len(lines) + 1) - 0.5, mean, cmap=CHANCES, vmin=low,
            vmax=max(high, low + 1e-9), edgecolors="white", linewidth=1,
        )  # fmt: skip
        for i, j in np.ndindex(shape):
            is_dark = mean[i, j] < low + 0.55 * (high - low) or low == high
            told = number(float(mean[i, j]), digits)
            axes.text(
                j, i, f"({told})" if open_signs[i, j] else told, ha="center", va="center",
                fontsize=8 if is_few and len(columns) <= FEW else 6.5,
                color="white" if is_dark else "#222222",
            )  # fmt: skip
        _name_values(axes, columns)
        axes.set_yticks(range(len(lines)), lines)
        axes.grid(False)
        axes.set_xlabel(across)
        axes.set_ylabel(down)
        svg = svg_of(figure, name)
    heading = f"{of.axis}; in brackets where an interval contains zero"
    if mean.size <= MOST_TOLD:
        parts = [
            f"{columns[j]}, {lines[i]}: {number(float(mean[i, j]), 2)}"
            for i, j in np.ndindex(shape)
        ]
    else:
        parts = [
            f"{word} {number(float(mean[i, j]), 2)} at {columns[j]}, {lines[i]}"
            for word, (i, j) in (
                ("lowest", np.unravel_index(np.nanargmin(mean), shape)),
                ("highest", np.unravel_index(np.nanargmax(mean), shape)),
            )
        ] + [
            f"{number(float(mean[i, j]), 2)} at {columns[j]}, {lines[i]}"
            for i in (0, -1)
            for j in (0, -1)
        ]
    return Panel(svg, f"{of.words} by {across} and {down}: {'; '.join(parts)}.", heading)


def _name_values(axes: Axes, values: Sequence[str]) -> None:
    """Values of a setting below the axis, turned where they would run into each other."""
    letters = max(map(len, values)) * len(values)
    angle = 0 if letters <= 40 else 30 if len(values) <= MOST_ACROSS else 90
    axes.set_xticks(
        range(len(values)), values, rotation=angle, ha="right" if angle == 30 else "center"
    )


def _values(found: Sequence[tuple[Job, Row]], key: str) -> list[str]:
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
