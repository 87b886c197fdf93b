"""The one file that loops over households: blocks of whole villages, periods inside, households innermost.

A block lives one replicate, arm and world after another on the same draws. Sums are fixed-point
integers, so they do not depend on the order in which blocks are added, nor on threads. Nothing is
allocated in the period loop. The order of a period is that of design section 2: age and succession;
luck and shocks; income; (status at planting); deliveries; pooling; choice; learning; record.
"""

from typing import Any, NamedTuple

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.elementary import exp2, log2
from resilience_sim.kernels.household import (
    grow,
    labour_share,
    own_output,
    settle,
    year_outlay,
)
from resilience_sim.kernels.interpolation import blend, locate
from resilience_sim.kernels.primitives import ABOVE, N_FLOWS, NO_WAY_UP, ON_THE_WAY, TRAPPED, WAY_UP
from resilience_sim.kernels.vector import kernel, load, loop_kernel, store

f4, f8, i4, i8, u4 = np.float32, np.float64, np.int32, np.int64, np.uint32
_ZERO, _ONE, _HALF, _TWO = f4(0.0), f4(1.0), f4(0.5), f4(2.0)
_LOG2_E = f4(1.4426950408889634)
_ALMOST = f4(1e-4)  # lines; consumption this far under the need counts as destitution
RECOVERED = f4(0.95)  # share of the unshocked twin's yearly consumption that counts as being back

FIXED_POINT = 2.0**20  # sums are counted in units of 2^-20 lines times a weight of mean one
BINS_PER_DOUBLING, LOWEST_BIN_LOG2, N_BINS = (
    20,
    -6,
    280,
)  # histogram of yearly income or consumption


class Households(NamedTuple):
    """What does not change within a run; arrays (n,), villages contiguous. Float32 unless said otherwise."""

    key: Any  # uint32, names the household's luck
    village: Any  # int32, index within the run
    weight: Any  # float64, persons, mean one
    size: Any
    land: Any
    skill: Any
    wages: Any  # yearly wages with all labour, lines
    other: Any  # yearly, lines
    type_at: (
        Any  # int32, the household's lower type corner: land, skill and other income, in corners
    )
    land_at: Any  # int32, its land node
    skill_place: Any
    other_place: Any
    is_eligible: Any  # int32
    type_kind: Any  # int32, kind of its type without programmes
    quintile: Any  # int32, of survey income
    panel_row: Any  # int32, -1 outside the panel
    assets: Any  # at the start, lines
    savings: Any
    technique: Any  # int32, in the ground at the start
    knowledge: Any  # int32
    confidence: Any
    participation: Any
    age: Any  # of the head, years
    child_age: Any
    child_health: Any
    child_school: Any


class State(NamedTuple):
    """What a period changes; arrays (block,), reused. Confidence, participation and child wait for step 2."""

    assets: Any
    savings: Any
    technique: Any
    knowledge: Any
    confidence: Any
    participation: Any
    age: Any
    child_age: Any
    child_health: Any
    child_school: Any
    income_year: Any
    consumption_year: Any
    spell: Any  # int32, plantings in a row above the threshold (positive) or below it (negative)
    is_destitute: Any  # int32, this year
    is_from_threshold: Any  # int32, at the crossing the old knowledge would not have sufficed
    own_year: Any  # own output less outlay this year, lines
    wages_year: Any  # this year, lines
    estate_left: Any  # assets and savings that left the dynasty at succession this year, lines


class Scratch(NamedTuple):
    """Within a period; arrays (block,), reused."""

    harvest: Any
    wage: Any
    bill: Any
    survive: Any
    drought: Any
    severity: Any
    money: Any
    income: Any
    consumption: Any
    start: Any  # int32, class at the start
    began_above: Any  # int32, above the threshold at the start
    twin: Any  # (n_years, block) yearly consumption of the unshocked twin
    last_below: Any  # int32
    pattern: Any  # (2, block) int32


