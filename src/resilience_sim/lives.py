"""Lives: the households of an experiment in kernel form, lived under chosen arms, worlds and beliefs."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from resilience_sim import solver
from resilience_sim.config import Behaviour, BeliefKind, Config
from resilience_sim.errors import SimulationError
from resilience_sim.imputed import Start
from resilience_sim.kernels import draws, people
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.counting import FIXED_POINT, N_BINS
from resilience_sim.kernels.lanes import LANES
from resilience_sim.kernels.primitives import (
    BOTH_LISTS,
    CLASS_NAMES,
    HEIR_MOMENTS,
    N_HEIR_BINS,
    N_LISTS,
    OUTCOMES,
    PERIOD_OUTCOMES,
    SHOCK_ENTRANT,
    SOCIAL_LIST,
    Primitives,
)
from resilience_sim.model import Terms, under
from resilience_sim.population import Households
from resilience_sim.programmes import Deliveries
from resilience_sim.results import GROUPS, PANEL_COLUMNS, STANDARD_ARMS
from resilience_sim.shocks import ShockPath
from resilience_sim.solver import Phase, Policies

BLOCK_HOUSEHOLDS = 1024  # a block's state stays in the second-level cache
N_CHUNKS = 8  # that a thread takes one after another, so that no thread waits long for the others
N_LEAST_BLOCKS = 4  # a thread, for the same reason
CACHE_LINE = 64  # bytes
N_QUINTILES = 5
N_PATTERNS = 16  # of getting out or not in the four standard arms
_VILLAGE_AND_PANEL = ("village", "panel")
"""Sums of which every household's place belongs to one block alone."""

Room = tuple[people.State, people.Scratch, people.Households]
"""Where a thread keeps a block while it lives."""

Phases = Mapping[tuple[int, int], tuple[tuple[Phase, np.ndarray], ...]]
"""By arm and list code: the phases that reach it, each with the periods in which it runs."""


class Prepared(Protocol):
    """What lives need to know of an experiment."""

    @property
    def config(self) -> Config:
        """Settings."""

    @property
    def households(self) -> Households:
        """The population at the start."""

    @property
    def deliveries(self) -> Deliveries:
        """What arms deliver."""

    @property
    def shock(self) -> ShockPath:
        """What strikes."""

    @property
    def horizons_years(self) -> tuple[int, ...]:
        """Horizons within the run."""


def phases_of(config: Config, given: Deliveries, hazard: float | None = None) -> Phases:
    """What planners know of every arm's programme, by list; `hazard` replaces the believed end of it."""
    believed = config.planner.believed_end
    is_planned = config.planner.behaviour is Behaviour.PLANNER
    is_dated = believed.kind is BeliefKind.DATE and hazard is None and is_planned
    belief = believed.hazard if hazard is None else hazard
    found: dict[tuple[int, int], tuple[tuple[Phase, np.ndarray], ...]] = {}
    for a in range(len(given.names)):
        for code in range(given.support_at.shape[1]):
            row = given.support_at[a, code]
            told = []
            for index in np.unique(row[row > 0]):
                support = given.supports[index - 1]
                for running in _stretches(np.flatnonzero(row == index), is_dated):
                    phase = Phase(
                        support.transfer,
                        support.terms,
                        running.size if is_dated else 0,
                        int(running[0]) % config.periods_per_year if is_dated else 0,
                        None if is_dated else belief,
                    )
                    told.append((phase, running))
            if told:
                found[a, code] = tuple(told)
    return found


def _stretches(periods: np.ndarray, is_dated: bool) -> list[np.ndarray]:
    """Runs of periods without a gap, each of which ends at a date of its own; all in one without dates."""
    return np.split(periods, np.flatnonzero(np.diff(periods) > 1) + 1) if is_dated else [periods]


@dataclass(frozen=True)
class Arms:
    """Arms to live, by their place among those of the experiment, and the channels to heirs that are off."""

    at: Sequence[int]
    channels_off: Sequence[int]
    """Bits of `primitives.CHANNELS`; the first arm must be the one without programmes where any is set."""


