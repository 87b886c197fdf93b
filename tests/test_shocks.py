"""A scenario shock, and the response to it, on the grid of periods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from resilience_sim.cli import compose
from resilience_sim.cli.composition import group_options, settings_directories
from resilience_sim.config import Config, Response, Shock, Strike, from_mapping
from resilience_sim.errors import ConfigError
from resilience_sim.evidence import parameter
from resilience_sim.shocks import ShockPath, shock_path

FLOOD = Shock(
    name="flood",
    start_month=6,
    path=[1.0, 0.5],
    wage_loss=0.2,
    own_loss=0.4,
    other_loss=0.1,
    asset_loss=0.3,
    price_rise=0.2,
    share_hit=0.5,
    source="Butler (1872)",
)
NONE = replace(
    FLOOD, name="none", wage_loss=0, own_loss=0, other_loss=0, asset_loss=0, price_rise=0
)
STORM = Strike(
    start_month=9,
    path=[0.5, 1.0],
    wage_loss=0.4,
    own_loss=0.2,
    other_loss=0.2,
    asset_loss=0.2,
    price_rise=0.3,
    school_closed=0.5,
)
RELIEF = Response(
    delay_months=3, months=6, top_up=0.24, entrants=0.25, entrant_transfer=0.36, source="Butler"
)
BOTH = replace(FLOOD, school_closed=0.8, also={"storm": STORM})
SHIPPED = group_options()["shock"]
CONF, _ = settings_directories()
PAGE = (Path(__file__).parents[1] / "docs" / "shocks.md").read_text(encoding="utf-8")
OWN_FILE = PAGE.split("```yaml\n")[1].split("```")[0]
COMMAND = re.compile(r"^(?:# )?(resilience-sim run .*)$", re.MULTILINE)
LOSSES = ("own_loss", "wage_loss", "other_loss", "asset_loss")


def arrays(path: ShockPath) -> dict[str, np.ndarray]:
    named = {field.name: getattr(path, field.name) for field in fields(path)}
    return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


def test_quarters_by_hand() -> None:
    # Two years of quarters; the third and fourth are struck, at full and at half depth.
    path = shock_path(FLOOD, 8, 4)
    np.testing.assert_allclose(path.own_loss, [0, 0, 0.4, 0.2, 0, 0, 0, 0])
    np.testing.assert_allclose(path.wage_loss, [0, 0, 0.2, 0.1, 0, 0, 0, 0])
    np.testing.assert_allclose(path.other_loss, [0, 0, 0.1, 0.05, 0, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(path.asset_loss, [0, 0, 0.3, 0.15, 0, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(path.price, [1, 1, 1.2, 1.1, 1, 1, 1, 1])
    assert (path.start_period, path.share_hit) == (2, 0.5)
    assert all(array.dtype == np.float32 and array.shape == (8,) for array in arrays(path).values())


def test_months_by_hand() -> None:
    path = shock_path(FLOOD, 24, 12)
    depth = np.array([0] * 6 + [1] * 3 + [0.5] * 3 + [0] * 12)
    np.testing.assert_allclose(path.own_loss, 0.4 * depth, rtol=1e-6)
    np.testing.assert_allclose(path.price, 1 + 0.2 * depth)
    # Assets are lost once a quarter, in its first month.
    assert dict(enumerate(path.asset_loss[path.asset_loss > 0])) == pytest.approx({0: 0.3, 1: 0.15})
    assert list(np.flatnonzero(path.asset_loss)) == [6, 9]
    assert path.start_period == 6


def test_years_by_hand() -> None:
    path = shock_path(FLOOD, 2, 1)
    # Two of four quarters are struck: mean depth (1 + 0.5) / 4 = 0.375.
    np.testing.assert_allclose(path.own_loss, [0.15, 0])
    np.testing.assert_allclose(path.price, [1.075, 1])
    # 1 - 0.7 * 0.85 = 0.405 of the assets are gone.
    np.testing.assert_allclose(path.asset_loss, [0.405, 0], rtol=1e-6)
    assert path.start_period == 0


def test_a_shock_within_a_quarter_is_shared_by_months() -> None:
    # From month 7: two of the three months of the third quarter.
    path = shock_path(replace(FLOOD, start_month=7, path=[1.0]), 4, 4)
    np.testing.assert_allclose(path.own_loss, [0, 0, 0.4 * 2 / 3, 0.4 / 3], rtol=1e-6)
    np.testing.assert_allclose(path.asset_loss, [0, 0, 0.3, 0], rtol=1e-6)


@pytest.mark.parametrize("name", ["own_loss", "wage_loss", "other_loss", "price"])
def test_flows_of_a_year_do_not_depend_on_the_period(name: str) -> None:
    years = [arrays(shock_path(FLOOD, 2 * n, n))[name].reshape(2, n).mean(1) for n in (1, 4, 12)]
    np.testing.assert_allclose(years[1], years[0], rtol=1e-6)
    np.testing.assert_allclose(years[2], years[0], rtol=1e-6)


def test_what_is_kept_of_assets_does_not_depend_on_the_period() -> None:
    kept = [np.prod(1 - shock_path(FLOOD, 2 * n, n).asset_loss) for n in (1, 4, 12)]
    np.testing.assert_allclose(kept, 0.7 * 0.85, rtol=1e-6)


def test_no_shock_changes_nothing() -> None:
    path = shock_path(NONE, 8, 4)
    for name, array in arrays(path).items():
        np.testing.assert_array_equal(array, float(name == "price"))
    assert path.start_period == 8
    # Negative control: everything is there to be changed.
    struck = shock_path(replace(FLOOD, school_closed=1.0, response=RELIEF), 8, 4)
    assert all((array != (name == "price")).any() for name, array in arrays(struck).items())


def test_what_comes_after_the_run_is_cut_off() -> None:
    path = shock_path(FLOOD, 3, 4)
    np.testing.assert_allclose(path.own_loss, [0, 0, 0.4])
    late = shock_path(replace(FLOOD, start_month=100), 3, 4)
    assert (late.own_loss == 0).all()
    assert late.start_period == 3


def test_nobody_loses_more_than_everything() -> None:
    told = r"shock.own_loss must take at most share_hit \(0.5\) in month 6; got 0.6\."
    with pytest.raises(ConfigError, match=told):
        shock_path(replace(FLOOD, own_loss=0.6), 8, 4)
    # At half depth the mean loss is 0.3: half of those hit.
    shock_path(replace(FLOOD, own_loss=0.6, path=[0.5]), 8, 4)


# Several blows


def test_blows_by_hand() -> None:
    """Flood at depth 1, .5 from month 6, storm at .5, 1 from month 9: they meet in months 9-11."""
    path = shock_path(BOTH, 8, 4)
    # Third quarter: the flood alone. Fourth: half of both. Fifth: the storm alone.
    np.testing.assert_allclose(path.own_loss, [0, 0, 0.4, 1 - 0.8 * 0.9, 0.2, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(path.wage_loss, [0, 0, 0.2, 1 - 0.9 * 0.8, 0.4, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(
        path.other_loss, [0, 0, 0.1, 1 - 0.95 * 0.9, 0.2, 0, 0, 0], rtol=1e-6
    )
    np.testing.assert_allclose(
        path.asset_loss, [0, 0, 0.3, 1 - 0.85 * 0.9, 0.2, 0, 0, 0], rtol=1e-6
    )
    np.testing.assert_allclose(path.price, [1, 1, 1.2, 1 + 0.1 + 0.15, 1.3, 1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(
        path.school_closed, [0, 0, 0.8, 1 - 0.6 * 0.75, 0.5, 0, 0, 0], rtol=1e-6
    )
    assert path.start_period == 2


def test_blows_of_a_year_by_hand() -> None:
    path = shock_path(BOTH, 2, 1)
    np.testing.assert_allclose(path.own_loss, [(0.4 + 0.28) / 4, 0.2 / 4], rtol=1e-6)
    np.testing.assert_allclose(path.price, [1 + (0.2 + 0.25) / 4, 1 + 0.3 / 4], rtol=1e-6)
    np.testing.assert_allclose(path.asset_loss, [1 - 0.7 * 0.85 * 0.9, 0.2], rtol=1e-6)
    np.testing.assert_allclose(path.school_closed, [(0.8 + 0.55) / 4, 0.5 / 4], rtol=1e-6)


def test_losses_meet_in_the_month_and_not_in_the_mean_of_a_period() -> None:
    """Two blows in different months of one period leave each other's output alone."""
    apart = replace(FLOOD, path=[1.0], also={"storm": replace(STORM, path=[1.0])})
    np.testing.assert_allclose(shock_path(apart, 1, 1).own_loss, (0.4 + 0.2) / 4, rtol=1e-6)


