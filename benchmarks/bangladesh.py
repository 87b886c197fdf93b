"""The threshold of Bangladesh's ultra-poor programme, simulated beside reported: a part of docs/cases.md.

    python benchmarks/bangladesh.py [--draws N] [--years Y]

N draws of the trial bangladesh_tup live it as its arms none and both. Its growth of assets and effects took
part in the fit of what all cases share; its threshold and what those above consume did not. For every draw:
the assets at which what a treated household holds after four years is what it began with, and above which it is
more; who begins above; what those above and below gain, and consume after two and eleven years. Prints
Markdown. Reported: Balboni et al. 2022, in `data/structure.csv`.
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd

from resilience_sim import compose, prepare, run
from resilience_sim.calibration.cases import Effort
from resilience_sim.calibration.draws import shipped
from resilience_sim.calibration.fitting import TRIAL
from resilience_sim.calibration.priors import with_values
from resilience_sim.calibration.scoring import quantiles
from resilience_sim.calibration.structures import STRUCTURES
from resilience_sim.calibration.uncertainty import Draw, chosen
from resilience_sim.config import Config
from resilience_sim.errors import SimulationError, SolverError
from resilience_sim.evidence import structure

CASE = "bangladesh_tup"
LINE = 4.5 * 716
"""PPP dollars of a household per line of a person: persons and line of the case."""
START, LATER = 1, 4
BINS = 12
REPORT = "bangladesh_threshold"
COW_VALUE = "median cow value"


def main(n: int, years: int) -> None:
    """Print the table."""
    config = compose([f"case={CASE}"])
    found = []
    for draw in chosen(shipped(), CASE, n, 1, TRIAL):
        told = _measured(_as_drawn(config, draw, years), years)
        if told is not None:
            found.append({"structure": draw.structure} | told)
    table = pd.DataFrame(found)
    has = table["threshold, in cows"].notna()
    print(f"{len(table)} draws settled of {n}; a threshold among {int(has.sum())} of them.\n")
    print("| measure | reported | simulated median [5 %, 95 %] |\n| --- | --- | --- |")
    for name, value in _reported().items():
        low, median, high = quantiles(table[name].to_numpy(float), np.ones(len(table)))
        print(f"| {name} | {value} | {median:.2f} [{low:.2f}, {high:.2f}] |")
    print("\n| structure | draws | with a threshold |\n| --- | --- | --- |")
    for name, rows in table.groupby("structure", sort=False):
        print(f"| {name} | {len(rows)} | {int(rows['threshold, in cows'].notna().sum())} |")


def _as_drawn(config: Config, draw: Draw, years: int) -> Config:
    """The case under one draw, as coarsely as draws are simulated, every household in the panel."""
    config = STRUCTURES[draw.structure](with_values(config, draw.values))
    outcomes = replace(
        config.outcomes,
        panel_share=1.0,
        belief_households=0,
        channel_households=0,
        horizons_years=[years],
    )
    return replace(
        config,
        planner=Effort().planner(config.planner),
        outcomes=outcomes,
        arms=["none", "both"],
        horizon_years=years,
        replicates=1,
        shock=compose(["shock=none"]).shock,
    )


def _measured(config: Config, years: int) -> dict[str, float] | None:
    """What a trial would measure under one draw; None where policies do not settle."""
    try:
        results = run(prepare(config))
    except (SolverError, SimulationError):
        return None
    panel = pd.DataFrame(results.panel)
    assets = panel.pivot_table(index="id", columns=["arm", "year"], values="assets")
    eaten = panel.pivot_table(index="id", columns=["arm", "year"], values="consumption")
    before = np.log(np.maximum(assets["both", START].to_numpy(), 1e-3))
    change = np.log(np.maximum(assets["both", LATER + START].to_numpy(), 1e-3)) - before
    threshold, cow = _crossing(before, change), effect(COW_VALUE) / LINE
    is_above = before > (threshold if np.isfinite(threshold) else np.log(cow))
    gap = (eaten["both"] - eaten["none"]).to_numpy()
    told = {
        "threshold, in cows": float(np.exp(threshold) / cow),
        "share of the treated above it, or above a cow": float(is_above.mean()),
        "log assets over four years, below": _mean(change, ~is_above),
        "log assets over four years, above minus below": _mean(change, is_above)
        - _mean(change, ~is_above),
    }
    for year in (2, years):
        gained = gap[:, year - 1]
        told[f"consumption in year {year}, above minus below, % of the untreated"] = float(
            100 * (_mean(gained, is_above) - _mean(gained, ~is_above))
            / eaten["none", year].mean()
        )  # fmt: skip
    return told


def _mean(values: np.ndarray, inside: np.ndarray) -> float:
    return float(values[inside].mean()) if inside.any() else float("nan")


def _crossing(before: np.ndarray, change: np.ndarray) -> float:
    """Log assets at which the mean change turns from loss to gain; NaN where it does not."""
    edges = np.quantile(before, np.linspace(0, 1, BINS + 1))
    at = np.clip(np.searchsorted(edges, before, side="right") - 1, 0, BINS - 1)
    middles = np.array([_mean(before, at == b) for b in range(BINS)])
    means = np.array([_mean(change, at == b) for b in range(BINS)])
    ups = np.flatnonzero((means[:-1] < 0) & (means[1:] > 0))
    if not ups.size:
        return float("nan")
    b = ups[0]
    part = -means[b] / (means[b + 1] - means[b])
    return float(middles[b] + part * (middles[b + 1] - middles[b]))


def effect(text: str, months: int | None = None) -> float:
    """A reported number by the words its row begins with, and its horizon."""
    (value,) = (
        each.effect
        for each in structure(REPORT)
        if each.reported_as.startswith(text) and months in (None, each.horizon_months)
    )
    assert value is not None
    return value


def _reported() -> dict[str, str]:
    """What was reported, by the names of the measures."""
    threshold, cow = effect("unstable asset threshold"), effect(COW_VALUE)
    divergence = "above-below divergence annual consumption"
    return {
        "threshold, in cows": f"{threshold / cow:.2f}",
        "share of the treated above it, or above a cow": f"{effect('treated households placed'):.2f}",
        "log assets over four years, below": f"{effect('log asset change 4y: below'):.2f}",
        "log assets over four years, above minus below": f"{effect('log asset change 4y: above'):.2f}",
        "consumption in year 2, above minus below, % of the untreated": _sign(effect(divergence, 24)),
        "consumption in year 11, above minus below, % of the untreated": _sign(effect(divergence, 132)),
    }  # fmt: skip


def _sign(value: float) -> str:
    return f"{'less' if value < 0 else 'more'} ({value:+.0f} taka of 2007)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--years", type=int, default=11)
    words = parser.parse_args()
    main(words.draws, words.years)
