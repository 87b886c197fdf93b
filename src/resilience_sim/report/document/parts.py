"""Parts of a report, as data: what is said, drawn and tabulated, before it becomes HTML or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """A table as it is shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str = ""
    """Where the numbers stand in full."""


@dataclass(frozen=True)
class Panel:
    """One picture of a chart."""

    svg: str
    """An `svg` element without namespaces and prolog."""
    alt: str
    """What is to be seen, for who cannot see it."""
    heading: str = ""


@dataclass(frozen=True)
class Chart:
    """Pictures under one title that says the finding, with the table behind them."""

    name: str
    """Anchor, and stem of the files of its pictures."""
    title: str
    panels: tuple[Panel, ...]
    source: str
    sheet: Sheet | None = None
    note: str = ""
    """What lines, bands and marks are."""
    reason: str = ""
    """Why there is no picture, where there is none."""
    further: tuple[str, str] | None = None
    """What the chart leaves to another command, and that command."""


@dataclass(frozen=True)
class Part:
    """One section of the report."""

    name: str
    heading: str
    said: tuple[str, ...] = ()
    """Paragraphs that open it."""
    charts: tuple[Chart, ...] = ()
    sheets: tuple[tuple[str, Sheet], ...] = ()
    """Tables of their own, each with its heading."""
    listings: tuple[tuple[str, str], ...] = ()
    """Plain text such as a configuration, each with its heading."""


@dataclass(frozen=True)
class KeyFigure:
    """One number of the first page, with its band."""

    label: str
    value: str
    band: str


@dataclass(frozen=True)
class Finding:
    """One paragraph of the first page, and the section that bears it out."""

    topic: str
    text: str
    link: str


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    about: tuple[str, ...]
    """What was run, and what the numbers are in."""
    figures: tuple[KeyFigure, ...]
    findings: tuple[Finding, ...]
    caution: str
    """How far the bands reach."""
    parts: tuple[Part, ...]


def absent(name: str, subject: str, reason: str) -> Chart:
    """A chart that cannot be drawn, and why."""
    return Chart(name, subject, (), "", reason=reason)


def sheet_of(columns: Sequence[str], rows: Iterable[Sequence[str]], file: str = "") -> Sheet:
    """A sheet from any rows of text."""
    return Sheet(tuple(columns), tuple(tuple(row) for row in rows), file)
