"""Few people and plain contents, for tests of who gets what and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from resilience_sim.cli import compose
from resilience_sim.config import (
    Basis,
    Config,
    Content,
    ContentKind,
    Programme,
    Targeting,
    TargetingRule,
)

TRANSFER = Content(
    kind=ContentKind.TRANSFER,
    value=0.12,
    basis=Basis.PERSON,
    start_month=0,
    months=24,
    unit_cost=0.15,
    success=None,
    source="Butler (1872)",
    quality="fictional",
)
GRANT = replace(TRANSFER, kind=ContentKind.ASSET_GRANT, value=0.3, months=1, unit_cost=0.4)
TRAINING = replace(
    TRANSFER, kind=ContentKind.TRAINING, value=0.0, months=6, unit_cost=0.1, success=0.75
)
COACHING = replace(TRAINING, kind=ContentKind.COACHING)
MEALS = replace(TRANSFER, kind=ContentKind.SCHOOL_MEALS, basis=Basis.CHILD)
GROUP = replace(
    TRANSFER,
    kind=ContentKind.SAVINGS_GROUP,
    value=0.05,
    months=12,
    return_save=1.02,
    return_borrow=1.2,
    participation=0.3,
)
EVERYBODY = Targeting(TargetingRule.ALL, 0.0)
POOR = Targeting(TargetingRule.BELOW_LINE, 1.0)


@dataclass(frozen=True)
class People:
    """Households as targeting and programmes see them."""

    id: np.ndarray
    weight: np.ndarray
    size: np.ndarray
    income: np.ndarray
    village: np.ndarray
    assets: np.ndarray
    land: np.ndarray

    @property
    def persons(self) -> np.ndarray:
        return self.weight * self.size

    @property
    def n_households(self) -> int:
        return len(self.size)

    @property
    def n_villages(self) -> int:
        return int(self.village.max()) + 1

    def taken(self, order: np.ndarray) -> People:
        return People(**{name: value[order] for name, value in vars(self).items()})


def people(income: Any, **columns: Any) -> People:
    """Households of these incomes; of weight, size, assets and land 1 and in one village unless told."""
    n = len(income)
    given = {
        "weight": np.ones(n),
        "size": np.ones(n),
        "village": np.zeros(n, np.int32),
        "assets": np.ones(n),
        "land": np.ones(n),
        **{name: np.asarray(values) for name, values in columns.items()},
    }
    names = np.array([f"house {i}" for i in range(n)])
    return People(id=names, income=np.asarray(income, float), **given)


THREE = people([0.5, 0.9, 1.0], weight=[2.0, 2.0, 1.0], size=[2.0, 4.0, 6.0])
"""Households of 2, 4 and 6 persons; the first two are poor and stand for 4 and 8 persons."""


@cache
def _erewhon() -> Config:
    return compose(["case=erewhon"])


def config_of(
    contents: dict[str, Content],
    arms: dict[str, list[str]],
    horizon_years: int = 3,
    periods_per_year: int = 4,
    **programme: Any,
) -> Config:
    """Erewhon with these contents and arms, none added, for the poor unless told."""
    held = {"targeting": POOR, **programme}
    arms = {"none": [], **arms}
    return replace(
        _erewhon(),
        arms=list(arms),
        horizon_years=horizon_years,
        periods_per_year=periods_per_year,
        programme=Programme(contents=contents, arms=arms, **held),
    )