class Lives:
    """Households of a run with their policies, ready to live under any belief."""

    def __init__(
        self, experiment: Prepared, p: Primitives, start: Start, policies: Policies
    ) -> None:
        self.experiment, self.p, self.policies = experiment, p, policies
        self.notes = start.notes
        self.households = _kernel_households(experiment, p, start, policies)
        self.blocks = blocks_of(experiment.households.village, BLOCK_HOUSEHOLDS)
        axes = policies.axes
        self.tables = people.Tables(
            policies.plans.ravel(), policies.choice.ravel(), policies.escape.ravel(),
            policies.type_class.ravel(), axes.log_skill.astype(np.float32), policies.assets,
            policies.money, np.int32(axes.log_skill.size), np.int32(axes.other.size),
            np.int32(axes.land.size), np.int32(policies.type_class.shape[1]),
            np.int32(policies.assets.nodes.size), np.int32(policies.money.nodes.size),
        )  # fmt: skip

    def live(
        self,
        phases: Phases,
        chosen: Sequence[int],
        worlds: Sequence[str],
        n_years: int,
        arms: Arms | None = None,
        with_panel: bool = False,
        progress: solver.Progress | None = None,
    ) -> people.Sums:
        """Live the chosen blocks and return the sums over them; all arms where `arms` is None."""
        config = self.experiment.config
        names = self.experiment.deliveries.names
        households = self.households
        if arms is None:
            arms = Arms(range(len(names)), [0] * len(names))
        else:
            households = households._replace(reach=households.reach[np.asarray(arms.at)])
        at = np.asarray(arms.at)
        scenario = _of_arms(self._scenario(phases, len(worlds)), at, arms.channels_off)
        total = self._zero_sums(at.size, len(worlds), n_years, with_panel)
        n_lives = at.size * len(worlds)
        n_draws = n_years * config.periods_per_year + 1 if n_lives > 1 else 1

        def simulate(blocks: np.ndarray, room: Room, sums: people.Sums) -> None:
            step.simulate(
                self.p, self.tables, households, blocks, scenario, n_years, 0, config.replicates,
                config.seed, *room, sums,
            )  # fmt: skip

        blocks = enough(
            self.blocks[np.asarray(chosen, np.int64)], households.village, config.threads
        )
        over_blocks(simulate, blocks, total, n_years, n_draws, config.threads, progress)
        if total.status[0]:
            raise SimulationError(
                f"{total.status[0]} yearly incomes, consumptions or assets are not finite or above a "
                "million lines; try larger planner.assets_max and planner.money_max, or smaller "
                "technology values"
            )
        if total.status[1]:
            raise SimulationError(
                f"village pools made or lost {total.status[1]} units of 2^-20 lines; please report it"
            )
        return total

    def subsample(self, n_households: int) -> list[int]:
        """Blocks of whole villages, spread over the population, with at least so many households."""
        sizes = np.diff(self.blocks, axis=1)[:, 0]
        spaced = np.argsort(np.arange(sizes.size) * 0.6180339887498949 % 1.0, kind="stable")
        n_blocks = int(np.searchsorted(np.cumsum(sizes[spaced]), n_households)) + 1
        return [int(b) for b in np.sort(spaced[:n_blocks])]

    def inside(self, chosen: Sequence[int]) -> np.ndarray:
        """Households of the chosen blocks."""
        return np.concatenate([np.arange(*self.blocks[b]) for b in chosen])

    def _scenario(self, phases: Phases, n_worlds: int) -> people.Scenario:
        experiment, p = self.experiment, self.p
        config, given, strike = experiment.config, experiment.deliveries, experiment.shock
        per_year, n_years = config.periods_per_year, config.horizon_years
        n_arms = len(given.names)
        horizon = np.full(n_years, -1, np.int32)
        horizon[np.asarray(experiment.horizons_years) - 1] = np.arange(
            len(experiment.horizons_years)
        )

        def by_world(path: np.ndarray, calm: float) -> np.ndarray:
            return np.stack([np.full(path.size, calm, np.float32), path])[:n_worlds]

        transfer, conditional = _by_list(given.transfer), _by_list(given.conditional)
        in_hand, per_household = (
            _by_list(given.transfer_household),
            _by_list(given.conditional_household),
        )
        per_child, per_pupil = _by_list(given.per_child), _by_list(given.per_pupil)
        money = transfer + in_hand + conditional + per_household + per_child + per_pupil
        has_cash = (money[:, :, SOCIAL_LIST] > 0).any(axis=1)
        transfer = np.repeat(transfer[:, None], n_worlds, axis=1)
        if n_worlds > 1:
            for a in np.flatnonzero(has_cash):
                transfer[a, 1][:, [SOCIAL_LIST, BOTH_LISTS]] += strike.top_up[:, None]
                transfer[a, 1, :, SHOCK_ENTRANT] += strike.entrant_transfer
        none = np.zeros_like(conditional)
        training = _by_list(given.training) if config.mechanisms.knowledge else none
        coaching = _by_list(given.coaching) if config.mechanisms.confidence else none
        grant, grant_household = _by_list(given.grant), _by_list(given.grant_household)
        participation = _by_list(given.participation)
        handed = in_hand + per_child + grant + grant_household + training + coaching + participation
        is_given = ((transfer + handed[:, None]) > 0).any(axis=-1)
        terms = _terms(p, given)
        is_new = (terms[:, :, 1:] != terms[:, :, :-1]).any(axis=(0, 3))
        bits = [STANDARD_ARMS.index(a) if a in STANDARD_ARMS else -1 for a in given.names]
        closed = strike.school_closed.reshape(n_years, per_year).mean(axis=1).astype(np.float32)
        return people.Scenario(
            slot=self._slots(phases),
            transfer=transfer,
            transfer_household=np.repeat(in_hand[:, None], n_worlds, axis=1),
            conditional=conditional,
            conditional_household=per_household,
            per_child=per_child,
            per_pupil=per_pupil,
            at_stake=conditional * np.float32(per_year),
            pupil_stake=(per_household + per_pupil) * np.float32(per_year),
            grant=grant,
            grant_household=grant_household,
            training=training,
            coaching=coaching,
            participation=participation,
            own_factor=terms[0],
            input_help=terms[1],
            outlay_keep=terms[2],
            return_save=terms[3],
            return_borrow=terms[4],
            credit_limit=terms[5],
            is_given=is_given.astype(np.int32),
            is_conditional=(conditional + per_household + per_pupil > 0)
            .any(axis=-1)
            .astype(np.int32),
            is_new_terms=is_new.astype(np.int32),
            channels_off=np.zeros(n_arms, np.int32),
            entrants=np.where(has_cash, strike.entrants, 0.0).astype(np.float32),
            pattern_bit=np.asarray(bits, np.int32),
            own_loss=by_world(strike.own_loss, 0.0),
            wage_loss=by_world(strike.wage_loss, 0.0),
            other_loss=by_world(strike.other_loss, 0.0),
            asset_loss=by_world(strike.asset_loss, 0.0),
            price=by_world(strike.price, 1.0),
            school_closed=by_world(closed, 0.0),
            share_hit=np.float32(max(strike.share_hit, 1e-6)),
            shock_year=np.int32(strike.start_period // per_year),
            horizon=horizon,
            escape_years=np.int32(config.outcomes.escape_years),
        )

    def _slots(self, phases: Phases) -> np.ndarray:
        """Slot of plans by arm, period and list (A, P, L) int32; a top-up in a shock changes no plans."""
        config, n_arms = self.experiment.config, len(self.experiment.deliveries.names)
        per_year = config.periods_per_year
        n_periods = config.horizon_years * per_year
        free = self.policies.base_slots[np.arange(n_periods) % per_year].astype(np.int32)
        slot = np.repeat(np.tile(free, (n_arms, 1))[:, :, None], N_LISTS, axis=2)
        for (a, code), told in phases.items():
            for phase, running in told:
                slots = self.policies.phase_slots[phase]
                at = running - running[0] if phase.n_periods else running % per_year
                slot[a, running, code] = slots[at]
        return slot

    def _zero_sums(self, n_arms: int, n_worlds: int, n_years: int, with_panel: bool) -> people.Sums:
        experiment = self.experiment
        config = experiment.config
        lives = (n_arms, n_worlds, config.replicates)
        n_horizons, n_groups = len(experiment.horizons_years), len(GROUPS)
        n_villages, n_classes = experiment.households.n_villages, len(CLASS_NAMES)
        rows = int(self.households.panel_row.max()) + 1 if with_panel else 0
        shared = (n_arms, n_worlds, n_horizons)

        def counts(*shape: int) -> np.ndarray:
            return np.zeros(shape, np.int64)

        return people.Sums(
            year=counts(*lives, n_years, n_groups, len(OUTCOMES)),
            village=counts(*shared, n_groups, len(OUTCOMES), n_villages),
            period=counts(
                *lives, n_years * config.periods_per_year, n_groups, len(PERIOD_OUTCOMES)
            ),
            histogram=counts(*shared, 2, N_BINS),
            mobility=counts(n_arms, n_worlds, N_QUINTILES, N_BINS),
            pattern=counts(n_worlds, config.replicates, N_PATTERNS),
            start=counts(config.replicates, n_classes),
            recovery=counts(n_arms, config.replicates, n_years + 1),
            heir=counts(*lives, n_groups, len(HEIR_MOMENTS)),
            heir_joint=counts(n_arms, n_worlds, N_HEIR_BINS, N_HEIR_BINS),
            heir_class=counts(*lives, n_groups, n_classes, n_classes),
            panel=np.zeros((n_arms, n_worlds, rows, n_years, len(PANEL_COLUMNS)), np.float32),
            status=counts(2),
        )


def over_blocks(
    simulate: Callable[[np.ndarray, Room, people.Sums], None], blocks: np.ndarray, total: people.Sums,
    n_years: int, n_draws: int, threads: int, progress: solver.Progress | None = None,
) -> None:  # fmt: skip
    """Live blocks of whole villages on some threads, and add to `total` what is counted.

    Each thread has room and sums of its own, which it leaves to whoever comes next.
    """
    size = int(np.diff(blocks, axis=1).max())
    own_sums, used = [total], [total]
    rooms: list[Room] = []

    def one(chunk: np.ndarray) -> None:
        sums, room = _spare(own_sums), _spare(rooms)
        if sums is None:
            sums = people.Sums(
                *(
                    each if name in _VILLAGE_AND_PANEL else np.zeros_like(each)
                    for name, each in zip(people.Sums._fields, total, strict=True)
                )
            )
            used.append(sums)
        if room is None:
            room = workspace(size, n_years, n_draws)
        simulate(blocks[chunk], room, sums)
        own_sums.append(sums)
        rooms.append(room)

    n_chunks = min(len(blocks), N_CHUNKS * (threads or os.cpu_count() or 1))
    solver.in_threads(threads, one, np.array_split(np.arange(len(blocks)), n_chunks), progress)
    for sums in used[1:]:
        for name, whole, part in zip(people.Sums._fields, total, sums, strict=True):
            if name not in _VILLAGE_AND_PANEL:
                whole += part


def _spare(left: list[Any]) -> Any:
    """Something that another thread has left, or none; taking it cannot be interrupted."""
    try:
        return left.pop()
    except IndexError:
        return None


def enough(blocks: np.ndarray, village: np.ndarray, threads: int) -> np.ndarray:
    """Blocks cut between villages, where they are too few for threads to end together."""
    wanted = N_LEAST_BLOCKS * (threads or os.cpu_count() or 1)
    if len(blocks) >= wanted or threads == 1:
        return blocks
    size = -(-int(np.diff(blocks, axis=1).sum()) // wanted)
    return np.concatenate([first + blocks_of(village[first:end], size) for first, end in blocks])


def fixed_weights(weight: np.ndarray) -> np.ndarray:
    """Weights as the kernel counts them, int64."""
    fixed: np.ndarray = np.rint(weight * FIXED_POINT).astype(np.int64)
    return fixed


def _by_list(values: np.ndarray) -> np.ndarray:
    """From (A, 4, P) to rows by list, (A, P, N_LISTS) float32; who enters in a shock gets none of it."""
    rows = np.moveaxis(values, 1, 2)
    missing = N_LISTS - rows.shape[2]
    padded: np.ndarray = np.pad(rows, ((0, 0), (0, 0), (0, missing))).astype(np.float32)
    return padded


def _terms(p: Primitives, given: Deliveries) -> np.ndarray:
    """Terms by arm, period and list (6, A, P + 1, L) float32; the first row is the life before the start."""
    n_arms, n_codes, n_periods = given.support_at.shape
    kinds = []
    for terms in (Terms(), *(support.terms for support in given.supports)):
        world = under(p, terms)
        kinds.append(
            (1.0 + terms.price_rise, terms.input_help, 1.0 - terms.outlay_share,
             world.return_save, world.return_borrow, world.credit_limit)
        )  # fmt: skip
    rows = np.asarray(kinds, np.float32).T
    out = np.empty((rows.shape[0], n_arms, n_periods + 1, N_LISTS), np.float32)
    out[:] = rows[:, 0, None, None, None]
    out[:, :, 1:, :n_codes] = rows[:, np.moveaxis(given.support_at, 1, 2)]
    return out


def _of_arms(
    scenario: people.Scenario, at: np.ndarray, channels_off: Sequence[int]
) -> people.Scenario:
    """The scenario of some arms only."""
    by_world = {
        "own_loss", "wage_loss", "other_loss", "asset_loss", "price", "school_closed",
        "share_hit", "shock_year", "horizon", "escape_years",
    }  # fmt: skip
    taken = {
        name: np.ascontiguousarray(getattr(scenario, name)[at])
        for name in people.Scenario._fields
        if name not in by_world
    }
    return scenario._replace(**taken)._replace(channels_off=np.asarray(channels_off, np.int32))


def blocks_of(village: np.ndarray, n_most: int) -> np.ndarray:
    """First and last household of blocks of whole villages, int64 (n_blocks, 2).

    A block has at most `n_most` households, or one village: a few more would begin another tile.
    """
    ends = np.append(np.flatnonzero(np.diff(village)) + 1, village.size)
    edges = [0]
    for end, after in zip(ends, [*ends[1:], np.inf], strict=True):
        if after - edges[-1] > n_most:
            edges.append(int(end))
    return np.column_stack([edges[:-1], edges[1:]]).astype(np.int64)


_STATE_COUNTS = {
    "technique", "knowledge", "confidence", "type_at", "generation", "is_enrolled", "spell",
    "is_destitute", "hungry", "is_from_threshold",
}  # fmt: skip
_SCRATCH_COUNTS = {
    "reach", "village_at", "village_last", "is_heir", "few", "start", "began_above", "last_below",
}  # fmt: skip
_HOUSEHOLD_COUNTS = {
    "village", "type_at", "land_at", "is_eligible", "type_kind", "quintile", "panel_row",
    "technique", "knowledge", "confidence",
}  # fmt: skip
_LUCK = ("harvest", "wage", "bill", "survive")
_LEDGER = ("amount", "running", "village_sum", "village_persons")


def workspace(size: int, n_years: int, n_draws: int = 1) -> Room:
    """Arrays that a worker uses again for every block of at most `size` households.

    With a draw for every period and one more, arms and worlds share the luck of the first of them.
    """
    size = -(-size // LANES) * LANES
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        **{name: ((size,), np.int64) for name in _LEDGER},
        **{name: ((size,), np.float64) for name in ("share_before", "share_upto", "weight")},
        "key": ((size,), np.uint32),
        "reach": ((size,), np.int32),
        **{name: ((n_draws, size), np.float32) for name in _LUCK},
        "twin": ((n_years, size), np.float32),
        "twin_heir": ((5, size), np.float32),
        "pattern": ((2, size), np.int32),
    }

    plan = [
        shapes.get(name, ((size,), np.int32 if name in counts else np.float32))
        for fields, counts in (
            (people.State._fields, _STATE_COUNTS), (people.Scratch._fields, _SCRATCH_COUNTS),
            (people.Households._fields, _HOUSEHOLD_COUNTS),
        )
        for name in fields
    ]  # fmt: skip
    arrays = iter(_on_lines(plan))
    state = people.State(*(next(arrays) for _ in people.State._fields))
    scratch = people.Scratch(*(next(arrays) for _ in people.Scratch._fields))
    block = people.Households(*(next(arrays) for _ in people.Households._fields))
    return state, scratch, block._replace(reach=np.zeros((1, 0), np.int32))


def _on_lines(plan: list[tuple[tuple[int, ...], type]]) -> list[np.ndarray]:
    """Zeros of some shapes and types, each of which begins with a line of the cache.

    A vector read across two lines is read twice.
    """
    sizes = [math.prod(shape) * np.dtype(kind).itemsize for shape, kind in plan]
    ends = np.cumsum([-(-each // CACHE_LINE) * CACHE_LINE for each in sizes])
    room = np.zeros(int(ends[-1]) + CACHE_LINE, np.uint8)
    starts = np.concatenate([[0], ends[:-1]]) - room.ctypes.data % CACHE_LINE + CACHE_LINE
    return [
        room[start : start + n_bytes].view(kind).reshape(shape)
        for (shape, kind), n_bytes, start in zip(plan, sizes, starts.tolist(), strict=True)
    ]


def _kernel_households(
    experiment: Prepared, p: Primitives, start: Start, policies: Policies
) -> people.Households:
    config, observed = experiment.config, experiment.households
    axes = policies.axes
    skill_cell, skill_place = _nearest_cell(axes.log_skill, np.log2(start.skill))
    other_cell, other_place = _nearest_cell(axes.other, start.other_known)
    land_at = start.land_at
    n = observed.n_households
    key = np.arange(n, dtype=np.uint32)
    share = config.outcomes.panel_share
    is_kept = draws.uniforms(key, 0, draws.PURPOSE_PANEL, config.seed, 0) < share
    near = (
        np.where(
            skill_place > 0.5, np.minimum(skill_cell + 1, axes.log_skill.size - 1), skill_cell
        ),
        np.where(other_place > 0.5, np.minimum(other_cell + 1, axes.other.size - 1), other_cell),
    )
    mind = start.knowledge + 2 * (1 - start.confidence)
    persons = observed.persons

    def real(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.float32)

    def count(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.int32)

    order = np.argsort(observed.income, kind="stable")
    rank = np.empty(n)
    rank[order] = np.cumsum(persons[order]) / persons.sum()
    return people.Households(
        key=key,
        village=count(observed.village),
        weight=persons / persons.mean(),
        size=real(observed.size),
        land=real(start.land),
        skill=real(start.skill),
        wages=real(start.wages),
        other=real(observed.other),
        type_at=count(skill_cell * axes.other.size + other_cell),
        land_at=count(land_at),
        skill_place=real(skill_place),
        other_place=real(other_place),
        is_eligible=count(experiment.deliveries.eligible),
        reach=count(experiment.deliveries.reach),
        type_kind=count(policies.type_class[land_at, mind, near[0], near[1]]),
        quintile=count(np.minimum((rank * N_QUINTILES).astype(int), N_QUINTILES - 1)),
        panel_row=count(np.where(is_kept, np.cumsum(is_kept) - 1, -1)),
        assets=real(observed.assets),
        savings=real(observed.savings if config.mechanisms.saving else np.zeros(n)),
        technique=count(start.technique),
        knowledge=count(start.knowledge),
        confidence=count(start.confidence),
        participation=real(np.full(n, config.pooling.participation)),
        age=real(observed.age),
        school=real(start.school),
        child_health=real(start.child_health),
        child_school=real(start.child_school),
        consumption=real(start.consumption),
    )


def _nearest_cell(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell and place of values between type nodes; beyond the ends a type is the end's."""
    if nodes.size == 1:
        return np.zeros(values.size, int), np.zeros(values.size)
    cell = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, nodes.size - 2)
    place = (values - nodes[cell]) / (nodes[cell + 1] - nodes[cell])
    return cell, np.clip(place, 0.0, 1.0)
