"""What the model needs and surveys rarely ask: skill, technique, beliefs, children; survey incomes stay."""

from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np

from resilience_sim.config import Config
from resilience_sim.kernels import draws
from resilience_sim.kernels.choices import school_so_far
from resilience_sim.kernels.primitives import (
    HIGHEST_SCORE,
    IMPROVED,
    N_SCORES,
    NONE,
    TRADITIONAL,
    Primitives,
)
from resilience_sim.model import yearly_wages
from resilience_sim.population import Households
from resilience_sim.solver import TypeAxes

LOWEST_SKILL, HIGHEST_SKILL = 2.0**-6, 2.0**5
TYPE_TAILS = 0.005  # share of households beyond the end types, on either side
OTHER_TAIL = 0.005
MAX_LAND_TYPES = 3
LEAST_CONSUMED = 0.05  # lines a year; nobody is taken to have lived on less
SMALL_CHILD_YEARS = 5.0
MOST_SCHOOL = 18.0  # years
OTHER_BEND = 0.1  # lines a year; other income counts in log2(1 + income / bend)


@dataclass(frozen=True)
class Start:
    """Households at the start; arrays (n_households,)."""

    skill: np.ndarray
    wages: np.ndarray
    """Yearly wages with all paid work that is found, lines."""
    land: np.ndarray
    technique: np.ndarray
    """int32, in the ground."""
    knowledge: np.ndarray
    """int32; who runs the improved technique commands it."""
    confidence: np.ndarray
    """int32; 1 believes the improved technique's true return."""
    other_known: np.ndarray
    """What the planner counts on besides its own work: other income and the pool's mean, lines a year."""
    school: np.ndarray
    """Years of school of the head."""
    child_health: np.ndarray
    child_school: np.ndarray
    """Years of school of the child so far."""
    consumption: np.ndarray
    """Of the year before the start, lines: income between bounds."""
    land_at: np.ndarray
    """int, the nearest node of land among the planner types."""
    skill_at: np.ndarray
    """(n_land, N_SCORES) log2 skill by node of land and normal score."""
    skill_luck: np.ndarray
    """(n_land,) standard deviation of luck in an heir's score that keeps the spread of skill as it is."""
    axes: TypeAxes
    notes: tuple[str, ...]

    def complete(self, p: Primitives) -> Primitives:
        """`p` with what heirs' skill is drawn around."""
        return p._replace(
            skill_at=self.skill_at.astype(np.float32),
            skill_luck=self.skill_luck.astype(np.float32),
        )


def start_of(config: Config, p: Primitives, people: Households) -> Start:
    """Solve each household's skill from its lasting earnings, and its technique from what would pay.

    A share `known_at_start` of households, by lot, could command the improved technique. Skill is
    the one at which expected net earnings (own output less outlay, plus wages on the labour left)
    equal `people.earned_permanent`, at the imputed assets and land and at ordinary
    luck. Without own activity the technique is none; with it, the improved one where it earns more
    than the traditional at these assets, with knowledge for those who could command it, who then do,
    and without for the others. Both are one-dimensional and monotone, so bisection is safe.
    """
    land = people.land if config.mechanisms.land else np.zeros(people.n_households)
    held = float(p.keep) ** (float(p.periods_per_year) / 2) * people.assets + land
    key = np.arange(people.n_households, dtype=np.uint32)
    could = draws.uniforms(key, 0, draws.PURPOSE_KNOWN, config.seed, 0)
    could = (could < config.technology.known_at_start) | people.has_knowledge
    technique, skill = _technique_and_skill(config, p, people, held, could)
    knowledge = (((technique == IMPROVED) & could) | people.has_knowledge).astype(np.int32)
    weight = people.persons / people.persons.sum()
    share = {name: float(weight[technique == t].sum()) for name, t in _TECHNIQUES}
    notes = (
        "Skill solved from lasting earnings at ordinary luck, imputed assets and land.",
        "Technique at the start, share of persons: "
        + ", ".join(f"{name} {value:.2f}" for name, value in share.items())
        + f"; {float(weight[knowledge != 0].sum()):.2f} command the improved one.",
    )
    confidence = _confidence(config, p, technique, key)
    other_known = people.other + _pooled(p, people, technique, knowledge)
    wages = yearly_wages(p, skill)
    consumption = np.clip(people.income, LEAST_CONSUMED, config.population.imputation.max_income)
    axes = _axes(config, skill, land, other_known)
    land_at = np.abs(axes.land[None, :] - land[:, None]).argmin(axis=1)
    score, skill_at = _skill_scores(np.log2(skill), people.persons, land_at, axes.land.size)
    school = _adult_school(config, people, score, key)
    child_health, child_school = _children(config, p, people, consumption, key)
    return Start(
        skill, wages, land, technique, knowledge, confidence, other_known, school, child_health,
        child_school, consumption, land_at, skill_at, _skill_luck(config, p, skill_at), axes, notes,
    )  # fmt: skip


