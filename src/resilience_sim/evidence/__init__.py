"""What others reported: numbers that settings quote, and effects that cases are fitted to and scored on."""

from resilience_sim.evidence.parameters import Reported, parameter, parameters
from resilience_sim.evidence.programmes import Fact, fact, facts
from resilience_sim.evidence.structure import TrialEffect, structure
from resilience_sim.evidence.targets import Base, Role, Target, targets
from resilience_sim.evidence.trials import Trial, trials

__all__ = [
    "Base",
    "Fact",
    "Reported",
    "Role",
    "Target",
    "Trial",
    "TrialEffect",
    "fact",
    "facts",
    "parameter",
    "parameters",
    "structure",
    "targets",
    "trials",
]
