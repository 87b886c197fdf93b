"""What doubling the planner's grids moves: headcounts, effects and the interaction.

    python benchmarks/grid_study.py [case=mexico] [OVERRIDE ...] > docs/grid_study.md

The same households live the four arms under the same luck with policies solved on coarser and finer grids;
only the policies differ, so a difference is numerical error and nothing else. Prints a Markdown
page.
"""

import sys
import time

import numpy as np

from resilience_sim import compose, prepare, run
from resilience_sim.results import STANDARD_ARMS, Results

CALM = [
    "shock=none", "replicates=2", "horizon_years=10", "outcomes.horizons_years=[2,5,10]",
    "outcomes.belief_households=0",
]  # fmt: skip
DEFAULT = "default"
FINER = {
    "nodes doubled": ["planner.n_assets=80", "planner.n_money=128", "planner.n_savings=96"],
    "types doubled": ["planner.n_skill=18", "planner.n_other=10"],
    "luck doubled": ["planner.n_luck=16"],
    "tolerance a tenth": ["planner.tolerance=2e-6", "planner.max_years=2000"],
}
GRIDS = {
    "nodes halved": ["planner.n_assets=20", "planner.n_money=32", "planner.n_savings=24"],
    "types halved": ["planner.n_skill=5", "planner.n_other=3"],
    DEFAULT: [],
    **FINER,
}
OUTCOMES = ("income", "consumption", "assets", "improved")
YEARS = (2, 5, 10)


def eligible_means(results: Results, name: str) -> dict[str, list[float]]:
    """Means of one outcome over eligible persons and replicates, by arm, at the study's years."""
    o = results.outcomes.index(name)
    years = [year - 1 for year in YEARS]
    means = results.year_mean[:, 0, :, :, 0, o].mean(axis=1)[:, years]
    return {arm: means[results.arms.index(arm)].tolist() for arm in STANDARD_ARMS}


def headcounts(results: Results) -> dict[str, list[float]]:
    """Poverty headcount of consumption over all persons by arm, in percent."""
    o = results.outcomes.index("poor")
    share = results.group_weight / results.group_weight.sum()
    years = [year - 1 for year in YEARS]
    of_all = (results.year_mean[:, 0, :, :, :, o] * share).sum(axis=-1).mean(axis=1)[:, years]
    return {arm: (100 * of_all[results.arms.index(arm)]).tolist() for arm in STANDARD_ARMS}


def interaction(means: dict[str, list[float]]) -> list[float]:
    """Both less cash less productive plus none."""
    return [b - c - p + n for n, c, p, b in zip(*(means[a] for a in STANDARD_ARMS), strict=True)]


def effects(results: Results, name: str) -> np.ndarray:
    """Effects on one outcome against none, (3 arms, years)."""
    means = np.array([eligible_means(results, name)[arm] for arm in STANDARD_ARMS])
    return means[1:] - means[0]


def points(results: Results) -> np.ndarray:
    """Interaction of income in percent of the mean without programmes, (years,)."""
    means = eligible_means(results, "income")
    return 100 * np.array(interaction(means)) / np.array(means["none"])


def what_is_left(told: dict[str, tuple[Results, float]]) -> None:
    """Print what each finer grid moves at most, over arms and years."""
    print("## What finer grids move at most\n")
    print(
        "Over arms and years. Effects in percent of the finer grid's effect; in brackets the arm and year,\n"
        "and how large that effect is.\n"
    )
    print(
        "| finer | headcount, points | "
        + " | ".join(f"effect on {name}, %" for name in OUTCOMES)
        + " | interaction of income, points |"
    )
    print("| --- |" + " --- |" * (len(OUTCOMES) + 2))
    here = told[DEFAULT][0]
    for name in FINER:
        there = told[name][0]
        moves = [
            np.subtract(headcounts(there)[arm], headcounts(here)[arm]) for arm in STANDARD_ARMS
        ]
        cells = [f"{np.abs(moves).max():.2f}"]
        for outcome in OUTCOMES:
            fine, coarse = effects(there, outcome), effects(here, outcome)
            share = 100 * np.abs(coarse - fine) / np.abs(fine)
            arm, year = np.unravel_index(share.argmax(), share.shape)
            cells.append(
                f"{share[arm, year]:.1f} ({STANDARD_ARMS[1 + int(arm)]}, {YEARS[year]}: {fine[arm, year]:+.4f})"
            )
        cells.append(f"{np.abs(points(there) - points(here)).max():.3f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def main(overrides: list[str]) -> None:
    """Run all sizes and print the page."""
    told: dict[str, tuple[Results, float]] = {}
    for name, size in GRIDS.items():
        experiment = prepare(compose([*overrides, *CALM, *size]))
        began = time.perf_counter()
        results = run(experiment)
        told[name] = results, results.seconds["policies"]
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    shown = " ".join(overrides) or "case=mexico"
    print("# What the planner's grids move")
    print(
        f"\nPrinted by `python benchmarks/grid_study.py {shown}`. The same households live under\n"
        "the same luck, policies alone differ. Two replicates, ten years, no shock; means over\n"
        "eligible persons, poverty over all.\n"
    )
    what_is_left(told)
    print("## Headcount of consumption, percent of persons\n")
    print(
        "| grid | solving, s | "
        + " | ".join(f"{a}, year {y}" for a in STANDARD_ARMS for y in YEARS)
        + " |"
    )
    print("| --- | --- |" + " --- |" * len(STANDARD_ARMS) * len(YEARS))
    for name, (results, seconds) in told.items():
        cells = [f"{v:.2f}" for arm in STANDARD_ARMS for v in headcounts(results)[arm]]
        print(f"| {name} | {seconds:.0f} | " + " | ".join(cells) + " |")
    for outcome in OUTCOMES:
        unit, scale = ("percentage points", 100.0) if outcome == "improved" else ("lines", 1.0)
        print(f"\n## {outcome}: effects against none, and interaction ({unit})\n")
        print(
            "| grid | "
            + " | ".join(
                f"{a}, year {y}" for a in (*STANDARD_ARMS[1:], "interaction") for y in YEARS
            )
            + " |"
        )
        print("| --- |" + " --- |" * 4 * len(YEARS))
        for name, (results, _) in told.items():
            means = eligible_means(results, outcome)
            rows = (*effects(results, outcome), interaction(means))
            cells = [f"{scale * v:+.4f}" for row in rows for v in row]
            print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n## Interaction of income in points (percent of the control mean)\n")
    print("| grid | " + " | ".join(f"year {y}" for y in YEARS) + " |")
    print("| --- |" + " --- |" * len(YEARS))
    for name, (results, _) in told.items():
        print(f"| {name} | " + " | ".join(f"{v:+.3f}" for v in points(results)) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
