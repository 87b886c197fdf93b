"""Who plans and for what: planner types and phases of programmes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from resilience_sim.model import Terms


@dataclass(frozen=True)
class TypeAxes:
    """Nodes of the planner types: land (lines), skill (log2) and other income (lines a year)."""

    land: np.ndarray
    log_skill: np.ndarray
    other: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of nodes of land, skill and other income."""
        return self.land.size, self.log_skill.size, self.other.size

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """All types, as indices of land, skill and other income."""
        lands, skills, others = (range(n) for n in self.shape)
        return product(lands, skills, others)


@dataclass(frozen=True)
class Phase:
    """A programme as planners know it while it runs."""

    transfer: float
    """Lines per member and year."""
    terms: Terms
    """What else it changes."""
    n_periods: int
    """True length, which planners know where the end is believed a date."""
    first_season: int
    """Season of the first payment."""
    hazard: float | None
    """Believed chance per year that it ends; None where the end is a known date."""
