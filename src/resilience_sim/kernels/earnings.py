"""What comes in over a period: luck, income, what programmes hand over, and what neighbours share."""

import numpy as np

from resilience_sim.kernels import draws
from resilience_sim.kernels.counting import FIXED_POINT, fixed
from resilience_sim.kernels.elementary import exp2
from resilience_sim.kernels.household import grow, labour_share, own_output
from resilience_sim.kernels.primitives import NO_LIST, SHOCK_ENTRANT
from resilience_sim.kernels.vector import apart, load, load_table, loop_kernel, store

f4, f8, i4, i8, u4 = np.float32, np.float64, np.int32, np.int64, np.uint32
_ZERO, _ONE, _HALF = f4(0.0), f4(1.0), f4(0.5)
_ADULT_AGE = f4(18.0)  # years; under it a child lives at home
_LOG2_E = f4(1.4426950408889634)
_LEAST_UNIT = 1e-300  # keeps a division finite where a household weighs nothing


@loop_kernel
def list_households(reach, first, n, entrants, seed, replicate, key, severity, out):
    """Which lists reach each household; of who is hit and on none, a share is taken in after the shock."""
    for j in range(n):
        code = reach[first + j]
        if code == NO_LIST and entrants > _ZERO and severity[j] > _ZERO:
            _, _, word, _ = draws.philox(
                key[first + j], u4(0), draws.PURPOSE_SEVERITY, u4(0), seed, replicate
            )
            if draws.unit(word) < entrants:
                code = i4(SHOCK_ENTRANT)
        out[j] = code


@loop_kernel
def take_terms(
    n, reach, own_factor, input_help, outlay_keep, return_save, return_borrow, credit_limit, scratch
):
    """Terms on which each household lives, from rows by list (N_LISTS,)."""
    for j in range(n):
        code = reach[j]
        scratch.own_factor[j] = own_factor[code]
        scratch.input_help[j] = input_help[code]
        scratch.outlay_keep[j] = outlay_keep[code]
        scratch.return_save[j] = return_save[code]
        scratch.return_borrow[j] = return_borrow[code]
        scratch.credit_limit[j] = credit_limit[code]


@loop_kernel
def strike_villages(p, households, first, n, year, seed, replicate, drought):
    """Droughts of a crop year: one draw a village, the same for all its households."""
    for j in range(n):
        word, _, _, _ = draws.philox(
            u4(load_table(households.village, first + j)), u4(year), draws.PURPOSE_DROUGHT, u4(0),
            seed, replicate,
        )  # fmt: skip
        is_struck = draws.unit(word) < p.drought
        store(drought, j, _ONE - p.drought_loss if is_struck else _ONE)


@loop_kernel
@apart
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
@apart
def earn(
    p, first, n, season_output, own_loss, wage_loss, other_loss, asset_loss, price_gain,
    land, other, skill, wages, technique, knowledge, harvest, wage, bill, survive, drought,
    severity, own_factor, return_save, return_borrow, credit_limit, child_pay, assets, savings,
    money, income, earned, crop, own_year, output_year, wages_year,
):  # fmt: skip
    """Assets wear out, produce, and may be lost; wages, other income, returns and bills come in.

    So does what children out of school earn. `price_gain` is the factor that a rise of the food
    price puts on what own output sells for.
    """
    share = _ONE / f4(p.periods_per_year)
    for j in range(n):
        i = first + j
        planted, known = load_table(technique, j), load_table(knowledge, j)
        hard = load_table(severity, j)
        held = load(assets, j) * p.keep
        luck = load_table(harvest, j) * load_table(drought, j)
        lost = min(own_loss * hard, _ONE)
        own = own_output(p, planted, known, load_table(skill, j), held + load_table(land, i))
        own = own * season_output * load_table(harvest, j) * load_table(drought, j)
        own = own * (_ONE - lost)
        own = own * (load_table(own_factor, j) * price_gain)
        paid = (
            load_table(wages, j) * (_ONE - labour_share(p, planted)) * share * load_table(wage, j)
        )
        paid = paid * (_ONE - min(wage_loss * hard, _ONE))
        rest = load_table(other, i) * share * (_ONE - min(other_loss * hard, _ONE))
        got = own + paid + rest + load_table(child_pay, j)
        store(income, j, got)
        store(earned, j, own + paid)
        store(crop, j, load(crop, j) + season_output * (luck - luck * lost))
        store(own_year, j, load(own_year, j) + own)
        store(output_year, j, load(output_year, j) + own)
        store(wages_year, j, load(wages_year, j) + paid)
        after = grow(
            load_table(return_save, j),
            load_table(return_borrow, j),
            load_table(credit_limit, j),
            load_table(savings, j),
        )
        store(money, j, after + got - load_table(bill, j))
        store(assets, j, held * load_table(survive, j) * (_ONE - min(asset_loss * hard, _ONE)))


