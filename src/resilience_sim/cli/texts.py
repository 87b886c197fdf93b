"""Help texts: meanings, units and bounds come from the schema, defaults from the files."""

from __future__ import annotations

from dataclasses import fields
from functools import reduce
from textwrap import wrap
from typing import Any

from resilience_sim.cli.composition import compose, group_options
from resilience_sim.config import meaning_of

FREQUENT_KEYS = (
    "arms",
    "seed",
    "replicates",
    "horizon_years",
    "periods_per_year",
    "population.n_households",
    "threads",
    "output_dir",
    "planner.behaviour",
    "planner.believed_end.hazard",
)
"""Keys that people type most, besides the choice of a case and a shock."""

NAMES_PER_LINE = 6
WIDTH = 98

HELP = """\
resilience-sim: who escapes a rural poverty trap, under cash, productive support, both or neither.

usage: resilience-sim VERB [KEY=VALUE ...]

verbs
  run    simulate a case under every arm, print the tables and write a run directory

examples
  resilience-sim run                               rural Mexico, four arms, a COVID-like shock
  resilience-sim run case=erewhon shock=none       a small fictional country, within seconds
  resilience-sim run arms=[none,cash] seed=3       two arms, other luck
  resilience-sim run --help                        the keys people type most

options
  -h, --help   this text
  --version    the version

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

RUN_HELP = """\
resilience-sim run: simulate a case under every arm, with and without the shock.

usage: resilience-sim run [KEY=VALUE ...] [--multirun] [--cfg job]

examples
  resilience-sim run case=erewhon horizon_years=5 replicates=4
  resilience-sim run population.n_households=5000 replicates=2 threads=1 output_dir=out
  resilience-sim run shock=drought mechanisms.borrowing=false
  resilience-sim run --multirun seed=1,2,3         a run for each value, each in its own folder
  resilience-sim run --cfg job                     print every setting and run nothing

files to choose from
{groups}

keys people type most, with the defaults of case=mexico
{keys}
  mechanisms.NAME=false
      switch one mechanism off; NAME is one of
      {mechanisms}

where files go
  output_dir, or else a new folder runs/CASE-SHOCK-SEED-TIME: the composed configuration,
  manifest.json, and tidy Parquet tables. A run that did not finish leaves nothing that looks
  complete. With --multirun each job writes to a numbered folder below output_dir, or else below
  a new folder runs/multirun-TIME.

units
  Money is real, per household member, in annual poverty lines: 1.0 keeps one person on the line
  for one year.

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""


def run_help() -> str:
    """Text of `resilience-sim run --help`."""
    config = compose()
    chosen = {"case": config.case_name, "shock": config.shock.name}
    groups = [
        f"  {group}={'|'.join(names)}   (default {chosen[group]})"
        for group, names in group_options().items()
        if group in chosen
    ]
    names = [each.name for each in fields(config.mechanisms)]
    lines = [
        ", ".join(names[first : first + NAMES_PER_LINE])
        for first in range(0, len(names), NAMES_PER_LINE)
    ]
    return RUN_HELP.format(
        groups="\n".join(groups),
        keys="\n".join(
            _key_text(key, reduce(getattr, key.split("."), config)) for key in FREQUENT_KEYS
        ),
        mechanisms=",\n      ".join(lines),
    )


def _key_text(key: str, value: Any) -> str:
    """One key with its default, meaning, bounds and unit."""
    meaning = meaning_of(key)
    bounds = f" in {meaning.interval}" if meaning.is_bounded else ""
    unit = f"; {meaning.unit}{bounds}" if meaning.unit else ""
    indent = " " * 6
    text = wrap(meaning.text + unit, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join([f"  {key}={_as_word(value)}", *text])


def _as_word(value: Any) -> str:
    """Return a value as one would type it."""
    if value is None:
        return "null"
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
