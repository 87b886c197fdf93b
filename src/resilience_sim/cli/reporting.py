"""The verb `report`: read a stored run or a sweep, and write its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resilience_sim.config import suggestion
from resilience_sim.errors import ConfigError, Problem

OPTIONS = ("output_dir",)


def report(words: Sequence[str]) -> str:
    """Write the report that the words ask for, and say where it is and what it lacks."""
    source, target = _asked(words)
    from resilience_sim.report.document import write_report

    written = write_report(source, target)
    html, markdown, *pictures = written.files
    size = sum(path.stat().st_size for path in (markdown, *pictures))
    lines = [
        f"{html}   {html.stat().st_size / 1e6:.2f} MB, {written.n_charts} charts, needs nothing else",
        f"{markdown}   {size / 1e6:.2f} MB with {len(pictures)} pictures in {pictures[0].parent.name}/"
        if pictures
        else f"{markdown}   {size / 1e6:.2f} MB",
        *(f"no chart: {title}: {reason}" for title, reason in written.absent),
    ]
    return "\n".join(lines) + "\n"


def _asked(words: Sequence[str]) -> tuple[Path, Path | None]:
    """The run or sweep, and the folder of the report; every problem is told at once."""
    sources, target = [], None
    problems = []
    for word in words:
        key, is_setting, value = word.partition("=")
        if word.startswith("-"):
            problems.append(
                Problem(word, "be a folder or output_dir=DIR", "an unknown option",
                        "See resilience-sim report --help.")
            )  # fmt: skip
        elif is_setting and not Path(word).exists():
            if key not in OPTIONS:
                hint = suggestion(key, OPTIONS) or "See resilience-sim report --help."
                problems.append(Problem(key, "be output_dir", repr(word), hint))
            elif not value:
                problems.append(Problem(key, "name a folder", "nothing"))
            else:
                target = Path(value)
        else:
            sources.append(Path(word))
    if len(sources) != 1 and not problems:
        got = " and ".join(map(str, sources)) or "nothing"
        hint = "Write resilience-sim report RUN; runs lie below runs/ unless told otherwise."
        problems.append(Problem("report", "be given one run or sweep", got, hint))
    if problems:
        raise ConfigError(problems)
    return sources[0], target
