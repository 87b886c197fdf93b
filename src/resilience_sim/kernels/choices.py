"""What households decide: school, the technique at planting, and what to eat, keep, sell and owe."""

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.household import settle, year_outlay
from resilience_sim.kernels.interpolation import between, cell_of, read_tile, shelve_grids
from resilience_sim.kernels.lanes import TILE
from resilience_sim.kernels.lookups import find
from resilience_sim.kernels.primitives import (
    ABOVE,
    BOTH_LISTS,
    NO_LIST,
    ON_THE_WAY,
    PRODUCTIVE_LIST,
    SHOCK_ENTRANT,
    SOCIAL_LIST,
    WAY_UP,
)
from resilience_sim.kernels.vector import apart, kernel, load, load_table, loop_kernel, store, tile

f4, i4, u4 = np.float32, np.int32, np.uint32
_ZERO, _ONE, _HALF, _TWO = f4(0.0), f4(1.0), f4(0.5), f4(2.0)
_ALMOST = f4(1e-4)  # lines; consumption this far under the need counts as destitution
_ROOT_HALF = f4(0.7071067811865476)
_HUNGRY = f4(0.05)  # lines per year; below it people are taken for as poor as there
_LEAST = f4(1e-30)  # keeps a logarithm finite where it is not asked for
_ADULT_AGE = f4(18.0)  # years


@kernel
def mind_of(knowledge, confidence):
    """Index of what the planner knows and believes: knowledge, plus two where it is discouraged."""
    return i4(knowledge + i4(2) * (i4(1) - confidence))


@kernel
def _strides(tables, other_stride):
    """Strides of a table's axes of skill, minds, land and slots, from that of other income."""
    skill_stride = i4(other_stride * tables.n_other)
    mind_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(mind_stride * tables.n_minds)
    return skill_stride, mind_stride, land_stride, i4(land_stride * tables.n_land)


@kernel
def _steps(tables, other_stride, skill_stride):
    """To the next node of other income and of skill; none where there is one node alone."""
    other_step = other_stride if tables.n_other > 1 else i4(0)
    return other_step, (skill_stride if tables.n_skill > 1 else i4(0))


@kernel
def _note(
    tables, row, width, k, corner, money, assets, other_place, skill_place, counts, reals
):  # fmt: skip
    """Put a household into a tile, as `read_tile` wants it; `corner` is the lowest of its table."""
    cell, other_cell = cell_of(tables.assets, assets), cell_of(tables.money, money)
    store(counts, k, i4(corner + i4(cell * row) + i4(other_cell * width)))
    store(counts, k + TILE, other_cell)
    store(counts, k + 2 * TILE, cell)
    store(reals, k, money)
    store(reals, k + TILE, assets)
    store(reals, k + 2 * TILE, other_place)
    store(reals, k + 3 * TILE, skill_place)


@kernel
def _of_lists(rows):
    """A row (N_LISTS,) as single numbers, read before a loop begins."""
    return (
        rows[NO_LIST], rows[SOCIAL_LIST], rows[PRODUCTIVE_LIST], rows[BOTH_LISTS],
        rows[SHOCK_ENTRANT],
    )  # fmt: skip


@kernel
def _by_list(row, code):
    """What a list gets, of `_of_lists`: choices among registers, where a gather would go to memory."""
    none, social, productive, both, entrant = row
    got = social if code == SOCIAL_LIST else none
    got = productive if code == PRODUCTIVE_LIST else got
    got = both if code == BOTH_LISTS else got
    return entrant if code == SHOCK_ENTRANT else got