@loop_kernel
def deliver(
    p, households, first, n, period, reach, transfer, transfer_household, per_child, grant,
    grant_household, training, coaching, participation, seed, replicate, state, scratch,
):  # fmt: skip
    """Transfers, grants, training, coaching and groups reach who is listed; a transfer is income.

    What is delivered comes in rows by list (N_LISTS,).
    """
    for j in range(n):
        code = reach[j]
        if code == NO_LIST:
            continue
        i = first + j
        size = households.size[i]
        paid = transfer[code] + transfer_household[code] / size
        child_age = state.age[j] - p.birth_age
        if per_child[code] > _ZERO and _ZERO <= child_age < _ADULT_AGE:
            paid += per_child[code] / size
        scratch.money[j] += paid
        scratch.income[j] += paid
        state.assets[j] += grant[code] + grant_household[code] / size
        state.participation[j] = min(state.participation[j] + participation[code], _ONE)
        if training[code] > _ZERO:
            word, _, _, _ = draws.philox(
                households.key[i], u4(period), draws.PURPOSE_LEARNING, u4(0), seed, replicate
            )
            if draws.unit(word) < training[code]:
                state.knowledge[j] = i4(1)
        if coaching[code] > _ZERO:
            word, _, _, _ = draws.philox(
                households.key[i], u4(period), draws.PURPOSE_COACHING, u4(0), seed, replicate
            )
            if draws.unit(word) < coaching[code]:
                state.confidence[j] = i4(1)


@loop_kernel
def deliver_for_school(
    p, households, first, n, reach, conditional, conditional_household, per_pupil, state, scratch
):
    """What hangs on school: meals for pupils; transfers unless a child of school age is out of school.

    Where schooling is switched off, all children of school age are taken to be at school.
    """
    for j in range(n):
        code = reach[j]
        size = households.size[first + j]
        child_age = state.age[j] - p.birth_age
        is_of_age = p.school_age <= child_age < p.school_end
        is_at_school = state.is_enrolled[j] != 0 or (is_of_age and p.is_schooling == 0)
        paid = _ZERO
        if is_at_school or not is_of_age:
            paid = conditional[code] + conditional_household[code] / size
        if is_at_school:
            paid += per_pupil[code] / size
        scratch.money[j] += paid
        scratch.income[j] += paid


@loop_kernel
def find_villages(households, first, n, scratch):
    """Number the villages of a block, and note where they end and their persons; how many there are."""
    village, v = i4(-1), -1
    for j in range(n):
        if households.village[first + j] != village:
            village = households.village[first + j]
            v += 1
            scratch.village_persons[v] = i8(0)
        scratch.village_at[j] = i4(v)
        scratch.village_last[v] = i4(j)
        scratch.village_persons[v] += fixed(households.weight[first + j], _ONE)
    return v + 1


@loop_kernel
def add_up_villages(n, n_villages, scratch):
    """Sums of amounts by village: differences of a running total, which has no ends to stumble over."""
    total = i8(0)
    for j in range(n):
        total += scratch.amount[j]
        scratch.running[j] = total
    before = i8(0)
    for v in range(n_villages):
        upto = scratch.running[scratch.village_last[v]]
        scratch.village_sum[v] = upto - before
        before = upto


@loop_kernel
def divide_pots(households, first, n, n_villages, state, scratch):
    """Shares of a village's pot that are paid out before and after each member, by persons times participation.

    They stay as they are until participation changes.
    """
    for j in range(n):
        scratch.amount[j] = fixed(households.weight[first + j], state.participation[j])
    add_up_villages(n, n_villages, scratch)
    start = 0
    for v in range(n_villages):
        so_far, before, parts = i8(0), 0.0, f8(scratch.village_sum[v])
        for j in range(start, scratch.village_last[v] + 1):
            so_far += scratch.amount[j]
            scratch.share_before[j] = before
            before = f8(so_far) / parts if parts > 0.0 else 0.0
            scratch.share_upto[j] = before
        start = scratch.village_last[v] + 1


@loop_kernel
def share_income(p, households, first, n, n_villages, state, scratch, status):
    """Risk sharing: a share of what each member of a village earned is paid in, and paid out again.

    Paid out in the shares of `divide_pots`. The ledger is kept in integers, units of 2^-20 lines
    times a weight of mean one (in doubles, which hold them exactly): what a village pays out is
    what it paid in, to the unit.
    """
    for j in range(n):
        weight, part = load_table(households.weight, first + j), load_table(state.participation, j)
        store(scratch.amount, j, fixed(weight, p.pool_share * part * load_table(scratch.earned, j)))
    add_up_villages(n, n_villages, scratch)
    for j in range(n):
        pot = f8(load_table(scratch.village_sum, load_table(scratch.village_at, j)))
        upto = np.floor(pot * load_table(scratch.share_upto, j))
        before = np.floor(pot * load_table(scratch.share_before, j))
        net = upto - before - f8(load(scratch.amount, j))
        unit = max(load_table(households.weight, first + j) * FIXED_POINT, _LEAST_UNIT)
        got = f4(net / unit)
        store(scratch.money, j, load(scratch.money, j) + got)
        store(state.pooled_year, j, load(state.pooled_year, j) + got)
    for v in range(n_villages):
        pot, share = scratch.village_sum[v], scratch.share_upto[scratch.village_last[v]]
        if share > 0.0:
            status[1] += abs(i8(np.floor(f8(pot) * share)) - pot)
