"""User units to kernel units: rates per period, seasons, and luck in calendar time."""

import math

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.config import MONTHS, Config
from resilience_sim.kernels import population_step as step
from resilience_sim.kernels.primitives import N_SCORES, Primitives
from resilience_sim.model import labour_at_work, labour_worked, primitives, yearly_wages
from resilience_sim.simulation import prepare, run

PER_YEAR = (1, 4, 12)
SHARES = [0.03, 0.02, 0.02, 0.02, 0.03, 0.04, 0.14, 0.20, 0.20, 0.14, 0.09, 0.07]


def world(*overrides: str) -> tuple[Config, Primitives]:
    config = compose(["case=erewhon", "shock=none", *overrides])
    return config, primitives(config)


# --- rates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_year", PER_YEAR)
def test_rates_per_period_make_up_those_per_year(per_year: int) -> None:
    config, p = world(f"periods_per_year={per_year}")
    tech, finance = config.technology, config.finance

    def yearly(rate: np.float32) -> float:
        return float(rate) ** per_year

    assert yearly(p.discount) == pytest.approx(config.preferences.discount_factor, rel=1e-5)
    assert yearly(p.keep) == pytest.approx(1 - tech.depreciation, rel=1e-5)
    assert yearly(p.return_save) == pytest.approx(finance.return_save, rel=1e-5)
    assert yearly(p.return_borrow) == pytest.approx(finance.return_borrow, rel=1e-5)
    generation = config.generations.succession_age - config.generations.heir_age
    assert yearly(1 - p.succession_hazard) == pytest.approx(1 - 1 / generation, rel=1e-5)
    assert p.periods_per_year == per_year


@pytest.mark.parametrize("per_year", PER_YEAR)
def test_rates_of_luck_are_per_quarter_whatever_the_period(per_year: int) -> None:
    config, p = world(f"periods_per_year={per_year}")
    luck = config.luck
    assert (1 - float(p.illness)) ** 4 == pytest.approx(1 - luck.illness_rate, rel=1e-6)
    assert (1 - float(p.asset_loss)) ** 4 == pytest.approx(1 - luck.asset_loss_rate, rel=1e-6)
    assert p.drought == pytest.approx(luck.drought_rate)
    assert int(p.quarters_per_period) * per_year in (4, per_year)
    assert p.quarters_per_period / p.periods_per_quarter == 4 / per_year


def test_what_needs_no_crossing_crosses_unchanged() -> None:
    config, p = world()
    tech = config.technology
    same = {
        "crra": config.preferences.crra, "need": config.preferences.need, "wage": tech.wage,
        "productivity_traditional": tech.productivity["traditional"],
        "productivity_improved": tech.productivity["improved"],
        "productivity_known": tech.productivity["improved"] * tech.knowledge_productivity,
        "exponent_traditional": tech.exponent["traditional"],
        "exponent_improved": tech.exponent["improved"],
        "labour_traditional": tech.labour["traditional"],
        "labour_improved": tech.labour["improved"],
        "outlay_traditional": tech.outlay["traditional"],
        "outlay_improved": tech.outlay["improved"],
        "outlay_known": tech.outlay["improved"] * tech.knowledge_outlay,
        "wage_elasticity": tech.wage_elasticity, "resale": 1 - tech.resale_discount,
        "knowledge_loss": tech.knowledge_loss, "credit_limit": config.finance.credit_limit,
        "illness_labour": config.luck.illness_labour_lost, "illness_bill": config.luck.illness_bill,
        "asset_loss_share": config.luck.asset_loss_share, "drought_loss": config.luck.drought_loss,
        "succession_age": config.generations.succession_age,
        "heir_age": config.generations.heir_age,
    }  # fmt: skip
    for name, value in same.items():
        assert float(getattr(p, name)) == pytest.approx(value, rel=1e-6), name


def test_all_scalars_are_single_precision_or_whole() -> None:
    for per_year in PER_YEAR:
        _, p = world(f"periods_per_year={per_year}")
        for name, value in p._asdict().items():
            assert value.dtype in (np.float32, np.int32), name
            shapes = {
                "skill_at": (1, N_SCORES),
                "skill_luck": (1,),
            }  # until the population is known
            of_season = (per_year,) if name.startswith("season_") else ()
            assert value.shape == shapes.get(name, of_season), name
            assert np.isfinite(value).all(), name


