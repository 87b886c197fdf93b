"""Text of the site that is written from the code while it is built, so that it cannot grow old."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict
from enum import StrEnum
from functools import reduce
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import yaml

from resilience_sim.calibration import uncertainty
from resilience_sim.cli import compose, main
from resilience_sim.cli.texts import HELP
from resilience_sim.config import Config
from resilience_sim.config.meaning import Setting, is_group
from resilience_sim.config.meaning import settings as settings_of
from resilience_sim.outcomes import TABLES, UNITS
from resilience_sim.outcomes.panel import panel

DOCS = Path(__file__).parents[1]
FREE = "NAME"
"""Stands in a key for a name that is free to choose, such as that of a content."""
LONGEST = 60
"""Characters of a default that is told; a longer one stands in its file alone."""


def command_line() -> str:
    """Help of the command and of each of its verbs, as the program prints them."""
    listed = HELP.split("\nverbs\n")[1].split("\n\n")[0]
    verbs = re.findall(r"^  (\w+) ", listed, re.MULTILINE)
    parts = [("resilience-sim", ["--help"])]
    parts += [(f"resilience-sim {verb}", [verb, "--help"]) for verb in verbs]
    return "\n\n".join(f"## {name}\n```text\n{_printed(words)}```" for name, words in parts)


def settings() -> str:
    """A table for each group of settings: key, meaning, unit, values allowed, and default."""
    tree = asdict(compose())
    groups: dict[str, list[str]] = {}
    for key, setting in keys(Config):
        group, _, name = key.rpartition(".")
        cells = (
            f"`{name}`",
            setting.meaning.text,
            setting.meaning.unit,
            _allowed(setting),
            _default(tree, key),
        )
        groups.setdefault(group, []).append(_row(cells))
    head = [_row(["key", "meaning", "unit", "allowed", "default"]), _row(["---"] * 5)]
    return "\n\n".join(
        "\n".join([f"## {'`' + group + '`' if group else 'The run'}", *head, *rows])
        for group, rows in groups.items()
    )


def tables() -> str:
    """What each table of a run holds, with its columns and their units."""
    makers = {**TABLES, "panel": panel, "uncertainty": uncertainty.uncertainty}
    told = {**UNITS, "uncertainty": uncertainty.UNITS}
    head = [_row(["column", "unit"]), _row(["---"] * 2)]
    parts = []
    for name, units in told.items():
        first_line = (makers[name].__doc__ or "").splitlines()[0]
        rows = [_row([f"`{column}`", unit]) for column, unit in units.items()]
        parts.append("\n".join([f"## `{name}`", first_line, "", *head, *rows]))
    return "\n\n".join(parts)


def decisions() -> str:
    """A list of the pages in `decisions/`, by their titles."""
    pages = sorted(page for page in (DOCS / "decisions").glob("*.md") if page.name != "index.md")
    titles = {page.name: page.read_text(encoding="utf-8").splitlines()[0] for page in pages}
    return "\n".join(f"- [{title.removeprefix('# ')}]({name})" for name, title in titles.items())


def keys(schema: type, where: str = "") -> Iterator[tuple[str, Setting]]:
    """Every setting that is not a group itself, by its dotted key."""
    for name, setting in settings_of(schema).items():
        kinds = [setting.kind, *get_args(setting.kind)]
        groups = list(filter(is_group, kinds))
        if not groups:
            yield f"{where}{name}", setting
        for group in groups:
            is_mapping = get_origin(setting.kind) is dict
            yield from keys(group, f"{where}{name}.{FREE}." if is_mapping else f"{where}{name}.")


def _printed(words: list[str]) -> str:
    """What the command prints."""
    with redirect_stdout(io.StringIO()) as text:
        if main(words) != 0:
            raise ValueError(f"resilience-sim {' '.join(words)} must end with exit code 0.")
    return text.getvalue()


def _allowed(setting: Setting) -> str:
    """Values that a setting may take, or its type where any of that type will do."""
    meaning, kinds = setting.meaning, _kinds(setting.kind)
    null = ", null" if type(None) in kinds else ""
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return ", ".join(f"`{each.value}`" for each in kind) + null
    if meaning.choices:
        return ", ".join(f"`{each}`" for each in meaning.choices) + null
    if meaning.is_bounded:
        return meaning.interval + null
    names = {bool: "true, false", str: "text", int: "whole number", float: "number"}
    return ", ".join(names[kind] for kind in names if kind in kinds) + null


def _kinds(kind: Any) -> list[Any]:
    """The types that a type is made of."""
    if get_origin(kind) in (list, dict, tuple, UnionType):
        return [leaf for each in get_args(kind) for leaf in _kinds(each)]
    return [kind]


def _default(tree: dict[str, Any], key: str) -> str:
    """Value in the composed default case as one would type it; a dash where there is no one value."""
    if f".{FREE}." in key:
        return "-"
    value = reduce(lambda node, name: node[name], key.split("."), tree)
    text = yaml.safe_dump(_plain(value), default_flow_style=True, width=10_000, sort_keys=False)
    text = text.removesuffix("\n").removesuffix("\n...")
    return f"`{text}`" if len(text) <= LONGEST else "long, in its file"


def _plain(value: Any) -> Any:
    """A value without enumerations."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def _row(cells: list[str] | tuple[str, ...]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
