"""The report of a stored run, or of a sweep of them, as one HTML file and the same in Markdown."""

from __future__ import annotations

from resilience_sim.report.document.writing import Written, write_report

__all__ = ["Written", "write_report"]