class Tables(NamedTuple):
    """Policies as flat float32 arrays, and the grids they stand on."""

    plans: Any
    choice: Any
    escape: Any
    assets: Any  # Grid
    money: Any  # Grid
    n_skill: Any  # int32
    n_other: Any
    n_land: Any
    n_assets: Any
    n_money: Any


class Scenario(NamedTuple):
    """What arms deliver and what strikes, by period. A arms, W worlds, P periods."""

    slot: Any  # (A, P) int32, slot of plans of the eligible
    free_slot: Any  # (P,) int32, slot without programmes
    transfer: Any  # (A, P) lines per member
    transfer_household: Any  # (A, P) lines per household
    grant: Any  # (A, P) assets, lines per member
    grant_household: Any
    training: Any  # (A, P) probability to learn
    pattern_bit: Any  # (A,) int32, -1 for arms outside the four
    own_loss: Any  # (W, P)
    wage_loss: Any
    other_loss: Any
    asset_loss: Any
    price: Any
    share_hit: Any  # scalar
    shock_year: Any  # int32, the year in which the shock starts
    horizon: Any  # (Y,) int32, index of the horizon that ends with this year, -1 for none
    escape_years: Any  # int32


class Sums(NamedTuple):
    """Fixed-point sums, int64; O outcomes, G groups (0 eligible), B bins."""

    year: Any  # (A, W, R, Y, G, O)
    village: Any  # (A, W, H, G, O, V), over replicates
    period: Any  # (A, W, R, P, G, 2)
    histogram: Any  # (A, W, H, 2, B), over replicates: income, consumption
    mobility: Any  # (A, W, 5, B), over replicates
    pattern: Any  # (W, R, 16)
    start: Any  # (R, 5)
    recovery: Any  # (A, R, Y + 1)
    panel: Any  # (A, W, rows, Y, 5) float32: income, consumption, assets, savings, technique
    status: Any  # (1,) int64: yearly numbers that are not finite or out of all proportion


@kernel
def _fixed(weight, value):
    return i8(np.rint(weight * f8(value) * FIXED_POINT))


@kernel
def bin_of(value):
    """Histogram bin of a yearly flow, evenly spaced in its logarithm; the ends take what lies beyond."""
    level = log2(max(value, f4(1e-6))) - f4(LOWEST_BIN_LOG2)
    return min(max(i4(level * f4(BINS_PER_DOUBLING)), i4(0)), i4(N_BINS - 1))


@kernel
def _read_plan(tables, corner, row, place_assets, place_money):
    kept = blend(tables.plans, corner, i4(2), place_assets, place_money, row)
    carried = blend(tables.plans, i4(corner + i4(1)), i4(2), place_assets, place_money, row)
    return kept, carried


@kernel
def _mix(low, high, place):
    return low + place * (high - low)


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
def begin(households, first, n, state, scratch, share_hit, seed, replicate):
    """Set a block back to the start of its life, and draw how hard a scenario shock would strike it."""
    for j in range(n):
        i = first + j
        state.assets[j] = households.assets[i]
        state.savings[j] = households.savings[i]
        state.technique[j] = households.technique[i]
        state.knowledge[j] = households.knowledge[i]
        state.confidence[j] = households.confidence[i]
        state.participation[j] = households.participation[i]
        state.age[j] = households.age[i]
        state.child_age[j] = households.child_age[i]
        state.child_health[j] = households.child_health[i]
        state.child_school[j] = households.child_school[i]
        state.income_year[j] = _ZERO
        state.consumption_year[j] = _ZERO
        state.spell[j] = i4(0)
        state.is_destitute[j] = i4(0)
        state.is_from_threshold[j] = i4(0)
        state.estate_left[j] = _ZERO
        state.own_year[j] = _ZERO
        state.wages_year[j] = _ZERO
        scratch.drought[j] = _ONE
        word, other_word, _, _ = draws.philox(
            households.key[i], u4(0), draws.PURPOSE_SEVERITY, u4(0), seed, replicate
        )
        is_hit = draws.unit(word) < share_hit
        scratch.severity[j] = _TWO * draws.unit(other_word) / share_hit if is_hit else _ZERO


