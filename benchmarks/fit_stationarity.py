"""Set the productivities and the improved outlay so that an untreated population stands still.

    python benchmarks/fit_stationarity.py [case=mexico] [OVERRIDE ...]

What the survey's households earn is matched at the start by their skill; whether ten untreated
years leave the distribution where it was depends on what own work and its outlay return. The fit
moves three numbers, `technology.productivity.traditional`, `technology.productivity.improved` and
`technology.outlay.improved`, and nothing else, to make the following stand still over years 1 to
10: P10, P50, P90 (in units of 10 %), the Gini (0.02) and the headcount (3 points) of income, the
share of persons with own work, and mean assets. It prints each trial and the best. No effect of any
programme enters.
"""

import sys
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from resilience_sim import compose, prepare, run
from resilience_sim.outcomes.inequality import histogram_gini, histogram_quantile
from resilience_sim.results import Results

CALM = [
    "arms=[none]", "shock=none", "replicates=2", "horizon_years=10", "outcomes.horizons_years=[1,2,5,10]",
    "outcomes.belief_households=0", "coordination=off",
]  # fmt: skip
KEYS = (
    "technology.productivity.traditional",
    "technology.productivity.improved",
    "technology.outlay.improved",
)
TOLERANCE = {"quantile": 0.10, "gini": 0.02, "headcount": 0.03, "own_work": 0.05, "assets": 0.20}


def misses(results: Results, headcount: float, own_work: float, assets: float) -> np.ndarray:
    """How far each moment has moved since the survey, in units of its tolerance."""
    histogram, edges = results.histogram[0, 0, :, 0], results.bin_edges
    levels = [[histogram_quantile(each, edges, q) for each in histogram] for q in (0.1, 0.5, 0.9)]
    moved = [np.log(np.array(level[1:]) / level[0]) / TOLERANCE["quantile"] for level in levels]
    ginis = np.array([histogram_gini(each, edges) for each in histogram])
    gini = ginis[1:] - ginis[0]
    share = results.group_weight / results.group_weight.sum()
    years = np.asarray(results.horizons_years) - 1
    of_groups = results.year_mean[0, 0].mean(axis=0)[years]
    mean = np.where(share[:, None] > 0, of_groups * share[:, None], 0.0).sum(axis=1)
    of = results.outcomes.index
    return np.concatenate(
        [
            *moved,
            gini / TOLERANCE["gini"],
            (mean[:, of("poor_income")] - headcount) / TOLERANCE["headcount"],
            (mean[:, of("own_work")] - own_work) / TOLERANCE["own_work"],
            np.log(mean[:, of("assets")] / assets) / TOLERANCE["assets"],
        ]
    )


def main(overrides: list[str]) -> None:
    """Fit, printing every trial."""
    base = compose([*overrides, *CALM])
    people = prepare(base).households
    weight = people.persons / people.persons.sum()
    survey = (
        float(weight @ (people.income < 1.0)),
        float(weight @ people.has_own_activity),
        float(weight @ people.assets),
    )

    def loss(logs: np.ndarray) -> float:
        traditional, improved, outlay = np.exp(logs)
        tech = base.technology
        config = replace(
            base,
            technology=replace(
                tech,
                productivity={
                    **tech.productivity,
                    "traditional": traditional,
                    "improved": improved,
                },
                outlay={**tech.outlay, "improved": outlay},
            ),
        )
        results = run(prepare(config))
        far = misses(results, *survey)
        total = float(np.mean(far**2))
        values = ", ".join(
            f"{key}={value:.4f}" for key, value in zip(KEYS, np.exp(logs), strict=True)
        )
        print(
            f"{total:8.4f}  {values}  start {results.start_share.mean(axis=0).round(3)}", flush=True
        )
        return total

    tech = base.technology
    start = np.log(
        [tech.productivity["traditional"], tech.productivity["improved"], tech.outlay["improved"]]
    )
    found = minimize(
        loss, start, method="Nelder-Mead",
        options={
            "initial_simplex": start + np.vstack([np.zeros(3), 0.08 * np.eye(3)]),
            "maxfev": 60, "xatol": 2e-3, "fatol": 1e-3,
        },
    )  # fmt: skip
    print(
        "best",
        dict(zip(KEYS, np.exp(found.x).round(4).tolist(), strict=True)),
        "loss",
        round(found.fun, 4),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
