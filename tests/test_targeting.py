"""Who is on which list: rules by hand, errors of a proxy, and whom the lists miss."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from resilience_sim.config import Targeting, TargetingRule
from resilience_sim.errors import ConfigError
from resilience_sim.programmes.targeting import Lists, list_results, lists_of
from small_programmes import EVERYBODY, POOR, THREE, config_of, people

PROXY = Targeting(TargetingRule.PROXY_MEANS, 1.0, noise_sd=0.5)
SAME = Targeting(TargetingRule.SAME, 1.0)
MANY = people(np.exp(np.linspace(-1.5, 1.5, 6000)))


def listed(rule: Targeting, who: Any, seed: int = 1, productive: Targeting = SAME) -> Lists:
    config = config_of({}, {}, targeting=rule, targeting_productive=productive)
    return lists_of(config.programme, who, seed)


def social(rule: Targeting, who: Any, seed: int = 1) -> list[int]:
    """Rows of the social list."""
    return [int(row) for row in np.flatnonzero(listed(rule, who, seed).social)]


# Rules


def test_income_strictly_below_the_cutoff() -> None:
    assert social(POOR, THREE) == [0, 1]
    assert social(replace(POOR, cutoff=0.9), THREE) == [0]
    assert social(EVERYBODY, THREE) == [0, 1, 2]


def test_floors_and_ceilings_hold_what_lies_on_them() -> None:
    who = people([1.0] * 4, assets=[0.0, 1.0, 2.0, 3.0], land=[3.0, 2.0, 1.0, 0.0])
    assert social(replace(EVERYBODY, asset_floor=1.0, asset_ceiling=2.0), who) == [1, 2]
    assert social(replace(EVERYBODY, land_floor=1.0), who) == [0, 1, 2]
    assert social(replace(EVERYBODY, land_ceiling=1.0, asset_ceiling=2.0), who) == [2]


def test_villages_are_covered_from_the_poorest_on() -> None:
    # Means over persons: 0.75 of 4, 0.6, 2.0; the first village has the poorest household.
    who = people(
        [0.3, 0.9, 0.6, 2.0], size=[1.0, 3.0, 1.0, 1.0], village=np.array([0, 0, 1, 2], np.int32)
    )
    assert social(replace(EVERYBODY, villages=0.3), who) == [2]
    assert social(replace(EVERYBODY, villages=0.7), who) == [0, 1, 2]
    assert social(replace(EVERYBODY, villages=0.01), who) == [2]
    assert social(replace(POOR, villages=0.99), who) == [0, 1, 2]
    # Two of four villages come nearest to a half and to 0.6, three to 0.7.
    four = people([4.0, 3.0, 2.0, 1.0], village=np.arange(4, dtype=np.int32))
    for share in (0.5, 0.6):
        assert social(replace(EVERYBODY, villages=share), four) == [2, 3]
    assert social(replace(EVERYBODY, villages=0.7), four) == [1, 2, 3]


def test_a_quota_takes_the_neediest_of_who_fits() -> None:
    who = people([0.8, 0.2, 0.6, 0.4], weight=[1.0, 1.0, 2.0, 4.0], assets=[0.0, 9.0, 0.0, 0.0])
    # Of 8 households: the second (1), then the last (4), then the third (2).
    for quota, rows in ((0.2, [1]), (0.625, [1, 3]), (0.8, [1, 3]), (0.875, [1, 2, 3])):
        assert social(replace(POOR, quota=quota), who) == rows
    # Of those without assets the last (4) is the neediest.
    assert social(replace(POOR, asset_ceiling=1.0, quota=0.5), who) == [3]


def test_equal_scores_are_drawn_by_lot() -> None:
    alike = people([0.5] * 4000)
    drawn = listed(replace(POOR, quota=0.25), alike).social
    assert drawn.sum() == 1000
    # Not the first in the file: a quarter of each half, within three standard errors.
    assert abs(drawn[:2000].mean() - 0.25) < 3 * math.sqrt(0.25 * 0.75 / 2000)
    again = listed(replace(POOR, quota=0.25), alike, seed=2).social
    assert 0 < (drawn & again).sum() < 1000


# Proxies


def test_a_proxy_without_error_is_income() -> None:
    exact = replace(PROXY, noise_sd=0.0)
    assert social(exact, MANY) == social(POOR, MANY)
    assert social(replace(exact, quota=0.1), MANY) == list(range(600))
    losses = people([-2.0, 0.0, 0.5, 3.0])
    assert social(exact, losses) == [0, 1, 2]


def test_the_error_of_a_proxy_is_normal_in_log_income() -> None:
    chosen = listed(PROXY, MANY).social
    log = np.log(MANY.income)
    # Listed with chance P(noise < -log income).
    chance = np.array([0.5 * math.erfc(each / 0.5 / math.sqrt(2)) for each in log])
    for part in (log < -0.5, np.abs(log) < 0.25, log > 0.5):
        spread = math.sqrt((chance * (1 - chance))[part].sum()) / part.sum()
        assert abs(chosen[part].mean() - chance[part].mean()) < 3 * spread


def test_a_score_is_the_households_own() -> None:
    lots = np.random.default_rng(5).permutation(MANY.n_households)
    for rule in (PROXY, replace(PROXY, quota=0.2), replace(POOR, quota=0.2)):
        chosen = listed(rule, MANY).social
        np.testing.assert_array_equal(listed(rule, MANY.taken(lots)).social, chosen[lots])
        # Wherever a household stands, and whoever stands beside it, the quota apart.
        if rule.quota is None:
            few = lots[:50]
            np.testing.assert_array_equal(listed(rule, MANY.taken(few)).social, chosen[few])
    assert social(PROXY, MANY) != social(PROXY, MANY, seed=2)


def test_same_is_the_same_list_and_another_rule_has_another_error() -> None:
    both = listed(replace(PROXY, quota=0.3), MANY)
    np.testing.assert_array_equal(both.social, both.productive)
    apart = listed(PROXY, MANY, productive=replace(PROXY))
    assert not np.array_equal(apart.social, apart.productive)
    # Given income the lists know nothing of each other: chance squared are on both.
    chance = np.array([0.5 * math.erfc(math.log(y) / 0.5 / math.sqrt(2)) for y in MANY.income])
    overlap = (apart.social & apart.productive).mean()
    spread = math.sqrt((chance**2 * (1 - chance**2)).sum()) / MANY.n_households
    assert abs(overlap - (chance**2).mean()) < 3 * spread
    assert apart.either.sum() > apart.social.sum()


# Errors of lists


def test_errors_of_lists_by_hand() -> None:
    # 10 persons: 4 poor and listed, 3 poor and left out, 1 rich and listed, 2 rich and left out.
    who = people([0.5, 0.9, 1.0, 3.0], size=[4.0, 3.0, 1.0, 2.0])
    got = list_results(
        Lists(np.array([True, False, True, False]), np.array([True, True, True, True])), who
    )
    first, second, both = got
    assert [each.name for each in got] == ["social", "productive", "both"]
    assert (first.coverage, first.inclusion_error) == (0.5, 0.2)
    assert first.exclusion_error == pytest.approx(3 / 7)
    assert (second.coverage, second.exclusion_error) == (1.0, 0.0)
    assert second.inclusion_error == pytest.approx(0.3)
    assert both == replace(first, name="both")


def test_no_error_where_there_is_nobody_to_err_about() -> None:
    rich = people([2.0, 3.0])
    empty, full = np.zeros(2, np.bool_), np.ones(2, np.bool_)
    social_list, productive_list, _ = list_results(Lists(empty, full), rich)
    assert social_list.coverage == 0
    assert math.isnan(social_list.inclusion_error)
    assert math.isnan(social_list.exclusion_error)
    assert productive_list.inclusion_error == 1


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (replace(POOR, cutoff=0.5), "cutoff must lie above the lowest income (0.5 lines per year)"),
        (
            replace(PROXY, cutoff=0.25, noise_sd=0.0),
            "cutoff must lie above the lowest proxy (0.5 lines per year)",
        ),
        (replace(POOR, land_floor=2.0), "land_floor must let through somebody who fits"),
        (
            replace(POOR, villages=0.5, asset_ceiling=0.5),
            "asset_ceiling must let through somebody who fits the conditions before it; got 0.5.",
        ),
        (replace(POOR, quota=0.1), "quota must leave room for one eligible household; got 0.1."),
    ],
)
def test_a_list_holds_somebody(rule: Targeting, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        listed(rule, THREE, productive=replace(POOR, cutoff=0.1))
    first, second = str(caught.value).splitlines()
    assert first.startswith("ConfigError: programme.targeting.")
    assert told in first
    assert second.startswith("ConfigError: programme.targeting_productive.cutoff must lie above")