@loop_kernel
def grow_older(p, n, age, assets, savings, estate_left):
    """A year passes; at succession one heir takes the place, with a share of assets and savings or debt."""
    for j in range(n):
        older = load(age, j) + _ONE
        is_succession = older >= p.succession_age
        share = p.inheritance if is_succession else _ONE
        store(age, j, p.heir_age if is_succession else older)
        held, saved = load(assets, j), load(savings, j)
        store(assets, j, held * share)
        store(savings, j, saved * share)
        store(estate_left, j, (held + saved) * (_ONE - share))


@loop_kernel
def strike_villages(p, households, first, n, year, seed, replicate, drought):
    """Droughts of a crop year: one draw a village, the same for all its households."""
    for j in range(n):
        word, _, _, _ = draws.philox(
            u4(households.village[first + j]),
            u4(year),
            draws.PURPOSE_DROUGHT,
            u4(0),
            seed,
            replicate,
        )
        drought[j] = _ONE - p.drought_loss if draws.unit(word) < p.drought else _ONE


@loop_kernel
def draw_luck(
    p, key, first, n, quarter, is_first, is_new, seed, replicate, harvest, wage, bill, survive
):
    """Luck of one calendar quarter: added up over the quarters of a period, shared by a quarter's months."""
    share = _ONE / f4(p.quarters_per_period)
    bill_share = p.illness_bill / f4(p.periods_per_quarter)
    loss = p.asset_loss if is_new else _ZERO
    harvest_spread, wage_spread = p.harvest_sd * _LOG2_E, p.wage_sd * _LOG2_E
    harvest_shift = _HALF * p.harvest_sd * harvest_spread
    wage_shift = _HALF * p.wage_sd * wage_spread
    keep = _ZERO if is_first else _ONE
    fresh = _ONE - keep
    for j in range(n):
        a, b, c, d = draws.philox(
            load(key, first + j), u4(quarter), draws.PURPOSE_QUARTER, u4(0), seed, replicate
        )
        first_normal, second_normal = draws.normal_pair(a, b)
        is_ill = draws.unit(c) < p.illness
        is_lost = draws.unit(d) < loss
        good = exp2(harvest_spread * first_normal - harvest_shift) * share
        paid = exp2(wage_spread * second_normal - wage_shift) * share
        paid = paid * (_ONE - p.illness_labour) if is_ill else paid
        owed = bill_share if is_ill else _ZERO
        left = _ONE - p.asset_loss_share if is_lost else _ONE
        store(harvest, j, load(harvest, j) * keep + good)
        store(wage, j, load(wage, j) * keep + paid)
        store(bill, j, load(bill, j) * keep + owed)
        store(survive, j, (load(survive, j) * keep + fresh) * left)


@loop_kernel
def earn(
    p, first, n, season_output, own_loss, wage_loss, other_loss, asset_loss,
    skill, land, wages, other, technique, knowledge, harvest, wage, bill, survive, drought,
    severity, assets, savings, money, income, own_year, wages_year,
):  # fmt: skip
    """Assets wear out, produce, and may be lost; wages, other income, returns and bills come in."""
    share = _ONE / f4(p.periods_per_year)
    for j in range(n):
        i = first + j
        planted, known = load(technique, j), load(knowledge, j)
        hard = load(severity, j)
        held = load(assets, j) * p.keep
        own = own_output(p, planted, known, load(skill, i), held + load(land, i))
        own = own * season_output * load(harvest, j) * load(drought, j)
        own = own * (_ONE - min(own_loss * hard, _ONE))
        paid = load(wages, i) * (_ONE - labour_share(p, planted)) * share * load(wage, j)
        paid = paid * (_ONE - min(wage_loss * hard, _ONE))
        rest = load(other, i) * share * (_ONE - min(other_loss * hard, _ONE))
        earned = own + paid + rest
        store(income, j, earned)
        store(own_year, j, load(own_year, j) + own)
        store(wages_year, j, load(wages_year, j) + paid)
        store(money, j, grow(p, load(savings, j)) + earned - load(bill, j))
        store(assets, j, held * load(survive, j) * (_ONE - min(asset_loss * hard, _ONE)))


