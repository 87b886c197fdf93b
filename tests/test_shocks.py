"""A scenario shock on the grid of periods."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from resilience_sim.config import Shock
from resilience_sim.errors import ConfigError
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
    # Negative control: the flood does change things.
    assert all(
        (array != (name == "price")).any()
        for name, array in arrays(shock_path(FLOOD, 8, 4)).items()
    )


def test_what_comes_after_the_run_is_cut_off() -> None:
    path = shock_path(FLOOD, 3, 4)
    np.testing.assert_allclose(path.own_loss, [0, 0, 0.4])
    late = shock_path(replace(FLOOD, start_month=100), 3, 4)
    assert (late.own_loss == 0).all()
    assert late.start_period == 3


def test_nobody_loses_more_than_everything() -> None:
    with pytest.raises(ConfigError, match=r"shock.own_loss must be at most share_hit \(0.5\)"):
        shock_path(replace(FLOOD, own_loss=0.6), 8, 4)
    # At half depth the mean loss is 0.3: half of those hit.
    shock_path(replace(FLOOD, own_loss=0.6, path=[0.5]), 8, 4)
