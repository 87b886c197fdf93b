"""Switch every mechanism off in turn, and say what moves: the table of docs/mechanisms.md.

    python benchmarks/mechanisms.py [--households N] [--replicates R] [OVERRIDE ...]

Runs the default, then the default with each switch of `mechanisms` off, one at a time, on the same
households and the same luck, and prints a Markdown table of what each takes away from or adds to
the default's numbers, with the command of each row. Differences within two standard errors of luck
of the two runs together are marked with a question mark.
"""

import argparse
import sys
import time
from dataclasses import fields

import numpy as np
import pandas as pd

from resilience_sim import compose, prepare, run, tables
from resilience_sim.config import Mechanisms

BASIS = (
    "outcomes.belief_households=0", "outcomes.channel_households=0", "outcomes.horizons_years=[5,40]",
)  # fmt: skip


def row(table: pd.DataFrame, **at: object) -> tuple[float, float]:
    """Estimate and standard error of luck of the one row there is; NaN where there is none."""
    for name, value in at.items():
        table = table[table[name] == value]
    if len(table) != 1:
        return float("nan"), float("nan")
    return float(table.estimate.iloc[0]), float(table.se_luck.iloc[0])


def numbers(made: dict[str, pd.DataFrame], shock: str) -> dict[str, tuple[float, float]]:
    """The numbers a row of the table shows, by heading: estimate and standard error of luck."""
    effects, poverty, escape = made["effects"], made["poverty"], made["escape"]
    calm = effects[effects.shock == "none"]

    def share(found: tuple[float, float]) -> tuple[float, float]:
        return 100.0 * found[0], 100.0 * found[1]

    def effect(outcome: str, unit: str, years: int, comparison: str) -> tuple[float, float]:
        return row(
            calm, arm="both", comparison=comparison, outcome=outcome, unit=unit,
            horizon_months=12 * years,
        )  # fmt: skip

    none = poverty[(poverty.arm == "none") & (poverty.of == "consumption")]
    head = {"measure": "headcount", "shock": "none"}
    heirs = made["generations"]
    return {
        "headcount, year 5, %": share(row(none, horizon_years=5, **head)),
        "headcount, year 40, %": share(row(none, horizon_years=40, **head)),
        "trapped at the start, %": share(
            row(escape, arm="none", shock="none", measure="trapped", horizon_years=0)
        ),
        "effect of both, consumption, year 5, %": effect("consumption", "percent", 5, "control"),
        "effect of both, poor, year 40, points": effect("poor", "pp", 40, "control"),
        "interaction, income, year 5, points": effect("income", "percent", 5, "interaction"),
        "interaction, income, year 40, points": effect("income", "percent", 40, "interaction"),
        "depth of the shock, none, %": share(
            row(made["resilience"], arm="none", shock=shock, measure="depth")
        ),
        "rank slope of heirs": row(
            heirs, arm="none", shock="none", group="all", measure="rank_slope"
        ),
    }


def lived(overrides: list[str]) -> tuple[dict[str, tuple[float, float]], float]:
    """Numbers of one run and the seconds it took."""
    began = time.perf_counter()
    config = compose(overrides)
    results = run(prepare(config))
    return numbers(tables(results), config.shock.name), time.perf_counter() - began


def cell(off: tuple[float, float], on: tuple[float, float]) -> str:
    """What switching off adds, with a question mark where luck alone could do it."""
    change, error = off[0] - on[0], float(np.hypot(off[1], on[1]))
    if np.isnan(change):
        return "-"
    return f"{change:+.2f}" + ("?" if abs(change) < 2.0 * error else "")


def main() -> None:
    """Run them all and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--households", type=int, default=8000)
    parser.add_argument("--replicates", type=int, default=4)
    parser.add_argument("overrides", nargs="*")
    asked = parser.parse_args()
    basis = [
        *BASIS, f"population.n_households={asked.households}", f"replicates={asked.replicates}",
        *asked.overrides,
    ]  # fmt: skip
    on, seconds = lived(basis)
    print(f"default: {seconds:.0f} s", file=sys.stderr)
    print("| off | " + " | ".join(on) + " |")
    print("| --- |" + " ---: |" * len(on))
    print(
        "| nothing (the default's numbers) | "
        + " | ".join(f"{v[0]:.2f}" for v in on.values())
        + " |"
    )
    for field in fields(Mechanisms):
        off, seconds = lived([*basis, f"mechanisms.{field.name}=false"])
        print(f"{field.name}: {seconds:.0f} s", file=sys.stderr)
        cells = " | ".join(cell(off[name], on[name]) for name in on)
        print(f"| `mechanisms.{field.name}=false` | {cells} |", flush=True)


if __name__ == "__main__":
    main()
