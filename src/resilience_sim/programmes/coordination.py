"""Two programmes that work together, or do not: who is on which list, what arrives, and when.

Coordination acts on who gets what and when, never on what it does to a household.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resilience_sim.chance import Purpose, uniforms
from resilience_sim.config import Content, Coordination, CoordinationTerms, Side
from resilience_sim.programmes.contents import planned_times, side_of, total
from resilience_sim.programmes.targeting import Lists

if TYPE_CHECKING:
    from resilience_sim.population import Households

UNCOORDINATED = "uncoordinated"
"""Name of the arm in which the contents of `both` come without coordination."""


def worlds(coordination: Coordination) -> dict[str, CoordinationTerms]:
    """Terms of the worlds to be lived, by the name of their arm; empty where coordination is off."""
    if coordination.name == "off":
        return {}
    if coordination.name == "none":
        return {UNCOORDINATED: coordination.without}
    return {UNCOORDINATED: coordination.without, coordination.name: coordination.terms}


def places(coordination: Coordination, terms: CoordinationTerms) -> float:
    """Share of eligible households that each list has room for at the same money.

    Administration that is saved pays for longer lists: with a share `admin_share` of the cost and
    `admin_saving` of that freed, a place costs `1 - admin_share * admin_saving` of what it did.
    """
    return coordination.coverage / _cost_of_place(coordination, terms)


def planned_cost(
    coordination: Coordination,
    terms: CoordinationTerms,
    contents: Sequence[tuple[Content, float]],
) -> float:
    """Cost of both lists in lines per eligible member: places, whether what is due arrives or not.

    Parameters
    ----------
    contents
        Each with how often it is given for each eligible member where all of them are listed.
    """
    everyone = total(
        content.unit_cost * planned_times(content) * times for content, times in contents
    )
    return places(coordination, terms) * _cost_of_place(coordination, terms) * everyone


def drawn_lists(
    coordination: Coordination,
    terms: CoordinationTerms,
    eligible: NDArray[np.bool_],
    households: Households,
    seed: int,
) -> Lists:
    """Draw the two lists from the eligible.

    The social list is drawn by lot. The share `shared_registry` of the places of the productive
    list goes to households on the social list, the rest by a lot of its own to any of the eligible;
    so with 0 the lists know nothing of each other, and with 1 they are the same. Worlds share both
    lots, so that a longer list holds all that a shorter one does.
    """
    weight = np.where(eligible, households.weight, 0.0)
    room = places(coordination, terms) * weight.sum()
    first = uniforms(households.id, seed, Purpose.PLACE_SOCIAL)
    second = uniforms(households.id, seed, Purpose.PLACE_PRODUCTIVE)
    social = _drawn(first, eligible, weight, room)
    shared = _drawn(first, social, weight, terms.shared_registry * room)
    rest = _drawn(second, eligible & ~shared, weight, (1 - terms.shared_registry) * room)
    return Lists(social, shared | rest)


def delivered(
    lists: Lists, terms: CoordinationTerms, households: Households, seed: int
) -> NDArray[np.int32]:
    """Say which programmes reach a household: 0 none, 1 social, 2 productive, 3 both.

    Each programme misses households on its list by a lot of its own; local liaison brings in its
    share of those.
    """

    def reached(share: float, purpose: Purpose) -> NDArray[np.bool_]:
        lot = uniforms(households.id, seed, purpose)
        within: NDArray[np.bool_] = lot < share + (1 - share) * terms.local_liaison
        return within

    social = lists.social & reached(terms.social_delivery, Purpose.DELIVERY_SOCIAL)
    productive = lists.productive & reached(terms.productive_delivery, Purpose.DELIVERY_PRODUCTIVE)
    return social.astype(np.int32) + 2 * productive.astype(np.int32)


def late(contents: Sequence[Content], terms: CoordinationTerms) -> tuple[Content, ...]:
    """Contents as late as they come: both sides delayed, the productive one lagging as well."""
    months = {
        Side.SOCIAL: terms.social_delay_months,
        Side.PRODUCTIVE: terms.lag_months + terms.productive_delay_months,
    }
    return tuple(
        replace(content, start_month=content.start_month + months[side_of(content)])
        for content in contents
    )


def _cost_of_place(coordination: Coordination, terms: CoordinationTerms) -> float:
    return 1 - coordination.admin_share * terms.admin_saving


def _drawn(
    lot: NDArray[np.float64],
    among: NDArray[np.bool_],
    weight: NDArray[np.float64],
    room: float,
) -> NDArray[np.bool_]:
    """Draw households in the order of their lot; the last one comes in where half of it fits."""
    heavy = np.where(among, weight, 0.0)
    order = np.argsort(lot, kind="stable")
    middle = np.cumsum(heavy[order]) - heavy[order] / 2
    drawn = np.zeros_like(among)
    drawn[order] = middle < room
    return drawn & among
