"""From year to year and from parents to heirs: ageing, succession, children, what is learnt and believed."""

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.counting import fixed
from resilience_sim.kernels.earnings import add_up_villages
from resilience_sim.kernels.elementary import exp2, log2
from resilience_sim.kernels.lookups import find
from resilience_sim.kernels.primitives import MIN_YEARS
from resilience_sim.kernels.records import NOT_SEEN, record_heir
from resilience_sim.kernels.skill import score_of, skill_of
from resilience_sim.kernels.vector import load, load_table, loop_kernel, store

f4, f8, i4, i8, u4 = np.float32, np.float64, np.int32, np.int64, np.uint32
_ZERO, _ONE, _TWO = f4(0.0), f4(1.0), f4(2.0)
_SMALL_CHILD = f4(5.0)  # years in which food makes health
_LEAST_LOG_SKILL, _MOST_LOG_SKILL = f4(-6.0), f4(5.0)  # log2
ASSETS_OFF, SCHOOL_OFF, HEALTH_OFF, CONFIDENCE_OFF = 1, 2, 4, 8  # bits of `primitives.CHANNELS`


@loop_kernel
def grow_older(p, n, age, assets, savings, estate_left, is_heir):
    """A year passes; at succession one heir takes the place, with a share of assets and savings or debt."""
    for j in range(n):
        older = load(age, j) + _ONE
        is_succession = older >= p.succession_age
        share = p.inheritance if is_succession else _ONE
        store(age, j, p.heir_age if is_succession else older)
        store(is_heir, j, i4(1) if is_succession else i4(0))
        held, saved = load(assets, j), load(savings, j)
        store(assets, j, held * share)
        store(savings, j, saved * share)
        store(estate_left, j, (held + saved) * (_ONE - share))


@loop_kernel
def succeed(
    p, tables, households, first, n, year, is_twin, channels_off, seed, replicate, state, scratch,
    sums,
):  # fmt: skip
    """What heirs are besides rich or poor: school, health, belief and skill; sums (G, M) of first heirs.

    `is_twin` marks the life without programmes; its heirs are remembered, and where a channel is
    off (bits) the heir of another life has what that twin has.
    """
    for m in range(find(scratch.is_heir, 0, n, i4(1), scratch.few)):
        j = scratch.few[m]
        i = first + j
        key, generation = households.key[i], state.generation[j]
        a, b, c, d = draws.philox(key, u4(year), draws.PURPOSE_HEIR, u4(0), seed, replicate)
        if draws.unit(c) >= p.confidence_inherited:
            state.confidence[j] = i4(1) if draws.unit(d) < p.confidence_start else i4(0)
        if generation == 0:
            twin = scratch.twin_heir
            if is_twin:
                twin[0, j], twin[1, j] = state.assets[j], state.savings[j]
                twin[2, j], twin[3, j] = state.child_school[j], state.child_health[j]
                twin[4, j] = f4(state.confidence[j])
            if channels_off & ASSETS_OFF:
                state.assets[j], state.savings[j] = twin[0, j], twin[1, j]
            if channels_off & SCHOOL_OFF:
                state.child_school[j] = twin[2, j]
            if channels_off & HEALTH_OFF:
                state.child_health[j] = twin[3, j]
            if channels_off & CONFIDENCE_OFF:
                state.confidence[j] = i4(twin[4, j])
        if p.is_redrawn != 0:
            luck, _ = draws.normal_pair(a, b)
            land = households.land_at[i]
            score = p.skill_persistence * score_of(p.skill_at[land], log2(state.skill[j]))
            level = skill_of(p.skill_at[land], score + p.skill_luck[land] * luck)
            level += p.school_effect * (state.child_school[j] - p.reference_school)
            level += p.health_effect * (state.child_health[j] - p.reference_health)
            level = min(max(level, _LEAST_LOG_SKILL), _MOST_LOG_SKILL)
            state.skill[j] = exp2(level)
            state.wages[j] = p.wage * exp2(p.wage_elasticity * level)
            cell = 0
            while cell < tables.n_skill - 2 and tables.skill_nodes[cell + 1] <= level:
                cell += 1
            place = _ZERO
            if tables.n_skill > 1:
                low, high = tables.skill_nodes[cell], tables.skill_nodes[cell + 1]
                place = min(max((level - low) / (high - low), _ZERO), _ONE)
            state.skill_place[j] = place
            other = i4(state.type_at[j] % tables.n_other)
            state.type_at[j] = i4(i4(cell) * tables.n_other) + other
        if generation == 0:
            record_heir(
                households.weight[i], 0 if households.is_eligible[i] != 0 else 1,
                state.child_school[j], state.school[j], state.child_health[j], state.confidence[j],
                state.assets[j] + state.savings[j], log2(state.skill[j]), sums,
            )  # fmt: skip
            lived = log2(max(state.lived[j] / f4(year), f4(1e-6)))
            state.lived[j] = lived if year >= MIN_YEARS else NOT_SEEN * _TWO
        state.generation[j] = i4(generation + 1)
        state.school[j] = state.child_school[j]
        state.child_school[j] = _ZERO
        state.child_health[j] = _ZERO


