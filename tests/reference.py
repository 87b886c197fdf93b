"""One household's life in plain Python: the slow and obvious twin that the kernels must equal.

Double precision, one household and one period at a time, tables read by looking for the node on the
left. It shares no code with the kernels; parameters, households, tables and scenarios come in the
kernels' own tuples and are read by name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import product
from math import cos, exp, log, pi, prod, sin, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

QUARTER, YEAR, LEARNING, DROUGHT, SEVERITY = 0, 1, 2, 3, 4  # purposes of chance
NONE, TRADITIONAL, IMPROVED = 0, 1, 2
# Classes at the start: above the threshold, or below it in a type of one of four kinds, in their order.
ABOVE, TRAPPED, NO_WAY_UP, WAGE_ROUTE, ON_THE_WAY = 0, 1, 2, 3, 4
BELOW = (ON_THE_WAY, TRAPPED, NO_WAY_UP, WAGE_ROUTE)
PENNY = 1e-6  # lines; an outlay that lacks no more than this is paid
ALMOST = 1e-4  # lines; consumption this far under the need counts as destitution


# Chance


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Four words of Philox4x32-10 (Salmon et al. 2011, SC11), from whole numbers of any size."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def unit(word: int) -> float:
    """The middle of one of 2^23 equal parts of the unit interval."""
    return ((word >> 9) + 0.5) / 2**23


def normal_pair(first: int, second: int) -> tuple[float, float]:
    """Two independent standard normals from two words (Box and Muller 1958)."""
    radius = sqrt(-2.0 * log(unit(first)))
    angle = 2.0 * pi * unit(second)
    return radius * cos(angle), radius * sin(angle)


def chance(name: int, when: int, purpose: int, seed: int, replicate: int) -> tuple[int, ...]:
    """Words of one household or village at one time for one purpose."""
    return philox((int(name), when, purpose, 0), (seed, replicate))


def period_luck(p: Any, key: int, t: int, seed: int, replicate: int) -> SimpleNamespace:
    """Luck of what comes in at period `t`: factors on own output and wages, a bill, assets that stay.

    It was earned in the period before; quarters are counted from a year before the start.
    """
    quarters, months = int(p.quarters_per_period), int(p.periods_per_quarter)
    earned_at = t - 1 + int(p.periods_per_year)
    luck = SimpleNamespace(harvest=0.0, wage=0.0, bill=0.0, survive=1.0)
    for q in range(quarters):
        words = chance(key, earned_at * quarters // months + q, QUARTER, seed, replicate)
        first, second = normal_pair(words[0], words[1])
        is_ill = unit(words[2]) < p.illness
        is_new = earned_at % months == 0  # a quarter's assets are lost in its first month
        is_lost = is_new and unit(words[3]) < p.asset_loss
        luck.harvest += exp(p.harvest_sd * first - p.harvest_sd**2 / 2) / quarters
        wage = exp(p.wage_sd * second - p.wage_sd**2 / 2) / quarters
        luck.wage += wage * (1.0 - p.illness_labour) if is_ill else wage
        luck.bill += p.illness_bill / months if is_ill else 0.0
        luck.survive *= 1.0 - p.asset_loss_share if is_lost else 1.0
    return luck


# One household, one period


def own_output(p: Any, technique: int, knowledge: int, skill: float, fields: float) -> float:
    """A year's own output at ordinary luck with `fields` of assets and land."""
    if technique == NONE:
        return 0.0
    if technique == TRADITIONAL:
        return p.productivity_traditional * skill * fields**p.exponent_traditional
    productivity = p.productivity_known if knowledge else p.productivity_improved
    return productivity * skill * fields**p.exponent_improved


def labour_share(p: Any, technique: int) -> float:
    """Share of labour that own work takes from wages."""
    return (0.0, p.labour_traditional, p.labour_improved)[technique]


