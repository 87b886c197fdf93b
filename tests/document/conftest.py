"""Stored runs to report on: one made up with everything in it, and reports of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import synthetic_results
from document_runs import drawn, settings, small_run, stored
from resilience_sim.report.document import Written, write_report
from resilience_sim.report.document.chapters import chapters
from resilience_sim.report.document.parts import Document
from resilience_sim.report.document.stored import read_stored


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has all that a report can show."""
    directory = tmp_path_factory.mktemp("runs") / "full"
    made = synthetic_results.coordinated("formal", synthetic_results.with_half())
    return stored(directory, made, settings(), uncertainty=drawn())


@pytest.fixture(scope="session")
def document(run_directory: Path) -> Document:
    """Its report before it becomes HTML or Markdown; drawn once, for drawing takes long."""
    return chapters(read_stored(run_directory))


@pytest.fixture(scope="session")
def full(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Its report."""
    return write_report(run_directory, tmp_path_factory.mktemp("reports") / "full")


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The report of the smallest run there is: none alone, nothing strikes, one replicate."""
    folder = tmp_path_factory.mktemp("alone")
    return write_report(small_run(folder / "run"), folder / "report")


@pytest.fixture(scope="session")
def html(full: Written) -> str:
    return full.files[0].read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def markdown(full: Written) -> str:
    return full.files[1].read_text(encoding="utf-8")
