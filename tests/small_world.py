"""A made-up place of a few households with tables drawn by hand: no planner is solved.

Plans are plain formulas of assets and money, luck is frequent, and every class of household is
there, so that a few periods visit every branch of the population step, compiled or not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.primitives import (
    CLASS_NAMES,
    NO_WAY_UP,
    OUTCOMES,
    TRAP,
    WAGE_ROUTE,
    WAY_UP,
    Grid,
    Primitives,
)
from resilience_sim.simulation import workspace

N_SKILL, N_OTHER, N_LAND = 3, 3, 2
PER_YEAR, N_YEARS = 4, 4
_COUNTS = {
    "village", "type_at", "land_at", "type_kind", "quintile", "panel_row", "technique",
    "knowledge", "spell", "start", "last_below", "pattern",
}  # fmt: skip


def kind_of(name: str) -> Any:
    """How the kernel holds a field of households, state or scratch."""
    if name in _COUNTS or name.startswith(("is_", "has_", "began_")):
        return np.int32
    return {"key": np.uint32, "weight": np.float64}.get(name, np.float32)


class World(NamedTuple):
    """What `simulate` is given, in the order in which it takes it."""

    p: Primitives
    tables: step.Tables
    households: step.Households
    blocks: np.ndarray
    scenario: step.Scenario
    n_years: int
    first_replicate: int
    n_replicates: int
    seed: int


def primitives(**changes: Any) -> Primitives:
    """Quarterly parameters with frequent luck; `changes` replace them."""
    scalars = {
        "crra": 1.5, "discount": 0.98, "need": 0.27,
        "productivity_traditional": 0.6, "productivity_improved": 0.9, "productivity_known": 1.1,
        "exponent_traditional": 0.3, "exponent_improved": 0.5,
        "labour_traditional": 0.3, "labour_improved": 0.5,
        "outlay_traditional": 0.05, "outlay_improved": 0.3, "outlay_known": 0.2,
        "wage": 0.8, "wage_elasticity": 1.0, "keep": 0.97, "resale": 0.7, "knowledge_loss": 0.2,
        "return_save": 0.99, "return_borrow": 1.08, "credit_limit": 0.1,
        "harvest_sd": 0.4, "wage_sd": 0.3, "illness": 0.2, "illness_labour": 0.5,
        "illness_bill": 0.1, "asset_loss": 0.2, "asset_loss_share": 0.3,
        "drought": 0.4, "drought_loss": 0.5, "succession_age": 60.0, "heir_age": 25.0,
        "inheritance": 0.8, "succession_hazard": 0.0,
    }  # fmt: skip
    seasons = {
        "season_output": [0.2, 0.1, 0.2, 0.5],
        "season_outlay": [0.6, 0.3, 0.1, 0.0],
        "season_price": [1.0, 1.1, 1.0, 0.9],
    }
    counts = {"periods_per_year": PER_YEAR, "quarters_per_period": 1, "periods_per_quarter": 1}
    values: dict[str, Any] = {name: np.float32(value) for name, value in scalars.items()}
    values |= {name: np.array(value, np.float32) for name, value in seasons.items()}
    values |= {name: np.int32(value) for name, value in counts.items()}
    return Primitives(**(values | changes))


def grid(low: float, high: float, n: int, bend: float = 0.25) -> Grid:
    """`n` nodes evenly spaced in log2(1 + (x - low) / bend)."""
    span = np.log2(1.0 + (high - low) / bend)
    nodes = low + bend * (2.0 ** np.linspace(0.0, span, n) - 1.0)
    widths = np.diff(nodes)
    return Grid(
        np.float32(low), np.float32(1.0 / bend), np.float32((n - 1) / span), np.int32(n - 2),
        nodes.astype(np.float32), np.append(1.0 / widths, 1.0 / widths[-1]).astype(np.float32),
    )  # fmt: skip


def tables(assets: Grid, money: Grid, plans: Any, choice: Any, escape: Any) -> step.Tables:
    """Flat tables from arrays with their axes (those of `solver.Policies`)."""

    def flat(values: Any) -> np.ndarray:
        return np.ascontiguousarray(values, np.float32).ravel()

    _, n_land, _, n_skill, n_other, _, n_assets, n_money, _ = plans.shape
    sizes = (np.int32(n) for n in (n_skill, n_other, n_land, n_assets, n_money))
    return step.Tables(flat(plans), flat(choice), flat(escape), assets, money, *sizes)


def formula_tables() -> step.Tables:
    """Tables from formulas; slots 0 to 3 are the seasons without cash, 4 to 7 with it."""
    assets, money = grid(0.0, 6.0, 6), grid(-0.5, 5.0, 7, 0.1)
    slot, land, known, skill, other, technique, k, m = np.ix_(
        range(2 * PER_YEAR), range(N_LAND), range(2), range(N_SKILL), range(N_OTHER), range(3),
        assets.nodes, money.nodes,
    )  # fmt: skip
    eager = 0.02 * skill + 0.01 * other + 0.03 * (slot >= PER_YEAR) + 0.01 * slot + 0.02 * land
    kept = np.maximum((0.97 + 0.02 * technique) * k + (0.08 + eager) * (m - 0.1), 0.0)
    carried = 0.45 * m - 0.08 - 0.02 * technique + 0.03 * known - 0.5 * eager
    shape = np.broadcast_shapes(kept.shape, carried.shape)
    plans = np.stack([np.broadcast_to(kept, shape), np.broadcast_to(carried, shape)], axis=-1)

    def gap(x: Any) -> np.ndarray:
        one = x / (np.abs(x) + 0.3)
        return np.broadcast_to(one, shape)[:, :, :, :, :, 0]

    traditional = gap(
        k + 0.3 * m - 0.35 + 0.05 * land + 0.05 * skill + 0.0 * (slot + known + other)
    )
    improved = gap(k + m - 1.4 + 0.6 * known + eager)
    likely = 0.05 + 0.8 * k / (1.0 + k) + 0.2 * known + 0.03 * skill + 0.02 * other + 0.02 * m
    escape = np.broadcast_to(np.clip(likely, 0.0, 1.0), shape)[0, :, :, :, :, 0]
    return tables(assets, money, plans, np.stack([traditional, improved], axis=-1), escape)


def households(n: int, **columns: Any) -> step.Households:
    """`n` households; columns that are not given are zero (size, skill and weight: one)."""
    ones = {"weight", "size", "skill", "confidence", "child_health"}
    given: dict[str, Any] = {"key": np.arange(n), "panel_row": np.arange(n)} | columns
    filled = []
    for name in step.Households._fields:
        values = given.get(name, 1.0 if name in ones else 0.0)
        filled.append(np.array(np.broadcast_to(values, n), dtype=kind_of(name)))
    return step.Households(*filled)


def scenario(
    n_years: int, per_year: int = PER_YEAR, n_arms: int = 1, n_worlds: int = 1, **changes: Any
) -> step.Scenario:
    """Nothing delivered and nothing lost; horizons at every year's end; `changes` replace fields."""
    n_periods = n_years * per_year
    free = (np.arange(n_periods) % per_year).astype(np.int32)
    values: dict[str, Any] = {
        "slot": np.tile(free, (n_arms, 1)),
        "free_slot": free,
        "pattern_bit": np.arange(n_arms, dtype=np.int32),
        "share_hit": np.float32(1e-6),
        "shock_year": np.int32(n_years),
        "horizon": np.arange(n_years, dtype=np.int32),
        "escape_years": np.int32(2),
    }
    given = ("transfer", "transfer_household", "grant", "grant_household", "training")
    struck = ("own_loss", "wage_loss", "other_loss", "asset_loss")
    values |= {name: np.zeros((n_arms, n_periods), np.float32) for name in given}
    values |= {name: np.zeros((n_worlds, n_periods), np.float32) for name in struck}
    values["price"] = np.ones((n_worlds, n_periods), np.float32)
    return step.Scenario(**(values | changes))


