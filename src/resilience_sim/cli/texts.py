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
  run        simulate a case under every arm, print the tables and write a run directory
  sweep      simulate many scenarios, each once; goes on where it was stopped
  aggregate  gather a sweep into one data set, and a table of what failed
  report     lay out a stored run or a sweep as one HTML file, and in Markdown
  ask        answer a policy question: which mix, order, list or response, at the same money
  whatif     a page with sliders in the browser: the arms side by side, live
  validate   say everything that is wrong with a survey, or what is in it; runs nothing
  evidence   list the reported effects of real programmes, and what represents each in the model
  calibrate  fit cases to those effects: a set of draws that the evidence does not rule out
  score      say how well draws agree with the reported effects, beside simpler forecasts
  bench      measure how fast this machine runs the model, beside C, NumPy and other engines

examples
  resilience-sim run                               rural Mexico, four arms, a COVID-like shock
  resilience-sim run case=erewhon shock=none       a small fictional country, within seconds
  resilience-sim run arms=[none,cash] seed=3       two arms, other luck
  resilience-sim run --help                        the keys people type most
  resilience-sim report runs/NAME                  charts and findings of a stored run
  resilience-sim validate survey=FILE map=FILE     is this survey fit to run?

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
  resilience-sim run --multirun seed=1,2,3         a sweep: resilience-sim sweep --help
  resilience-sim run --cfg job                     print every setting and run nothing
  resilience-sim run population=survey population.survey.file=FILE population.survey.map=FILE
                                                   another survey (resilience-sim validate --help)
  resilience-sim run population=moments population.moments.income_mean=1.2
                                                   a population made from published moments

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
  complete. With --multirun it is a sweep: a folder for each run, and only what is missing is run.

units
  Money is real, per household member, in annual poverty lines: 1.0 keeps one person on the line
  for one year.

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""


REPORT_HELP = """\
resilience-sim report: lay out a stored run as one HTML file that needs nothing else, and the same
in Markdown: findings with their bands first, then charts with the tables behind them, then
settings, seed, versions and hashes. It reads the run's tables and simulates nothing.

usage: resilience-sim report RUN_OR_SWEEP [output_dir=DIR]

  RUN_OR_SWEEP   directory that run wrote, or a folder with several such directories below it; of
                 these the main effects are told over the settings that differ
  output_dir     new folder, or one with an older report (default RUN_OR_SWEEP/report; files of the
                 run stay as they are)

what is written
  report.html    open it in any browser, send it, print it; no network, no script
  report.md      the same text and tables; pictures lie beside it in figures/

A chart that cannot be drawn from a run says in a line why.

examples
  resilience-sim run case=erewhon output_dir=out
  resilience-sim report out
  resilience-sim report out output_dir=page
  resilience-sim run --multirun seed=1,2,3 output_dir=many
  resilience-sim report many

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

VALIDATE_HELP = """\
resilience-sim validate: say everything that is wrong with a survey, by column, row and value; or,
where nothing is, who is in it and what would be imputed. It runs and writes nothing.

usage: resilience-sim validate survey=FILE map=FILE [KEY=VALUE ...]

  survey=FILE   one row per household: Parquet, CSV (UTF-8, commas) or Stata
  map=FILE      YAML text that says how to read it
  KEY=VALUE     settings as for run, such as population.imputation.land_per_hectare=2

a map
  columns:                       # role: column, or role: column + column
    id: HHID
    weight: hhwgt                # households that it stands for
    size: hhsize
    income: inc_wage + inc_crop  # or consumption, or welfare: a score, the more the better
  where: {year: 2016, stratum: [2, 4, 6]}    # rows to keep; may be left out
  line_per_person_month: 1941.01 # poverty line, currency per person and month; with the next two
  line_source: who set it        # needed where columns hold money
  income_months: 3               # months that income or consumption covers

  More roles: wages, own, other, own_work, paid_work, village, stratum, vehicles, own_activity,
  assets, livestock, land, savings, age, adult_school, shock, school. docs/surveys.md says what
  each holds. package:NAME is a map that we ship, such as package:malawi_ihps.yaml.

examples
  resilience-sim validate survey=malawi_ihps.parquet map=package:malawi_ihps.yaml
  resilience-sim validate                          the survey of the default case
  resilience-sim validate population=moments population.moments.income_mean=1.2

exit codes: 0 nothing is wrong; 2 problems, one line each; 1 anything else; 130 interrupted.
"""

SWEEP_HELP = """\
resilience-sim sweep: simulate every combination of swept values, each in a folder of its own. Say
the same again after a stop: only what is missing is simulated, what failed is tried again, and no
result is written over. A result is there where settings, data and code are what they were.

