"""Coordination: what it is worth that two programmes work together, at the same money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from resilience_sim.config import CoordinationTerms, meaning_of
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes import UNCOORDINATED, coordination
from resilience_sim.questions.measures import of_programmes
from resilience_sim.questions.options import (
    Option,
    Question,
    Setup,
    both_of,
    priced,
)

AS_FOUND = "as_found"
"""Name of the world that the case's own file tells, where it tells one."""
_LESS_IS_BETTER = ("lag_months", "social_delay_months", "productive_delay_months")
TERMS = tuple(CoordinationTerms.__dataclass_fields__)


def worlds(
    setup: Setup, terms: Mapping[str, CoordinationTerms], years: Sequence[int] = (10,)
) -> Question:
    """Worlds of coordination beside the one without, all at the same planned money.

    Two lists with room for a share of the eligible households hand over the contents of `both`.
    Money that administration saves makes the lists longer.

    Parameters
    ----------
    terms
        Worlds by name. None is worse in anything than the case's own world without coordination.
    years
        When outcomes are told.

    Raises
    ------
    ConfigError
        Where lists that savings make longer would hold more than all.
    """
    config = setup.config
    without = config.coordination.without
    found = {name: _no_worse(each, without) for name, each in terms.items()}
    if config.coordination.terms not in (without, *terms.values()):
        found[AS_FOUND] = config.coordination.terms
    problems = [
        Problem(
            "coordination.coverage",
            f"leave room for the longer lists of {name}, all in all at most 1",
            f"{share:.3g}",
        )
        for name, told in found.items()
        if (share := coordination.places(config.coordination, told)) > 1
    ]
    if problems:
        raise ConfigError(problems)
    both = tuple(both_of(config).values())

    def option(name: str, told: CoordinationTerms, arm: str) -> Option:
        world = replace(config.coordination, name="none" if told is without else "full", terms=told)
        return Option(
            name, asdict(told), replace(config, coordination=world), arm,
            coordination.late(both, told),
        )  # fmt: skip

    options = priced(
        setup,
        [
            option(UNCOORDINATED, without, UNCOORDINATED),
            *(option(name, told, "full") for name, told in found.items()),
        ],
    )
    meanings = {name: meaning_of(f"coordination.terms.{name}") for name in TERMS}
    units = {name: f"{each.text} ({each.unit})" for name, each in meanings.items()}
    return Question(
        "coordination", options, options[0], setup.eligible, "eligible persons, listed or not",
        tuple(of_programmes(years, setup.is_shocked, config.horizon_years)), units,
    )  # fmt: skip


def _no_worse(terms: CoordinationTerms, without: CoordinationTerms) -> CoordinationTerms:
    """Terms that fall behind those of the world without in nothing."""
    told = {}
    for name in TERMS:
        better = min if name in _LESS_IS_BETTER else max
        told[name] = better(getattr(terms, name), getattr(without, name))
    return CoordinationTerms(**told)