def year_outlay(p: Any, technique: int, knowledge: int) -> float:
    """A year's outlay."""
    improved = p.outlay_known if knowledge else p.outlay_improved
    return (0.0, p.outlay_traditional, improved)[technique]


def price_of_change(change: float, resale: float) -> float:
    """Money paid for a change of assets."""
    return change if change > 0 else resale * change


def grow(p: Any, savings: float) -> float:
    """Savings with their return, debt with its interest; what is owed beyond the limit bears none."""
    if savings >= 0:
        return savings * p.return_save
    if savings >= -p.credit_limit:
        return savings * p.return_borrow
    return -p.credit_limit * p.return_borrow + (savings + p.credit_limit)


def settle(
    p: Any, money: float, outlay: float, floor: float, assets: float, kept: float, carried: float
) -> tuple[float, float, float, bool]:
    """Assets kept, savings carried, consumption and whether the outlay was paid, given the wishes.

    Step by step: buy less, draw on savings, sell, borrow, give up the field, go hungry, owe.
    """
    kept, carried = max(kept, 0.0), max(carried, -p.credit_limit)

    def eaten() -> float:
        return money - outlay - carried - price_of_change(kept - assets, p.resale)

    if eaten() < floor and kept > assets:
        kept = max(assets, kept - (floor - eaten()))
    if eaten() < floor and carried > 0:
        carried = max(0.0, carried - (floor - eaten()))
    if eaten() < floor:
        kept = max(0.0, kept - (floor - eaten()) / p.resale)
    if eaten() < floor:
        carried = max(-p.credit_limit, carried - (floor - eaten()))
    is_covered = floor - eaten() <= PENNY
    is_paid = outlay <= 0 or is_covered or eaten() > 0
    if not is_paid:
        outlay = 0.0
    consumption = eaten()
    if consumption < 0:
        carried, consumption = carried + consumption, 0.0
    return kept, carried, consumption, is_paid


# Tables


def tables_of(tables: Any) -> SimpleNamespace:
    """The kernel's flat tables with their axes: slot, land, knowledge, skill, other income and so on."""
    land, skill, other = int(tables.n_land), int(tables.n_skill), int(tables.n_other)
    cells = (int(tables.n_assets), int(tables.n_money))
    return SimpleNamespace(
        plans=tables.plans.reshape(-1, land, 2, skill, other, 3, *cells, 2),
        choice=tables.choice.reshape(-1, land, 2, skill, other, *cells, 2),
        escape=tables.escape.reshape(land, 2, skill, other, *cells),
        assets=[float(x) for x in tables.assets.nodes],
        money=[float(x) for x in tables.money.nodes],
    )


def place(nodes: list[float], x: float) -> tuple[int, float]:
    """The node on the left of `x` and the share of the way to the next; the ends hold what is beyond."""
    left = min(max(bisect_right(nodes, x) - 1, 0), len(nodes) - 2)
    share = (x - nodes[left]) / (nodes[left + 1] - nodes[left])
    return left, min(max(share, 0.0), 1.0)


def read(tables: Any, person: Any, table: np.ndarray, assets: float, money: float) -> float:
    """Value of `table` (n_skill, n_other, n_assets, n_money) between its nodes, for one household."""
    n_skill, n_other = table.shape[:2]
    skill, other = divmod(person.type_at, n_other)
    i, across = place(tables.assets, assets)
    j, along = place(tables.money, money)
    axes = (
        (min(skill, n_skill - 1), min(skill + 1, n_skill - 1), person.skill_place),
        (min(other, n_other - 1), min(other + 1, n_other - 1), person.other_place),
        (i, i + 1, across),
        (j, j + 1, along),
    )
    total = 0.0
    for corner in product((0, 1), repeat=4):
        node = tuple(axis[side] for axis, side in zip(axes, corner, strict=True))
        shares = [axis[2] if side else 1 - axis[2] for axis, side in zip(axes, corner, strict=True)]
        total += float(table[node]) * prod(shares)
    return total


# One life


