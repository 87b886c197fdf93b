"""A document as Markdown, with its pictures as SVG files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from resilience_sim.report.document.parts import Chart, Document, Part, Sheet

MARK = "<!-- resilience-sim report -->"
"""By which our own files are known again."""
FOLDER = "figures"
MOST_ROWS = 24
"""Rows of a table that are shown; the file it comes from has the rest."""


def markdown_of(document: Document) -> str:
    """The document as Markdown text; its pictures are those of `pictures_of`."""
    return "\n".join([*_lines(document), ""])


def pictures_of(document: Document) -> dict[str, str]:
    """Text of each picture's SVG file, by the file's name."""
    return {
        file: (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            + panel.svg.replace(
                "<svg ",
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(panel.alt)}" ',
                1,
            )
            + "\n"
        )
        for part in document.parts
        for chart in part.charts
        for file, panel in zip(_files(chart), chart.panels, strict=True)
    }


def _files(chart: Chart) -> list[str]:
    if len(chart.panels) == 1:
        return [f"{chart.name}.svg"]
    return [f"{chart.name}-{i + 1}.svg" for i in range(len(chart.panels))]


def _lines(document: Document) -> Iterator[str]:
    yield from (MARK, f"# {document.title}", "")
    for text in document.about:
        yield from (text, "")
    yield from ("## Findings", "")
    for figure in document.figures:
        yield f"- **{figure.value}** {_safe(figure.label)} ({_safe(figure.band)})"
    yield ""
    for finding in document.findings:
        yield from (f"**{finding.topic}.** {_safe(finding.text)}", "")
    yield from (f"> {document.caution}", "")
    for part in document.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    yield from (f"## {part.heading}", "")
    for text in part.said:
        yield from (_safe(text), "")
    for chart in part.charts:
        yield from _chart(chart)
    for heading, sheet in part.sheets:
        yield from (f"### {heading}", "")
        yield from _table(sheet)
    for heading, text in part.listings:
        yield from (f"### {heading}", "", "```yaml", text.rstrip(), "```", "")


def _chart(chart: Chart) -> Iterator[str]:
    yield from (f"### {_safe(chart.title)}", "")
    if not chart.panels:
        yield from (f"No chart: {_safe(chart.reason)}.", "")
    for file, panel in zip(_files(chart), chart.panels, strict=True):
        if panel.heading:
            yield from (f"**{_safe(panel.heading)}**", "")
        yield from (f"![{_safe(panel.alt)}]({FOLDER}/{file})", "")
    if chart.note:
        yield from (_safe(chart.note), "")
    if chart.further is not None:
        words, command = chart.further
        yield from (f"{_safe(words)} `{command}`", "")
    if chart.source:
        yield from (_safe(chart.source), "")
    if chart.sheet is not None and chart.sheet.rows:
        yield from _table(chart.sheet)


def _table(sheet: Sheet) -> Iterator[str]:
    yield f"| {' | '.join(map(_safe, sheet.columns))} |"
    yield f"|{' --- |' * len(sheet.columns)}"
    for row in sheet.rows[:MOST_ROWS]:
        yield f"| {' | '.join(map(_safe, row))} |"
    left = len(sheet.rows) - MOST_ROWS
    if left > 0:
        yield from ("", f"{left} rows more in {sheet.file or 'the HTML report'}.")
    yield ""


def _safe(text: str) -> str:
    """Text in which nothing is taken for markup: brackets, bars and stars."""
    for mark in "\\`*_[]|<>":
        text = text.replace(mark, f"\\{mark}")
    return text