@pytest.mark.parametrize("name", ["own_loss", "wage_loss", "other_loss", "price", "school_closed"])
def test_combined_flows_of_a_year_do_not_depend_on_the_period(name: str) -> None:
    years = [arrays(shock_path(BOTH, 2 * n, n))[name].reshape(2, n).mean(1) for n in (1, 4, 12)]
    np.testing.assert_allclose(years[1], years[0], rtol=1e-6)
    np.testing.assert_allclose(years[2], years[0], rtol=1e-6)


@pytest.mark.parametrize("per_year", [1, 4, 12])
def test_the_order_of_blows_does_not_matter(per_year: int) -> None:
    flood = {field.name: getattr(FLOOD, field.name) for field in fields(Strike)}
    storm = {field.name: getattr(STORM, field.name) for field in fields(Strike)}
    one = replace(FLOOD, also={"storm": STORM})
    other = replace(FLOOD, **storm, also={"flood": Strike(**flood)})
    there, back = (shock_path(each, 3 * per_year, per_year) for each in (one, other))
    for name, array in arrays(there).items():
        np.testing.assert_allclose(array, arrays(back)[name], rtol=1e-6, atol=1e-7)
    assert there.start_period == back.start_period == 6 * per_year // 12


def test_the_first_blow_sets_the_start_and_an_empty_path_is_no_blow() -> None:
    early = replace(FLOOD, share_hit=0.6, also={"storm": replace(STORM, start_month=2)})
    assert shock_path(early, 8, 4).start_period == 0
    idle = replace(FLOOD, also={"storm": replace(STORM, start_month=2, path=[])})
    for name, array in arrays(shock_path(idle, 8, 4)).items():
        np.testing.assert_array_equal(array, arrays(shock_path(FLOOD, 8, 4))[name])
    assert shock_path(idle, 8, 4).start_period == 2


