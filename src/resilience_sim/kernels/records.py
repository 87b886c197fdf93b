"""Sums over households: what is recorded of a period, a year, a life and a succession.

Sums are fixed-point integers, so they depend neither on the order in which blocks are added nor on
threads.
"""

import numpy as np

from resilience_sim.kernels.choices import class_of, mind_of
from resilience_sim.kernels.counting import bin_of, fixed
from resilience_sim.kernels.elementary import log2
from resilience_sim.kernels.primitives import (
    MIN_YEARS,
    N_AT_SUCCESSION,
    N_HEIR_BINS,
    NO_WAY_UP,
    TRAPPED,
)
from resilience_sim.kernels.vector import kernel, loop_kernel

f4, i4, i8 = np.float32, np.int32, np.int64
_ZERO, _ONE, _HALF = f4(0.0), f4(1.0), f4(0.5)
_LN_2 = f4(0.6931471805599453)
RECOVERED = f4(0.95)  # share of the unshocked twin's yearly consumption that counts as being back
LOWEST_HEIR_BIN, HEIR_BINS_PER_DOUBLING = f4(-6.0), f4(4.0)  # log2 lines per year
NOT_SEEN = f4(-1e9)  # in place of a parent's mean consumption: it lived too short in the run


@loop_kernel
def add_period(households, first, n, per_year, consumption, income, out):
    """Add a period's consumption and income, as yearly rates, to the sums of both groups (2, 2)."""
    eaten, got, eaten_rest, got_rest = i8(0), i8(0), i8(0), i8(0)
    for j in range(n):
        i = first + j
        weight = households.weight[i]
        c = fixed(weight, consumption[j] * per_year)
        y = fixed(weight, income[j] * per_year)
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
def _flows(p, state, j, values):
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
    child_age = state.age[j] - p.birth_age
    values[19] = f4(state.confidence[j])
    values[20] = state.participation[j]
    values[21] = state.pooled_year[j]
    values[22] = f4(state.is_enrolled[j])
    values[23] = _ONE if p.school_age <= child_age < p.school_end else _ZERO
    values[24] = state.sold_year[j]
    values[25] = state.lean[j]


@kernel
def _statuses(scratch, state, j, escape_years, values):
    """Status outcomes of one household, after N_FLOWS."""
    start, spell = scratch.start[j], state.spell[j]
    is_up = spell > escape_years
    has_escaped = is_up and start == TRAPPED
    is_threshold = state.is_from_threshold[j] != 0
    values[26] = _ONE if spell > 0 else _ZERO
    values[27] = _ONE if has_escaped else _ZERO
    values[28] = _ONE if (has_escaped and not is_threshold) else _ZERO
    values[29] = _ONE if (has_escaped and is_threshold) else _ZERO
    values[30] = _ONE if (scratch.began_above[j] != 0 and spell < -escape_years) else _ZERO
    values[31] = _ONE if (is_up and start == NO_WAY_UP) else _ZERO


@loop_kernel
def record(
    p,
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
            _flows(p, state, j, values)
        else:
            _statuses(scratch, state, j, escape_years, values)
        group = 0 if households.is_eligible[i] != 0 else 1
        weight = households.weight[i]
        for o in range(low, high):
            amount = fixed(weight, values[o])
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
            histogram[horizon, 0, bin_of(income)] += fixed(weight, _ONE)
            histogram[horizon, 1, bin_of(consumption)] += fixed(weight, _ONE)
        if is_last:
            mobility[households.quintile[i], bin_of(consumption)] += fixed(weight, _ONE)
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
        state.consumption_last[j] = consumption
        state.income_year[j] = _ZERO
        state.consumption_year[j] = _ZERO
        state.is_destitute[j] = i4(0)
        state.estate_left[j] = _ZERO
        state.own_year[j] = _ZERO
        state.wages_year[j] = _ZERO
        state.pooled_year[j] = _ZERO
        state.sold_year[j] = _ZERO


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
