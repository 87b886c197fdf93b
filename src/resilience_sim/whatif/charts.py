"""Charts of the page: points with two bands, the joint interval of luck and sample, and draws beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import altair as alt
import pandas as pd

from resilience_sim.whatif.telling import Measure

Chart: TypeAlias = "alt.LayerChart | alt.FacetChart"

COLOURS = {
    "none": "#555555",
    "cash": "#0072B2",
    "productive": "#009E73",
    "both": "#D55E00",
    "half": "#CC79A7",
    "uncoordinated": "#E69F00",
    "interaction": "#000000",
}
"""By arm, of Okabe and Ito (2008), who chose colours that nobody confuses."""
COORDINATED = "#56B4E9"
"""Of the arm of a world of coordination, whatever its name."""
CALM, STRUCK = "no shock", "shock"
ROW = 44
"""Height of an arm, pixels."""
POINT = 90


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
    data = _with_kind(rows)
    kinds = [kind for kind in (CALM, STRUCK) if kind in set(data["kind"])]
    base = alt.Chart(data).encode(
        y=alt.Y("arm:N", sort=arms, title=None, axis=alt.Axis(labelLimit=110, ticks=False)),
        yOffset=alt.YOffset("kind:N", sort=kinds, scale=alt.Scale(paddingInner=0.3)),
        color=_by_arm(arms),
        tooltip=_tooltip(),
    )
    value = alt.X("estimate:Q", title=None, scale=alt.Scale(zero=False, nice=True),
                  axis=alt.Axis(tickCount=5, grid=True))  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color="#999999").encode(x="zero:Q")
    layers = [
        base.mark_rule(strokeWidth=9, opacity=0.28).encode(
            x=alt.X("draws_low:Q", title=None), x2="draws_high:Q"
        ),
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2="high:Q"),
        base.mark_point(size=POINT, strokeWidth=2, opacity=1).encode(
            x=value,
            shape=alt.Shape(
                "kind:N", sort=kinds, legend=None,
                scale=alt.Scale(domain=kinds, range=["circle", "square"][: len(kinds)]),
            ),
            fill=alt.condition(alt.datum.kind == CALM, _by_arm(arms), alt.value("white")),
        ),
    ]  # fmt: skip
    if float(rows["low"].min()) <= 0.0 <= float(rows["high"].max()):
        layers.insert(0, zero)
    height = ROW * len(arms) * (1.0 if len(kinds) > 1 else 0.7)
    title = alt.TitleParams(told.label, subtitle=unit, anchor="start", fontSize=15, offset=6)
    return _plain(alt.layer(*layers).properties(height=height, title=title))


def years_chart(rows: pd.DataFrame, told: Measure) -> Chart:
    """One measure of one world by year: a line for each arm, its interval, and the band of draws."""
    arms = list(dict.fromkeys(rows["arm"]))
    years = sorted(set(rows["year"]))
    base = alt.Chart(rows).encode(
        x=alt.X("year:Q", title="year of the run",
                axis=alt.Axis(values=years, format="d", grid=False),
                scale=alt.Scale(domain=[0, max(years)])),
        color=_by_arm(arms, alt.Legend(title=None, orient="top", columns=3)),
        tooltip=_tooltip(),
    )  # fmt: skip
    value = alt.Y("low:Q", title=told.unit, scale=alt.Scale(zero=False))
    return _plain(
        alt.layer(
            base.mark_area(opacity=0.12).encode(y=value, y2="high:Q"),
            base.mark_line(strokeWidth=2).encode(y="estimate:Q"),
            base.mark_point(filled=True, size=45, opacity=1).encode(y="estimate:Q"),
        ).properties(height=300)
    )


def _with_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with what the world is, whatever the shock is called."""
    is_calm = rows["world"].isin(["none", CALM])
    return rows.assign(kind=is_calm.map({True: CALM, False: STRUCK}))


def _by_arm(arms: Sequence[str], legend: alt.Legend | None = None) -> alt.Color:
    scale = alt.Scale(domain=list(arms), range=[colour(arm) for arm in arms])
    return alt.Color("arm:N", scale=scale, legend=legend)


def _tooltip() -> list[alt.Tooltip]:
    told = [
        ("estimate", "estimate"), ("low", "95 % low: luck, sample"), ("high", "95 % high"),
        ("draws_low", "5 % of draws"), ("draws_high", "95 % of draws"),
    ]  # fmt: skip
    numbers = [alt.Tooltip(f"{name}:Q", title=title, format=".3f") for name, title in told]
    return [alt.Tooltip("arm:N"), alt.Tooltip("world:N"), alt.Tooltip("year:Q"), *numbers]


def _plain(chart: Chart) -> Chart:
    styled = chart.configure_view(stroke=None).configure_axis(
        labelFontSize=12, titleFontSize=12, labelColor="#333333", titleColor="#333333"
    )
    return cast(Chart, styled)