usage: resilience-sim sweep [sweep=NAME] [KEY=VALUE ...] [KEY=VALUE,VALUE ...] [--list] [--dry-run]

  sweep=NAME      a file of scenarios/sweep, ours or in the folder you work in
  KEY=A,B,C       values to sweep, or 'KEY=range(0,1,0.25)'; what is typed goes before the file's
  launcher=NAME   basic: here, one job after another, each on all threads (the default)
                  joblib: several processes here; submitit_local: the same, to try out a cluster
                  submitit_slurm: a job array of a cluster; hydra.launcher.partition=NAME and so on
  tables=all      tables to write, or tables=[NAME,NAME]; else those the file names, or all
  output_dir=DIR  folder of the sweep; else runs/sweep_NAME_WORDS, the same for the same words
  --dry-run       say how many jobs there are and how many are done; runs nothing
  --list          say which sweeps lie ready

{sweeps}
examples
  resilience-sim sweep sweep=transfer_by_grant
  resilience-sim sweep sweep=coordination case=peru_juntos_haku_winay,ethiopia_psnp_insct
  resilience-sim sweep case=erewhon seed=1,2,3 shock=none,drought launcher=joblib
  resilience-sim aggregate runs/sweep_transfer_by_grant

exit codes: 0 all done; 1 some jobs failed; 2 bad input, one line per problem; 130 interrupted.
"""

AGGREGATE_HELP = """\
resilience-sim aggregate: gather the finished jobs of a sweep into one tidy Parquet file for each
table, keyed by the swept values, and a table of the jobs that failed or are missing, with reasons.

usage: resilience-sim aggregate DIR [table=NAME] [output=DIR]

  DIR        folder of the sweep
  table      one table alone, such as effects (default: all that the jobs wrote)
  output     folder to write to (default DIR/aggregate)

examples
  resilience-sim aggregate runs/sweep_transfer_by_grant
  resilience-sim aggregate runs/sweep_transfer_by_grant table=effects output=results

exit codes: 0 done; 1 done, but jobs failed or are missing; 2 bad input; 130 interrupted.
"""

EVIDENCE_HELP = """\
resilience-sim evidence: list the effects that were reported of eight pairs of real programmes, how
far each may be missed, and which outcome of the model represents it. It runs nothing.

usage: resilience-sim evidence [case=NAME|all]

examples
  resilience-sim evidence
  resilience-sim evidence case=peru_juntos_haku_winay

In Python: resilience_sim.evidence.targets("peru_juntos_haku_winay").

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

CALIBRATE_HELP = """\
resilience-sim calibrate: fit cases to what was reported of their programmes. What it finds is a set
of parameter draws with weights, over four structures side by side, that the evidence does not rule out.

Trials elsewhere (Bangladesh, Kenya, Mexico) inform preferences, exponents and structures besides.

usage: resilience-sim calibrate [case=NAME|all] [seed=N] [first=N] [later=N] [kept=N] [left_out=N]
                                [threads=N] [output_dir=DIR]

  case         one case, or all together, which share preferences and exponents (default all)
  first        draws of the first wave, spread over the priors, for each case and structure (default 64)
  later        draws of each of two later waves, by a case's own targets and by all together (28)
  kept         draws that stay, for each case and structure (50)
  left_out     draws by which each case is forecast from the others alone (8)
  seed         key of all chance; the same seed gives the same draws (1)
  threads      processor threads; 0 takes all (0)
  output_dir   new folder for draws.parquet and forecasts.parquet (default runs/calibration-CASE-TIME)

A fit that was stopped goes on where it was: say the same again. Simulated draws are kept beside the
compiled kernels, under a hash of the case, its targets, the structure, the parameters and the code.

examples
  resilience-sim calibrate case=peru_juntos_haku_winay          about a quarter of an hour
  resilience-sim calibrate                                      all cases
  resilience-sim score draws=DIR                                how well they agree
  resilience-sim evidence                                       the targets

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

SCORE_HELP = """\
resilience-sim score: the scorecard. Each reported effect with its tolerance beside the median and 90 %
band of the draws, hit or miss, and an interval score beside those of no effect anywhere, of arms that
simply add, and of forecasts that did not see the case.

usage: resilience-sim score [case=NAME|all] [draws=DIR] [output_dir=DIR]

  case         one case or all (default all)
  draws        folder that calibrate wrote (default: the draws that come with the package)
  output_dir   new folder for scorecard.parquet (default runs/score-CASE-TIME)

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

