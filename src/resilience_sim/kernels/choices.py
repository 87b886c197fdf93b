"""What households decide: school, the technique at planting, and what to eat, keep, sell and owe."""

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.household import settle, year_outlay
from resilience_sim.kernels.interpolation import blend, locate
from resilience_sim.kernels.primitives import ABOVE, ON_THE_WAY, WAY_UP
from resilience_sim.kernels.vector import kernel, load, load_table, loop_kernel, store

f4, i4, u4 = np.float32, np.int32, np.uint32
_ZERO, _ONE, _HALF, _TWO = f4(0.0), f4(1.0), f4(0.5), f4(2.0)
_ALMOST = f4(1e-4)  # lines; consumption this far under the need counts as destitution
_ROOT_HALF = f4(0.7071067811865476)
_HUNGRY = f4(0.05)  # lines per year; below it people are taken for as poor as there
_ADULT_AGE = f4(18.0)  # years


@kernel
def _read_plan(tables, corner, row, place_assets, place_money):
    kept = blend(tables.plans, corner, i4(2), place_assets, place_money, row)
    carried = blend(tables.plans, i4(corner + i4(1)), i4(2), place_assets, place_money, row)
    return kept, carried


@kernel
def _mix(low, high, place):
    return low + place * (high - low)


@kernel
def mind_of(knowledge, confidence):
    """Index of what the planner knows and believes: knowledge, plus two where it is discouraged."""
    return i4(knowledge + i4(2) * (i4(1) - confidence))


@kernel
def _chance(tables, corner, skill_step, other_step, row, at, skill_place, other_place):
    """Escape probability between types and nodes."""
    place_assets, place_money = at
    a = blend(tables.escape, corner, i4(1), place_assets, place_money, row)
    b = blend(tables.escape, i4(corner + other_step), i4(1), place_assets, place_money, row)
    corner = i4(corner + skill_step)
    c = blend(tables.escape, corner, i4(1), place_assets, place_money, row)
    d = blend(tables.escape, i4(corner + other_step), i4(1), place_assets, place_money, row)
    return _mix(_mix(a, b, other_place), _mix(c, d, other_place), skill_place)


