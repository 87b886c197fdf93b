"""Tables of evidence as they lie in the package."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources

from resilience_sim.errors import ConfigError, Problem


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a table in `data/`, as text by column."""
    path = resources.files("resilience_sim").joinpath("data", name)
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float | None:
    """The number a cell holds; None where it holds none, or words."""
    try:
        return float(text)
    except ValueError:
        return None


def unknown(where: str, got: str, known: Sequence[str]) -> ConfigError:
    """Make the error for a name that is not there, with the nearest."""
    near = get_close_matches(got, known, 1, 0.4)
    hint = f"Did you mean {near[0]!r}?" if near else ""
    return ConfigError([Problem(where, f"be one of {', '.join(known)}", repr(got), hint)])
