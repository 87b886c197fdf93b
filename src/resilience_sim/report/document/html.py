"""A document as one HTML file that needs nothing else: no script, no fonts, no request."""

from __future__ import annotations

from html import escape
from importlib import resources

from resilience_sim.report.document.parts import Chart, Document, KeyFigure, Part, Sheet

MARK = '<meta name="generator" content="resilience-sim report">'
"""By which our own files are known again."""
LONG = 40
"""Letters of a cell from which it may be broken."""


def html_of(document: Document) -> str:
    """The document as HTML text.

    Pictures are inline SVG, each with its text for who cannot see it, and the table behind it folded
    below.
    """
    style = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    title = escape(document.title)
    contents = "\n".join(
        f'<li><a href="#{part.name}">{escape(part.heading)}</a></li>' for part in document.parts
    )
    body = "\n".join(_part(part) for part in document.parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{MARK}\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{title}</h1>\n{_paragraphs(document.about, 'about')}\n</header>\n<main>\n"
        f'<section id="findings">\n<h2>Findings</h2>\n{_figures(document.figures)}\n'
        f'{_findings(document)}\n<p class="caution">{escape(document.caution)}</p>\n</section>\n'
        f'<nav aria-label="Contents">\n<h2>Contents</h2>\n<ol>\n{contents}\n</ol>\n</nav>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _figures(figures: tuple[KeyFigure, ...]) -> str:
    items = "\n".join(
        f"<li><strong>{escape(each.value)}</strong> <span>{escape(each.label)}</span> "
        f"<em>{escape(each.band)}</em></li>"
        for each in figures
    )
    return f'<ul class="figures">\n{items}\n</ul>' if items else ""


def _findings(document: Document) -> str:
    items = "\n".join(
        f'<dt><a href="#{each.link}">{escape(each.topic)}</a></dt><dd>{escape(each.text)}</dd>'
        for each in document.findings
    )
    return f'<dl class="findings">\n{items}\n</dl>' if items else ""


def _part(part: Part) -> str:
    pieces = [f'<section id="{part.name}">', f"<h2>{escape(part.heading)}</h2>"]
    pieces += [_paragraphs(part.said, "said")] if part.said else []
    pieces += [_chart(chart) for chart in part.charts]
    for heading, sheet in part.sheets:
        pieces += [f"<h3>{escape(heading)}</h3>", _table(sheet, heading)]
    for heading, text in part.listings:
        pieces.append(
            f"<details><summary>{escape(heading)}</summary><pre>{escape(text)}</pre></details>"
        )
    return "\n".join([*pieces, "</section>"])


def _chart(chart: Chart) -> str:
    title = f"<h3>{escape(chart.title)}</h3>"
    if not chart.panels:
        told = f'<p class="absent">No chart: {escape(chart.reason)}.</p>'
        return f'<div class="chart" id="{chart.name}">\n{title}\n{told}\n{_folded(chart)}\n</div>'
    panels = "\n".join(
        f'<div class="panel">{f"<p>{escape(panel.heading)}</p>" if panel.heading else ""}'
        f"{_seen(panel.svg, panel.alt)}</div>"
        for panel in chart.panels
    )
    note = f"<p>{escape(chart.note)}</p>" if chart.note else ""
    if chart.further is not None:
        words, command = map(escape, chart.further)
        note += f"<p>{words} <code>{command}</code></p>"
    return (
        f'<figure id="{chart.name}">\n<figcaption>{title}</figcaption>\n'
        f'<div class="panels">\n{panels}\n</div>\n'
        f'<div class="under">{note}<p class="source">{escape(chart.source)}</p></div>\n'
        f"{_folded(chart)}\n</figure>"
    )


def _seen(svg: str, alt: str) -> str:
    """The picture with its text for who cannot see it."""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)


def _folded(chart: Chart) -> str:
    if chart.sheet is None or not chart.sheet.rows:
        return ""
    file = f" ({escape(chart.sheet.file)})" if chart.sheet.file else ""
    table = _table(chart.sheet, chart.title)
    return f"<details><summary>The table behind it{file}</summary>\n{table}\n</details>"


def _table(sheet: Sheet, caption: str) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in sheet.columns)
    rows = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in sheet.rows)
    return (
        f'<div class="table" role="region" aria-label="{escape(caption)}" tabindex="0"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(text: str) -> str:
    """A cell; a long one may be broken anywhere, so that a hash does not widen the page."""
    kind = ' class="long"' if len(text) > LONG else ""
    return f"<td{kind}>{escape(text)}</td>"


def _paragraphs(texts: tuple[str, ...], kind: str) -> str:
    return "\n".join(f'<p class="{kind}">{escape(text)}</p>' for text in texts)
