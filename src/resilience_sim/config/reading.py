"""From a composed tree of plain values to a `Config`, or every problem with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from resilience_sim.config.meaning import Meaning, is_group, settings
from resilience_sim.config.schema import Config
from resilience_sim.config.validation import suggestion, validate
from resilience_sim.errors import ConfigError, Problem


def from_mapping(tree: Mapping[str, Any]) -> Config:
    """Make a `Config` from nested mappings, lists, numbers, text and booleans.

    Parameters
    ----------
    tree
        What was composed from files and overrides, interpolations resolved.

    Raises
    ------
    ConfigError
        With one problem for every key that is unknown or missing, every value of a wrong type or
        out of range, and every contradiction between sound settings.
    """
    problems: list[Problem] = []
    missing: list[str] = []
    config: Config = _build(Config, tree, "", problems, missing)
    problems.extend(validate(config, missing))
    if problems:
        raise ConfigError(problems)
    return config


def key_problem(key: str) -> Problem | None:
    """Say what is wrong with a key such as "population.n_househods"; None where it is known.

    Keys of groups, and of entries of a mapping such as "programme.contents.transfer.value", are
    known too.
    """
    kind: Any = Config
    path: list[str] = []
    for name in key.split("."):
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif is_group(kind) and name in settings(kind):
            kind = settings(kind)[name].kind
        else:
            return _unknown(key, ".".join(path), name, kind)
        path.append(name)
    return None


def meaning_of(key: str) -> Meaning:
    """Meaning of one setting by its dotted key, such as "population.n_households".

    Raises
    ------
    KeyError
        Where the schema has no such field. Names inside a mapping are not fields.
    """
    group, *rest = key.split(".")
    setting = settings(Config)[group]
    for name in rest:
        setting = settings(setting.kind)[name]
    return setting.meaning


def _build(
    schema: type, tree: Mapping[str, Any], where: str, problems: list[Problem], missing: list[str]
) -> Any:
    """Make one group, noting keys that are unknown or missing; wrong values stay for `validate`."""
    known = settings(schema)
    for name in tree:
        if name not in known:
            key = f"{where}.{name}" if where else str(name)
            problems.append(_unknown(key, where, str(name), schema))
    values = {}
    for each in fields(schema):
        key = f"{where}.{each.name}" if where else each.name
        if each.name in tree and tree[each.name] != "???":
            values[each.name] = _convert(
                tree[each.name], known[each.name].kind, key, problems, missing
            )
        elif each.default is MISSING and each.default_factory is MISSING:
            values[each.name] = None
            missing.append(key)
            problems.append(Problem(key, "be given", "nothing"))
    return schema(**values)


def _convert(value: Any, kind: Any, where: str, problems: list[Problem], missing: list[str]) -> Any:
    """Give a value the type of the schema where that is possible; leave it as it is where not."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType and value is not None:
        (inner,) = (each for each in arguments if each is not NoneType)
        return _convert(value, inner, where, problems, missing)
    if is_group(kind) and isinstance(value, Mapping):
        return _build(kind, value, where, problems, missing)
    if origin is dict and isinstance(value, Mapping):
        return {
            str(key): _convert(each, arguments[1], f"{where}.{key}", problems, missing)
            for key, each in value.items()
        }
    if origin is list and isinstance(value, list | tuple):
        return [_convert(each, arguments[0], where, problems, missing) for each in value]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((member for member in kind if member.value == value), value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _unknown(key: str, parent: str, name: str, kind: Any) -> Problem:
    """Problem of a key the schema does not know, with the nearest one it does."""
    siblings = settings(kind) if is_group(kind) else {}
    hint = suggestion(name, siblings, f"{parent}." if parent else "")
    if not hint:
        same = [each for each in _all_keys(Config, "") if each.split(".")[-1] == name]
        hint = f"Did you mean {same[0]}?" if same else ""
    return Problem(key, "be a setting we know", "an unknown key", hint)


def _all_keys(schema: type, where: str) -> Iterator[str]:
    for name, setting in settings(schema).items():
        key = f"{where}.{name}" if where else name
        yield key
        if is_group(setting.kind):
            yield from _all_keys(setting.kind, key)