def zero_sums(world: World) -> step.Sums:
    """Sums to which nothing has been added."""
    n_arms, n_worlds = world.scenario.slot.shape[0], world.scenario.price.shape[0]
    n_periods = world.n_years * int(world.p.periods_per_year)
    n_horizons = int(world.scenario.horizon.max()) + 1
    n_villages = int(world.households.village.max()) + 1
    n_outcomes = len(OUTCOMES)
    lives = (n_arms, n_worlds, world.n_replicates)
    rows = int(world.households.panel_row.max()) + 1
    return step.Sums(
        np.zeros((*lives, world.n_years, 2, n_outcomes), np.int64),
        np.zeros((n_arms, n_worlds, n_horizons, 2, n_outcomes, n_villages), np.int64),
        np.zeros((*lives, n_periods, 2, 2), np.int64),
        np.zeros((n_arms, n_worlds, n_horizons, 2, step.N_BINS), np.int64),
        np.zeros((n_arms, n_worlds, 5, step.N_BINS), np.int64),
        np.zeros((n_worlds, world.n_replicates, 16), np.int64),
        np.zeros((world.n_replicates, len(CLASS_NAMES)), np.int64),
        np.zeros((n_arms, world.n_replicates, world.n_years + 1), np.int64),
        np.zeros((n_arms, n_worlds, rows, world.n_years, 5), np.float32),
        np.zeros(1, np.int64),
    )


