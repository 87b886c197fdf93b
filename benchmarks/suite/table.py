"""A report as JSON and as Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby

from .report import GOALS, Report, is_held


def as_json(report: Report) -> str:
    """Everything, with the ratios on top."""
    told = {
        "ratios": report.ratios,
        "ratios_of_best": report.ratios_of_best,
        "reasons": report.reasons,
        "goals": GOALS,
        "machine": report.machine,
        "rows": [asdict(row) | {"is_held": row.is_held} for row in report.rows],
    }
    return json.dumps(told, indent=1) + "\n"


def markdown(report: Report) -> str:
    """The machine, the ratios beside their goals, and one table for each group of rows."""
    lines = ["; ".join(f"{name} {value}" for name, value in report.machine.items()), ""]
    lines += [
        "| ratio | measured | of the bests | goal | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, value in report.ratios.items():
        goal = GOALS[name]
        measured, best = (_number(each) for each in (value, report.ratios_of_best[name]))
        note = goal.meaning + (f"; {report.reasons[name]}" if name in report.reasons else "")
        bound = _told(goal.bound, value)
        lines.append(f"| `{name}` | {measured} | {best} | {bound} | {note} |")
    for group, rows in groupby(report.rows, lambda row: row.group):
        lines += [
            "",
            f"| {group} | median | best | unit | goal | note |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for row in rows:
            median, best = (_number(row.median), _number(row.best))
            bound = _told(row.goal, row.median)
            lines.append(f"| {row.what} | {median} | {best} | {row.unit} | {bound} | {row.note} |")
    return "\n".join(lines) + "\n"


def _told(goal: str, value: float | None) -> str:
    """A goal, and whether it is held."""
    held = is_held(goal, value)
    return goal if held is None else f"{goal}: {'held' if held else 'not held'}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
