"""Set a case's technology levels so that an untreated population stands still.

    python benchmarks/fit_stationarity.py case=NAME [--screen 64] [--starts 3] [--seed 1] [OVERRIDE ...]
    python benchmarks/fit_stationarity.py check case=NAME [--fine] [OVERRIDE ...]

What households earn at the start is matched by their skill; whether ten untreated years leave the
distribution where it was depends on what own work, its outlay and wages return. Levels are moved,
and nothing else, until what `stationarity.yaml` asks comes out: P10, P50, P90, Gini and headcount
of income, the share of persons with own work and mean assets where they began, in years 1, 2, 5 and
10, and what it asks of the case besides. No effect of any programme enters.

The search does not know the levels of the case file. It screens the defaults and a Sobol sequence
of levels around them, and goes on by least squares from the best of those that lie apart; all under
the same luck. It prints what every start came to, then the moments asked beside got of the best, and
its levels as a case file has them. `check` prints the same of the levels in the case file, and ends
with exit code 1 where a moment misses by more than its tolerance in the last year it is asked for.

600 households, two lives and the grids of `Effort`, by which draws are simulated; with `--fine` the
case as it is run: all households and the default grids. Overrides have the last word.
"""

import argparse
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import OptimizeResult, least_squares
from scipy.stats import qmc

from resilience_sim import compose, prepare, run
from resilience_sim.calibration.cases import Effort
from resilience_sim.config import Config
from resilience_sim.errors import SimulationError, SolverError
from resilience_sim.outcomes.axes import all_persons
from resilience_sim.outcomes.inequality import histogram_gini, histogram_quantile
from resilience_sim.population import Households
from resilience_sim.results import Results

ROOT = Path(__file__).parents[1]
ASKED = Path(__file__).with_name("stationarity.yaml")
CALM = (
    "arms=[none]", "shock=none", "replicates=2", "horizon_years=10",
    "outcomes.horizons_years=[1,2,5,10]", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "outcomes.draws=0", "coordination=off",
)  # fmt: skip
COARSE = (
    "population.n_households=600",
    *(
        f"planner.{name}={value}"
        for name, value in asdict(Effort()).items()
        if name not in ("replicates", "n_households")
    ),
)
LOWEST, HIGHEST = 1 / 10, 4.0
"""Factors on its default between which a level is looked for."""
APART = 0.5
"""Starts differ by this in one level at least (logs)."""
STEP = 0.04
"""Width of a difference (logs): wide, for the moments of few households move in jumps."""
MOST_STEPS = 12
"""Steps of least squares from a start."""
UNSETTLED = 10.0
"""Tolerances by which everything misses where plans do not settle."""

Levels = dict[str, float]
"""Dotted key of a setting -> its value, lines or lines per year."""


@dataclass(frozen=True)
class Moment:
    """A moment asked beside got."""

    name: str
    asked: float
    years: tuple[int, ...]
    got: np.ndarray
    """(n_years,) in the unit of `asked`."""
    tolerance: float
    unit: str
    """The unit of the tolerance."""

    @property
    def misses(self) -> np.ndarray:
        """How far off in each year, in tolerances; shape (n_years,)."""
        if self.unit == "logs":
            return np.log(np.maximum(self.got, 1e-6) / self.asked) / self.tolerance
        return (self.got - self.asked) / self.tolerance

    @property
    def holds(self) -> bool:
        """Whether the last year is within the tolerance."""
        return bool(abs(self.misses[-1]) <= 1.0)


@dataclass(frozen=True)
class Asked:
    """What is asked of a case, and which levels may move."""

    moments: dict[str, dict]
    """Name -> value (None: what the population has at the start), years, tolerance and unit."""
    free: dict[str, float | None]
    """Dotted key -> where the search starts; None: the default in `conf/`."""


@cache
def asked_of(case: str) -> Asked:
    """What `stationarity.yaml` asks of a case: no more than to stand still where it does not name it."""
    table = yaml.safe_load(ASKED.read_text(encoding="utf-8"))
    own = table["cases"].get(case, {})
    return Asked(table["standing"] | own.get("moments", {}), own.get("free", table["free"]))


