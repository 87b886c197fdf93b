"""What the model needs and no survey asks: skill, technique and knowledge, so that incomes are the survey's."""

from dataclasses import dataclass

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels.primitives import IMPROVED, NONE, TRADITIONAL, Primitives
from resilience_sim.model import yearly_wages
from resilience_sim.population import Households
from resilience_sim.solver import TypeAxes

LOWEST_SKILL, HIGHEST_SKILL = 2.0**-6, 2.0**5
TYPE_TAILS = 0.005  # share of households beyond the end types, on either side
OTHER_TAIL = 0.005
MAX_LAND_TYPES = 3
OTHER_BEND = 0.1  # lines a year; other income counts in log2(1 + income / bend)


@dataclass(frozen=True)
class Start:
    """Households at the start; arrays (n_households,)."""

    skill: np.ndarray
    wages: np.ndarray
    """Yearly wages with all labour given to them, lines."""
    land: np.ndarray
    technique: np.ndarray
    """int32, in the ground."""
    knowledge: np.ndarray
    """int32; who runs the improved technique commands it."""
    axes: TypeAxes
    notes: tuple[str, ...]


def start_of(config: Config, p: Primitives, people: Households) -> Start:
    """Solve each household's skill from its lasting earnings, and its technique from what would pay.

    Skill is the one at which expected net earnings (own output less outlay, plus wages on the
    labour left) equal `people.earned_permanent`, at the imputed assets and land and at ordinary
    luck. Without own activity the technique is none; with it, the improved one where it earns more
    than the traditional at these assets. Both are one-dimensional and monotone, so bisection is
    safe.
    """
    land = people.land if config.mechanisms.land else np.zeros(people.n_households)
    held = float(p.keep) ** (float(p.periods_per_year) / 2) * people.assets + land
    target = people.earned_permanent
    traditional = _skill(p, target, held, TRADITIONAL, known=False)
    improved = _skill(p, target, held, IMPROVED, known=True)
    pays = (
        _own(p, traditional, held, IMPROVED, known=True) > _own(p, traditional, held, TRADITIONAL)
    ) & config.mechanisms.improved_technique
    is_active = people.has_own_activity
    technique = np.where(is_active, np.where(pays, IMPROVED, TRADITIONAL), NONE).astype(np.int32)
    without = _skill(p, target, held, NONE)
    skill = np.where(is_active, np.where(pays, improved, traditional), without)
    knowledge = ((technique == IMPROVED) | people.has_knowledge).astype(np.int32)
    weight = people.persons / people.persons.sum()
    share = {name: float(weight[technique == t].sum()) for name, t in _TECHNIQUES}
    notes = (
        "Skill solved from lasting earnings at ordinary luck, imputed assets and land.",
        "Technique at the start, share of persons: "
        + ", ".join(f"{name} {value:.2f}" for name, value in share.items())
        + "; who runs the improved one commands it.",
    )
    axes = _axes(config, skill, land, people)
    return Start(skill, yearly_wages(p, skill), land, technique, knowledge, axes, notes)


_TECHNIQUES = (("none", NONE), ("traditional", TRADITIONAL), ("improved", IMPROVED))


def _own(
    p: Primitives, skill: np.ndarray, held: np.ndarray, technique: np.int32, known: bool = False
) -> np.ndarray:
    """Expected yearly gain of own work over giving all labour to wages, in lines."""
    if technique == NONE:
        return np.zeros_like(skill)
    if technique == IMPROVED:
        productivity = p.productivity_known if known else p.productivity_improved
        exponent, labour = p.exponent_improved, p.labour_improved
        outlay = p.outlay_known if known else p.outlay_improved
    else:
        productivity, exponent, labour = (
            p.productivity_traditional,
            p.exponent_traditional,
            p.labour_traditional,
        )
        outlay = p.outlay_traditional
    ordinary = 1.0 - float(p.drought) * float(p.drought_loss)
    output = float(productivity) * skill * np.maximum(held, 1e-30) ** float(exponent) * ordinary
    gain: np.ndarray = output - float(outlay) - float(labour) * _wages(p, skill)
    return gain


def _wages(p: Primitives, skill: np.ndarray) -> np.ndarray:
    return yearly_wages(p, skill) * (1.0 - float(p.illness) * float(p.illness_labour))


def _skill(
    p: Primitives, target: np.ndarray, held: np.ndarray, technique: np.int32, known: bool = False
) -> np.ndarray:
    low = np.full(target.size, np.log(LOWEST_SKILL))
    high = np.full(target.size, np.log(HIGHEST_SKILL))
    for _ in range(50):
        middle = 0.5 * (low + high)
        skill = np.exp(middle)
        is_short = _wages(p, skill) + _own(p, skill, held, technique, known) < target
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    solved: np.ndarray = np.exp(0.5 * (low + high))
    return solved


def _axes(config: Config, skill: np.ndarray, land: np.ndarray, people: Households) -> TypeAxes:
    """Nodes of the planner types, wide enough for all but the tails."""
    kinds = np.unique(land)
    if kinds.size > MAX_LAND_TYPES:
        kinds = np.quantile(land, (np.arange(MAX_LAND_TYPES) + 0.5) / MAX_LAND_TYPES)
    log_skill = _spread(np.log2(skill), config.planner.n_skill, TYPE_TAILS, TYPE_TAILS)
    bent = _spread(
        np.log2(1.0 + people.other / OTHER_BEND), config.planner.n_other, 0.0, OTHER_TAIL
    )
    return TypeAxes(kinds, log_skill, OTHER_BEND * (2.0**bent - 1.0))


def _spread(values: np.ndarray, n: int, below: float, above: float) -> np.ndarray:
    """`n` nodes over all values but the tails, half by where households are and half evenly.

    Nodes are evenly spaced in the mean of the households' distribution and the uniform one.
    """
    low, high = np.quantile(values, [below, 1.0 - above])
    if n == 1 or high <= low:
        return np.array([values.mean()])
    fine = np.linspace(low, high, 2001)
    inside = np.searchsorted(np.sort(np.clip(values, low, high)), fine, side="right") / values.size
    measure = 0.5 * (inside - inside[0]) / (inside[-1] - inside[0]) + np.linspace(0.0, 0.5, 2001)
    nodes: np.ndarray = np.interp(np.linspace(0.0, 1.0, n), measure, fine)
    return nodes
