"""Simulate poverty traps and what frees rural households from them.

`compose(["case=erewhon"])` makes a configuration, `prepare(config)` an experiment, `run(experiment)`
its results, and `tables(results)` tidy tables of them. They are loaded when they are first used, so
that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resilience_sim.cli import compose
    from resilience_sim.outcomes import tables
    from resilience_sim.simulation import prepare, run

__version__ = "0.1.0"
__all__ = ["__version__", "compose", "prepare", "run", "tables"]

_HOMES = {"compose": "cli", "prepare": "simulation", "run": "simulation", "tables": "outcomes"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