def test_those_hit_must_bear_what_blows_take_together() -> None:
    storm = replace(STORM, own_loss=0.8, wage_loss=1.0, asset_loss=0.9)
    with pytest.raises(ConfigError) as caught:
        shock_path(replace(FLOOD, also={"storm": storm}), 8, 4)
    # Month 9: 1 - 0.8 * 0.6 = 0.52 of output. Months 12-14, the storm alone at full depth, are worse.
    assert str(caught.value).splitlines() == [
        f"ConfigError: shock.also.storm.{name} must take at most share_hit (0.5) in month 12; "
        f"got {loss}. It is a mean over all households; nobody can lose more than everything."
        for name, loss in (("own_loss", "0.8"), ("wage_loss", "1"), ("asset_loss", "0.9"))
    ]
    together = replace(storm, path=[0.5], wage_loss=0.2, asset_loss=0.2)
    with pytest.raises(ConfigError, match=r"in month 9; got 0\.52\.") as caught:
        shock_path(replace(FLOOD, also={"storm": together}), 8, 4)
    (problem,) = caught.value.problems
    assert problem.where == "shock.own_loss and shock.also.storm.own_loss"
    assert problem.allowed == "together take at most share_hit (0.5) in month 9"
    # Either alone can be borne.
    shock_path(replace(FLOOD, also={"storm": replace(together, own_loss=0.0)}), 8, 4)
    shock_path(replace(FLOOD, own_loss=0.0, also={"storm": together}), 8, 4)


