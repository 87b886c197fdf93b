"""The appendix: what makes the run the one it is - settings, seed, versions and hashes."""

from __future__ import annotations

from resilience_sim import runs
from resilience_sim.report.document.parts import Part, sheet_of
from resilience_sim.report.document.stored import Stored

FACTS = (
    ("case", "case"), ("arms", "arms"), ("worlds", "worlds"), ("seed", "seed"), ("replicates", "replicates"),
    ("n_households", "households"), ("n_eligible", "eligible households"), ("n_persons", "persons stood for"),
    ("command", "command"), ("finished_utc", "finished, UTC"), ("python", "Python"), ("platform", "platform"),
    ("cpu_count", "processors"), ("peak_memory_mb", "peak memory, MB"),
)  # fmt: skip
"""Entries of the manifest and how they are called."""


def appendix(stored: Stored) -> Part:
    """Settings, seed, versions, seconds, inputs and the hash of every file of the run."""
    told = stored.manifest
    facts = [[words, _plain(told[name])] for name, words in FACTS if name in told]
    facts += [
        [f"seconds, {stage}", f"{took:.1f}"] for stage, took in told.get("seconds", {}).items()
    ]
    versions = [[told["package"]["name"], told["package"]["version"]]]
    versions += [[name, version] for name, version in told.get("libraries", {}).items()]
    hashes = [[name, f"{each['bytes']:,}", each["sha256"]] for name, each in told["files"].items()]
    inputs = [[name, each["file"], each["sha256"]] for name, each in told.get("data", {}).items()]
    sheets = [
        ("The run", sheet_of(["what", "value"], facts, runs.MANIFEST)),
        ("Versions", sheet_of(["package", "version"], versions, runs.MANIFEST)),
        ("Files of the run", sheet_of(["file", "bytes", "SHA-256"], hashes, runs.MANIFEST)),
    ]
    if inputs:
        sheets.append(
            ("Files it read", sheet_of(["what", "file", "SHA-256"], inputs, runs.MANIFEST))
        )
    said = tuple(note if note.endswith(".") else f"{note}." for note in told.get("notes", []))
    text = (stored.directory / runs.CONFIG).read_text(encoding="utf-8")
    listings = (("Every setting (config.yaml)", text),)
    return Part(
        "appendix", "Appendix: settings, seed, versions, hashes", said, (), tuple(sheets), listings
    )


def _plain(value: object) -> str:
    if isinstance(value, list):
        return (
            " ".join(map(str, value))
            if all(isinstance(each, str) for each in value)
            else str(value)
        )
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and value > 9999 else str(value)
