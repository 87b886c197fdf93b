"""Reported numbers that settings quote, or results stand beside: value, unit, source, quality.

The rows stand in `data/parameters.csv`, as they were printed. Defaults are written out in `conf/`
and `scenarios/`; a test holds them against the rows they quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from resilience_sim.errors import ConfigError, Problem
from resilience_sim.evidence.files import number, rows

_RANGE = re.compile(r"(\d*\.?\d+)-(\d*\.?\d+)")
_N_NEAR = 3


@dataclass(frozen=True)
class Reported:
    """One reported number.

    `value` is None where what was printed is not one number (`text` has it in any case); `low` and
    `high` are None where no range was reported. All three are in `unit`.
    """

    block: str
    """Group of the parameter, such as "two_technology" or "covid_income"."""
    name: str
    """What was measured, in the words of the table."""
    value: float | None
    low: float | None
    high: float | None
    text: str
    """The value as it was printed, such as "0.65" or "0.90 -> 0.75"."""
    unit: str
    """Unit in words; empty where none was printed."""
    scope: str
    """Country, or what else the number holds for."""
    source: str
    locator: str
    """Where in the source: table, page, or "abstract"."""
    quality: str
    """verified (primary text seen), secondary (seen cited elsewhere) or memory (not seen)."""


def parameter(block: str, name: str, scope: str | None = None) -> Reported:
    """Find one reported number.

    Parameters
    ----------
    block, name
        As in `data/parameters.csv`, capitals aside.
    scope
        A part of the scope or of the source, capitals aside; needed where several rows share the
        name.

    Raises
    ------
    ConfigError
        Where no row fits, naming the nearest ones, or where several do, naming them all.
    """
    in_block = parameters(block)
    named = [row for row in in_block if row.name.lower() == name.lower()]
    if not named:
        names = list(dict.fromkeys(row.name for row in in_block))
        raise _unknown(f"evidence.{block}", f"name one of its {len(names)} parameters", name, names)
    fitting = [row for row in named if _is_about(row, scope)]
    if len(fitting) != 1:
        given = "no scope" if scope is None else repr(scope)
        allowed = "have a scope that fits one row" if fitting else "have a scope that fits a row"
        choices = "; ".join(f"{row.scope}, {row.source}" for row in fitting or named)
        raise ConfigError(
            [Problem(f"evidence.{block}.{name}", allowed, given, f"Rows: {choices}.")]
        )
    return fitting[0]


def parameters(block: str) -> tuple[Reported, ...]:
    """All reported numbers of one block, in the order of the table; ConfigError where it has none."""
    every = _table()
    blocks = sorted({row.block for row in every})
    if block.lower() not in blocks:
        raise _unknown("evidence", f"name a block ({', '.join(blocks)})", block, blocks)
    return tuple(row for row in every if row.block == block.lower())


def _is_about(row: Reported, scope: str | None) -> bool:
    return scope is None or any(scope.lower() in text.lower() for text in (row.scope, row.source))


def _unknown(where: str, allowed: str, got: str, known: list[str]) -> ConfigError:
    """Make the error for a name that is not there, with the names nearest to it."""
    by_lower = {name.lower(): name for name in known}
    near = [by_lower[match] for match in get_close_matches(got.lower(), by_lower, _N_NEAR, 0.4)]
    near += [name for name in known if got.lower() in name.lower() and name not in near][:_N_NEAR]
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return ConfigError([Problem(where, allowed, repr(got), hint)])


@cache
def _table() -> tuple[Reported, ...]:
    """All rows of the packaged table."""
    return tuple(_reported(row) for row in rows("parameters.csv"))


def _reported(row: dict[str, str]) -> Reported:
    span = _RANGE.fullmatch(row["value"])
    low, high = span.groups() if span else (row["low"], row["high"])
    return Reported(
        block=row["block"],
        name=row["parameter"],
        value=number(row["value"]),
        low=number(low),
        high=number(high),
        text=row["value"],
        unit=row["unit"],
        scope=row["country_or_scope"],
        source=row["source"],
        locator=row["locator"],
        quality=row["quality"],
    )