@loop_kernel
def raise_children(p, n, closed, state):
    """At the end of a year: early food becomes health, a year at school counts less what was closed."""
    for j in range(n):
        child_age = load_table(state.age, j) - p.birth_age
        eaten, generation = load_table(state.consumption_year, j), load_table(state.generation, j)
        is_small = (p.is_health != 0) & (_ZERO <= child_age) & (child_age < _SMALL_CHILD)
        fed = min(max(eaten / p.health_line, f4(1e-6)), _ONE)
        made = exp2(p.health_curve * log2(fed)) / _SMALL_CHILD
        health, school = load(state.child_health, j), load(state.child_school, j)
        is_enrolled = load_table(state.is_enrolled, j) != 0
        lived, lived_heir = load(state.lived, j), load(state.lived_heir, j)
        store(state.child_health, j, health + made if is_small else health)
        store(state.child_school, j, school + (_ONE - closed) if is_enrolled else school)
        store(state.lived, j, lived + eaten if generation == 0 else lived)
        store(state.lived_heir, j, lived_heir + eaten if generation == 1 else lived_heir)


@loop_kernel
def learn(p, households, first, n, n_villages, year, seed, replicate, state, scratch):
    """After a crop year the discouraged may be set right, by a crop or by neighbours, the confident lose heart.

    What neighbours do is the share of the village's persons who ran the improved technique.
    """
    for j in range(n):
        persons = fixed(load_table(households.weight, first + j), _ONE)
        has_run = load_table(state.technique, j) == 2
        store(scratch.amount, j, persons if has_run else i8(0))
    add_up_villages(n, n_villages, scratch)
    for j in range(n):
        word, _, _, _ = draws.philox(
            load_table(households.key, first + j), u4(year), draws.PURPOSE_BELIEF, u4(0), seed,
            replicate,
        )  # fmt: skip
        chance = draws.unit(word)
        village = load_table(scratch.village_at, j)
        run = f8(load_table(scratch.village_sum, village))
        seen = f4(run / f8(load_table(scratch.village_persons, village)))
        has_tried = load_table(state.technique, j) == 2
        is_severe = has_tried & (load_table(state.crop, j) < p.severe_loss)
        by_neighbours = p.corrected_by_neighbours * seen
        is_corrected = chance < (p.corrected_by_trying if has_tried else by_neighbours)
        is_set_right = (not is_severe) & is_corrected
        is_broken = is_severe & (chance < p.broken_by_loss)
        keeps = i4(0) if is_broken else i4(1)
        gains = i4(1) if is_set_right else i4(0)
        store(state.confidence, j, keeps if load(state.confidence, j) != 0 else gains)


@loop_kernel
def forget(p, households, first, n, year, seed, replicate, technique, knowledge):
    """Knowledge that is not used is lost with a small hazard, once a year before planting."""
    for j in range(n):
        word, _, _, _ = draws.philox(
            load_table(households.key, first + j), u4(year), draws.PURPOSE_YEAR, u4(0), seed,
            replicate,
        )  # fmt: skip
        known = load(knowledge, j)
        is_lost = (load_table(technique, j) != 2) & (draws.unit(word) < p.knowledge_loss)
        store(knowledge, j, i4(0) if is_lost else known)
