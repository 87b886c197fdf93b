"""What is known of the programmes of the eight cases: contents, amounts, costs, coverage, who they reached.

`data/programmes.csv` leaves out what was recalled and not seen, and what was looked for and not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from resilience_sim.evidence.files import number, rows, unknown


@dataclass(frozen=True)
class Fact:
    """One fact about the programmes or the people of a case."""

    case_id: str
    name: str
    """What it is, such as "baseline_household_size"."""
    value: float | None
    """None where what was printed is not one number."""
    text: str
    """The value as it was printed."""
    unit: str
    source: str
    locator: str
    quality: str
    """verified (primary text seen), secondary (seen cited elsewhere), derived (worked out from such numbers) or
    direction_only."""


def facts(case: str) -> tuple[Fact, ...]:
    """All facts of one case, in the order of the table; ConfigError where there is no such case."""
    found = tuple(each for each in _table() if each.case_id == case)
    if not found:
        raise unknown("case", case, list(dict.fromkeys(each.case_id for each in _table())))
    return found


def fact(case: str, name: str) -> Fact:
    """One fact of a case by its name, the first where sources differ; ConfigError where there is none."""
    known = facts(case)
    for each in known:
        if each.name == name:
            return each
    raise unknown(f"evidence.{case}", name, [each.name for each in known])


@cache
def _table() -> tuple[Fact, ...]:
    return tuple(
        Fact(
            case_id=row["case_id"],
            name=row["parameter"],
            value=number(row["value"]),
            text=row["value"],
            unit=row["unit"],
            source=row["source"],
            locator=row["locator"],
            quality=row["quality"],
        )
        for row in rows("programmes.csv")
    )
