"""A tiny sweep for tests: a hundred households for two years by a rule of thumb, within a tenth of a second."""

from __future__ import annotations

from pathlib import Path

from resilience_sim.runs import sha256

TINY = [
    "case=erewhon", "shock=none", "population.synthetic.n_villages=6", "replicates=1",
    "horizon_years=2", "outcomes.horizons_years=[2]", "outcomes.belief_households=0",
    "outcomes.channel_households=0", "planner.behaviour=rule_of_thumb", "threads=1",
    "tables=[effects,poverty]",
]  # fmt: skip


def fingerprints(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of change of every file below a folder but hidden ones."""
    return {
        str(path.relative_to(folder)): (sha256(path), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
