"""Maps: a small YAML file that says how to read one survey, so that a command need only name it.

    columns: {id: HHID, weight: panelwgt, ...}     role: column, or role: column + column
    where: {year: 2016, stratum: [2, 4, 6]}        rows to keep; may be left out
    line_per_person_month: 1941.01                 these three where columns hold money
    line_source: CONEVAL rural line of August 2018
    income_months: 3

Scalars are taken as they are written: YAML's ideas of what is a number or a truth do not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import yaml

from resilience_sim.config import Survey, meaning_of, suggestion
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.population.files import PACKAGED, file_problem, path_of, short
from resilience_sim.population.roles import FLOWS, STOCKS, role_problems

FOLDER = "maps"
"""Folder of our data in which maps lie."""
ENDINGS = (".yaml", ".yml")
"""Endings of maps; ours have the first."""
KEYS = ("columns", "where", "line_per_person_month", "line_source", "income_months")
_SETTING = "population.survey.map"


@dataclass(frozen=True)
class Reading:
    """How one survey is to be read, and where each part of that was said."""

    columns: Mapping[str, str]
    """Role -> column, or columns joined by " + "."""
    where: Mapping[str, tuple[str, ...]]
    """Column -> values of the rows to keep."""
    line_per_person_month: float
    line_source: str
    income_months: int
    name: str = ""
    """Name of the map; empty where settings say how to read."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with it, whatever the survey holds."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Key, or "columns.ROLE", or "where.COLUMN" -> where it stands."""

    def place(self, key: str) -> str:
        """Where a key stands, in the words of a problem."""
        if not self.name:
            return f"population.survey.{key.split('.')[0]}"
        return self.places.get(key, self.name)


def reading_of(survey: Survey) -> Reading:
    """How a survey is to be read: as its map says, or else as its settings say.

    A map decides what it gives; rows that settings ask for replace those that the map asks for in
    the same column.

    Raises
    ------
    ConfigError
        Where the map cannot be read at all.
    """
    asked = {column: _values(text) for column, text in survey.where.items()}
    if survey.map is not None:
        mapped = _read(survey.map)
        return replace(mapped, where={**mapped.where, **asked})
    columns = {role: name for role, name in survey.columns.items() if name is not None}
    return Reading(
        columns=columns,
        where=asked,
        line_per_person_month=survey.line_per_person_month,
        line_source=survey.line_source,
        income_months=survey.income_months,
        problems=tuple(role_problems(columns, lambda _: "population.survey.columns")),
    )


def _values(text: str) -> tuple[str, ...]:
    return tuple(value.strip() for value in text.split(","))


def _read(file: str) -> Reading:
    """Read a map."""
    problem = file_problem(file, _SETTING, ENDINGS, FOLDER)
    if problem is not None:
        raise ConfigError([problem])
    name = file.removeprefix(PACKAGED)
    try:
        tree = yaml.compose(path_of(file, FOLDER).read_text("utf-8-sig"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError([_unreadable(name, error)]) from error
    if not isinstance(tree, yaml.MappingNode):
        hint = f"Its keys are {', '.join(KEYS)}."
        raise ConfigError([Problem(name, "be a mapping of keys to values", "something else", hint)])
    return _Map(name).read(tree)


def _unreadable(name: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = name if mark is None else f"{name}, line {mark.line + 1}"
    reason = getattr(error, "problem", None) or (str(error).splitlines() or [""])[0]
    hint = "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
    return Problem(where, "be YAML text", short(reason.rstrip(".")), hint)


class _Map:
    """A map being read: what was found, where it stands, and what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[str, str] = {}
        self.problems: list[Problem] = []

    def read(self, tree: Any) -> Reading:
        nodes = self._entries(tree, "")
        for key in nodes.keys() - set(KEYS):
            hint = suggestion(key, KEYS)
            allowed = f"be one of {', '.join(KEYS)}"
            self.problems.append(Problem(self.places[key], allowed, "an unknown key", hint))
        columns = {
            role: text
            for role, node in self._mapping(nodes.get("columns"), "columns").items()
            if (text := self._text(node, f"columns.{role}"))
        }
        where = {
            column: self._list(node, f"where.{column}")
            for column, node in self._mapping(nodes.get("where"), "where").items()
        }
        roles = {*columns, *self._roles_named()}
        self.problems += role_problems(
            sorted(roles), lambda role: self.places.get(f"columns.{role}", f"{self.name}, columns")
        )
        flows = [role for role in FLOWS if role in roles]
        money = [*flows, *(role for role in STOCKS if role in roles)]
        line = self._number(nodes, "line_per_person_month", money)
        months = self._number(nodes, "income_months", flows, is_whole=True)
        source = (
            self._text(nodes.get("line_source"), "line_source") if "line_source" in nodes else ""
        )
        if money and "line_source" not in nodes:
            self._missing("line_source", "say where the line comes from", money)
        return Reading(
            columns, where, line, source, int(months), self.name, tuple(self.problems), self.places
        )

    def _entries(self, node: Any, parent: str) -> dict[str, Any]:
        """Nodes of a mapping by key, each with its place; a key that stands twice is a problem."""
        found: dict[str, Any] = {}
        for key_node, value in node.value:
            key = str(key_node.value)
            path = f"{parent}{key}"
            place = f"{self.name}, line {key_node.start_mark.line + 1}, {path}"
            if key in found:
                self.problems.append(Problem(place, "be given once", "the same key again"))
                continue
            self.places[path] = place
            found[key] = value
        return found

    def _mapping(self, node: Any, key: str) -> dict[str, Any]:
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.problems.append(Problem(self.places[key], "be a mapping", _shown(node)))
            return {}
        return self._entries(node, f"{key}.")

    def _roles_named(self) -> set[str]:
        """Roles the map names, with or without a column that can be used."""
        prefix = "columns."
        return {path.removeprefix(prefix) for path in self.places if path.startswith(prefix)}

    def _text(self, node: Any, path: str) -> str:
        if isinstance(node, yaml.ScalarNode) and not _is_nothing(node):
            return " ".join(str(node.value).split())
        self.problems.append(Problem(self.places[path], "be text", _shown(node)))
        return ""

    def _list(self, node: Any, path: str) -> tuple[str, ...]:
        """Values of rows: one of them, text with commas, or a list."""
        if isinstance(node, yaml.SequenceNode) and node.value:
            return tuple(self._text(each, path) for each in node.value)
        text = self._text(node, path)
        return _values(text) if text else ()

    def _number(
        self, nodes: Mapping[str, Any], key: str, users: list[str], is_whole: bool = False
    ) -> float:
        """A number as the schema allows it; needed where a column uses it, else one."""
        meaning = meaning_of(f"population.survey.{key}")
        if key not in nodes:
            if users:
                self._missing(key, f"be given ({meaning.text}; {meaning.unit})", users)
            return 1.0
        text = self._text(nodes[key], key)
        number = _as_number(text)
        if number is not None and meaning.holds(number) and (number.is_integer() or not is_whole):
            return number
        if text:
            kind = "be a whole number in" if is_whole else "be a number in"
            allowed = f"{kind} {meaning.interval} ({meaning.unit})"
            guess = _as_number(text.replace(",", ""))
            hint = f"Did you mean {guess:g}?" if guess is not None and meaning.holds(guess) else ""
            self.problems.append(Problem(self.places[key], allowed, repr(text), hint))
        return 1.0

    def _missing(self, key: str, allowed: str, users: list[str]) -> None:
        got = f"nothing, though {', '.join(users)} hold{'s' if len(users) == 1 else ''} money"
        self.problems.append(Problem(f"{self.name}, {key}", allowed, got))


def _as_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _is_nothing(node: Any) -> bool:
    return str(node.tag) == "tag:yaml.org,2002:null" or not str(node.value).strip()


def _shown(node: Any) -> str:
    """A node in the words of a problem."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list" if node.value else "an empty list"
    return "nothing" if _is_nothing(node) else repr(str(node.value))
