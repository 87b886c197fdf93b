"""The command line: verbs, errors and exit codes. The only room that knows Hydra.

Hydra, pandas and numba are imported where they are needed, so that a help text costs nothing.
"""

from resilience_sim.cli.application import main
from resilience_sim.cli.composition import compose

__all__ = ["compose", "main"]
