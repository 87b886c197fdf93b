"""What a sweep says: before it begins, of each job, at its end, and of what was gathered."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from resilience_sim.cli.composition import group_options, scenario_files
from resilience_sim.cli.progress import clock

if TYPE_CHECKING:
    from resilience_sim.sweeps import Aggregate, Failure, Job, Plan, Standing

WIDTH = 98
SHOWN = 5
"""Jobs, or failures, of which an overview shows as many."""


def ready_sweeps() -> str:
    """Sweeps that lie ready, ours and those of the working directory, a line for each."""
    names = group_options().get("sweep", [])
    width = max(map(len, names), default=0)
    lines = [
        fill(f"  {name:<{width}}  {_says(name)}", WIDTH, subsequent_indent=" " * (width + 4))
        for name in names
    ]
    return "\n".join(["sweeps that lie ready", *lines, ""])


def opening(plan: Plan, before: Standing) -> str:
    """What is there and what is to do, before the first job begins."""
    n_todo = before.n_jobs - len(before.done)
    facts = [f"{len(before.done):,} done before and left as they are"] if before.done else []
    facts += [f"{len(before.failed):,} failed before and tried again"] if before.failed else []
    facts += [f"{n_todo:,} to do" if n_todo else "nothing to do"]
    text = f"{_jobs(before.n_jobs)} in {plan.directory}: {', '.join(facts)}\n"
    if others := plan.others():
        text += (
            f"{len(others):,} finished there are of other settings, data or code; they stay, and do not "
            "count\n"
        )
    return text


def told(plan: Plan, job: Job, seconds: float | None = None) -> str:
    """One job that ended, in one line."""
    from resilience_sim import sweeps

    took = "" if seconds is None else f"{seconds:6.1f} s  "
    if sweeps.state_of(plan, job) is sweeps.State.FAILED:
        return f"{took}FAILED {label(plan, job)}: {sweeps.read_failure(plan, job).reason[0]}"
    return took + label(plan, job)


def closing(
    plan: Plan, before: Standing, after: Standing, seconds: float, engine: float,
    outside: Sequence[str],
) -> str:  # fmt: skip
    """What was done and what was not, why, and what to do next.

    `seconds` went by, `engine` of them in the engine, 0 where that is not known; `outside` went wrong
    outside of jobs.
    """
    n_now = len(after.done) - len(before.done)
    facts = []
    if before.n_jobs > len(before.done):
        share = f", {100 * engine / seconds:.0f} % of it in the engine" if engine else ""
        facts.append(f"{n_now:,} done now in {clock(seconds)}{share}")
    for n, word in (
        (len(before.done), "done before"),
        (len(after.failed), "failed"),
        (len(after.missing), "not done"),
    ):
        facts += [f"{n:,} {word}"] if n else []
    lines = [f"{_jobs(after.n_jobs)}: {', '.join(facts)}", *_failed(plan, after.failed), *outside]
    if after.failed:
        lines.append(f"Reasons in full: {plan.directory / 'failed'}")
    if after.failed or after.missing:
        lines.append(f"Next, tries again what is not done: {plan.command}")
    lines.append(f"Next: resilience-sim aggregate {shlex.quote(str(plan.directory))}")
    return "\n".join(lines) + "\n"


def overview(plan: Plan, now: Standing) -> str:
    """What would be done, for who asks first."""
    lines = [
        f"{_jobs(now.n_jobs)} in {plan.directory}, {len(now.done):,} done before; nothing was run"
    ]
    for name in plan.columns:
        values = dict.fromkeys(str(job.values.get(name)) for job in plan.jobs)
        lines.append(f"  {name}: {', '.join(values)}")
    lines += ["the first", *(f"  {label(plan, job)}" for job in plan.jobs[:SHOWN])]
    return "\n".join(lines) + "\n"


def gathered(made: Aggregate) -> str:
    """What `aggregate` wrote, and what is not in it."""
    plan, keys = made.plan, ", ".join(made.plan.columns) or "nothing swept"
    lines = [f"{made.n_done:,} of {_jobs(len(plan.jobs))}, keyed by {keys}"]
    lines += [
        f"  {name:<14}{n:>10,} rows"
        for name, n in (made.rows | {"failures": len(made.failures)}).items()
    ]
    lines += _failed(plan, made.failures)
    shown = "effects" if "effects" in made.rows else next(iter(made.rows), "failures")
    lines += [
        f"Files in {made.directory}",
        f"In Python: pandas.read_parquet({str(made.directory / shown) + '.parquet'!r})",
    ]
    if made.failures:
        lines.append(f"Next, tries again what is not done: {plan.command}")
    return "\n".join(lines) + "\n"


def label(plan: Plan, job: Job) -> str:
    """Swept values of a job, for people."""
    from resilience_sim import sweeps

    short = sweeps.short_names(tuple(plan.columns))
    return " ".join(f"{short[name]}={value}" for name, value in job.values.items()) or job.key


def _failed(plan: Plan, failures: Sequence[tuple[Job, Failure | None]]) -> list[str]:
    lines = [
        f"  not done: {label(plan, job)}: {failure.reason[0] if failure else 'not tried yet'}"
        for job, failure in failures[:SHOWN]
    ]
    more = len(failures) - SHOWN
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def _says(name: str) -> str:
    """What a sweep's file says of itself first, after the command that it opens with."""
    text = scenario_files("sweep", name)[0].read_text(encoding="utf-8")
    comments = [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")]
    prose = [
        line for line in comments if line and not line.startswith(("@package", "resilience-sim"))
    ]
    return " ".join(prose).partition(". ")[0].rstrip(".")


def _jobs(n: int) -> str:
    return "1 job" if n == 1 else f"{n:,} jobs"
