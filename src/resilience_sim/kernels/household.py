"""One household, one period: what it earns, what it can pay, what it keeps.

Units: annual poverty lines per member; a period's flows are lines, not lines per year.
"""

import numpy as np

from resilience_sim.kernels.elementary import exp2, log2
from resilience_sim.kernels.vector import kernel

f4 = np.float32
i4 = np.int32
_ZERO, _ONE = f4(0.0), f4(1.0)
_PENNY = f4(1e-6)  # lines; what rounding may leave uncovered
_TINY = f4(1e-30)  # keeps the logarithm of no assets and no land finite; it earns nothing


@kernel
def own_output(p, technique, knowledge, skill, assets_and_land):
    """A year's output of own work under a technique at ordinary luck, in lines.

    Own work earns with assets and land; `none` earns nothing. Knowledge raises the improved
    technique alone.
    """
    is_improved = technique == i4(2)
    improved = p.productivity_known if knowledge != i4(0) else p.productivity_improved
    productivity = improved if is_improved else p.productivity_traditional
    exponent = p.exponent_improved if is_improved else p.exponent_traditional
    output = productivity * skill * exp2(exponent * log2(max(assets_and_land, _TINY)))
    return output if technique != i4(0) else _ZERO


@kernel
def labour_share(p, technique):
    """Share of wages that own work costs."""
    used = p.labour_improved if technique == i4(2) else p.labour_traditional
    return used if technique != i4(0) else _ZERO


@kernel
def year_outlay(p, technique, knowledge):
    """A year's outlay for a technique, in lines; knowledge changes that of the improved one."""
    improved = p.outlay_known if knowledge != i4(0) else p.outlay_improved
    outlay = improved if technique == i4(2) else p.outlay_traditional
    return outlay if technique != i4(0) else _ZERO


@kernel
def price_of_change(change, resale):
    """Money paid for a change of assets: buying costs one line a line, selling returns less."""
    return change if change > _ZERO else resale * change


@kernel
def grow(return_save, return_borrow, credit_limit, savings):
    """Savings or debt one period on; arrears, which lie beyond the credit limit, bear no interest."""
    owed = min(max(savings, -credit_limit), _ZERO)
    arrears = min(savings + credit_limit, _ZERO)
    return max(savings, _ZERO) * return_save + owed * return_borrow + arrears


@kernel
def settle(resale, credit_limit, money, outlay, floor, assets, assets_wanted, savings_wanted):
    """Make a wish payable.

    Returns assets kept, savings carried, consumption, whether the outlay was paid, and what assets
    sold in need brought in. `money` is at hand before the outlay and `floor` the period's need. If
    the wish leaves less than the floor, purchases are cancelled and savings drawn, then assets
    sold, then debt taken up to the limit. If then nothing would be left to eat, the field is given
    up (the outlay is not paid). People eat what there is; what is still owed is carried as arrears.
    Nothing is created: money = consumption + savings + price of the change of assets + outlay paid.
    """
    kept = max(assets_wanted, _ZERO)
    carried = max(savings_wanted, -credit_limit)
    short = max(floor - (money - outlay - carried - price_of_change(kept - assets, resale)), _ZERO)
    bought = max(kept - assets, _ZERO)
    cancelled = min(bought, short)
    kept = kept - cancelled
    short = short - cancelled
    drawn = min(short, max(carried, _ZERO))
    carried = carried - drawn
    short = short - drawn
    raised = min(short, resale * kept)
    is_sold_out = raised >= resale * kept
    kept = _ZERO if is_sold_out else kept - raised / resale
    short = short - raised
    borrowed = min(short, max(carried + credit_limit, _ZERO))
    carried = carried - borrowed
    short = short - borrowed
    rest = money - carried - price_of_change(kept - assets, resale)
    is_paid = (outlay <= _ZERO) or (short <= _PENNY) or (rest - outlay > _ZERO)
    consumption = rest - outlay if is_paid else rest
    arrears = min(consumption, _ZERO)
    return kept, carried + arrears, consumption - arrears, is_paid, raised
