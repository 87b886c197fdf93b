"""Other people's engines: a Mesa loop of the same household, and the nearest agent of HARK."""

from __future__ import annotations

import json
import subprocess
import sys

from .twins import MissingError
from .world import World

INSTALL = "pip install 'resilience-sim[bench]'"

HARK_CODE = """
import json, time
from HARK import __version__
from HARK.ConsumptionSaving.ConsIndShockModel import IndShockConsumerType
agents, periods = 10000, 40
one = IndShockConsumerType(cycles=0, AgentCount=agents, T_sim=periods)
one.solve()
took = []
for _ in range(4):
    one.initialize_sim()
    began = time.perf_counter()
    one.simulate()
    took.append((time.perf_counter() - began) / (agents * periods))
print(json.dumps({"version": __version__, "seconds": took[1:]}))
"""


def mesa_seconds(world: World) -> float:
    """Seconds of one life of the world's households as Mesa agents, with Python's own luck."""
    try:
        from .agents import live
    except ImportError as error:
        raise MissingError(f"{error.name} is not installed; {INSTALL}") from None
    return live(world, is_kernel_luck=False)[0]


def hark_seconds() -> tuple[str, list[float]]:
    """HARK's version, and seconds per agent-period of `IndShockConsumerType.simulate`, in its own process."""
    told = subprocess.run([sys.executable, "-c", HARK_CODE], capture_output=True, text=True)
    if told.returncode:
        last = told.stderr.strip().splitlines()[-1:] or ["no message"]
        raise MissingError(f"HARK did not run ({last[0]}); {INSTALL}")
    found = json.loads(told.stdout.splitlines()[-1])
    return found["version"], found["seconds"]