@kernel
def _corner(households, i, layout_land, layout_skill, layout_other, n_other):
    """Flat offset of a household's lower type corner in a table."""
    cell = households.type_at[i]
    return i4(
        i4(households.land_at[i] * layout_land)
        + i4(i4(cell // n_other) * layout_skill)
        + i4(i4(cell % n_other) * layout_other)
    )


@loop_kernel
def judge(
    tables, households, first, n, is_start, state, scratch
):  # fmt: skip
    """At planting: escape probability, spells above and below the threshold, class at the start."""
    row = tables.n_money
    other_stride = i4(tables.n_assets * tables.n_money)
    skill_stride = i4(other_stride * tables.n_other)
    known_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(known_stride * i4(2))
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    for j in range(n):
        i = first + j
        corner = _corner(households, i, land_stride, skill_stride, other_stride, tables.n_other)
        cell, place_assets = locate(tables.assets, state.assets[j])
        other_cell, place_money = locate(tables.money, scratch.money[j])
        at = (place_assets, place_money)
        corner = i4(corner + i4(cell * row) + other_cell)
        now = _chance(
            tables, i4(corner + i4(state.knowledge[j] * known_stride)), skill_step, other_step, row,
            at, households.skill_place[i], households.other_place[i],
        )  # fmt: skip
        is_above = now >= _HALF
        spell = state.spell[j]
        if is_above:
            if spell <= 0:
                before = _chance(
                    tables, i4(corner + i4(households.knowledge[i] * known_stride)), skill_step,
                    other_step, row, at, households.skill_place[i], households.other_place[i],
                )  # fmt: skip
                state.is_from_threshold[j] = i4(0) if before >= _HALF else i4(1)
            state.spell[j] = i4(spell + 1) if spell > 0 else i4(1)
        else:
            state.spell[j] = i4(spell - 1) if spell < 0 else i4(-1)
        if is_start:
            below = i4(ON_THE_WAY) if households.type_kind[i] == WAY_UP else households.type_kind[i]
            scratch.start[j] = i4(ABOVE) if is_above else below
            scratch.began_above[j] = i4(1) if is_above else i4(0)


@loop_kernel
def deliver(
    households, first, n, period, transfer, transfer_household, grant, grant_household, training,
    seed, replicate, money, income, assets, knowledge,
):  # fmt: skip
    """Transfers, grants and training reach the eligible; a transfer is income."""
    for j in range(n):
        i = first + j
        if households.is_eligible[i] == 0:
            continue
        paid = transfer + transfer_household / households.size[i]
        money[j] += paid
        income[j] += paid
        assets[j] += grant + grant_household / households.size[i]
        if training > _ZERO:
            word, _, _, _ = draws.philox(
                households.key[i], u4(period), draws.PURPOSE_LEARNING, u4(0), seed, replicate
            )
            if draws.unit(word) < training:
                knowledge[j] = i4(1)


@loop_kernel
def forget(p, households, first, n, year, seed, replicate, technique, knowledge):
    """Knowledge that is not used is lost with a small hazard, once a year before planting."""
    for j in range(n):
        if knowledge[j] != 0 and technique[j] != 2:
            word, _, _, _ = draws.philox(
                households.key[first + j], u4(year), draws.PURPOSE_YEAR, u4(0), seed, replicate
            )
            if draws.unit(word) < p.knowledge_loss:
                knowledge[j] = i4(0)


@loop_kernel
def plant(
    tables, first, n, slot, free_slot, type_at, land_at, skill_place, other_place, is_eligible,
    knowledge, assets, money, technique,
):  # fmt: skip
    """At planting, choose the technique whose plan is worth most."""
    row = i4(tables.n_money * i4(2))
    other_stride = i4(tables.n_assets * row)
    skill_stride = i4(other_stride * tables.n_other)
    known_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(known_stride * i4(2))
    slot_stride = i4(land_stride * tables.n_land)
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    two, one = i4(2), i4(1)
    for j in range(n):
        i = first + j
        cell, place_assets = locate(tables.assets, load(assets, j))
        other_cell, place_money = locate(tables.money, load(money, j))
        kind = load(type_at, i)
        chosen_slot = slot if load(is_eligible, i) != i4(0) else free_slot
        corner = i4(
            i4(chosen_slot * slot_stride)
            + i4(load(land_at, i) * land_stride)
            + i4(load(knowledge, j) * known_stride)
            + i4(kind * other_stride)
            + i4(cell * row)
            + i4(other_cell * two)
        )
        across, along = load(skill_place, i), load(other_place, i)
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
    p, tables, first, n, slot, free_slot, season_outlay, price, shock_price,
    type_at, land_at, skill_place, other_place, is_eligible,
    assets, savings, technique, knowledge, money, income, consumption,
    income_year, consumption_year, own_year, is_destitute,
):  # fmt: skip
    """Consume, save or borrow, buy or sell assets, and pay the outlay, as planned and as far as payable."""
    two = i4(2)
    row = i4(tables.n_money * two)
    technique_stride = i4(tables.n_assets * row)
    other_stride = i4(technique_stride * i4(3))
    skill_stride = i4(other_stride * tables.n_other)
    known_stride = i4(skill_stride * tables.n_skill)
    land_stride = i4(known_stride * two)
    slot_stride = i4(land_stride * tables.n_land)
    skill_step = skill_stride if tables.n_skill > 1 else i4(0)
    other_step = other_stride if tables.n_other > 1 else i4(0)
    floor = p.need * price * shock_price / f4(p.periods_per_year)
    real = _ONE / (price * shock_price)
    for j in range(n):
        i = first + j
        held, at_hand = load(assets, j), load(money, j)
        planted, known = load(technique, j), load(knowledge, j)
        cell, place_assets = locate(tables.assets, held)
        other_cell, place_money = locate(tables.money, at_hand)
        chosen_slot = slot if load(is_eligible, i) != i4(0) else free_slot
        corner = i4(
            i4(chosen_slot * slot_stride)
            + i4(load(land_at, i) * land_stride)
            + i4(known * known_stride)
            + i4(load(type_at, i) * other_stride)
            + i4(planted * technique_stride)
            + i4(cell * row)
            + i4(other_cell * two)
        )
        across, along = load(skill_place, i), load(other_place, i)
        ka, sa = _read_plan(tables, corner, row, place_assets, place_money)
        kb, sb = _read_plan(tables, i4(corner + other_step), row, place_assets, place_money)
        corner = i4(corner + skill_step)
        kc, sc = _read_plan(tables, corner, row, place_assets, place_money)
        kd, sd = _read_plan(tables, i4(corner + other_step), row, place_assets, place_money)
        kept_wish = _mix(_mix(ka, kb, along), _mix(kc, kd, along), across)
        saved_wish = _mix(_mix(sa, sb, along), _mix(sc, sd, along), across)
        outlay = year_outlay(p, planted, known) * season_outlay
        kept, carried, eaten, is_paid = settle(
            p, at_hand, outlay, floor, held, kept_wish, saved_wish
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
        short = eaten < floor - _ALMOST
        store(is_destitute, j, i4(1) if short else load(is_destitute, j))


@loop_kernel
def add_period(households, first, n, per_year, consumption, income, out):
    """Add a period's consumption and income, as yearly rates, to the sums of both groups (2, 2)."""
    eaten, got, eaten_rest, got_rest = i8(0), i8(0), i8(0), i8(0)
    for j in range(n):
        i = first + j
        weight = households.weight[i]
        c = _fixed(weight, consumption[j] * per_year)
        y = _fixed(weight, income[j] * per_year)
        if households.is_eligible[i] != 0:
            eaten += c
            got += y
        else:
            eaten_rest += c
            got_rest += y
    out[0, 0] += eaten
    out[0, 1] += got
    out[1, 0] += eaten_rest
    out[1, 1] += got_rest


@kernel
def _flows(state, j, values):
    """Yearly outcomes of one household in the order of `primitives.OUTCOMES`, up to N_FLOWS."""
    income, consumption = state.income_year[j], state.consumption_year[j]
    gap = max(_ONE - consumption, _ZERO)
    values[0] = income
    values[1] = consumption
    values[2] = state.assets[j]
    values[3] = max(state.savings[j], _ZERO)
    values[4] = max(-state.savings[j], _ZERO)
    values[5] = _ONE if state.technique[j] == 2 else _ZERO
    values[6] = _ONE if state.technique[j] != 0 else _ZERO
    values[7] = _ONE if consumption < _ONE else _ZERO
    values[8] = gap
    values[9] = gap * gap
    values[10] = _ONE if income < _ONE else _ZERO
    values[11] = f4(state.is_destitute[j])
    values[12] = f4(state.knowledge[j])
    values[13] = income * income
    values[14] = consumption * consumption
    values[15] = state.assets[j] * state.assets[j]
    values[16] = state.estate_left[j]
    values[17] = state.own_year[j]
    values[18] = state.wages_year[j]


@kernel
def _statuses(scratch, state, j, escape_years, values):
    """Status outcomes of one household, after N_FLOWS."""
    start, spell = scratch.start[j], state.spell[j]
    is_up = spell > escape_years
    has_escaped = is_up and start == TRAPPED
    is_threshold = state.is_from_threshold[j] != 0
    values[19] = _ONE if spell > 0 else _ZERO
    values[20] = _ONE if has_escaped else _ZERO
    values[21] = _ONE if (has_escaped and not is_threshold) else _ZERO
    values[22] = _ONE if (has_escaped and is_threshold) else _ZERO
    values[23] = _ONE if (scratch.began_above[j] != 0 and spell < -escape_years) else _ZERO
    values[24] = _ONE if (is_up and start == NO_WAY_UP) else _ZERO


@loop_kernel
def record(
    households,
    first,
    n,
    low,
    high,
    escape_years,
    state,
    scratch,
    values,
    year_out,
    horizon,
    village_out,
):
    """Add outcomes `low` to `high` of a block to the year's sums, and to its villages' at a horizon."""
    for j in range(n):
        i = first + j
        if low == 0:
            _flows(state, j, values)
        else:
            _statuses(scratch, state, j, escape_years, values)
        group = 0 if households.is_eligible[i] != 0 else 1
        weight = households.weight[i]
        for o in range(low, high):
            amount = _fixed(weight, values[o])
            year_out[group, o] += amount
            if horizon >= 0:
                village_out[horizon, group, o, households.village[i]] += amount


@loop_kernel
def close_year(
    households, first, n, year, is_last, world, shock_year, horizon, state, scratch,
    histogram, mobility, panel, status,
):  # fmt: skip
    """Histograms, twins, panel and a check at the end of a year, before the yearly flows start again."""
    for j in range(n):
        i = first + j
        income, consumption = state.income_year[j], state.consumption_year[j]
        weight = households.weight[i]
        if horizon >= 0:
            histogram[horizon, 0, bin_of(income)] += _fixed(weight, _ONE)
            histogram[horizon, 1, bin_of(consumption)] += _fixed(weight, _ONE)
        if is_last:
            mobility[households.quintile[i], bin_of(consumption)] += _fixed(weight, _ONE)
        if world == 0:
            scratch.twin[year, j] = consumption
            scratch.last_below[j] = i4(0)
        elif year >= shock_year and consumption < RECOVERED * scratch.twin[year, j]:
            scratch.last_below[j] = i4(year - shock_year + 1)
        row = households.panel_row[i]
        if row >= 0 and panel.shape[0] > 0:
            panel[row, year, 0] = income
            panel[row, year, 1] = consumption
            panel[row, year, 2] = state.assets[j]
            panel[row, year, 3] = state.savings[j]
            panel[row, year, 4] = f4(state.technique[j])
        if not (
            abs(income) < f4(1e6) and abs(consumption) < f4(1e6) and abs(state.assets[j]) < f4(1e6)
        ):
            status[0] += 1
        state.income_year[j] = _ZERO
        state.consumption_year[j] = _ZERO
        state.is_destitute[j] = i4(0)
        state.estate_left[j] = _ZERO
        state.own_year[j] = _ZERO
        state.wages_year[j] = _ZERO


@loop_kernel
def simulate(
    p, tables, households, blocks, scenario, n_years, first_replicate, n_replicates, seed, state,
    scratch, values, sums,
):  # fmt: skip
    """Live all replicates, arms and worlds for the given blocks (n_blocks, 2) of whole villages."""
    n_arms, n_worlds = scenario.slot.shape[0], scenario.price.shape[0]
    per_year = p.periods_per_year
    n_periods = n_years * per_year
    key = u4(seed)
    for b in range(blocks.shape[0]):
        first, n = blocks[b, 0], blocks[b, 1] - blocks[b, 0]
        for r in range(n_replicates):
            replicate = u4(first_replicate + r)
            for j in range(n):
                scratch.pattern[0, j] = i4(0)
                scratch.pattern[1, j] = i4(0)
            for a in range(n_arms):
                for w in range(n_worlds):
                    begin(households, first, n, state, scratch, scenario.share_hit, key, replicate)
                    for t in range(n_periods + 1):
                        year, season = t // per_year, t % per_year
                        is_closing = t == n_periods
                        before = max(t - 1, 0)
                        reach = _ONE if t > 0 else _ZERO
                        if season == 0 and t > 0:
                            grow_older(
                                p, n, state.age, state.assets, state.savings, state.estate_left
                            )
                        # Income that comes in was earned in the period before, under its quarters'
                        # luck; quarters are counted from a year before the start.
                        earned_at = t - 1 + per_year
                        for q in range(p.quarters_per_period):
                            draw_luck(
                                p, households.key, first, n,
                                earned_at * p.quarters_per_period // p.periods_per_quarter + q,
                                q == 0, earned_at % p.periods_per_quarter == 0, key, replicate,
                                scratch.harvest, scratch.wage, scratch.bill, scratch.survive,
                            )  # fmt: skip
                        earn(
                            p, first, n, p.season_output[season], reach * scenario.own_loss[w, before],
                            reach * scenario.wage_loss[w, before], reach * scenario.other_loss[w, before],
                            reach * scenario.asset_loss[w, before], households.skill, households.land,
                            households.wages, households.other, state.technique, state.knowledge,
                            scratch.harvest, scratch.wage, scratch.bill, scratch.survive,
                            scratch.drought, scratch.severity, state.assets, state.savings,
                            scratch.money, scratch.income, state.own_year, state.wages_year,
                        )  # fmt: skip
                        if season == 0:
                            if (
                                p.drought > 0.0
                            ):  # from now on, for the crop that is about to be planted
                                strike_villages(
                                    p, households, first, n, year, key, replicate, scratch.drought
                                )
                            judge(
                                tables, households, first, n, t == 0 and a == 0 and w == 0, state,
                                scratch,
                            )  # fmt: skip
                            if t > 0:
                                record(
                                    households, first, n, N_FLOWS, values.size,
                                    scenario.escape_years, state, scratch, values,
                                    sums.year[a, w, r, year - 1], scenario.horizon[year - 1],
                                    sums.village[a, w],
                                )  # fmt: skip
                            if p.knowledge_loss > 0.0 and t > 0:
                                forget(
                                    p,
                                    households,
                                    first,
                                    n,
                                    year,
                                    key,
                                    replicate,
                                    state.technique,
                                    state.knowledge,
                                )
                        if is_closing:
                            break
                        transfer = scenario.transfer[a, t]
                        transfer_household = scenario.transfer_household[a, t]
                        grant = scenario.grant[a, t]
                        grant_household = scenario.grant_household[a, t]
                        training = scenario.training[a, t]
                        if (
                            transfer + transfer_household + grant + grant_household + training
                            > _ZERO
                        ):
                            deliver(
                                households, first, n, t, transfer, transfer_household, grant,
                                grant_household, training, key, replicate, scratch.money,
                                scratch.income, state.assets, state.knowledge,
                            )  # fmt: skip
                        if season == 0:
                            plant(
                                tables, first, n, scenario.slot[a, t], scenario.free_slot[t],
                                households.type_at, households.land_at, households.skill_place,
                                households.other_place, households.is_eligible, state.knowledge,
                                state.assets, scratch.money, state.technique,
                            )  # fmt: skip
                        decide(
                            p, tables, first, n, scenario.slot[a, t], scenario.free_slot[t],
                            p.season_outlay[season], p.season_price[season], scenario.price[w, t],
                            households.type_at, households.land_at, households.skill_place,
                            households.other_place, households.is_eligible, state.assets,
                            state.savings, state.technique, state.knowledge, scratch.money,
                            scratch.income, scratch.consumption, state.income_year,
                            state.consumption_year, state.own_year, state.is_destitute,
                        )  # fmt: skip
                        add_period(
                            households, first, n, f4(per_year), scratch.consumption, scratch.income,
                            sums.period[a, w, r, t],
                        )  # fmt: skip
                        if season == per_year - 1:
                            record(
                                households, first, n, 0, N_FLOWS, scenario.escape_years, state,
                                scratch, values, sums.year[a, w, r, year], scenario.horizon[year],
                                sums.village[a, w],
                            )  # fmt: skip
                            rows = sums.panel[a, w, : (sums.panel.shape[2] if r == 0 else 0)]
                            close_year(
                                households, first, n, year, year == n_years - 1, w,
                                scenario.shock_year, scenario.horizon[year], state, scratch,
                                sums.histogram[a, w], sums.mobility[a, w], rows, sums.status,
                            )  # fmt: skip
                    _finish_world(
                        households, first, n, a, w, r, scenario, n_years, state, scratch, sums
                    )
            for j in range(n):
                i = first + j
                weight = _fixed(households.weight[i], _ONE)
                sums.start[r, scratch.start[j]] += weight
                if scratch.start[j] == TRAPPED or scratch.start[j] == NO_WAY_UP:
                    for w in range(n_worlds):
                        sums.pattern[w, r, scratch.pattern[w, j]] += weight


@loop_kernel
def _finish_world(households, first, n, a, w, r, scenario, n_years, state, scratch, sums):
    """At the end of a life: who is out of poverty for good, and who is back where the twin is."""
    bit = scenario.pattern_bit[a]
    for j in range(n):
        is_up = state.spell[j] > scenario.escape_years
        if bit >= 0 and is_up:
            scratch.pattern[w, j] |= i4(1 << bit)
        if w > 0 and households.is_eligible[first + j] != 0:
            sums.recovery[a, r, scratch.last_below[j]] += _fixed(households.weight[first + j], _ONE)
