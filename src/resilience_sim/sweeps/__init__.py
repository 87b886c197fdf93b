"""Sweeps: many scenarios, each of which is simulated once and never again.

`keys` names a scenario by all that its results follow from; `plans` lists the jobs of a sweep and says
which are done, failed or missing; `working` does one; `sharing` solves and loads once what jobs have in
common; `aggregation` gathers what is done into one tidy data set.
"""

from resilience_sim.sweeps.aggregation import Aggregate, aggregate
from resilience_sim.sweeps.keys import key_of
from resilience_sim.sweeps.plans import (
    Failure,
    Job,
    Plan,
    Standing,
    State,
    Value,
    only_one,
    plan_of,
    read_failure,
    read_plan,
    short_names,
    standing,
    state_of,
    write_plan,
)
from resilience_sim.sweeps.sharing import Shared
from resilience_sim.sweeps.working import Lived, do, live

__all__ = [
    "Aggregate",
    "Failure",
    "Job",
    "Lived",
    "Plan",
    "Shared",
    "Standing",
    "State",
    "Value",
    "aggregate",
    "do",
    "key_of",
    "live",
    "only_one",
    "plan_of",
    "read_failure",
    "read_plan",
    "short_names",
    "standing",
    "state_of",
    "write_plan",
]