def test_what_is_just_bearable_is_borne() -> None:
    storm = Strike(start_month=6, path=[1.0], own_loss=0.2)
    shock = replace(FLOOD, own_loss=0.1, asset_loss=0.1, share_hit=0.28, also={"storm": storm})
    shock_path(shock, 8, 4)


def test_schools_close_for_all_whoever_is_hit() -> None:
    closed = shock_path(replace(FLOOD, school_closed=1.0, share_hit=0.45), 8, 4).school_closed
    np.testing.assert_allclose(closed, [0, 0, 1, 0.5, 0, 0, 0, 0])


# Responses


@pytest.mark.parametrize(
    ("per_year", "shares"),
    # The flood strikes in month 6; paid from month 9 to 14, a twelfth of a year's value each.
    [
        (1, [3 / 12, 3 / 12]),
        (4, [0, 0, 0, 3 / 12, 3 / 12, 0, 0, 0]),
        (12, [0] * 9 + [1 / 12] * 6 + [0] * 9),
    ],
)
def test_a_response_by_hand(per_year: int, shares: list[float]) -> None:
    path = shock_path(replace(FLOOD, response=RELIEF), 2 * per_year, per_year)
    np.testing.assert_allclose(path.top_up, 0.24 * np.array(shares), rtol=1e-6)
    np.testing.assert_allclose(path.entrant_transfer, 0.36 * np.array(shares), rtol=1e-6)
    assert path.entrants == 0.25
    assert path.top_up.dtype == path.entrant_transfer.dtype == np.float32
    # Half a year of each.
    assert path.response_cost == pytest.approx((0.12, 0.18))
    assert path.response_cost.top_up == pytest.approx(path.top_up.sum(dtype=float))
    assert path.response_cost.entrant == pytest.approx(path.entrant_transfer.sum(dtype=float))


def test_a_response_that_starts_within_a_period_is_shared_by_months() -> None:
    late = replace(FLOOD, response=replace(RELIEF, delay_months=4, months=3))
    path = shock_path(late, 8, 4)
    # Months 10, 11 and 12: two in the fourth quarter, one in the fifth.
    np.testing.assert_allclose(path.top_up, np.array([0, 0, 0, 2, 1, 0, 0, 0]) * 0.02, rtol=1e-6)


def test_a_response_is_counted_from_the_shock_itself() -> None:
    early = replace(FLOOD, response=RELIEF, also={"storm": replace(STORM, start_month=0)})
    assert list(np.flatnonzero(shock_path(early, 24, 12).top_up)) == list(range(9, 15))


def test_what_a_response_would_pay_after_the_run_is_not_paid() -> None:
    path = shock_path(replace(FLOOD, response=RELIEF), 4, 4)
    np.testing.assert_allclose(path.top_up, [0, 0, 0, 0.06], rtol=1e-6)
    assert path.response_cost == pytest.approx((0.06, 0.09))
    never = shock_path(replace(FLOOD, response=replace(RELIEF, delay_months=60)), 4, 4)
    assert never.entrants == 0
    assert never.response_cost == (0, 0)


@pytest.mark.parametrize("shock", [replace(FLOOD, response=replace(RELIEF, months=0)), NONE])
def test_without_months_or_shock_there_is_no_response(shock: Shock) -> None:
    path = shock_path(shock, 8, 4)
    assert not path.top_up.any() and not path.entrant_transfer.any()
    assert (path.entrants, path.response_cost) == (0, (0, 0))
    loud = replace(NONE, response=RELIEF, school_closed=1.0, also={"storm": STORM})
    for name, array in arrays(shock_path(loud, 8, 4)).items():
        np.testing.assert_array_equal(array, float(name == "price"))


