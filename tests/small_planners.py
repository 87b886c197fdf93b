"""A few planner types of Erewhon, each world of them solved once for all tests that look at it."""

from functools import cache

import numpy as np

from resilience_sim.cli import compose
from resilience_sim.config import Config
from resilience_sim.kernels.primitives import HIGHEST_SCORE, N_SCORES, Primitives
from resilience_sim.model import Terms, primitives
from resilience_sim.solver import Phase, Policies, TypeAxes, solve

# One mind, and heirs like their parents; SHY and OTHER_HEIRS ask for more.
CASE = (
    "case=erewhon", "shock=none", "mechanisms.confidence=false", "mechanisms.pooling=false",
    "mechanisms.skill_redrawn=false",
)  # fmt: skip
SHY = ("mechanisms.confidence=true",)
OTHER_HEIRS = ("mechanisms.skill_redrawn=true",)
EXACT = ("planner.tolerance=1e-6", "planner.max_years=3000")
CLOSE = ("planner.tolerance=2e-6",)
DEFAULT_GRIDS = (
    *CLOSE, "planner.n_assets=40", "planner.n_money=48", "planner.n_savings=40",
)  # fmt: skip
TRAPPING = (
    "technology.exponent.improved=0.55", "technology.productivity.improved=1.0",
    "technology.outlay.improved=0.6", "technology.knowledge_outlay=1", "finance.credit_limit=0",
    "technology.resale_discount=0.5",
)  # fmt: skip
AXES = {
    "many": TypeAxes(
        np.array([0.2, 1.0]), np.log2(np.array([0.5, 0.7, 0.9, 1.1, 1.4])), np.array([0.0, 0.4])
    ),
    "few": TypeAxes(np.array([0.2, 1.0]), np.log2(np.array([0.6, 0.9, 1.3])), np.array([0.2])),
    "one": TypeAxes(np.array([1.0]), np.log2(np.array([0.9])), np.array([0.2])),
}
CASH = 0.15  # lines per year
COMMON_MONEY = 3  # lines; few households of these types ever hold more


@cache
def world(*overrides: str) -> tuple[Config, Primitives]:
    """A config, and its primitives with skill spread on both kinds of land."""
    config = compose([*CASE, *overrides])
    scores = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES, dtype=np.float32)
    return config, primitives(config)._replace(
        skill_at=np.tile(0.5 * scores - 0.2, (2, 1)), skill_luck=np.full(2, 0.9, np.float32)
    )


@cache
def policies(axes: str, phases: tuple[Phase, ...], *overrides: str, threads: int = 2) -> Policies:
    """Plans of the types of `AXES[axes]`."""
    config, p = world(*overrides, f"threads={threads}")
    return solve(config, p, AXES[axes], phases)


def cash(hazard: float) -> Phase:
    """Cash that is believed to end with `hazard` a year."""
    return Phase(CASH, Terms(), 0, 0, hazard)


def dated(n_periods: int, first_season: int = 0) -> Phase:
    """Cash whose last payment is known."""
    return Phase(CASH, Terms(), n_periods, first_season, None)


def terms(hazard: float = 0.2, **told: float) -> Phase:
    """Terms without money."""
    return Phase(0.0, Terms(**told), 0, 0, hazard)


def slots_of(found: Policies, phase: Phase | None) -> np.ndarray:
    """Slots of a phase, or of the life without programmes."""
    return found.base_slots if phase is None else found.phase_slots[phase]


def by_season(found: Policies, phase: Phase | None = None) -> np.ndarray:
    """Plans of the only type of "one": (n_slots, n_minds, 3, n_assets, n_money, 2)."""
    return found.plans[slots_of(found, phase)][:, 0, :, 0, 0]


def planted(found: Policies, phase: Phase | None = None) -> np.ndarray:
    """Technique at planting in season 0, (L, M, H, O, n_assets, n_money)."""
    advantage = found.choice[slots_of(found, phase)[0]]
    none = np.zeros((*advantage.shape[:-1], 1))
    return np.argmax(np.concatenate([none, advantage], axis=-1), axis=-1)