def moments_of(results: Results, people: Households, asked: Asked) -> list[Moment]:
    """Moments of an untreated run, asked beside got."""
    by_year = all_persons(results.year_mean[0, 0].mean(axis=0), results.group_weight, axis=1)
    at = [year - 1 for year in results.horizons_years]
    mean = dict(zip(results.outcomes, by_year[at].T, strict=True))
    weight = people.persons / people.persons.sum()
    histogram, edges = results.histogram[0, 0, :, 0], results.bin_edges
    levels = {f"P{level}": level / 100 for level in (10, 50, 90)}
    start_and_later = {
        name: np.array([histogram_quantile(counts, edges, level) for counts in histogram])
        for name, level in levels.items()
    } | {
        "Gini": np.array([histogram_gini(counts, edges) for counts in histogram]),
        "headcount": np.append(weight @ (people.income < 1.0), mean["poor_income"]),
        "own work": np.append(weight @ people.has_own_activity, mean["own_work"]),
        "assets": np.append(weight @ people.assets, mean["assets"]),
        "improved": np.append(np.nan, mean["improved"]),
        "own income": np.append(np.nan, mean["own_income"] / mean["income"]),
        "wages": np.append(np.nan, mean["wages"] / mean["income"]),
    }  # fmt: skip
    found = []
    for name, each in asked.moments.items():
        path = start_and_later[name]
        value = path[0] if each["value"] is None else each["value"]
        rows = [1 + results.horizons_years.index(year) for year in each["years"]]
        found.append(
            Moment(name, value, tuple(each["years"]), path[rows], each["tolerance"], each["unit"])
        )
    return found


def calm(overrides: list[str], is_fine: bool) -> Config:
    """The case without programmes and shock, for ten years."""
    return compose([*CALM, *(() if is_fine else COARSE), *overrides])


def lived(config: Config, levels: Levels) -> list[Moment]:
    """Moments of ten untreated years at these levels; SolverError where plans do not settle."""
    for key, value in levels.items():
        config = _changed(config, key.split("."), value)
    experiment = prepare(config)
    return moments_of(run(experiment), experiment.households, asked_of(config.case_name))


def _changed(group: Any, path: list[str], value: float) -> Any:
    """A copy of a group of settings, or of a mapping, with one number in it changed."""
    name, *rest = path
    if isinstance(group, dict):
        return group | {name: _changed(group[name], rest, value) if rest else value}
    return replace(group, **{name: _changed(getattr(group, name), rest, value) if rest else value})


def loss(moments: list[Moment]) -> float:
    """Mean squared miss, in tolerances, every moment counting once however many years it is asked for."""
    return float(np.mean([np.mean(each.misses**2) for each in moments]))


def start_of(free: dict[str, float | None]) -> Levels:
    """Where the search starts."""
    found = {}
    for key, value in free.items():
        group, *path = key.split(".")
        if value is None:
            value = yaml.safe_load((ROOT / "conf" / group / "default.yaml").read_text("utf-8"))
            for name in path:
                value = value[name]
        found[key] = float(value)
    return found


