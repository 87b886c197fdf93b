"""Sums over households: what is recorded of a period, a year, a life and a succession.

Sums are fixed-point integers, so they depend neither on the order in which blocks are added nor on
threads.
"""

import numpy as np

from resilience_sim.kernels.choices import class_of, mind_of
from resilience_sim.kernels.counting import bin_of, fixed
from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.lanes import TILE
from resilience_sim.kernels.primitives import (
    MIN_YEARS,
    N_AT_SUCCESSION,
    N_HEIR_BINS,
    NO_WAY_UP,
    OUTCOMES,
    TRAPPED,
)
from resilience_sim.kernels.vector import (
    float_bits,
    kernel,
    load,
    load_table,
    loop_kernel,
    store,
    tile,
)

f4, i4, i8 = np.float32, np.int32, np.int64
_ZERO, _ONE, _HALF = f4(0.0), f4(1.0), f4(0.5)
_LN_2 = f4(0.6931471805599453)
_MONTHS = f4(12.0)  # of a year
RECOVERED = f4(0.95)  # share of the unshocked twin's yearly consumption that counts as being back
LOWEST_HEIR_BIN, HEIR_BINS_PER_DOUBLING = f4(-6.0), f4(4.0)  # log2 lines per year
N_OUTCOMES = len(OUTCOMES)
_WILD_BITS = i4(
    0x49742400
)  # of a million lines; a number beyond it, or none, is an error to tell of
_MAGNITUDE = i4(0x7FFFFFFF)
NOT_SEEN = f4(-1e9)  # in place of a parent's mean consumption: it lived too short in the run


@loop_kernel
def add_period(households, first, n, per_year, consumption, income, out):
    """Add a period's consumption and income, as yearly rates, to the sums of both groups (2, 2)."""
    eaten, got, eaten_by_eligible, got_by_eligible = i8(0), i8(0), i8(0), i8(0)
    for j in range(n):
        weight = load_table(households.weight, first + j)
        c = fixed(weight, load_table(consumption, j) * per_year)
        y = fixed(weight, load_table(income, j) * per_year)
        eaten += c
        got += y
        is_eligible = load_table(households.is_eligible, first + j) != 0
        eaten_by_eligible += c if is_eligible else i8(0)
        got_by_eligible += y if is_eligible else i8(0)
    out[0, 0] += eaten_by_eligible
    out[0, 1] += got_by_eligible
    out[1, 0] += eaten - eaten_by_eligible
    out[1, 1] += got - got_by_eligible


@kernel
def _flows(p, state, j, step, at, values):
    """Yearly outcomes of one household in the order of `primitives.OUTCOMES`, `step` apart from `at` on."""
    income, consumption = load_table(state.income_year, j), load_table(state.consumption_year, j)
    assets, savings = load_table(state.assets, j), load_table(state.savings, j)
    technique = load_table(state.technique, j)
    child_age = load_table(state.age, j) - p.birth_age
    gap = max(_ONE - consumption, _ZERO)
    hungry = load_table(state.hungry, j)
    store(values, at, income)
    store(values, at + step, consumption)
    store(values, at + 2 * step, assets)
    store(values, at + 3 * step, max(savings, _ZERO))
    store(values, at + 4 * step, max(-savings, _ZERO))
    store(values, at + 5 * step, _share(technique == 2))
    store(values, at + 6 * step, _share(technique != 0))
    store(values, at + 7 * step, _share(consumption < _ONE))
    store(values, at + 8 * step, gap)
    store(values, at + 9 * step, gap * gap)
    store(values, at + 10 * step, _share(income < _ONE))
    store(values, at + 11 * step, f4(load_table(state.is_destitute, j)))
    store(values, at + 12 * step, f4(load_table(state.knowledge, j)))
    store(values, at + 13 * step, income * income)
    store(values, at + 14 * step, consumption * consumption)
    store(values, at + 15 * step, assets * assets)
    store(values, at + 16 * step, load_table(state.estate_left, j))
    store(values, at + 17 * step, load_table(state.own_year, j))
    store(values, at + 18 * step, load_table(state.output_year, j))
    store(values, at + 19 * step, load_table(state.wages_year, j))
    store(values, at + 20 * step, f4(load_table(state.confidence, j)))
    store(values, at + 21 * step, load_table(state.participation, j))
    store(values, at + 22 * step, load_table(state.pooled_year, j))
    store(values, at + 23 * step, f4(load_table(state.is_enrolled, j)))
    store(values, at + 24 * step, _share((p.school_age <= child_age) & (child_age < p.school_end)))
    store(values, at + 25 * step, load_table(state.sold_year, j))
    store(values, at + 26 * step, load_table(state.lean, j))
    store(values, at + 27 * step, f4(hungry) * (_MONTHS / f4(p.periods_per_year)))
    store(values, at + 28 * step, _share(hungry != 0))