ASK_HELP = """\
resilience-sim ask: answer a policy question. Its options cost the same and are lived by the same
households under the same luck, once for each of some draws of the parameters that the evidence
leaves. The answer is one table with bands and one picture; it says which option is best in what, or
that the bands overlap too much to choose.

usage: resilience-sim ask QUESTION [KEY=VALUE ...]

questions, each with an example
  frontier      which mix of cash and productive support at one budget
                resilience-sim ask frontier budget=2 mixes=[0,50,100]
  coordination  what it is worth that the two programmes work together
                resilience-sim ask coordination case=peru_juntos_haku_winay
  order         which of them comes first, and how many months before the other
                resilience-sim ask order gaps=[12,24]
  targeting     who should get what: rules with their errors
                resilience-sim ask targeting budget=1.5
  shock         a shock hits in year t: a top-up, new entrants, or nothing
                resilience-sim ask shock year=3 shock=drought arm=both

keys
  draws=24      draws of parameters, those of the case or the pooled ones; with 1 there is no band
  discount=0.05 per year, for the column present_cost; options are equal undiscounted
  mixes=[0,25,50,75,100]   percent of the budget for cash                              (frontier)
  budget=       lines per household that is eligible by the case's own rule; frontier: half of
                what both costs; targeting: what both costs for half of the eligible; shock: what a
                top-up costs                                        (frontier, targeting, shock)
  gaps=[6,12,24]   months between the two, tried in both orders                           (order)
  arm=cash      the programme that is there when the shock hits: one that hands out money   (shock)
  year=         year of the run, from 1, at whose beginning it hits; else as its file says (shock)
  KEY=VALUE     settings as for run: case=, shock=, population.n_households=, replicates=,
                horizon_years=, outcomes.horizons_years=, threads=, output_dir=, ...

At most 3,000 households and 4 replicates are lived, by a coarse planner. Written to output_dir, or
else a new folder runs/ask-QUESTION-CASE-TIME: answer.parquet, answer.svg, answer.txt and
config.yaml. docs/questions.md has an answer to each question and says how to read it.

examples
  resilience-sim ask frontier case=erewhon draws=4 population.n_households=300    a try, in seconds
  resilience-sim ask frontier                                                     rural Mexico

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""

BENCH_HELP = """\
resilience-sim bench: measure how fast this machine runs the model, and print a Markdown table.

usage: resilience-sim bench [--quick] [--json FILE] [KEY=VALUE ...]

  --quick       fewer rounds, smaller crowds and fewer planner types: under a minute once compiled
  --json FILE   write every number as JSON too; its key "ratios" holds
                kernel_vs_c_vectorised   time of the kernel over that of its vectorised C twin
                kernel_vs_c_scalar, kernel_vs_numpy, kernel_vs_mesa   how many times faster it is
                threads_2_vs_1           speed-up of two threads
                planner_vs_c             time of the planner over that of its C twin
  KEY=VALUE     settings as for run, of the households that live in the kernel

What is measured: the population step for one arm without programmes or shock, every mechanism on,
on one thread and on two, by size of block and of population; the same household-period written in
C, NumPy and Mesa, in turns; the village pool; the planner and a calibration's evaluation; imports;
whole runs, cold and warm, policies kept and not, to a million households; memory; panels and files.
A row with a goal says whether it is held.
The C twins are built with gcc and run in processes of their own; their sums are held against the
kernel's. What is not installed leaves an empty row with the reason. docs/benchmarks.md says more.

examples
  resilience-sim bench --quick
  resilience-sim bench --json bench.json           half an hour
  resilience-sim bench --quick case=erewhon
  pip install 'resilience-sim[bench]'              the other engines

exit codes: 0 done; 2 bad input, one line per problem; 1 anything else; 130 interrupted.
"""


WHATIF_HELP = """\
resilience-sim whatif: a page with sliders in your browser. Choose a case; move what a programme
gives, whom it reaches, how well two of them work together and how deep a shock cuts; see the four
arms side by side with their bands, and what one more unit of budget buys. It runs on this machine
and calls nothing outside it.

usage: resilience-sim whatif [port=8501] [case=erewhon]

  port   of the page on 127.0.0.1, this machine alone (default 8501)
  case   with which it opens; your own in scenarios/case/ can be chosen too (default erewhon)

examples
  resilience-sim whatif
  resilience-sim whatif case=peru_juntos_haku_winay port=8600
  pip install 'resilience-sim[whatif]'             Streamlit, which draws the page

What you find can be taken away as a file that resilience-sim run reproduces to the bit, and as a
report. Ctrl-C ends the page. docs/whatif.md says more.

exit codes: 0 ended; 2 bad input, one line per problem; 1 anything else.
"""


def run_help() -> str:
    """Text of `resilience-sim run --help`."""
    config = compose()
    chosen = {
        "case": config.case_name,
        "shock": config.shock.name,
        "coordination": config.coordination.name,
        "population": "the case's own",
    }
    options = group_options()
    groups = [_group_text(group, options[group], default) for group, default in chosen.items()]
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


def _group_text(group: str, names: list[str], default: str) -> str:
    """One group with the files it can be, over as many lines as they take."""
    text = f"{group}={'| '.join(names)}   (default {default})"
    lines = wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(line.replace("| ", "|") for line in lines)


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