@loop_kernel
def judge(tables, households, first, n, is_start, state, scratch):
    """At planting: escape probability, spells above and below the threshold, class at the start."""
    row = tables.n_money
    other_stride = i4(tables.n_assets * row)
    skill_stride, mind_stride, land_stride, _ = _strides(tables, other_stride)
    other_step, skill_step = _steps(tables, other_stride, skill_stride)
    shelf, counts, reals, few = tile(f4, 2), tile(i4, 3), tile(f4, 5), tile(i4, 1)
    shelve_grids(tables, shelf)
    for start in range(0, n, TILE):
        size = min(n - start, TILE)
        for k in range(size):
            j, i = start + k, first + start + k
            mind = mind_of(load_table(state.knowledge, j), load_table(state.confidence, j))
            corner = i4(
                i4(load_table(households.land_at, i) * land_stride)
                + i4(mind * mind_stride)
                + i4(load_table(state.type_at, j) * other_stride)
            )
            _note(
                tables, row, i4(1), k, corner, load_table(scratch.money, j),
                load_table(state.assets, j), load_table(households.other_place, i),
                load_table(state.skill_place, j), counts, reals,
            )  # fmt: skip
        read_tile(tables, tables.escape, 1, size, shelf, counts, reals, other_step, skill_step, row)
        for k in range(size):
            spell = load(state.spell, start + k)
            above, below = i4(max(spell, i4(0)) + i4(1)), i4(min(spell, i4(0)) - i4(1))
            is_above = load(reals, k + 4 * TILE) >= _HALF
            store(state.spell, start + k, above if is_above else below)
        for m in range(find(state.spell, start, start + size, i4(1), few)):
            # Who came above just now: by its wealth, or by what it has learnt?
            j = few[m]
            i, k = first + j, j - start
            mind = mind_of(state.knowledge[j], state.confidence[j])
            began = mind_of(households.knowledge[i], households.confidence[i])
            places = reals[k], reals[k + TILE], reals[k + 2 * TILE], reals[k + 3 * TILE]
            corner = i4(counts[k] + i4(i4(began - mind) * mind_stride))
            before = between(tables.escape, corner, other_step, skill_step, row, places)
            state.is_from_threshold[j] = i4(0) if before >= _HALF else i4(1)
    if is_start:
        for j in range(n):
            is_above = state.spell[j] > 0
            scratch.start[j] = class_of(is_above, households.type_kind[first + j])
            scratch.began_above[j] = i4(1) if is_above else i4(0)


@kernel
def class_of(is_above, kind):
    """Class of a household: above the threshold, or below it in a type of some kind."""
    below = i4(ON_THE_WAY) if kind == WAY_UP else i4(kind)
    return i4(ABOVE) if is_above else below


@loop_kernel
def enrol(
    p, households, first, n, year, reach, at_stake, pupil_stake, seed, replicate, state, scratch
):
    """At the start of a year, school or work for children, and the fee.

    A family weighs what a year of school is worth to it, in lines, against the fee, the pay
    forgone, and the money that hangs on school; the poorer it is, the more today counts. Rows by
    list (N_LISTS,): `at_stake` lines per member and year, `pupil_stake` lines per household and
    year.
    """
    at_stake_of, pupil_stake_of = _of_lists(at_stake), _of_lists(pupil_stake)
    for j in range(n):
        i = first + j
        size, code = load_table(households.size, i), load_table(reach, j)
        child_age = load_table(state.age, j) - p.birth_age
        can_work = (p.work_age <= child_age) & (child_age < _ADULT_AGE)
        is_of_age = (p.school_age <= child_age) & (child_age < p.school_end)
        stake = (_by_list(at_stake_of, code) * size + _by_list(pupil_stake_of, code)) / p.children
        cost = p.school_fee + (p.child_work if can_work else _ZERO) - stake
        taste = taste_for_school(
            load_table(households.key, i), load_table(state.generation, j), u4(year), seed,
            replicate,
        )  # fmt: skip
        is_worth = will_enrol(p, load_table(state.consumption_last, j), max(cost, _LEAST), taste)
        goes = is_of_age & ((cost <= _ZERO) | is_worth)
        fee = p.school_fee * p.children / size
        pay = p.child_work * p.children / size / f4(p.periods_per_year)
        store(state.is_enrolled, j, i4(1) if goes else i4(0))
        store(scratch.money, j, load(scratch.money, j) - (fee if goes else _ZERO))
        store(state.child_pay, j, pay if can_work & (not goes) else _ZERO)