def test_a_response_changes_no_loss() -> None:
    bare, helped = shock_path(BOTH, 8, 4), shock_path(replace(BOTH, response=RELIEF), 8, 4)
    for name, array in arrays(bare).items():
        if name not in ("top_up", "entrant_transfer"):
            np.testing.assert_array_equal(array, arrays(helped)[name])


# One blow, as it always was


def alone(shock: Shock, n_periods: int, periods_per_year: int) -> dict[str, Any]:
    """One blow without closed schools and response, written down independently."""
    months = 12 // periods_per_year
    depth, strike = np.zeros(n_periods * months), np.zeros(n_periods * months)
    for quarter, factor in enumerate(shock.path):
        first = shock.start_month + 3 * quarter
        depth[first : first + 3] = factor
        strike[first : first + 1] = factor
    mean = depth.reshape(n_periods, months).mean(axis=1)
    kept = (1 - shock.asset_loss * strike).reshape(n_periods, months).prod(axis=1)
    return {
        "own_loss": (shock.own_loss * mean).astype(np.float32),
        "wage_loss": (shock.wage_loss * mean).astype(np.float32),
        "other_loss": (shock.other_loss * mean).astype(np.float32),
        "asset_loss": (1 - kept).astype(np.float32),
        "price": (1 + shock.price_rise * mean).astype(np.float32),
        "share_hit": shock.share_hit,
        "start_period": min(shock.start_month // months, n_periods),
    }


@pytest.mark.parametrize("per_year", [1, 4, 12])
@pytest.mark.parametrize("name", ["none", "covid_like", "drought"])
def test_a_single_blow_is_the_same_to_the_bit(name: str, per_year: int) -> None:
    shock = shipped(name).shock
    expected = alone(shock, 40 * per_year, per_year)
    if name == "none":
        expected["start_period"] = 40 * per_year
    for each in (shock, replace(shock, school_closed=0.9, response=RELIEF)):
        path = shock_path(each, 40 * per_year, per_year)
        for field, value in expected.items():
            np.testing.assert_array_equal(getattr(path, field), value, err_msg=field)


def test_any_single_blow_is_the_same_to_the_bit() -> None:
    random = np.random.default_rng(1)
    for per_year, _ in product((1, 4, 12), range(100)):
        shock = replace(
            FLOOD,
            start_month=int(random.integers(0, 70)),
            path=random.random(random.integers(1, 9)).tolist(),
            share_hit=1.0,
            **dict(zip((*LOSSES, "price_rise"), random.random(5).tolist(), strict=True)),
        )
        path = shock_path(shock, 5 * per_year, per_year)
        for field, value in alone(shock, 5 * per_year, per_year).items():
            np.testing.assert_array_equal(getattr(path, field), value, err_msg=field)


# The files


@cache
def composed(*words: str) -> Config:
    return compose(["case=erewhon", *words])


def shipped(name: str, *words: str) -> Config:
    return composed(f"shock={name}", *words)


@pytest.mark.parametrize("per_year", [1, 4, 12])
@pytest.mark.parametrize("name", SHIPPED)
def test_every_file_lays_out(name: str, per_year: int) -> None:
    shock = shipped(name).shock
    path = shock_path(shock, 10 * per_year, per_year)
    strikes = any(array.any() for key, array in arrays(path).items() if key != "price")
    strikes |= bool((path.price > 1).any())
    assert strikes == (name != "none")
    for key in LOSSES:
        assert (arrays(path)[key] <= shock.share_hit + 1e-6).all()
    # Over well before the run is.
    assert all(array[-1] == (key == "price") for key, array in arrays(path).items())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_opens_with_its_command_and_a_sweep_over_its_depth(name: str) -> None:
    opening = (CONF / "shock" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert opening[0] == f"# resilience-sim run shock={name}"
    if name == "none":
        return
    assert opening[1].startswith(f"# resilience-sim run --multirun shock={name} shock.")
    jobs = [job.shock for job in jobs_of(opening[1].removeprefix("# "))]
    depths = [depth_of(shock) for shock in jobs]
    assert len(depths) > 2
    assert sorted(set(depths)) == depths
    assert shipped(name).shock in jobs


def depth_of(shock: Shock) -> float:
    path = shock_path(shock, 120, 12)
    losses = (path.own_loss, path.wage_loss, path.other_loss, path.asset_loss, path.price - 1)
    return float(sum(loss.sum(dtype=float) for loss in losses))


def commands() -> Iterator[str]:
    """Every command of the shock files and of the page on shocks, but for that of its own file."""
    texts = [(CONF / "shock" / f"{name}.yaml").read_text(encoding="utf-8") for name in SHIPPED]
    for text in (PAGE.replace(OWN_FILE, ""), *texts):
        yield from COMMAND.findall(text)


def jobs_of(command: str) -> list[Config]:
    """Compose every job of a command, sweeps included, on the fictional case."""
    words = re.findall(r"""(?:[^\s"]|"[^"]*")+""", command.removeprefix("resilience-sim run"))
    words = [word.strip('"') for word in words]
    is_sweep = "--multirun" in words
    values = [
        [f"{key}={each}" for each in value.split(",")] if is_sweep else [f"{key}={value}"]
        for key, _, value in (word.partition("=") for word in words if word != "--multirun")
    ]
    return [composed(*job) for job in product(*values)]


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_commands_compose_and_lay_out(command: str) -> None:
    jobs = jobs_of(command)
    assert (len(jobs) > 1) == ("--multirun" in command)
    for job in jobs:
        shock_path(job.shock, job.horizon_years * job.periods_per_year, job.periods_per_year)


def test_combined_files_are_made_of_the_single_ones() -> None:
    covid, drought = shipped("covid_like").shock, shipped("drought").shock
    prices = shipped("price_spike").shock
    first = shipped("covid_and_drought").shock
    assert replace(
        first, name=covid.name, share_hit=covid.share_hit, source=covid.source, also={}
    ) == (covid)
    assert first.share_hit == drought.share_hit
    second = shipped("drought_and_price_spike").shock
    assert replace(second, name=drought.name, source=drought.source, also={}) == drought
    for strike, single in ((first.also["drought"], drought), (second.also["prices"], prices)):
        for field in fields(Strike):
            if field.name != "start_month":
                assert getattr(strike, field.name) == getattr(single, field.name), field.name


@pytest.mark.parametrize("name", ["covid_with_top_up", "covid_with_new_entrants"])
def test_files_with_a_response_have_the_shock_they_name(name: str) -> None:
    covid, helped = shipped("covid_like").shock, shipped(name).shock
    assert helped.response != covid.response == Response()
    path = shock_path(helped, 40, 4)
    assert (path.response_cost.top_up > 0) == (name == "covid_with_top_up")
    assert (path.entrants > 0) == (name == "covid_with_new_entrants")
    assert replace(helped, name=covid.name, source=covid.source, response=Response()) == covid


def test_a_response_can_be_attached_to_any_shock() -> None:
    for name in set(SHIPPED) - {"none"}:
        words = ["shock.response.months=6", "shock.response.top_up=0.1", "shock.school_closed=0.2"]
        path = shock_path(shipped(name, *words).shock, 40, 4)
        assert path.top_up.any() and path.school_closed.any()


def test_numbers_are_those_they_quote() -> None:
    maize = "Maseru maize meal price June 2020 vs June 2019"
    spike = shipped("price_spike").shock
    assert spike.price_rise == parameter("covid_food_insecurity", maize, "Lesotho").value
    top_up = parameter(
        "covid_food_insecurity", "emergency cash top-up WFP Oct 2020, per household per month"
    )
    assert (top_up.value, top_up.unit) == (50, "USD")
    line = parameter("poverty_line", "rural_poverty_line_food_and_nonfood", "cdnoticias")
    lines = top_up.value * 18.7 / 3.71 / line.value
    assert shipped("covid_with_top_up").shock.response.top_up == pytest.approx(lines, abs=0.005)
    entrants = shipped("covid_with_new_entrants").shock.response
    assert entrants.entrant_transfer == shipped("covid_with_top_up").shock.response.top_up
    # UNESCO, January 2021: 20 weeks fully closed in Latin America and the Caribbean.
    covid = shipped("covid_like").shock
    assert covid.school_closed * sum(covid.path) * 13 == pytest.approx(20, abs=0.25)


# The page


def rows_below(head: str) -> list[list[str]]:
    """Cells of the table of the page that begins with `head`, without it."""
    table = PAGE.split(f"| {head}")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_page_names_every_file_and_every_key() -> None:
    assert sorted(row[0].strip("`") for row in rows_below("`shock=` |")) == sorted(SHIPPED)
    for head, group in (("key | meaning | unit |", Shock), ("key of `response` |", Response)):
        told = [key for row in rows_below(head) for key in re.findall(r"`(\w+)`", row[0])]
        assert sorted(told) == sorted(field.name for field in fields(group))


def test_the_worked_example_is_what_is_laid_out() -> None:
    (example,) = COMMAND.findall(PAGE.split("## A worked example")[1].split("## ")[0])
    (job,) = jobs_of(example)
    path = shock_path(job.shock, 40, 4)
    rows = rows_below("months | own loss")
    assert [row[0] for row in rows] == [f"{m}-{m + 2}" for m in range(24, 48, 3)]
    laid = (
        path.own_loss, path.wage_loss, path.other_loss, path.asset_loss, path.price,
        path.school_closed, path.top_up,
    )  # fmt: skip
    told = np.array([[float(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(told, np.array(laid).T[8:16], atol=6e-5, rtol=0)
    assert not any(array[:8].any() or array[16:].any() for array in (*laid[:4], *laid[5:]))
    assert path.response_cost.top_up == pytest.approx(0.05)
    assert 1 - np.prod(1 - path.asset_loss.astype(float)) == pytest.approx(0.1507, abs=5e-5)


def test_what_the_page_says_of_severities_is_so() -> None:
    """Severities are even between 0 and 2 / H among those hit, and nobody loses more than all."""
    even = (np.arange(100_000) + 0.5) / 100_000
    for hit, loss, mean in ((0.65, 0.15, 0.15), (0.9, 0.55, 0.9 * (1 - 0.9 / (4 * 0.55)))):
        lost = np.minimum(loss * 2 * even / hit, 1)
        assert hit * lost.mean() == pytest.approx(mean, rel=1e-6)
    assert (loss, hit) == (shipped("drought").shock.own_loss, shipped("drought").shock.share_hit)
    assert "asks for 0.55 of own output with H = 0.9 and so takes 0.53." in PAGE
    assert mean == pytest.approx(0.53, abs=0.005)
    assert (0.15 / 0.65, 2 * 0.15 / 0.65) == pytest.approx((0.23, 0.46), abs=0.005)


def test_a_file_of_ones_own_is_sound() -> None:
    own = yaml.safe_load(OWN_FILE)
    (base,) = own.pop("defaults")
    left_out = yaml.safe_load((CONF / "shock" / f"{base}.yaml").read_text(encoding="utf-8"))
    shock = from_mapping(asdict(shipped("none")) | {"shock": left_out | own}).shock
    assert shock_path(shock, 40, 4).start_period == 9
    assert OWN_FILE.startswith(f"# resilience-sim run shock={shock.name}\n")


def test_what_a_file_may_leave_out_is_what_the_schema_leaves_out() -> None:
    left_out = yaml.safe_load((CONF / "shock" / "_base.yaml").read_text(encoding="utf-8"))
    assert left_out["response"] == asdict(Response())
    bare = asdict(FLOOD)
    assert {key: bare[key] for key in left_out} == left_out
