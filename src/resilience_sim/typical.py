"""Typical planner types: of each kind the one that most persons live, and how it moves and escapes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels.primitives import TYPE_NAMES
from resilience_sim.lives import Lives
from resilience_sim.solver import ESCAPE_HORIZON_YEARS
from resilience_sim.solver.motion import Cell, luckless_motion
from resilience_sim.solver.policies import Policies

QUARTER_LINE = 0.25
"""Lines at hand at planting at which thresholds and motion are told."""
YEARS = (1, ESCAPE_HORIZON_YEARS)
"""How far motion looks: a year, and as far as the chance to escape does."""


@dataclass(frozen=True)
class TypicalTypes:
    """Columns of two tables of the types told."""

    motion: dict[str, np.ndarray]
    """One entry per type, years and node of assets: the type, its assets, and those so many years on."""
    chances: dict[str, np.ndarray]
    """One entry per type, assets and money: the chance to live above the line by the improved technique."""


def typical_types(config: Config, lives: Lives) -> TypicalTypes:
    """Motion and chances of the type of each kind that most persons live at the start.

    A household counts for the type nearest to it. A kind that nobody lives is left out.
    """
    policies, motion, chances = lives.policies, [], []
    assets_at, money_at = policies.assets.nodes, policies.money.nodes
    for cell, share in _most_lived(lives):
        told = _described(policies, cell, share)
        later = luckless_motion(config, lives.p, policies, cell, QUARTER_LINE, YEARS)
        motion.append(
            _repeated(told, later.size)
            | {
                "years": np.repeat(YEARS, assets_at.size),
                "assets": np.tile(assets_at, len(YEARS)),
                "estimate": later.ravel(),
            }
        )
        table = policies.escape[cell]
        chances.append(
            _repeated(told, table.size)
            | {
                "assets": np.repeat(assets_at, money_at.size),
                "money": np.tile(money_at, assets_at.size),
                "estimate": table.ravel(),
            }
        )
    return TypicalTypes(_joined(motion), _joined(chances))


def _most_lived(lives: Lives) -> Iterator[tuple[Cell, float]]:
    """Of each kind the type that most persons live, and their share of all persons."""
    axes, households = lives.policies.axes, lives.households
    n_skill, n_other = axes.log_skill.size, axes.other.size
    skill, other = np.divmod(households.type_at, n_other)
    skill = np.minimum(skill + (households.skill_place > 0.5), n_skill - 1)
    other = np.minimum(other + (households.other_place > 0.5), n_other - 1)
    mind = households.knowledge + 2 * (1 - households.confidence)
    kinds = lives.policies.type_class
    persons = np.zeros(kinds.shape)
    np.add.at(persons, (households.land_at, mind, skill, other), households.weight)
    for kind in range(len(TYPE_NAMES)):
        lived = np.where(kinds == kind, persons, 0.0)
        land_at, mind_at, skill_at, other_at = (
            int(i) for i in np.unravel_index(lived.argmax(), lived.shape)
        )
        cell = (land_at, mind_at, skill_at, other_at)
        if lived[cell] > 0:
            yield cell, float(lived[cell] / persons.sum())


def _described(policies: Policies, cell: Cell, share: float) -> dict[str, object]:
    land, mind, skill, other = cell
    axes = policies.axes
    return {
        "kind": TYPE_NAMES[policies.type_class[cell]],
        "land": axes.land[land],
        "skill": 2.0 ** axes.log_skill[skill],
        "other_income": axes.other[other],
        "has_knowledge": bool(mind % 2),
        "is_confident": mind < 2,
        "share": share,
    }


def _repeated(told: dict[str, object], n: int) -> dict[str, np.ndarray]:
    return {name: np.repeat(np.asarray(value), n) for name, value in told.items()}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    if not parts:
        return {}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