@pytest.mark.parametrize(
    ("children", "share"), [(2.4, 2 / 2.4), (2.0, 1.0), (1.0, 1.0), (5.0, 0.4)]
)
def test_heirs_unite_two_shares_but_never_more_than_a_whole(children: float, share: float) -> None:
    # Own and spouse's share of what each side leaves: two over the number of children.
    _, p = world(f"generations.children={children}")
    assert p.inheritance == pytest.approx(share, rel=1e-6)


def test_own_work_takes_idle_labour_before_it_costs_wages() -> None:
    names = ("labour_traditional", "labour_improved")

    def costs(idle: float, *overrides: str) -> list[float]:
        overrides = (
            "technology.labour.traditional=0.3",
            "technology.labour.improved=0.6",
            *overrides,
        )
        _, p = world(f"technology.idle_labour={idle}", *overrides)
        return [float(getattr(p, name)) for name in names]

    assert costs(0.0) == pytest.approx([0.3, 0.6])  # all paid work is found
    assert costs(0.2) == pytest.approx([0.1 / 0.8, 0.4 / 0.8])
    assert costs(0.5) == pytest.approx([0.0, 0.1 / 0.5])
    assert costs(0.8) == pytest.approx([0.0, 0.0])
    assert costs(0.5, "mechanisms.labour_taken=false") == [0.0, 0.0]


@pytest.mark.parametrize(
    ("idle", "worked"), [(0.0, (1.0, 1.0, 1.0)), (0.4, (0.6, 0.9, 1.0)), (0.9, (0.1, 0.4, 0.7))]
)
def test_labour_at_work_is_what_is_paid_and_what_is_own(
    idle: float, worked: tuple[float, ...]
) -> None:
    config, p = world(
        f"technology.idle_labour={idle}",
        "technology.labour.traditional=0.3",
        "technology.labour.improved=0.6",
    )
    told = labour_worked(config)
    assert [told[name] for name in ("none", "traditional", "improved")] == pytest.approx(worked)
    # Wages of who has own work are those of the labour that it leaves to paid work.
    paid = (1.0 - idle) * (1.0 - float(p.labour_improved))
    assert told["improved"] == pytest.approx(0.6 + paid)


def test_labour_at_work_follows_who_runs_which_technique() -> None:
    config, _ = world("technology.idle_labour=0.4")
    worked = labour_worked(config)
    shares = {"none": 0.5, "traditional": 0.3, "improved": 0.2}
    told = labour_at_work(config, np.array([0.5]), np.array([0.2]))
    assert told == pytest.approx(sum(shares[name] * worked[name] for name in shares))
    sums = labour_at_work(config, np.array([5.0]), np.array([2.0]), np.array([10.0]))
    assert sums == pytest.approx(10 * told)


def test_wages_rise_with_skill() -> None:
    _, p = world("technology.wage=0.8", "technology.wage_elasticity=2")
    np.testing.assert_allclose(
        yearly_wages(p, np.array([0.5, 1.0, 3.0])), [0.2, 0.8, 7.2], rtol=1e-6
    )


# --- seasons -----------------------------------------------------------------------------------


@pytest.mark.parametrize("per_year", PER_YEAR)
def test_seasons_sum_over_the_year(per_year: int) -> None:
    config, p = world(f"periods_per_year={per_year}")
    assert p.season_output.sum() == pytest.approx(1, abs=1e-6)
    assert p.season_outlay.sum() == pytest.approx(1, abs=1e-6)
    assert p.season_price.mean() == pytest.approx(1, abs=1e-6)
    months = MONTHS // per_year
    outlay = np.reshape(config.seasons.outlay_share, (per_year, months)).sum(axis=1)
    np.testing.assert_allclose(p.season_outlay, outlay, rtol=1e-6)
    price = np.reshape(config.seasons.price, (per_year, months)).mean(axis=1)
    np.testing.assert_allclose(p.season_price, price, rtol=1e-6)


