"""Writing: where a report goes, and whom it may replace."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from resilience_sim import runs
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.report.document import html, markdown
from resilience_sim.report.document.chapters import chapters
from resilience_sim.report.document.parts import Document
from resilience_sim.report.document.stored import read_stored
from resilience_sim.report.document.sweeps import is_sweep, sweep_document

HTML, MARKDOWN = "report.html", "report.md"
HEAD_BYTES = 2000
"""Of a file, in which our mark stands."""
MOST_NAMED = 3


@dataclass(frozen=True)
class Written:
    """What was written, and what could not be drawn."""

    files: tuple[Path, ...]
    n_charts: int
    absent: tuple[tuple[str, str], ...]
    """Charts that are not there, and why."""


def write_report(source: Path, target: Path | None = None) -> Written:
    """Read a run or a sweep and write its report.

    Parameters
    ----------
    source
        Directory of a finished run, or a folder with several below it.
    target
        Folder of the report; None for `report` inside `source`, which leaves the run's own files as they are.

    Raises
    ------
    RunDirectoryError
        Where there is no finished run, or its files are not what its manifest says.
    ConfigError
        Where the target holds anything but an older report.
    """
    source = Path(source)
    target = source / "report" if target is None else Path(target)
    require_ours(target)
    if (source / runs.MANIFEST).is_file() or not is_sweep(source):
        document = chapters(read_stored(source))
    else:
        document = sweep_document(source)
    return _write(document, target)


def require_ours(target: Path) -> None:
    """Raise ConfigError unless `target` is missing, empty, or holds an older report and nothing else."""
    if not (target.exists() or target.is_symlink()):
        return
    strangers = _strangers(target) if target.is_dir() else []
    if target.is_dir() and not strangers:
        return
    got = f"a folder with {', '.join(strangers[:MOST_NAMED])}" if strangers else "a file"
    raise ConfigError(
        [
            Problem(
                "output_dir", "be a new folder, or one with an older report alone", f"{target} ({got})",
                "Choose another output_dir, or move this one away first.",
            )
        ]
    )  # fmt: skip


def _strangers(target: Path) -> list[str]:
    """Names in a folder that no report of ours has put there; without one, all of them."""
    if not _is_ours(target / HTML):
        return sorted(path.name for path in target.iterdir())
    figures = target / markdown.FOLDER
    pictures = figures.iterdir() if figures.is_dir() else ()
    return sorted(
        [
            path.name
            for path in target.iterdir()
            if path.name not in (HTML, MARKDOWN, markdown.FOLDER)
        ]
        + ([] if not (target / MARKDOWN).exists() or _is_ours(target / MARKDOWN) else [MARKDOWN])
        + [path.name for path in pictures if path.suffix != ".svg"]
    )


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    mark = html.MARK if path.name == HTML else markdown.MARK
    with path.open("rb") as stream:
        return mark.encode() in stream.read(HEAD_BYTES)


def _write(document: Document, target: Path) -> Written:
    figures = target / markdown.FOLDER
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    content = {
        target / HTML: html.html_of(document),
        target / MARKDOWN: markdown.markdown_of(document),
    } | {figures / name: text for name, text in markdown.pictures_of(document).items()}
    for path, text in content.items():
        path.write_text(text, encoding="utf-8")
    charts = [chart for part in document.parts for chart in part.charts]
    missing = tuple((chart.title, chart.reason) for chart in charts if not chart.panels)
    return Written(tuple(content), len(charts) - len(missing), missing)