def simulate(world: World) -> step.Sums:
    """Live the world and return its sums."""
    size = int(np.diff(world.blocks, axis=1).max())
    sums = zero_sums(world)
    step.simulate(*world, *workspace(size, world.n_years), sums)
    return sums


def small_world(n_replicates: int = 1, **changes: Any) -> World:
    """Ten households in three villages, four arms, a calm and a struck world, four years."""
    n = 10
    people = households(
        n,
        village=[0, 0, 0, 0, 1, 1, 1, 2, 2, 2],
        weight=[0.5, 1.0, 1.5, 1.0, 0.7, 1.3, 1.0, 1.2, 0.8, 1.0],
        size=[1, 2, 3, 4, 5, 6, 7, 3, 2, 4],
        land=[0.1, 0.5, 0.2, 0.2, 0.3, 1.0, 0.2, 0.1, 0.4, 0.1],
        land_at=[0, 1, 0, 0, 1, 1, 0, 0, 1, 0],
        type_at=[0, 1, 3, 4, 0, 4, 3, 1, 0, 4],
        skill=[0.5, 1.0, 0.8, 1.5, 0.7, 1.2, 0.9, 0.6, 1.1, 0.4],
        wages=[0.5, 0.8, 1.1, 1.2, 1.0, 1.4, 0.7, 0.9, 0.3, 0.2],
        other=[0.0, 0.1, 0.3, 0.0, 0.2, 0.0, 0.4, 0.1, 0.0, 0.0],
        skill_place=[0.0, 0.3, 0.6, 1.0, 0.2, 0.8, 0.5, 0.1, 0.7, 0.0],
        other_place=[0.0, 0.4, 1.0, 0.0, 0.7, 0.0, 0.9, 0.2, 0.1, 0.0],
        is_eligible=[1, 0, 1, 0, 1, 1, 0, 1, 1, 1],
        type_kind=[
            TRAP, WAY_UP, NO_WAY_UP, WAY_UP, TRAP, TRAP, WAGE_ROUTE, TRAP, WAY_UP, WAY_UP,
        ],
        quintile=[0, 4, 1, 4, 2, 3, 3, 1, 4, 0],
        assets=[0.4, 4.0, 0.9, 2.5, 0.9, 0.7, 0.5, 0.8, 1.6, 0.1],
        savings=[0.1, 0.5, -0.05, 1.0, 0.0, 0.3, 0.2, 0.1, -0.1, -0.1],
        technique=[1, 2, 0, 2, 1, 1, 0, 1, 2, 1],
        knowledge=[0, 1, 0, 1, 0, 0, 0, 0, 1, 0],
        age=[57.5, 40.0, 58.5, 30.0, 25.0, 45.0, 50.0, 56.5, 59.5, 35.0],
    )  # fmt: skip
    n_arms, n_periods = 4, N_YEARS * PER_YEAR
    given = {
        name: np.zeros((n_arms, n_periods), np.float32)
        for name in ("transfer", "transfer_household", "grant", "grant_household", "training")
    }
    given["transfer"][[1, 3], :8] = 0.05
    given["transfer_household"][[1, 3], 2:6] = 0.06
    given["grant"][[2, 3], 0] = 0.8
    given["grant_household"][[2, 3], 1] = 1.0
    given["training"][[2, 3], 0:2] = 0.4
    struck = {
        name: np.zeros((2, n_periods), np.float32)
        for name in ("own_loss", "wage_loss", "other_loss", "asset_loss")
    }
    for name, loss in zip(struck, (0.5, 0.4, 0.2, 0.3), strict=True):
        struck[name][1, 5:8] = loss
        struck[name][1, [0, -1]] = loss / 2  # the first that reaches income, and one at the closing
    price = np.ones((2, n_periods), np.float32)
    price[1, 5:9] = 1.3
    slot = np.tile((np.arange(n_periods) % PER_YEAR).astype(np.int32), (n_arms, 1))
    slot[[1, 3], :8] += PER_YEAR
    lived = scenario(
        N_YEARS, PER_YEAR, n_arms, 2, slot=slot, price=price, share_hit=np.float32(0.7),
        shock_year=np.int32(1), **given, **struck,
    )  # fmt: skip
    blocks = np.array([[0, 7], [7, 10]], np.int64)
    p = primitives(**changes)
    seed = 3  # at which every outcome befalls somebody
    return World(p, formula_tables(), people, blocks, lived, N_YEARS, 0, n_replicates, seed)


if __name__ == "__main__":
    # Run by the test of compiled against plain Python: sums of the small world go to a file.
    np.savez(Path(sys.argv[1]), **simulate(small_world())._asdict())