@kernel
def _statuses(scratch, state, j, escape_years, step, at, values):
    """Status outcomes of one household, as `_flows` tells those before them."""
    start, spell = load_table(scratch.start, j), load_table(state.spell, j)
    began_above = load_table(scratch.began_above, j) != 0
    is_threshold = load_table(state.is_from_threshold, j) != 0
    is_up = spell > escape_years
    has_escaped = is_up & (start == TRAPPED)
    store(values, at + 29 * step, _share(spell > 0))
    store(values, at + 30 * step, _share(has_escaped))
    store(values, at + 31 * step, _share(has_escaped & (not is_threshold)))
    store(values, at + 32 * step, _share(has_escaped & is_threshold))
    store(values, at + 33 * step, _share(began_above & (spell < -escape_years)))
    store(values, at + 34 * step, _share(is_up & (start == NO_WAY_UP)))


@kernel
def _share(is_so):
    return _ONE if is_so else _ZERO


@loop_kernel
def record(
    p, households, first, n, low, high, escape_years, state, scratch, year_out, horizon, village_out
):  # fmt: skip
    """Add outcomes `low` to `high` of a block to the year's sums, and to its villages' at a horizon."""
    told = tile(f4, N_OUTCOMES)
    for start in range(0, n, TILE):
        size = min(n - start, TILE)
        if low == 0:
            for k in range(size):
                _flows(p, state, start + k, TILE, k, told)
        else:
            for k in range(size):
                _statuses(scratch, state, start + k, escape_years, TILE, k, told)
        for o in range(low, high):
            of_all, of_eligible = _counted(households, first + start, 0, size, told, o * TILE)
            year_out[0, o] += of_eligible
            year_out[1, o] += of_all - of_eligible
        begin = 0
        while horizon >= 0 and begin < size:
            village, end = households.village[first + start + begin], begin + 1
            while end < size and households.village[first + start + end] == village:
                end += 1
            for o in range(low, high):
                of_all, of_eligible = _counted(
                    households, first + start, begin, end, told, o * TILE
                )
                village_out[horizon, 0, o, village] += of_eligible
                village_out[horizon, 1, o, village] += of_all - of_eligible
            begin = end


@loop_kernel
def _counted(households, first, begin, end, told, row):
    """Sums over households of a tile from `begin` to before `end`: of all, and of the eligible among them."""
    of_all, of_eligible = i8(0), i8(0)
    for k in range(begin, end):
        amount = fixed(load_table(households.weight, first + k), load(told, row + k))
        is_eligible = load_table(households.is_eligible, first + k) != 0
        of_all += amount
        of_eligible += amount if is_eligible else i8(0)
    return of_all, of_eligible


@loop_kernel
def close_year(
    households, first, n, year, is_last, world, shock_year, horizon, state, scratch,
    histogram, mobility, panel, status,
):  # fmt: skip
    """Histograms, twins, panel and a check at the end of a year, before the yearly flows start again."""
    if horizon >= 0:
        for j in range(n):
            weight = fixed(households.weight[first + j], _ONE)
            histogram[horizon, 0, bin_of(state.income_year[j])] += weight
            histogram[horizon, 1, bin_of(state.consumption_year[j])] += weight
    if is_last:
        for j in range(n):
            weight, quintile = households.weight[first + j], households.quintile[first + j]
            mobility[quintile, bin_of(state.consumption_year[j])] += fixed(weight, _ONE)
    if panel.shape[0] > 0:
        for j in range(n):
            row = households.panel_row[first + j]
            if row >= 0:
                panel[row, year, 0] = state.income_year[j]
                panel[row, year, 1] = state.consumption_year[j]
                panel[row, year, 2] = state.assets[j]
                panel[row, year, 3] = state.savings[j]
                panel[row, year, 4] = f4(state.technique[j])
    twin = scratch.twin[year]
    if world == 0:
        for j in range(n):
            store(twin, j, load_table(state.consumption_year, j))
            store(scratch.last_below, j, i4(0))
    elif year >= shock_year:
        years = i4(year - shock_year + 1)
        for j in range(n):
            is_below = load_table(state.consumption_year, j) < RECOVERED * load(twin, j)
            store(scratch.last_below, j, years if is_below else load(scratch.last_below, j))
    n_wild = i4(0)
    for j in range(n):  # by bits, in which NaN is large too: float flags let no comparison see it
        income = i4(float_bits(load(state.income_year, j)) & _MAGNITUDE)
        consumption = i4(float_bits(load(state.consumption_year, j)) & _MAGNITUDE)
        assets = i4(float_bits(load(state.assets, j)) & _MAGNITUDE)
        n_wild += i4(1) if max(income, consumption, assets) >= _WILD_BITS else i4(0)
    status[0] += n_wild
    _start_year(n, state)


