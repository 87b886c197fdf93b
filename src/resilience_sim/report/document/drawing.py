"""Drawing: one look for all charts, and SVG that is the same bytes for the same numbers.

Colours are those of Okabe and Ito (2008), which the colour blind can tell apart; line styles and marks
differ as well. A picture is as wide as a phone, so that its letters can be read there; wide pages set
several beside each other.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resilience_sim.report.colours import ARMS, COORDINATED, UNCOORDINATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.6, 3.1
"""Inches of a picture."""
INK, FAINT = "#333333", "#d9d9d9"
CHANCES = "cividis"
"""Colour map that grows in lightness, so that it survives print and colour blindness."""


class Margins(NamedTuple):
    """Room around the axes, inches."""

    left: float = 0.64
    bottom: float = 0.46
    right: float = 0.1
    top: float = 0.27


MARGINS = Margins()
"""Room for numbers, a label on either side and a legend above."""


LETTER, ROW = 0.068, 0.17
"""Inches that a letter of a legend takes across, and a row of it down."""
LINE_HANDLE, MARK_HANDLE = 2.2, 1.0
"""Letters that a sample of a line takes beside its name, and of a mark."""


class Look(NamedTuple):
    """How one arm is drawn everywhere."""

    color: str
    line: Any
    marker: str


LOOKS = {
    "none": Look(ARMS["none"], "-", "o"),
    "cash": Look(ARMS["cash"], (0, (5, 1.5)), "s"),
    "productive": Look(ARMS["productive"], (0, (6, 1.5, 1.2, 1.5)), "^"),
    "both": Look(ARMS["both"], "-", "D"),
    "half": Look(ARMS["half"], (0, (1.5, 1.2)), "v"),
}
OTHERS = (
    Look(COORDINATED, (0, (4, 1, 1, 1, 1, 1)), "P"),
    Look(UNCOORDINATED, (0, (2.5, 1)), "X"),
    Look("#882255", (0, (7, 2)), "<"),
    Look("#332288", (0, (1, 1)), ">"),
    Look("#117733", (0, (3, 2)), "*"),
)
_STYLE: Any = {
    "svg.hashsalt": "resilience-sim",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "legend.frameon": False,
    "path.simplify_threshold": 0.2,
}
_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_OPENING = re.compile(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)
_IDS = re.compile(r' id="([^"]+)"')
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_BLANKS = re.compile(r"\n\s*")
_TAG = re.compile(r"<[^>]*>")
_LONG = re.compile(r"(\d+\.\d{2})\d+")


def look_of(arm: str, arms: Sequence[str]) -> Look:
    """Colour, line and mark of an arm; arms of a case's own take the others in their order."""
    if arm in LOOKS:
        return LOOKS[arm]
    own = [each for each in arms if each not in LOOKS]
    return OTHERS[own.index(arm) % len(OTHERS)]


@contextmanager
def drawing(
    height: float = HEIGHT, width: float = WIDTH, margins: Margins | None = MARGINS
) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes, in the common look, for as long as it is drawn on.

    Without margins they are fitted to what stands there, which takes as long again as drawing it.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout=None if margins else "constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        if margins is not None:
            figure.subplots_adjust(
                margins.left / width, margins.bottom / height, 1 - margins.right / width,
                1 - margins.top / height,
            )  # fmt: skip
        yield figure, axes


def svg_of(figure: Figure, name: str) -> str:
    """The figure as an `svg` element, without namespaces and dates; to be called while it is drawn.

    `name` stands before what its parts call each other, so that several pictures fit one page.
    """
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = _METADATA.sub("", _PROLOG.sub("", stream.getvalue(), count=1))
    text = _BLANKS.sub("\n", _COMMENT.sub("", text)).strip()
    box = _OPENING.search(text)
    assert box is not None
    text = _OPENING.sub("", text, count=1).removesuffix("</svg>")
    text = text.replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))

    def named(found: re.Match[str]) -> str:
        return f' id="{name}-{found.group(1)}"' if found.group(1) in used else ""

    text = _IDS.sub(named, text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    short = _TAG.sub(lambda found: _LONG.sub(r"\1", found.group()), text)
    return f'<svg viewBox="{box.group(1)}">{short}</svg>'


def whole_years(axes: Axes) -> None:
    """Let the ticks of the horizontal axis be whole numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))


def legend_above(axes: Axes, handle: float = LINE_HANDLE) -> None:
    """Names of what is drawn above the picture, where they cover nothing, in as many rows as they take.

    `handle` is how long the sample beside a name is, in letters. Where margins are not fitted the
    picture grows by the rows beyond the first.
    """
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    figure = axes.figure
    assert isinstance(figure, Figure)
    room = axes.get_position().width * figure.get_size_inches()[0]
    columns = next(
        n for n in range(len(labels), 0, -1) if n == 1 or _width(labels, n, handle) <= room
    )
    rows = -(-len(labels) // columns)
    axes.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, borderaxespad=0.2,
        handlelength=handle, columnspacing=1.0, handletextpad=0.5,
    )  # fmt: skip
    if figure.get_layout_engine() is None and rows > 1:
        _grow(figure, ROW * (rows - 1))


def _width(labels: Sequence[str], columns: int, handle: float) -> float:
    """Inches that a legend takes; its first columns hold one name more, each is as wide as its longest."""
    longest = [max(map(len, names)) for names in np.array_split(np.asarray(labels), columns)]
    return LETTER * (sum(longest) + columns * (handle + 2.5))


def _grow(figure: Figure, inches: float) -> None:
    """Make room above the axes, which stay as large as they are."""
    width, height = figure.get_size_inches()
    at = figure.subplotpars
    whole = height + inches
    figure.set_size_inches(width, whole)
    figure.subplots_adjust(bottom=at.bottom * height / whole, top=at.top * height / whole)


def luck_band(axes: Axes, at: np.ndarray, low: np.ndarray, high: np.ndarray, look: Look) -> None:
    """A band around a line, faint enough to lie over others, with edges of its own."""
    axes.fill_between(at, low, high, color=look.color, alpha=0.14, linewidth=0)
    for edge in (low, high):
        axes.plot(at, edge, color=look.color, linestyle=look.line, linewidth=0.5, alpha=0.55)


def zero_line(axes: Axes, vertical: bool = False) -> None:
    """A line where a difference is nothing."""
    (axes.axvline if vertical else axes.axhline)(0, color=INK, linewidth=0.8, zorder=1)
