"""The benchmark suite behind `resilience-sim bench`: kernel, planner, runs, memory and files, beside peers.

bench(settings, tell) measures and returns a `Report`; `markdown(report)` is its table.
"""

from .measure import bench
from .report import Report, Settings
from .table import as_json, markdown

__all__ = ["Report", "Settings", "as_json", "bench", "markdown"]
