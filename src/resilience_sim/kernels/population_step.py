"""The population step: blocks of whole villages live one replicate, arm and world after another.

A block lives them on the same draws, periods inside, households innermost. Nothing is allocated in
the period loop. The order of a period is that of design section 2: age and succession; luck and
shocks; income; (status, and at planting what was learnt); deliveries; pooling; school; choice;
child health; record.
"""

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.choices import decide, enrol, feel_prices, judge, plant
from resilience_sim.kernels.counting import fixed
from resilience_sim.kernels.earnings import (
    deliver,
    deliver_for_school,
    divide_pots,
    draw_luck,
    earn,
    find_villages,
    list_households,
    share_income,
    strike_villages,
    take_terms,
)
from resilience_sim.kernels.family import forget, grow_older, learn, raise_children, succeed
from resilience_sim.kernels.lanes import LANES
from resilience_sim.kernels.primitives import N_FLOWS, NO_WAY_UP, TRAPPED
from resilience_sim.kernels.records import (
    N_OUTCOMES,
    add_period,
    close_year,
    finish_world,
    record,
    record_adults,
)
from resilience_sim.kernels.vector import load_table, loop_kernel, store

f4, i4, u4 = np.float32, np.int32, np.uint32
_ZERO, _ONE, _TWO = f4(0.0), f4(1.0), f4(2.0)


@loop_kernel
def copy(values, first, n, filled, out):
    """Copy `n` values, and fill up with the last."""
    for j in range(n):
        store(out, j, load_table(values, first + j))
    for j in range(n, filled):
        out[j] = values[first + n - 1]


@loop_kernel
def clear(n, out):
    """Set to nothing."""
    for j in range(n):
        out[j] = 0


@loop_kernel
def take_block(households, first, n, block):
    """Copy a block's households and fill whole vectors up with copies of the last that weigh nothing.

    Loops over them have no remainder, which would cost as much as many vectors. Returns how many
    there are now; `block.reach` stays empty.
    """
    filled = (n + LANES - 1) // LANES * LANES
    copy(households.key, first, n, filled, block.key)
    copy(households.weight, first, n, filled, block.weight)
    for values, out in (
        (households.village, block.village), (households.type_at, block.type_at),
        (households.land_at, block.land_at), (households.is_eligible, block.is_eligible),
        (households.type_kind, block.type_kind), (households.quintile, block.quintile),
        (households.panel_row, block.panel_row), (households.technique, block.technique),
        (households.knowledge, block.knowledge), (households.confidence, block.confidence),
    ):  # fmt: skip
        copy(values, first, n, filled, out)
    for values, out in (
        (households.size, block.size), (households.land, block.land),
        (households.skill, block.skill), (households.wages, block.wages),
        (households.other, block.other), (households.skill_place, block.skill_place),
        (households.other_place, block.other_place), (households.assets, block.assets),
        (households.savings, block.savings), (households.participation, block.participation),
        (households.age, block.age), (households.school, block.school),
        (households.child_health, block.child_health),
        (households.child_school, block.child_school), (households.consumption, block.consumption),
    ):  # fmt: skip
        copy(values, first, n, filled, out)
    block.weight[n:filled] = 0.0
    block.panel_row[n:filled] = i4(-1)
    return filled


@loop_kernel
def begin(households, first, n, state, scratch, share_hit, seed, replicate):
    """Set a block back to the start of its life, and draw how hard a scenario shock would strike it."""
    for values, out in (
        (households.technique, state.technique), (households.knowledge, state.knowledge),
        (households.confidence, state.confidence), (households.type_at, state.type_at),
    ):  # fmt: skip
        copy(values, first, n, n, out)
    for values, out in (
        (households.assets, state.assets), (households.savings, state.savings),
        (households.participation, state.participation), (households.age, state.age),
        (households.skill, state.skill), (households.wages, state.wages),
        (households.skill_place, state.skill_place), (households.school, state.school),
        (households.child_health, state.child_health),
        (households.child_school, state.child_school),
        (households.consumption, state.consumption_last),
    ):  # fmt: skip
        copy(values, first, n, n, out)
    for counts in (
        state.generation, state.is_enrolled, state.spell, state.is_destitute,
        state.hungry, state.is_from_threshold,
    ):  # fmt: skip
        clear(n, counts)
    for numbers in (
        state.child_pay, state.crop, state.lived, state.lived_heir, state.income_year,
        state.consumption_year, state.estate_left, state.own_year, state.output_year,
        state.wages_year, state.pooled_year, state.sold_year, state.lean,
    ):  # fmt: skip
        clear(n, numbers)
    for j in range(n):
        word, other_word, _, _ = draws.philox(
            load_table(households.key, first + j), u4(0), draws.PURPOSE_SEVERITY, u4(0), seed,
            replicate,
        )  # fmt: skip
        is_hit = draws.unit(word) < share_hit
        hard = _TWO * draws.unit(other_word) / share_hit
        store(scratch.severity, j, hard if is_hit else _ZERO)
        store(scratch.drought, j, _ONE)


