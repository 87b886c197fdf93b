"""The settings of a run: schema, bounds, and every problem with them told at once.

`schema` has the settings, each with its `meaning`; `validation` says what is wrong with a set of
them; `reading` makes a `Config` from a composed tree of plain values.
"""

from resilience_sim.config.meaning import Meaning
from resilience_sim.config.reading import from_mapping, key_problem, meaning_of
from resilience_sim.config.schema import (
    MONTHS,
    TECHNIQUES,
    Basis,
    Behaviour,
    BeliefKind,
    BelievedEnd,
    Config,
    Content,
    ContentKind,
    Finance,
    Generations,
    Imputation,
    Luck,
    Mechanisms,
    Outcomes,
    Planner,
    Population,
    PopulationKind,
    Preferences,
    Programme,
    Seasons,
    Shock,
    Survey,
    Synthetic,
    Targeting,
    TargetingRule,
    Technology,
)
from resilience_sim.config.validation import suggestion, validate

__all__ = [
    "MONTHS",
    "TECHNIQUES",
    "Basis",
    "Behaviour",
    "BeliefKind",
    "BelievedEnd",
    "Config",
    "Content",
    "ContentKind",
    "Finance",
    "Generations",
    "Imputation",
    "Luck",
    "Meaning",
    "Mechanisms",
    "Outcomes",
    "Planner",
    "Population",
    "PopulationKind",
    "Preferences",
    "Programme",
    "Seasons",
    "Shock",
    "Survey",
    "Synthetic",
    "Targeting",
    "TargetingRule",
    "Technology",
    "from_mapping",
    "key_problem",
    "meaning_of",
    "suggestion",
    "validate",
]