@kernel
def taste_for_school(key, generation, year, seed, replicate):
    """Standard normal taste: half of its variance lasts for a generation of the family, half is the year's.

    Families at the start have the same lasting taste in every replicate: their children went to
    school by it (`school_so_far`).
    """
    drawn_in = replicate if generation > 0 else u4(0)
    a, b, _, _ = draws.philox(key, u4(generation), draws.PURPOSE_CHILD, u4(0), seed, drawn_in)
    lasting, _ = draws.normal_pair(a, b)
    a, b, _, _ = draws.philox(key, year, draws.PURPOSE_CHILD, u4(1), seed, replicate)
    passing, _ = draws.normal_pair(a, b)
    return (lasting + passing) * _ROOT_HALF


@kernel
def will_enrol(p, consumption, cost, taste):
    """Whether a year of school is worth its cost (lines per child) to a family.

    A line today weighs consumption (lines per year) to the power of minus risk aversion, against
    one at the line tomorrow.
    """
    ease = p.crra * log2(max(consumption, _HUNGRY))
    return log2(p.school_worth / cost) + ease + p.school_taste * taste >= _ZERO


@loop_kernel
def school_so_far(p, key, child_age, consumption, seed, out):
    """Years of school that children have behind them at the start, had families always been as today.

    Years before the start count backwards from the largest word, apart from those of the run.
    """
    for j in range(out.size):
        years = _ZERO
        age = p.school_age
        while age + _ONE <= min(child_age[j], p.school_end):
            cost = p.school_fee + (p.child_work if age >= p.work_age else _ZERO)
            before = u4(0xFFFFFFFF) - u4(child_age[j] - age)
            taste = taste_for_school(key[j], i4(0), before, seed, u4(0))
            if will_enrol(p, consumption[j], cost, taste):
                years += _ONE
            age += _ONE
        out[j] = years


@loop_kernel
def feel_prices(p, n, consumption_last, food):
    """Share of food in a household's consumption: the poorer, the more (Engel's law)."""
    for j in range(n):
        level = log2(max(load(consumption_last, j), _HUNGRY))
        store(food, j, min(max(p.food_share - p.food_share_slope * level, _ZERO), _ONE))


@loop_kernel
@apart
def plant(
    tables, first, n, slots, type_at, land_at, skill_place, other_place, reach, knowledge,
    confidence, assets, money, technique,
):  # fmt: skip
    """At planting, choose the technique whose plan is worth most; `slots` (N_LISTS,) by list."""
    row = i4(tables.n_money * i4(2))
    other_stride = i4(tables.n_assets * row)
    skill_stride, mind_stride, land_stride, slot_stride = _strides(tables, other_stride)
    other_step, skill_step = _steps(tables, other_stride, skill_stride)
    slot_of = _of_lists(slots)
    shelf, counts, reals = tile(f4, 2), tile(i4, 3), tile(f4, 6)
    shelve_grids(tables, shelf)
    for start in range(0, n, TILE):
        size = min(n - start, TILE)
        for k in range(size):
            j, i = start + k, first + start + k
            mind = mind_of(load_table(knowledge, j), load_table(confidence, j))
            corner = i4(
                i4(_by_list(slot_of, load_table(reach, j)) * slot_stride)
                + i4(load_table(land_at, i) * land_stride)
                + i4(mind * mind_stride)
                + i4(load_table(type_at, j) * other_stride)
            )
            _note(
                tables, row, i4(2), k, corner, load_table(money, j), load_table(assets, j),
                load_table(other_place, i), load_table(skill_place, j), counts, reals,
            )  # fmt: skip
        read_tile(tables, tables.choice, 2, size, shelf, counts, reals, other_step, skill_step, row)
        for k in range(size):
            traditional = load(reals, k + 4 * TILE)
            best = i4(1) if traditional > _ZERO else i4(0)
            is_improved = load(reals, k + 5 * TILE) > max(traditional, _ZERO)
            store(technique, start + k, i4(2) if is_improved else best)


