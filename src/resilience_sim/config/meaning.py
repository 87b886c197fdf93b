"""What a setting means: text, unit and bounds, written once beside its type and read from there."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from math import inf
from typing import Annotated, Any, TypeGuard, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Meaning:
    """What a setting means, its unit, and the values it may take.

    In a list or a mapping the bounds hold for every number in it.
    """

    text: str
    """One line for help texts and documents."""
    unit: str = ""
    """Unit in words; empty for names and switches."""
    low: float = -inf
    """Smallest value allowed."""
    high: float = inf
    """Largest value allowed."""
    is_above: bool = False
    """True where `low` itself is not allowed."""
    is_below: bool = False
    """True where `high` itself is not allowed."""
    choices: tuple[int | str, ...] = ()
    """The only values allowed; empty where any value within the bounds will do."""
    keys: tuple[str, ...] = ()
    """The keys a mapping must have, neither more nor fewer; empty where they are free."""
    length: int | None = None
    """How many entries a list must have; None where it is free."""

    def holds(self, value: float) -> bool:
        """Return True where `value` lies within the bounds and is one of the choices."""
        is_high_enough = value > self.low if self.is_above else value >= self.low
        is_low_enough = value < self.high if self.is_below else value <= self.high
        return is_high_enough and is_low_enough and (not self.choices or value in self.choices)

    @property
    def is_bounded(self) -> bool:
        """True where there is a smallest or a largest value."""
        return self.low > -inf or self.high < inf

    @property
    def interval(self) -> str:
        """The bounds as text, such as "[0, 1)"."""
        left = "(" if self.is_above or self.low == -inf else "["
        right = ")" if self.is_below or self.high == inf else "]"
        return f"{left}{self.low:.12g}, {self.high:.12g}{right}"


@dataclass(frozen=True)
class Setting:
    """A field of the schema: its type without the annotation, and its meaning."""

    kind: Any
    """The type, such as `float`, `list[int]` or `int | None`, or a dataclass for a group."""
    meaning: Meaning
    """Text, unit and bounds; for a group its docstring alone."""


_KNOWN: dict[type[Any], dict[str, Setting]] = {}
"""What `settings` has found: reading type hints takes long, and a sweep reads them for every job."""


def is_group(kind: Any) -> TypeGuard[type[Any]]:
    """Return True for a dataclass of the schema, which groups settings."""
    return isinstance(kind, type) and is_dataclass(kind)


def settings(group: type[Any]) -> dict[str, Setting]:
    """Fields of one dataclass of the schema by name, in order; not to be changed."""
    found = _KNOWN.get(group)
    if found is not None:
        return found
    found = {}
    for name, hint in get_type_hints(group, include_extras=True).items():
        if get_origin(hint) is Annotated:
            kind, meaning = get_args(hint)
        else:
            kind, meaning = hint, Meaning((hint.__doc__ or "").splitlines()[0])
        found[name] = Setting(kind, meaning)
    _KNOWN[group] = found
    return found
