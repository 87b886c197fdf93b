"""What is known of households before anything is imputed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Names = NDArray[np.str_]


@dataclass(frozen=True)
class Observed:
    """Households as a survey or a made-up place has them; every array has shape (n_households,).

    Money is per member: flows in lines per year, stocks in lines. The rows may stand in any order;
    `in_order` puts them into the one order in which everything else is computed.
    """

    id: Names
    village: Names
    stratum: Names
    weight: Numbers
    """Households that each stands for (expansion factor)."""
    size: Numbers
    """Members (persons)."""
    income: Numbers
    wages: Numbers
    own: Numbers
    """Income of own enterprises, farm or not; below zero where they lost money."""
    other: Numbers
    vehicles: Numbers
    """Vehicles of the household (count)."""
    has_own_activity: Flags
    notes: tuple[str, ...]
    """What a reader of the results should know of how this came about."""
    assets: Numbers | None = None
    """Productive assets other than livestock; None where nobody asked, as with all that follow."""
    livestock: Numbers | None = None
    """Tropical livestock units of the household."""
    land: Numbers | None = None
    """Hectares of the household."""
    savings: Numbers | None = None
    age: Numbers | None = None
    """Age of the head (years)."""
    adult_school: Numbers | None = None
    """School of the head, or of adults on average (years)."""


def in_order(observed: Observed) -> Observed:
    """Sort the rows by village, then by id."""
    order = np.lexsort((observed.id, observed.village))
    columns: dict[str, Any] = {
        field.name: getattr(observed, field.name) for field in fields(observed)
    }
    sorted_columns: dict[str, Any] = {
        name: column[order] if isinstance(column, np.ndarray) else column
        for name, column in columns.items()
    }
    return Observed(**sorted_columns)