@loop_kernel
@apart
def decide(
    p, tables, first, n, slots, season_outlay, price, shock_price, is_lean,
    type_at, land_at, skill_place, other_place, reach, food, input_help, outlay_keep, credit_limit,
    assets, savings, technique, knowledge, confidence, money, income, consumption,
    income_year, consumption_year, own_year, is_destitute, hungry, sold_year, lean,
):  # fmt: skip
    """Consume, save or borrow, buy or sell assets, and pay the outlay, as planned and as far as payable."""
    two = i4(2)
    row = i4(tables.n_money * two)
    technique_stride = i4(tables.n_assets * row)
    other_stride = i4(technique_stride * i4(3))
    skill_stride, mind_stride, land_stride, slot_stride = _strides(tables, other_stride)
    other_step, skill_step = _steps(tables, other_stride, skill_stride)
    rise = shock_price - _ONE
    per_year = f4(p.periods_per_year)
    slot_of = _of_lists(slots)
    shelf, counts, reals = tile(f4, 2), tile(i4, 3), tile(f4, 6)
    shelve_grids(tables, shelf)
    for start in range(0, n, TILE):
        size = min(n - start, TILE)
        for k in range(size):
            j, i = start + k, first + start + k
            mind = mind_of(load_table(knowledge, j), load_table(confidence, j))
            corner = i4(
                i4(_by_list(slot_of, load_table(reach, j)) * slot_stride)
                + i4(load_table(land_at, i) * land_stride)
                + i4(mind * mind_stride)
                + i4(load_table(type_at, j) * other_stride)
                + i4(load(technique, j) * technique_stride)
            )
            _note(
                tables, row, two, k, corner, load_table(money, j), load(assets, j),
                load_table(other_place, i), load_table(skill_place, j), counts, reals,
            )  # fmt: skip
        read_tile(tables, tables.plans, 2, size, shelf, counts, reals, other_step, skill_step, row)
        for k in range(size):
            j = start + k
            held, at_hand = load(assets, j), load_table(money, j)
            planted, known = load(technique, j), load_table(knowledge, j)
            dear = _ONE + load_table(food, j) * rise
            floor = p.need * price * dear / per_year
            real = _ONE / (price * dear)
            help_ = load_table(input_help, j) if planted == two else _ZERO
            outlay = max(year_outlay(p, planted, known) - help_, _ZERO)
            outlay = outlay * load_table(outlay_keep, j) * season_outlay
            kept, carried, eaten, is_paid, raised = settle(
                p.resale, load_table(credit_limit, j), at_hand, outlay, floor, held,
                load(reals, k + 4 * TILE), load(reals, k + 5 * TILE),
            )  # fmt: skip
            spent = outlay if is_paid else _ZERO
            net = load(income, j) - spent
            eaten_real = eaten * real
            rate = eaten_real * per_year
            store(assets, j, kept)
            store(savings, j, carried)
            store(technique, j, planted if is_paid else i4(0))
            store(income, j, net)
            store(consumption, j, eaten_real)
            store(income_year, j, load(income_year, j) + net)
            store(own_year, j, load(own_year, j) - spent)
            store(consumption_year, j, load(consumption_year, j) + eaten_real)
            store(sold_year, j, load(sold_year, j) + raised)
            store(lean, j, rate if is_lean else load(lean, j))
            short = eaten < floor - _ALMOST
            store(is_destitute, j, i4(1) if short else load(is_destitute, j))
            unfed = i4(1) if rate < p.food_line else i4(0)
            store(hungry, j, i4(load(hungry, j) + unfed))