@loop_kernel
def _start_year(n, state):
    """The year's consumption becomes last year's, and its flows are nothing again."""
    for j in range(n):
        store(state.consumption_last, j, load(state.consumption_year, j))
    for flow in (
        state.income_year, state.consumption_year, state.estate_left, state.own_year,
        state.output_year, state.wages_year, state.pooled_year, state.sold_year,
    ):  # fmt: skip
        flow[:n] = _ZERO
    state.is_destitute[:n] = i4(0)
    state.hungry[:n] = i4(0)


@loop_kernel
def record_heir(
    weight, group, heir_school, parent_school, health, confidence, inherited, log_skill, out
):
    """Add one heir, at its parent's succession, to sums (G, M)."""
    out[group, 0] += fixed(weight, _ONE)
    out[group, 1] += fixed(weight, heir_school)
    out[group, 2] += fixed(weight, parent_school)
    out[group, 3] += fixed(weight, heir_school * heir_school)
    out[group, 4] += fixed(weight, parent_school * parent_school)
    out[group, 5] += fixed(weight, heir_school * parent_school)
    out[group, 6] += fixed(weight, health)
    out[group, 7] += fixed(weight, f4(confidence))
    out[group, 8] += fixed(weight, inherited)
    out[group, 9] += fixed(weight, log_skill)


@kernel
def _heir_bin(level):
    place = i4((level - LOWEST_HEIR_BIN) * HEIR_BINS_PER_DOUBLING)
    return min(max(place, i4(0)), i4(N_HEIR_BINS - 1))


@loop_kernel
def record_adults(tables, households, first, n, heir_age, state, scratch, out, joint, classes):
    """At the end of a life: heirs beside their parents, in class and in mean consumption."""
    mind_stride = i4(tables.n_skill * tables.n_other)
    for j in range(n):
        if state.generation[j] == 0:
            continue
        i = first + j
        group = 0 if households.is_eligible[i] != 0 else 1
        weight = households.weight[i]
        nearest_skill = i4(state.type_at[j] // tables.n_other)
        nearest_other = i4(state.type_at[j] % tables.n_other)
        if state.skill_place[j] > _HALF and nearest_skill < tables.n_skill - 1:
            nearest_skill += i4(1)
        if households.other_place[i] > _HALF and nearest_other < tables.n_other - 1:
            nearest_other += i4(1)
        mind = mind_of(state.knowledge[j], state.confidence[j])
        kind = tables.kinds[
            i4(i4(households.land_at[i] * tables.n_minds) + mind) * mind_stride
            + i4(nearest_skill * tables.n_other)
            + nearest_other
        ]
        ends = class_of(state.spell[j] > 0, kind)
        classes[group, scratch.start[j], ends] += fixed(weight, _ONE)
        years = f4(np.rint(state.age[j] - heir_age))
        if state.generation[j] > 1 or years < MIN_YEARS or state.lived[j] <= NOT_SEEN:
            continue
        mean = state.lived_heir[j] / years
        heir, parent = log2(max(mean, f4(1e-6))), state.lived[j]
        joint[_heir_bin(parent), _heir_bin(heir)] += fixed(weight, _ONE)
        heir, parent = heir * _LN_2, parent * _LN_2
        out[group, N_AT_SUCCESSION] += fixed(weight, _ONE)
        out[group, N_AT_SUCCESSION + 1] += fixed(weight, heir)
        out[group, N_AT_SUCCESSION + 2] += fixed(weight, parent)
        out[group, N_AT_SUCCESSION + 3] += fixed(weight, heir * heir)
        out[group, N_AT_SUCCESSION + 4] += fixed(weight, parent * parent)
        out[group, N_AT_SUCCESSION + 5] += fixed(weight, heir * parent)
        out[group, N_AT_SUCCESSION + 6] += fixed(weight, mean)
        out[group, N_AT_SUCCESSION + 7] += fixed(weight, _ONE if mean < _ONE else _ZERO)
        out[group, N_AT_SUCCESSION + 8] += fixed(weight, _ONE if ends == TRAPPED else _ZERO)


@loop_kernel
def finish_world(households, first, n, a, w, r, scenario, n_years, state, scratch, sums):
    """At the end of a life: who is out of poverty for good, and who is back where the twin is."""
    bit = scenario.pattern_bit[a]
    for j in range(n):
        is_up = state.spell[j] > scenario.escape_years
        if bit >= 0 and is_up:
            scratch.pattern[w, j] |= i4(1 << bit)
        if w > 0 and households.is_eligible[first + j] != 0:
            sums.recovery[a, r, scratch.last_below[j]] += fixed(households.weight[first + j], _ONE)
