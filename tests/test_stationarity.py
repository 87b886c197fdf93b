"""Ten untreated years leave the real population's incomes where the survey found them."""

import numpy as np
import pytest

from resilience_sim.cli import compose
from resilience_sim.outcomes.inequality import (
    histogram_gini,
    histogram_quantile,
    histogram_share_below,
)
from resilience_sim.results import Results
from resilience_sim.simulation import prepare, run

INCOME = 0  # place of income in a histogram's measures
YEARS = 10


@pytest.fixture(scope="module")
def untreated() -> Results:
    """All rural households of the Mexican case, without programmes or a scenario shock."""
    overrides = [
        "case=mexico", "shock=none", "arms=[none]", f"horizon_years={YEARS}", "replicates=2",
        "outcomes.belief_households=0",
    ]  # fmt: skip
    return run(prepare(compose(overrides)))


def histograms(results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Persons by income: in the survey, and after ten years."""
    assert results.horizons_years[-1] == YEARS
    counts = results.histogram[0, 0, :, INCOME]
    return counts[0], counts[-1]


@pytest.mark.slow
def test_headcount_stays_within_three_points(untreated: Results) -> None:
    poor = [
        histogram_share_below(counts, untreated.bin_edges, 1.0) for counts in histograms(untreated)
    ]
    assert poor[1] == pytest.approx(poor[0], abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.10, 0.50, 0.90])
def test_quantiles_stay_within_ten_per_cent(untreated: Results, level: float) -> None:
    before, after = (
        histogram_quantile(counts, untreated.bin_edges, level) for counts in histograms(untreated)
    )
    assert after == pytest.approx(before, rel=0.10)


@pytest.mark.slow
def test_inequality_stays_within_ten_per_cent(untreated: Results) -> None:
    before, after = (
        histogram_gini(counts, untreated.bin_edges) for counts in histograms(untreated)
    )
    assert after == pytest.approx(before, rel=0.10)


@pytest.mark.slow
def test_the_survey_is_the_one_published(untreated: Results) -> None:
    # Negative control: the distribution that all this is compared with is rural Mexico's of 2018,
    # 62 % poor.
    before, _ = histograms(untreated)
    assert untreated.n_households == 28_638
    assert histogram_share_below(before, untreated.bin_edges, 1.0) == pytest.approx(0.62, abs=0.01)
