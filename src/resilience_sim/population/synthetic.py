"""A made-up place for fictional cases and engine tests; it has no claim to realism."""

from __future__ import annotations

from math import ceil

import numpy as np

from resilience_sim.config import Synthetic
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.population.observed import Observed

_MOST_STRATA = 2


def make_up(synthetic: Synthetic, n_households: int | None, seed: int) -> Observed:
    """Make up households.

    Income per member is lognormal. Its unearned share is drawn evenly from an interval whose mean
    gives `other_mean`, alike for rich and poor. Of what is earned, households with own activity
    (`own_share` of them, by chance) get an evenly drawn part from it, the rest is wages; the
    others live by wages. Size is one plus a Poisson number. Villages of `households_per_village`
    lie in two strata by turns; every household weighs one.

    Parameters
    ----------
    synthetic
        Moments of the place, in lines per year and persons.
    n_households
        Size of the population; it sets the number of villages, the last of which may be smaller.
        None takes `n_villages` full ones.
    seed
        Key of all draws.

    Raises
    ------
    ConfigError
        Where `other_mean` is more than the mean income.
    """
    mean_income = np.exp(synthetic.mean_log_income + synthetic.sd_log_income**2 / 2)
    other_share = synthetic.other_mean / mean_income
    if other_share > 1:
        raise ConfigError(
            [
                Problem(
                    "population.synthetic.other_mean",
                    f"be at most the mean income ({mean_income:.4g} lines per year)",
                    f"{synthetic.other_mean:g}",
                    "Raise mean_log_income or lower other_mean.",
                )
            ]
        )
    per_village = synthetic.households_per_village
    n = synthetic.n_villages * per_village if n_households is None else n_households
    village = np.arange(n) // per_village
    draws = np.random.Generator(np.random.Philox(key=seed))
    income = np.exp(draws.normal(synthetic.mean_log_income, synthetic.sd_log_income, n))
    other = income * draws.uniform(max(0, 2 * other_share - 1), min(1, 2 * other_share), n)
    has_own_activity = draws.random(n) < synthetic.own_share
    own = np.where(has_own_activity, (income - other) * draws.random(n), 0.0)
    size = np.add(1.0, draws.poisson(synthetic.size - 1, n), dtype=np.float64)
    digits = len(str(n - 1))
    village_name = np.strings.zfill(village.astype(str), len(str(ceil(n / per_village))))
    return Observed(
        id=np.strings.zfill(np.arange(n).astype(str), digits),
        village=village_name,
        stratum=(village % _MOST_STRATA).astype(str),
        weight=np.ones(n),
        size=size,
        income=income,
        wages=income - other - own,
        own=own,
        other=other,
        vehicles=np.zeros(n),
        has_own_activity=has_own_activity,
        notes=("The population is made up: lognormal incomes, two strata of villages.",),
    )