_TECHNIQUES = (("none", NONE), ("traditional", TRADITIONAL), ("improved", IMPROVED))


def _technique_and_skill(
    config: Config, p: Primitives, people: Households, held: np.ndarray, could: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Technique, int32, and skill of each household; copies in a resample are solved once."""
    technique, skill = np.full(people.n_households, NONE, np.int32), np.empty(people.n_households)
    is_active = people.has_own_activity
    solvers = (
        (is_active & could, partial(_with_own_work, is_known=True)),
        (is_active & ~could, partial(_with_own_work, is_known=False)),
        (~is_active, _without_own_work),
    )
    for who, solve in solvers:
        pairs = people.earned_permanent[who] + 1j * held[who]
        kinds, kind = np.unique(pairs, return_inverse=True)
        technique_of, skill_of = solve(config, p, kinds.real, kinds.imag)
        technique[who], skill[who] = technique_of[kind], skill_of[kind]
    return technique, skill


@dataclass(frozen=True)
class _Work:
    """Own work under one technique in an ordinary year."""

    productivity: float
    labour: float
    outlay: float
    grown: np.ndarray
    """What assets and land bear at productivity and skill one."""
    ordinary: float
    """Part of it that droughts leave on average."""

    def gain(self, skill: np.ndarray, wages: np.ndarray) -> np.ndarray:
        """Expected yearly gain over living by wages alone, in lines."""
        output = self.productivity * skill * self.grown * self.ordinary
        gain: np.ndarray = output - self.outlay - self.labour * wages
        return gain


def _traditional(p: Primitives, held: np.ndarray) -> _Work:
    grown = np.maximum(held, 1e-30) ** float(p.exponent_traditional)
    return _Work(
        float(p.productivity_traditional), float(p.labour_traditional), float(p.outlay_traditional),
        grown, 1.0 - float(p.drought) * float(p.drought_loss),
    )  # fmt: skip


def _improved(p: Primitives, held: np.ndarray, is_known: bool) -> _Work:
    """The improved technique as it is run with knowledge, or without."""
    grown = np.maximum(held, 1e-30) ** float(p.exponent_improved)
    return _Work(
        float(p.productivity_known if is_known else p.productivity_improved),
        float(p.labour_improved), float(p.outlay_known if is_known else p.outlay_improved),
        grown, 1.0 - float(p.drought) * float(p.drought_loss),
    )  # fmt: skip


def _with_own_work(
    config: Config, p: Primitives, target: np.ndarray, held: np.ndarray, is_known: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The technique that pays, and the skill that explains earnings under it."""
    usual, better = _traditional(p, held), _improved(p, held, is_known)
    traditional, improved = _skill(p, target, usual), _skill(p, target, better)
    wages = _wages(p, traditional)
    pays = better.gain(traditional, wages) > usual.gain(traditional, wages)
    pays &= config.mechanisms.improved_technique
    return np.where(pays, IMPROVED, TRADITIONAL), np.where(pays, improved, traditional)


def _without_own_work(
    config: Config, p: Primitives, target: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """No technique, and the skill that explains earnings as wages."""
    return np.full(target.size, NONE), _skill(p, target, None)


def _wages(p: Primitives, skill: np.ndarray) -> np.ndarray:
    return yearly_wages(p, skill) * (1.0 - float(p.illness) * float(p.illness_labour))


def _skill(p: Primitives, target: np.ndarray, work: _Work | None) -> np.ndarray:
    """Skill at which wages, and the gain of own work where there is any, come to `target`."""
    low = np.full(target.size, np.log(LOWEST_SKILL))
    high = np.full(target.size, np.log(HIGHEST_SKILL))
    for _ in range(50):
        middle = 0.5 * (low + high)
        skill = np.exp(middle)
        wages = _wages(p, skill)
        is_short = (wages if work is None else wages + work.gain(skill, wages)) < target
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    solved: np.ndarray = np.exp(0.5 * (low + high))
    return solved


def _confidence(
    config: Config, p: Primitives, technique: np.ndarray, key: np.ndarray
) -> np.ndarray:
    """Who runs the improved technique believes in it; of the others, a share drawn by lot."""
    believes = draws.uniforms(key, 0, draws.PURPOSE_BELIEF, config.seed, 0) < p.confidence_start
    drawn: np.ndarray = ((technique == IMPROVED) | believes).astype(np.int32)
    return drawn


def _pooled(
    p: Primitives, people: Households, technique: np.ndarray, knowledge: np.ndarray
) -> np.ndarray:
    """What the pool pays out in ordinary times: the tax on the village's mean of lasting earnings, gross."""
    improved = np.where(knowledge != 0, p.outlay_known, p.outlay_improved)
    outlay = np.select(
        [technique == IMPROVED, technique == TRADITIONAL], [improved, p.outlay_traditional], 0.0
    )
    persons = people.persons
    total = np.bincount(people.village, persons * (people.earned_permanent + outlay))
    mean = total / np.bincount(people.village, persons)
    paid: np.ndarray = float(p.pool_tax) * mean[people.village]
    return paid


def _adult_school(
    config: Config, people: Households, skill_score: np.ndarray, key: np.ndarray
) -> np.ndarray:
    """Years of school of heads: observed, or drawn around a line in log skill."""
    if people.adult_school is not None:
        return people.adult_school
    ages = config.generations
    tie = ages.adult_school_skill
    drawn = draws.normals(key, 0, draws.PURPOSE_ADULT, config.seed, 0).astype(np.float64)
    score = tie * skill_score + np.sqrt(1.0 - tie**2) * drawn
    school: np.ndarray = np.clip(ages.adult_school + ages.adult_school_sd * score, 0.0, MOST_SCHOOL)
    return school


def _children(
    config: Config,
    p: Primitives,
    people: Households,
    consumption: np.ndarray,
    key: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Health and school of children so far, as if today's income had always been there."""
    child_age = people.age - float(p.birth_age)
    lived = np.clip(np.floor(child_age) / SMALL_CHILD_YEARS, 0.0, 1.0)
    fed = np.minimum(consumption / float(p.health_line), 1.0) ** float(p.health_curve)
    school = np.empty(people.n_households, np.float32)
    school_so_far(
        p, key, child_age.astype(np.float32), consumption.astype(np.float32), np.uint32(config.seed), school,
    )  # fmt: skip
    return lived * fed, school.astype(np.float64)


def _skill_scores(
    log_skill: np.ndarray, persons: np.ndarray, land_at: np.ndarray, n_land: int
) -> tuple[np.ndarray, np.ndarray]:
    """Normal score of each household's skill among those of its land, and log2 skill by land and score.

    Skill is solved from earnings, and own work, which comes with land, rises less with skill than
    wages do; so heirs are drawn among the skills of the same land. Shapes (n,), (n_land, N_SCORES).
    """
    nodes = np.linspace(-HIGHEST_SCORE, HIGHEST_SCORE, N_SCORES)
    normal = NormalDist()
    ranks = np.array([normal.cdf(float(node)) for node in nodes])
    fine = np.linspace(-6.0, 6.0, 2401)
    cumulative = np.array([normal.cdf(float(score)) for score in fine])
    scores, table = np.zeros(log_skill.size), np.zeros((n_land, N_SCORES))
    for land in range(n_land):
        inside = np.flatnonzero(land_at == land)
        if not inside.size:
            continue
        order = inside[np.argsort(log_skill[inside], kind="stable")]
        share = np.cumsum(persons[order])
        middle = (share - 0.5 * persons[order]) / share[-1]
        scores[order] = np.interp(middle, cumulative, fine)
        table[land] = np.interp(ranks, middle, log_skill[order])
    return scores, table


def _skill_luck(config: Config, p: Primitives, skill_at: np.ndarray) -> np.ndarray:
    """Spread of luck in heirs' scores such that skill is as spread among heirs as among parents.

    What school adds to skill spreads it too; its part is taken off, in units of the table's slope
    at its middle.
    """
    ages = config.generations
    middle = N_SCORES // 2
    slope = (skill_at[:, middle + 4] - skill_at[:, middle - 4]) / (
        8 * 2.0 * HIGHEST_SCORE / (N_SCORES - 1)
    )
    school = float(p.school_effect) * ages.adult_school_sd / np.maximum(slope, 1e-9)
    persists = float(p.skill_persistence)
    left = 1.0 - persists**2 - 2.0 * persists * school * ages.adult_school_skill - school**2
    luck: np.ndarray = np.sqrt(np.maximum(left, 0.0))
    return luck


def _axes(config: Config, skill: np.ndarray, land: np.ndarray, other: np.ndarray) -> TypeAxes:
    """Nodes of the planner types, wide enough for all but the tails."""
    kinds = np.unique(land)
    if kinds.size > MAX_LAND_TYPES:
        kinds = np.quantile(land, (np.arange(MAX_LAND_TYPES) + 0.5) / MAX_LAND_TYPES)
    log_skill = _spread(np.log2(skill), config.planner.n_skill, TYPE_TAILS, TYPE_TAILS)
    bent = _spread(np.log2(1.0 + other / OTHER_BEND), config.planner.n_other, 0.0, OTHER_TAIL)
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