def row(table: Any, i: int) -> SimpleNamespace:
    """One row of a tuple of arrays, as plain numbers."""
    return SimpleNamespace(**{name: getattr(table, name)[i].item() for name in table._fields})


def plain(p: Any) -> SimpleNamespace:
    """Parameters as plain numbers, seasons as lists."""
    return SimpleNamespace(**{name: getattr(p, name).tolist() for name in p._fields})


def live(
    p: Any,
    tables: Any,
    households: Any,
    i: int,
    scenario: Any,
    arm: int,
    world: int,
    n_years: int,
    seed: int,
    replicate: int,
) -> Iterator[SimpleNamespace]:
    """Yield the state of household `i` after every period, and once more at the closing planting.

    Each state has the luck of the period, what was earned, chosen and consumed, and at the last
    period of a year `year`, that year's outcomes; a planting after the first has `status`, the
    outcomes of the year before that are known only then.
    """  # fmt: skip
    p, tables, person = plain(p), tables_of(tables), row(households, i)
    per_year = p.periods_per_year
    is_eligible = person.is_eligible != 0
    words = chance(person.key, 0, SEVERITY, seed, replicate)
    share_hit = float(scenario.share_hit)
    severity = 2.0 * unit(words[1]) / share_hit if unit(words[0]) < share_hit else 0.0

    assets, savings, technique = person.assets, person.savings, person.technique
    knowledge, age = person.knowledge, person.age
    drought, spell, is_from_threshold, start = 1.0, 0, False, ABOVE
    estate_left = 0.0
    income_year = consumption_year = own_year = wages_year = 0.0
    is_destitute = False
    for t in range(n_years * per_year + 1):
        year, season = divmod(t, per_year)
        is_closing = t == n_years * per_year
        now = SimpleNamespace(
            t=t, severity=severity, is_succession=False, has_forgotten=False, status=None, year=None
        )

        # 1. Age and succession.
        if season == 0 and t > 0:
            age += 1.0
            if age >= p.succession_age:
                age, now.is_succession = p.heir_age, True
                estate = assets + savings
                assets, savings = assets * p.inheritance, savings * p.inheritance
                estate_left = estate - assets - savings

        # 2. Luck, and the scenario's losses: what comes in now was earned in the period before, and
        # struck by its losses. A drought strikes a crop until it is in.
        now.luck = period_luck(p, person.key, t, seed, replicate)
        now.drought = drought

        def left(losses: np.ndarray, t: int = t) -> float:
            if t == 0:
                return 1.0
            return 1.0 - min(float(losses[world, t - 1]) * severity, 1.0)

        # 3. Income: assets wear out, produce, and may then be lost.
        assets *= p.keep
        own = own_output(p, technique, knowledge, person.skill, assets + person.land)
        own *= p.season_output[season] * now.luck.harvest * drought * left(scenario.own_loss)
        wages = person.wages * (1.0 - labour_share(p, technique)) / per_year
        wages *= now.luck.wage * left(scenario.wage_loss)
        income = own + wages + person.other / per_year * left(scenario.other_loss)
        money = grow(p, savings) + income - now.luck.bill
        assets *= now.luck.survive * left(scenario.asset_loss)
        own_year, wages_year = own_year + own, wages_year + wages

        # 4. The coming crop's drought; status at planting.
        if season == 0 and p.drought > 0:
            is_dry = unit(chance(person.village, year, DROUGHT, seed, replicate)[0]) < p.drought
            drought = 1.0 - p.drought_loss if is_dry else 1.0
        if season == 0:
            by_knowledge = [
                read(tables, person, tables.escape[person.land_at, known], assets, money)
                for known in (0, 1)
            ]
            now.chance = by_knowledge[knowledge]
            is_above = now.chance >= 0.5
            if is_above and spell <= 0:
                is_from_threshold = by_knowledge[person.knowledge] < 0.5
            spell = (max(spell, 0) + 1) if is_above else (min(spell, 0) - 1)
            if t == 0:
                start = ABOVE if is_above else BELOW[person.type_kind]
            else:
                is_up, is_down = spell > scenario.escape_years, spell < -scenario.escape_years
                escaped = start == TRAPPED and is_up
                now.status = {
                    "above_threshold": float(is_above),
                    "escaped": float(escaped),
                    "escaped_wealth": float(escaped and not is_from_threshold),
                    "escaped_threshold": float(escaped and is_from_threshold),
                    "fallen": float(start == ABOVE and is_down),
                    "lifted": float(start == NO_WAY_UP and is_up),
                }
                # Knowledge that the crop of the year did not use may be forgotten.
                if knowledge and technique != IMPROVED and p.knowledge_loss > 0:
                    lost = unit(chance(person.key, year, YEAR, seed, replicate)[0])
                    now.has_forgotten = lost < p.knowledge_loss
                    knowledge = 0 if now.has_forgotten else 1
        now.start, now.spell = start, spell
        if is_closing:
            yield now
            return

        # 5. Deliveries.
        if is_eligible:
            per_household = float(scenario.transfer_household[arm, t]) / person.size
            transfer = float(scenario.transfer[arm, t]) + per_household
            money, income = money + transfer, income + transfer
            per_household = float(scenario.grant_household[arm, t]) / person.size
            assets += float(scenario.grant[arm, t]) + per_household
            word = chance(person.key, t, LEARNING, seed, replicate)[0]
            if unit(word) < scenario.training[arm, t]:
                knowledge = 1

        # 6. Choice: the technique at planting; then what to keep, to carry and to eat.
        slot = int(scenario.slot[arm, t] if is_eligible else scenario.free_slot[t])
        now.held, now.money = assets, money
        if season == 0:
            table = tables.choice[slot, person.land_at, knowledge]
            gaps = [read(tables, person, table[..., n], assets, money) for n in (0, 1)]
            worth = [0.0, *gaps]
            technique = worth.index(max(worth))
        now.planted = technique
        table = tables.plans[slot, person.land_at, knowledge][:, :, technique]
        kept, carried = (read(tables, person, table[..., n], assets, money) for n in (0, 1))
        price = p.season_price[season] * float(scenario.price[world, t])
        floor = p.need * price / per_year
        outlay = year_outlay(p, technique, knowledge) * p.season_outlay[season]
        assets, savings, eaten, is_paid = settle(p, money, outlay, floor, assets, kept, carried)

        # 7. Record.
        technique = technique if is_paid else NONE
        spent = outlay if is_paid else 0.0
        net = income - spent
        income_year, own_year = income_year + net, own_year - spent
        consumption_year += eaten / price
        is_destitute = is_destitute or eaten < floor - ALMOST
        now.income, now.consumption, now.is_paid = net, eaten / price, is_paid
        now.assets, now.savings, now.technique = assets, savings, technique
        now.knowledge, now.age = knowledge, age
        now.income_year, now.consumption_year = income_year, consumption_year
        now.own_year, now.wages_year = own_year, wages_year
        if season == per_year - 1:
            gap = max(1.0 - consumption_year, 0.0)
            now.year = {
                "income": income_year,
                "consumption": consumption_year,
                "assets": assets,
                "savings": max(savings, 0.0),
                "debt": max(-savings, 0.0),
                "improved": float(technique == IMPROVED),
                "own_work": float(technique != NONE),
                "poor": float(consumption_year < 1.0),
                "poverty_gap": gap,
                "poverty_severity": gap**2,
                "poor_income": float(income_year < 1.0),
                "destitute": float(is_destitute),
                "knowledge": float(knowledge),
                "income_squared": income_year**2,
                "consumption_squared": consumption_year**2,
                "assets_squared": assets**2,
                "estate_left": estate_left,
                "own_income": own_year,
                "wages": wages_year,
            }
            income_year = consumption_year = own_year = wages_year = estate_left = 0.0
            is_destitute = False
        yield now
