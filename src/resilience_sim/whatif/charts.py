"""Charts of the page as Vega-Lite: points with the interval of luck and sample, and draws beside it.

Data stand apart from the picture: where they alone change, the browser need not build the picture again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from resilience_sim.report.colours import ARMS, COORDINATED, UNCOORDINATED
from resilience_sim.whatif.telling import Measure

COLOURS = {**ARMS, "uncoordinated": UNCOORDINATED, "interaction": "#000000"}
COLUMNS = ("arm", "world", "year", "estimate", "low", "high", "draws_low", "draws_high")
"""Columns of `telling` that charts draw and tell where they are pointed at."""
CALM, STRUCK = "no shock", "shock"
ROW = 40
"""Height of an arm that is told without and with a shock, pixels."""
FRAME = 95
"""Height of title and axis, pixels."""

Spec = dict[str, Any]


class Chart(NamedTuple):
    """What is drawn, and how."""

    data: pd.DataFrame
    spec: Spec


def colour(arm: str) -> str:
    """Colour of an arm, the same everywhere."""
    return COLOURS.get(arm, COORDINATED)


def bands_chart(rows: pd.DataFrame, told: Measure, unit: str) -> Chart:
    """One measure by arm, without and with the shock: point, interval, and the wide pale bar of draws.

    Parameters
    ----------
    rows
        One year of one measure from `telling`, one row per arm and world.
    told, unit
        The measure, for its title, and the unit in words.
    """
    arms = list(dict.fromkeys(rows["arm"]))
    is_calm = rows["world"].isin(["none", CALM])
    data = rows.assign(kind=is_calm.map({True: CALM, False: STRUCK}))
    kinds = [kind for kind in (CALM, STRUCK) if kind in set(data["kind"])]
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 9, "opacity": 0.28},
            "encoding": {"x": _number("draws_low"), "x2": {"field": "draws_high"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": _number("low"), "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "size": 90, "strokeWidth": 2, "opacity": 1},
            "encoding": {
                "x": _number("estimate") | {
                    "scale": {"zero": False, "nice": True},
                    "axis": {"tickCount": 5, "labelOverlap": True},
                },
                "shape": {
                    "field": "kind", "type": "nominal", "legend": None, "sort": kinds,
                    "scale": {"domain": kinds, "range": ["circle", "square"][: len(kinds)]},
                },
                "fill": {
                    "condition": {"test": f"datum.kind === '{CALM}'", **_by_arm(arms, None)},
                    "value": "white",
                },
            },
        },
    ]  # fmt: skip
    if float(rows["low"].min()) <= 0.0 <= float(rows["high"].max()):
        zero = {"mark": {"type": "rule", "color": "#999999"}, "encoding": {"x": {"datum": 0.0}}}
        layers.insert(0, zero)
    spec = {
        "title": {"text": told.label, "subtitle": unit, "anchor": "start", "fontSize": 15},
        "height": FRAME + ROW * len(arms) * (1.0 if len(kinds) > 1 else 0.7),
        "encoding": {
            "y": {
                "field": "arm", "type": "nominal", "sort": arms, "title": None,
                "axis": {"labelLimit": 110, "ticks": False, "labelOverlap": False},
            },
            "yOffset": {"field": "kind", "type": "nominal", "sort": kinds},
            "color": _by_arm(arms, None),
            "tooltip": _tooltip(),
        },
        "layer": layers,
        "config": {"view": {"stroke": None}},
    }  # fmt: skip
    return Chart(data[[*COLUMNS, "kind"]], spec)


def years_chart(rows: pd.DataFrame, told: Measure) -> Chart:
    """One measure of one world by year: a line for each arm with its interval of luck and sample."""
    arms = list(dict.fromkeys(rows["arm"]))
    years = sorted(int(year) for year in set(rows["year"]))
    low = _number("low") | {"title": told.unit, "scale": {"zero": False}}
    n_columns = 4 if len(arms) <= 4 else 3  # as many as a narrow screen has room for
    legend = {"title": None, "orient": "top", "columns": n_columns, "symbolOpacity": 1}
    spec = {
        "height": 360,
        "encoding": {
            "x": {
                "field": "year", "type": "quantitative", "title": "year of the run",
                "axis": {"values": years, "format": "d", "grid": False},
                "scale": {"domain": [0, years[-1]]},
            },
            "color": _by_arm(arms, legend),
            "tooltip": _tooltip(),
        },
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.12},
                "encoding": {"y": low, "y2": {"field": "high"}},
            },
            {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"y": _number("estimate")}},
            {
                "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                "encoding": {"y": _number("estimate")},
            },
        ],
        "config": {"view": {"stroke": None}},
    }  # fmt: skip
    return Chart(rows[list(COLUMNS)], spec)


def _number(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "title": None}


def _by_arm(arms: Sequence[str], legend: Spec | None) -> Spec:
    scale = {"domain": list(arms), "range": [colour(arm) for arm in arms]}
    return {"field": "arm", "type": "nominal", "scale": scale, "legend": legend}


def _tooltip() -> list[Spec]:
    numbers = {
        "estimate": "estimate", "low": "95 % low: luck and sample", "high": "95 % high",
        "draws_low": "5 % of draws", "draws_high": "95 % of draws",
    }  # fmt: skip
    return [
        *({"field": name, "type": "nominal"} for name in ("arm", "world", "year")),
        *(
            {"field": name, "type": "quantitative", "title": title, "format": ".3f"}
            for name, title in numbers.items()
        ),
    ]