@loop_kernel
def simulate(
    p, tables, households, blocks, scenario, n_years, first_replicate, n_replicates, seed, state,
    scratch, block, sums,
):  # fmt: skip
    """Live all replicates, arms and worlds for the given blocks (n_blocks, 2) of whole villages."""
    n_arms, n_worlds = scenario.slot.shape[0], scenario.price.shape[0]
    per_year = p.periods_per_year
    n_periods = n_years * per_year
    lean_season = np.argmax(p.season_price)
    is_shy = tables.n_minds > 2
    is_luck_kept = scratch.harvest.shape[0] > n_periods
    key = u4(seed)
    for b in range(blocks.shape[0]):
        first, n_real = blocks[b, 0], blocks[b, 1] - blocks[b, 0]
        n = take_block(households, first, n_real, block)
        n_villages = find_villages(block, 0, n, scratch)
        for r in range(n_replicates):
            replicate = u4(first_replicate + r)
            for j in range(n):
                scratch.pattern[0, j] = i4(0)
                scratch.pattern[1, j] = i4(0)
            for a in range(n_arms):
                for w in range(n_worlds):
                    begin(block, 0, n, state, scratch, scenario.share_hit, key, replicate)
                    list_households(
                        households.reach[a], first, n_real,
                        scenario.entrants[a] if w > 0 else _ZERO, key, replicate, households.key,
                        scratch.severity, scratch.reach,
                    )  # fmt: skip
                    scratch.reach[n_real:n] = scratch.reach[n_real - 1]
                    if p.pool_share > 0.0:
                        divide_pots(block, 0, n, n_villages, state, scratch)
                    for t in range(n_periods + 1):
                        year, season = t // per_year, t % per_year
                        is_closing = t == n_periods
                        before = max(t - 1, 0)
                        reach = _ONE if t > 0 else _ZERO
                        if season == 0 and t > 0:
                            grow_older(
                                p, n, state.age, state.assets, state.savings, state.estate_left,
                                scratch.is_heir,
                            )  # fmt: skip
                            succeed(
                                p, tables, block, 0, n_real, year, a == 0 and w == 0,
                                scenario.channels_off[a], key, replicate, state, scratch,
                                sums.heir[a, w, r],
                            )  # fmt: skip
                        # Income that comes in was earned in the period before, under its quarters'
                        # luck and its programme's terms; quarters are counted from a year before
                        # the start.
                        if t == 0:
                            take_terms(
                                n, scratch.reach, scenario.own_factor[a, 0],
                                scenario.input_help[a, 0], scenario.outlay_keep[a, 0],
                                scenario.return_save[a, 0], scenario.return_borrow[a, 0],
                                scenario.credit_limit[a, 0], scratch,
                            )  # fmt: skip
                        earned_at = t - 1 + per_year
                        at = t if is_luck_kept else 0
                        is_drawn = is_luck_kept and a + w > 0
                        for q in range(0 if is_drawn else p.quarters_per_period):
                            draw_luck(
                                p, block.key, 0, n,
                                earned_at * p.quarters_per_period // p.periods_per_quarter + q,
                                q == 0, earned_at % p.periods_per_quarter == 0, key, replicate,
                                scratch.harvest[at], scratch.wage[at], scratch.bill[at],
                                scratch.survive[at],
                            )  # fmt: skip
                        earn(
                            p, 0, n, p.season_output[season], reach * scenario.own_loss[w, before],
                            reach * scenario.wage_loss[w, before], reach * scenario.other_loss[w, before],
                            reach * scenario.asset_loss[w, before],
                            _ONE + reach * p.sales_gain * (scenario.price[w, before] - _ONE),
                            block.land, block.other, state.skill, state.wages,
                            state.technique, state.knowledge, scratch.harvest[at], scratch.wage[at],
                            scratch.bill[at], scratch.survive[at], scratch.drought, scratch.severity,
                            scratch.own_factor, scratch.return_save, scratch.return_borrow,
                            scratch.credit_limit, state.child_pay, state.assets, state.savings,
                            scratch.money, scratch.income, scratch.earned, state.crop,
                            state.own_year, state.output_year, state.wages_year,
                        )  # fmt: skip
                        if season == 0:
                            if p.drought > 0.0:  # from now on, for the crop about to be planted
                                strike_villages(
                                    p, block, 0, n, year, key, replicate, scratch.drought
                                )
                            judge(
                                tables, block, 0, n, t == 0 and a == 0 and w == 0, state,
                                scratch,
                            )  # fmt: skip
                            if t > 0:
                                record(
                                    p, block, 0, n, N_FLOWS, N_OUTCOMES,
                                    scenario.escape_years, state, scratch,
                                    sums.year[a, w, r, year - 1], scenario.horizon[year - 1],
                                    sums.village[a, w],
                                )  # fmt: skip
                            if is_shy and t > 0:
                                learn(
                                    p, block, 0, n, n_villages, year, key, replicate, state, scratch
                                )
                            if p.knowledge_loss > 0.0 and t > 0:
                                forget(
                                    p, block, 0, n, year, key, replicate, state.technique,
                                    state.knowledge,
                                )  # fmt: skip
                            for j in range(n):
                                state.crop[j] = _ZERO
                        if is_closing:
                            break
                        if scenario.is_new_terms[a, t] != 0:
                            take_terms(
                                n, scratch.reach, scenario.own_factor[a, t + 1],
                                scenario.input_help[a, t + 1], scenario.outlay_keep[a, t + 1],
                                scenario.return_save[a, t + 1], scenario.return_borrow[a, t + 1],
                                scenario.credit_limit[a, t + 1], scratch,
                            )  # fmt: skip
                        if scenario.is_given[a, w, t] != 0:
                            deliver(
                                p, block, 0, n_real, t, scratch.reach,
                                scenario.transfer[a, w, t], scenario.transfer_household[a, w, t],
                                scenario.per_child[a, t], scenario.grant[a, t],
                                scenario.grant_household[a, t], scenario.training[a, t],
                                scenario.coaching[a, t], scenario.participation[a, t], key,
                                replicate, state, scratch,
                            )  # fmt: skip
                            if p.pool_share > 0.0 and scenario.participation[a, t].max() > _ZERO:
                                divide_pots(block, 0, n, n_villages, state, scratch)
                        if p.pool_share > 0.0:
                            share_income(p, block, 0, n, n_villages, state, scratch, sums.status)
                        if season == 0:
                            feel_prices(p, n, state.consumption_last, scratch.food)
                            if p.is_schooling != 0:
                                enrol(
                                    p, block, 0, n, year, scratch.reach,
                                    scenario.at_stake[a, t], scenario.pupil_stake[a, t], key,
                                    replicate, state, scratch,
                                )  # fmt: skip
                        if scenario.is_conditional[a, t] != 0:
                            deliver_for_school(
                                p, block, 0, n, scratch.reach, scenario.conditional[a, t],
                                scenario.conditional_household[a, t], scenario.per_pupil[a, t],
                                state, scratch,
                            )  # fmt: skip
                        if season == 0:
                            plant(
                                tables, 0, n, scenario.slot[a, t], state.type_at,
                                block.land_at, state.skill_place, block.other_place,
                                scratch.reach, state.knowledge, state.confidence, state.assets,
                                scratch.money, state.technique,
                            )  # fmt: skip
                        decide(
                            p, tables, 0, n, scenario.slot[a, t], p.season_outlay[season],
                            p.season_price[season], scenario.price[w, t], season == lean_season,
                            state.type_at, block.land_at, state.skill_place,
                            block.other_place, scratch.reach, scratch.food,
                            scratch.input_help, scratch.outlay_keep, scratch.credit_limit,
                            state.assets, state.savings, state.technique, state.knowledge,
                            state.confidence, scratch.money, scratch.income, scratch.consumption,
                            state.income_year, state.consumption_year, state.own_year,
                            state.is_destitute, state.hungry, state.sold_year, state.lean,
                        )  # fmt: skip
                        add_period(
                            block, 0, n, f4(per_year), scratch.consumption, scratch.income,
                            sums.period[a, w, r, t],
                        )  # fmt: skip
                        if season == per_year - 1:
                            raise_children(p, n, scenario.school_closed[w, year], state)
                            record(
                                p, block, 0, n, 0, N_FLOWS, scenario.escape_years, state,
                                scratch, sums.year[a, w, r, year], scenario.horizon[year],
                                sums.village[a, w],
                            )  # fmt: skip
                            rows = sums.panel[a, w, : (sums.panel.shape[2] if r == 0 else 0)]
                            close_year(
                                block, 0, n, year, year == n_years - 1, w,
                                scenario.shock_year, scenario.horizon[year], state, scratch,
                                sums.histogram[a, w], sums.mobility[a, w], rows, sums.status,
                            )  # fmt: skip
                    finish_world(block, 0, n_real, a, w, r, scenario, n_years, state, scratch, sums)
                    record_adults(
                        tables, block, 0, n_real, p.heir_age, state, scratch,
                        sums.heir[a, w, r], sums.heir_joint[a, w], sums.heir_class[a, w, r],
                    )  # fmt: skip
            for j in range(n):
                weight = fixed(block.weight[j], _ONE)
                sums.start[r, scratch.start[j]] += weight
                if scratch.start[j] == TRAPPED or scratch.start[j] == NO_WAY_UP:
                    for w in range(n_worlds):
                        sums.pattern[w, r, scratch.pattern[w, j]] += weight