class Search:
    """The free levels of one case, in logs of their factors on the start; every world is lived once."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.asked = asked_of(config.case_name)
        self.start = start_of(self.asked.free)
        self.n_lived = 0
        self._far: dict[bytes, np.ndarray] = {}

    def levels(self, logs: np.ndarray) -> Levels:
        """The levels at these logs."""
        return {
            key: float(value * np.exp(log))
            for (key, value), log in zip(self.start.items(), logs, strict=True)
        }

    def far(self, logs: np.ndarray) -> np.ndarray:
        """Misses whose squares add up to the loss; alike for every year where plans do not settle."""
        key = logs.tobytes()
        if key not in self._far:
            self._far[key] = self._lived(logs)
        return self._far[key]

    def _lived(self, logs: np.ndarray) -> np.ndarray:
        self.n_lived += 1
        asked = self.asked.moments.values()
        try:
            misses = [each.misses for each in lived(self.config, self.levels(logs))]
        except (SolverError, SimulationError):
            misses = [np.full(len(each["years"]), UNSETTLED) for each in asked]
        return np.concatenate([each / np.sqrt(len(each) * len(misses)) for each in misses])

    def slopes(self, logs: np.ndarray) -> np.ndarray:
        """Slopes of the misses, by differences forward: luck is the same, so they are smooth but for jumps."""
        steps = STEP * np.eye(len(logs))
        return np.stack([(self.far(logs + s) - self.far(logs)) / STEP for s in steps], axis=1)

    def screened(self, n: int, n_starts: int, seed: int) -> list[np.ndarray]:
        """The best of the defaults and `n` sets of levels around them that lie apart."""
        low, high = np.log(LOWEST), np.log(HIGHEST)
        sobol = qmc.Sobol(len(self.start), rng=seed).random(n)
        tried = [np.zeros(len(self.start)), *(low + (high - low) * sobol)]
        chosen: list[np.ndarray] = []
        for logs in sorted(tried, key=lambda each: float(self.far(each) @ self.far(each))):
            if all(np.abs(logs - other).max() > APART for other in chosen):
                chosen.append(logs)
        return chosen[:n_starts]

    def polished(self, logs: np.ndarray) -> OptimizeResult:
        """Where least squares comes to from a start; its status is 0 where it used up its steps."""
        return least_squares(
            self.far, logs, self.slopes, bounds=(np.log(LOWEST) - 1e-9, np.log(HIGHEST) + 1e-9),
            max_nfev=MOST_STEPS, xtol=2e-3, ftol=1e-3,
        )  # fmt: skip


def told(moments: list[Moment]) -> str:
    """A table of what is asked beside what was got."""
    lines = [f"  {'moment':12}{'asked':>8}  {'got, by year':42}{'tolerance':>14}{'miss':>7}"]
    for each in moments:
        got = "  ".join(f"{y}: {g:.3f}" for y, g in zip(each.years, each.got, strict=True))
        verdict = "" if each.holds else "  MISSED"
        lines.append(
            f"  {each.name:12}{each.asked:8.3f}  {got:42}{each.tolerance:9.2f} {each.unit:5}"
            f"{each.misses[-1]:6.2f}{verdict}"
        )
    of = {each.name: each for each in moments}
    moved = {name: 100 * (of[name].got[-1] / of[name].asked - 1) for name in ("P10", "P50", "P90")}
    gini, poor = (of[name].got[-1] - of[name].asked for name in ("Gini", "headcount"))
    drift = ", ".join(f"{name} {value:+.1f} %" for name, value in moved.items())
    lines.append(f"  {drift}, Gini {gini:+.3f}, headcount {100 * poor:+.1f} points after ten years")
    lines.append(f"  mean squared miss {loss(moments):.3f} tolerances")
    return "\n".join(lines)


def as_in_file(levels: Levels) -> str:
    """Levels as a case file has them."""
    tree: dict = {}
    for key, value in levels.items():
        *path, last = key.split(".")
        branch = tree
        for name in path:
            branch = branch.setdefault(name, {})
        branch[last] = round(value, 4)
    return yaml.safe_dump(tree, sort_keys=False)


def check(config: Config) -> bool:
    """Print what the levels of the case file give; whether every moment holds."""
    moments = lived(config, {})
    print(told(moments))
    return all(each.holds for each in moments)


def search(config: Config, n: int, n_starts: int, seed: int) -> Levels:
    """Print and return the levels found, and what every start came to."""
    began, hunt = time.perf_counter(), Search(config)
    print("start", "  ".join(f"{key}={value:.4g}" for key, value in hunt.start.items()))
    chosen, ends = hunt.screened(n, n_starts, seed), []
    print(f"{hunt.n_lived} worlds screened", flush=True)
    for logs in chosen:
        before, end = hunt.far(logs), hunt.polished(logs)
        ends.append(end)
        values = "  ".join(f"{value:.4f}" for value in hunt.levels(end.x).values())
        left = "" if end.status else "; out of steps"
        print(f"miss {before @ before:.3f} -> {2 * end.cost:.3f} at {values}{left}", flush=True)
    levels = hunt.levels(min(ends, key=lambda end: end.cost).x)
    seconds = time.perf_counter() - began
    print(f"{hunt.n_lived} worlds in {seconds:.0f} s; the best:\n")
    print(told(lived(config, levels)) + "\n\n" + as_in_file(levels), end="")
    return levels


def main(words: list[str]) -> int:
    """Search or check; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", metavar="check | KEY=VALUE")
    parser.add_argument("--fine", action="store_true", help="all households, the default grids")
    parser.add_argument("--screen", type=int, default=64, help="sets of levels to screen")
    parser.add_argument("--starts", type=int, default=3, help="sets to go on from")
    parser.add_argument("--seed", type=int, default=1, help="of the sets, not of luck")
    typed = parser.parse_args(words)
    config = calm([word for word in typed.overrides if word != "check"], typed.fine)
    if "check" in typed.overrides:
        return 0 if check(config) else 1
    search(config, typed.screen, typed.starts, typed.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