def test_output_reaches_the_next_decision_by_hand() -> None:
    # Quarters of the months after planting: .07, .09, .54, .30. What the first quarter earned is
    # there at the second decision; what the last one earned, at the next planting.
    _, p = world(f"seasons.output_share={SHARES}")
    np.testing.assert_allclose(p.season_output, [0.30, 0.07, 0.09, 0.54], rtol=1e-6)


@pytest.mark.parametrize("per_year", [4, 12])
@pytest.mark.parametrize("month", range(MONTHS))
def test_lag_from_planting_to_harvest_is_calendar_time(per_year: int, month: int) -> None:
    # All output in one month: it is there at the first decision after that month.
    shares = [1.0 if each == month else 0.0 for each in range(MONTHS)]
    _, p = world(f"periods_per_year={per_year}", f"seasons.output_share={shares}")
    length = MONTHS // per_year
    arrives = (month // length + 1) % per_year
    assert list(np.flatnonzero(p.season_output)) == [arrives]
    waited = (arrives * length - month) % MONTHS
    assert 0 < waited <= length


# --- luck --------------------------------------------------------------------------------------


def annual_sd(log_sd: float) -> float:
    """Standard deviation of a lognormal factor of mean one."""
    return math.sqrt(math.expm1(log_sd**2))


def quarters_of_luck(p: Primitives, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn factors of own output and of wages, (4, n) each, for a period of a quarter."""
    key = np.arange(n, dtype=np.uint32)
    harvest, wage, bill, survive = (np.zeros((4, n), np.float32) for _ in range(4))
    for quarter in range(4):
        step.draw_luck(
            p, key, 0, n, quarter, True, True, np.uint32(5), np.uint32(0), harvest[quarter],
            wage[quarter], bill[quarter], survive[quarter],
        )  # fmt: skip
    return harvest.astype(float), wage.astype(float)


def test_quarterly_draws_make_up_the_annual_spread() -> None:
    n = 200_000
    config, p = world("luck.illness_rate=0", f"seasons.output_share={SHARES}")
    harvest, wage = quarters_of_luck(p, n)
    year = np.array([0.07, 0.09, 0.54, 0.30]) @ harvest
    assert year.mean() == pytest.approx(1, abs=0.003)
    assert year.std() == pytest.approx(annual_sd(config.luck.harvest_sd), rel=0.015)
    wages = wage.mean(axis=0)
    assert wages.mean() == pytest.approx(1, abs=0.002)
    assert wages.std() == pytest.approx(annual_sd(config.luck.wage_sd), rel=0.015)
    # Negative control: were output spread evenly, the year would vary less.
    assert harvest.mean(axis=0).std() < 0.85 * year.std()


LUCK_ALONE = (
    # Own work that hardly needs assets is all there is, so that a year's income is its luck.
    "technology.exponent.traditional=1e-6", "technology.exponent.improved=1e-6",
    "technology.wage=0", "mechanisms.outlay=false", "mechanisms.need=false",
    "mechanisms.improved_technique=false", "mechanisms.village_luck=false", "luck.illness_rate=0",
    "mechanisms.pooling=false", "mechanisms.succession=false",
    "population.synthetic.own_share=1", "population.synthetic.other_mean=0",
    "population.synthetic.n_villages=300", "arms=[none]", "horizon_years=12", "replicates=1",
    "outcomes.panel_share=1", "planner.n_skill=1", "planner.n_other=1", "planner.n_assets=6",
    "planner.tolerance=0.05",
)  # fmt: skip


@pytest.mark.parametrize("per_year", PER_YEAR)
def test_a_year_of_own_work_varies_alike_whatever_the_period(per_year: int) -> None:
    # One harvest, in the third quarter after planting: its months share one draw. Nothing is
    # harvested in the last months, so that a year of the panel is a crop's.
    third = [0.0] * 6 + [1 / 3] * 3 + [0.0] * 3
    config, p = world(
        *LUCK_ALONE, f"periods_per_year={per_year}", f"seasons.output_share={third}",
        "luck.harvest_sd=0.25",
    )  # fmt: skip
    panel = run(prepare(config), p).panel
    assert panel is not None
    income = panel["income"].reshape(3000, 12)[:, 1:].astype(float)  # the first was sown before
    spread = np.log(income).std(axis=1, ddof=1)
    assert np.sqrt((spread**2).mean()) == pytest.approx(0.25, rel=0.04)
