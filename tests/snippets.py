"""Fenced blocks of README and docs, the commands in them, and how what they print is compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
COMMAND = re.compile(r"^(?:resilience-sim|make|python|pip) \S")
EXPLANATION = re.compile(r"\s{2,}.*$")
REFUSAL = re.compile(r"^\w+Error: ")
NUMBER = re.compile(r"(?<![\w.])[-±]?\d*\.?\d+(?!\w)")
SHELLS = ("", "text", "console", "bash", "sh")

AS_IT_STANDS = "run as it stands"
"""Mark above a block whose commands a test runs without making them smaller."""
PRINTED = "printed by the command above"
"""Mark above a block that the last command before it has printed, `...` standing for more."""


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    mark: str
    language: str
    text: str


class Command(NamedTuple):
    """One command that a page tells its reader to type."""

    words: tuple[str, ...]
    is_refused: bool
    """True where the page shows the error that it ends with."""


def blocks(page: Path) -> Iterator[Block]:
    """Fenced blocks of a page, in order."""
    name = page.relative_to(ROOT).as_posix()
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(name, found["mark"] or "", found["language"], found["text"])


def commands(block: Block) -> Iterator[Command]:
    """Commands of a block: lines that begin with one, joined at a backslash, unexplained."""
    if block.language not in SHELLS or block.mark == PRINTED:
        return
    lines = [*re.sub(r"\\\n\s*", "", block.text).splitlines(), ""]
    for line, following in pairwise(lines):
        if COMMAND.match(line):
            words = shlex.split(EXPLANATION.sub("", line))
            yield Command(tuple(words), bool(REFUSAL.match(following)))


def missing(told: str, printed: str) -> str:
    """First line of `told` that `printed` does not have in that order; empty where it has all."""
    lines = iter(printed.splitlines())
    for line in told.splitlines():
        if line.strip() not in ("", "...") and not any(is_same(line, each) for each in lines):
            return line
    return ""


def is_same(told: str, printed: str) -> bool:
    """True where two lines have the same words, and numbers that are close.

    Close is two units of the last digit or two percent: bits depend on compiler and processor.
    """
    if NUMBER.sub("#", told).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(told), NUMBER.findall(printed), strict=True)
    return all(_is_close(*(text.lstrip("±") for text in pair)) for pair in pairs)


def strokes(picture: Path) -> list[float]:
    """Coordinates of everything that is drawn in an SVG, in order."""
    paths = re.findall(r' d="([^"]+)"', picture.read_text(encoding="utf-8"))
    return [float(number) for path in paths for number in re.findall(r"-?[\d.]+", path)]


def _is_close(told: str, printed: str) -> bool:
    last_digit = 10.0 ** -len(told.partition(".")[2])
    gap = abs(float(told) - float(printed))
    return gap <= max(2.01 * last_digit, 0.02 * abs(float(told)))