@loop_kernel
def judge(tables, households, first, n, is_start, state, scratch):
    """At planting: escape probability, spells above and below the threshold, class at the start."""
    row = tables.n_money
    other_stride = i4(tables.n_assets * tables.n_money)
    skill_stride = i4(other_stride * tables.n_other)
    mind_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(mind_stride * tables.n_minds)
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    for j in range(n):
        i = first + j
        kind = state.type_at[j]
        corner = i4(
            i4(households.land_at[i] * land_stride)
            + i4(i4(kind // tables.n_other) * skill_stride)
            + i4(i4(kind % tables.n_other) * other_stride)
        )
        cell, place_assets = locate(tables.assets, state.assets[j])
        other_cell, place_money = locate(tables.money, scratch.money[j])
        at = (place_assets, place_money)
        corner = i4(corner + i4(cell * row) + other_cell)
        mind = mind_of(state.knowledge[j], state.confidence[j])
        now = _chance(
            tables, i4(corner + i4(mind * mind_stride)), skill_step, other_step, row,
            at, state.skill_place[j], households.other_place[i],
        )  # fmt: skip
        is_above = now >= _HALF
        spell = state.spell[j]
        if is_above:
            if spell <= 0:
                mind = mind_of(households.knowledge[i], households.confidence[i])
                before = _chance(
                    tables, i4(corner + i4(mind * mind_stride)), skill_step,
                    other_step, row, at, state.skill_place[j], households.other_place[i],
                )  # fmt: skip
                state.is_from_threshold[j] = i4(0) if before >= _HALF else i4(1)
            state.spell[j] = i4(spell + 1) if spell > 0 else i4(1)
        else:
            state.spell[j] = i4(spell - 1) if spell < 0 else i4(-1)
        if is_start:
            scratch.start[j] = class_of(is_above, households.type_kind[i])
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
    for j in range(n):
        i = first + j
        size = households.size[i]
        child_age = state.age[j] - p.birth_age
        can_work = p.work_age <= child_age < _ADULT_AGE
        is_of_age = p.school_age <= child_age < p.school_end
        goes = False
        if is_of_age:
            code = reach[j]
            stake = (at_stake[code] * size + pupil_stake[code]) / p.children
            cost = p.school_fee + (p.child_work if can_work else _ZERO) - stake
            if cost <= _ZERO:
                goes = True
            else:
                taste = taste_for_school(
                    households.key[i], state.generation[j], u4(year), seed, replicate
                )
                goes = will_enrol(p, state.consumption_last[j], cost, taste)
        state.is_enrolled[j] = i4(1) if goes else i4(0)
        scratch.money[j] -= p.school_fee * p.children / size if goes else _ZERO
        works = can_work and not goes
        pay = p.child_work * p.children / size / f4(p.periods_per_year)
        state.child_pay[j] = pay if works else _ZERO


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
def plant(
    tables, first, n, slots, type_at, land_at, skill_place, other_place, reach, knowledge,
    confidence, assets, money, technique,
):  # fmt: skip
    """At planting, choose the technique whose plan is worth most; `slots` (N_LISTS,) by list."""
    row = i4(tables.n_money * i4(2))
    other_stride = i4(tables.n_assets * row)
    skill_stride = i4(other_stride * tables.n_other)
    mind_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(mind_stride * tables.n_minds)
    slot_stride = i4(land_stride * tables.n_land)
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    two, one = i4(2), i4(1)
    for j in range(n):
        i = first + j
        cell, place_assets = locate(tables.assets, load_table(assets, j))
        other_cell, place_money = locate(tables.money, load_table(money, j))
        corner = i4(
            i4(load_table(slots, load_table(reach, j)) * slot_stride)
            + i4(load_table(land_at, i) * land_stride)
            + i4(mind_of(load_table(knowledge, j), load_table(confidence, j)) * mind_stride)
            + i4(load_table(type_at, j) * other_stride)
            + i4(cell * row)
            + i4(other_cell * two)
        )
        across, along = load_table(skill_place, j), load_table(other_place, i)
        traditional = _ZERO
        improved = _ZERO
        for technique_at in range(2):
            at = i4(corner + i4(technique_at))
            a = blend(tables.choice, at, two, place_assets, place_money, row)
            b = blend(tables.choice, i4(at + other_step), two, place_assets, place_money, row)
            at = i4(at + skill_step)
            c = blend(tables.choice, at, two, place_assets, place_money, row)
            d = blend(tables.choice, i4(at + other_step), two, place_assets, place_money, row)
            gap = _mix(_mix(a, b, along), _mix(c, d, along), across)
            traditional = gap if technique_at == 0 else traditional
            improved = gap
        best = one if traditional > _ZERO else i4(0)
        most = max(traditional, _ZERO)
        store(technique, j, two if improved > most else best)


@loop_kernel
def decide(
    p, tables, first, n, slots, season_outlay, price, shock_price, is_lean,
    type_at, land_at, skill_place, other_place, reach, food, input_help, outlay_keep, credit_limit,
    assets, savings, technique, knowledge, confidence, money, income, consumption,
    income_year, consumption_year, own_year, is_destitute, sold_year, lean,
):  # fmt: skip
    """Consume, save or borrow, buy or sell assets, and pay the outlay, as planned and as far as payable."""
    two = i4(2)
    row = i4(tables.n_money * two)
    technique_stride = i4(tables.n_assets * row)
    other_stride = i4(technique_stride * i4(3))
    skill_stride = i4(other_stride * tables.n_other)
    mind_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(mind_stride * tables.n_minds)
    slot_stride = i4(land_stride * tables.n_land)
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    rise = shock_price - _ONE
    per_year = f4(p.periods_per_year)
    for j in range(n):
        i = first + j
        held, at_hand = load(assets, j), load_table(money, j)
        planted, known = load(technique, j), load_table(knowledge, j)
        dear = _ONE + load_table(food, j) * rise
        floor = p.need * price * dear / per_year
        real = _ONE / (price * dear)
        cell, place_assets = locate(tables.assets, held)
        other_cell, place_money = locate(tables.money, at_hand)
        corner = i4(
            i4(load_table(slots, load_table(reach, j)) * slot_stride)
            + i4(load_table(land_at, i) * land_stride)
            + i4(mind_of(known, load_table(confidence, j)) * mind_stride)
            + i4(load_table(type_at, j) * other_stride)
            + i4(planted * technique_stride)
            + i4(cell * row)
            + i4(other_cell * two)
        )
        across, along = load_table(skill_place, j), load_table(other_place, i)
        ka, sa = _read_plan(tables, corner, row, place_assets, place_money)
        kb, sb = _read_plan(tables, i4(corner + other_step), row, place_assets, place_money)
        corner = i4(corner + skill_step)
        kc, sc = _read_plan(tables, corner, row, place_assets, place_money)
        kd, sd = _read_plan(tables, i4(corner + other_step), row, place_assets, place_money)
        kept_wish = _mix(_mix(ka, kb, along), _mix(kc, kd, along), across)
        saved_wish = _mix(_mix(sa, sb, along), _mix(sc, sd, along), across)
        help_ = load_table(input_help, j) if planted == two else _ZERO
        outlay = max(year_outlay(p, planted, known) - help_, _ZERO) * load_table(outlay_keep, j)
        outlay = outlay * season_outlay
        kept, carried, eaten, is_paid, raised = settle(
            p.resale,
            load_table(credit_limit, j),
            at_hand,
            outlay,
            floor,
            held,
            kept_wish,
            saved_wish,
        )
        spent = outlay if is_paid else _ZERO
        net = load(income, j) - spent
        eaten_real = eaten * real
        store(assets, j, kept)
        store(savings, j, carried)
        store(technique, j, planted if is_paid else i4(0))
        store(income, j, net)
        store(consumption, j, eaten_real)
        store(income_year, j, load(income_year, j) + net)
        store(own_year, j, load(own_year, j) - spent)
        store(consumption_year, j, load(consumption_year, j) + eaten_real)
        store(sold_year, j, load(sold_year, j) + raised)
        store(lean, j, eaten_real * per_year if is_lean else load(lean, j))
        short = eaten < floor - _ALMOST
        store(is_destitute, j, i4(1) if short else load(is_destitute, j))
