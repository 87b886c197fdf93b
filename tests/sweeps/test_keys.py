"""Keys: whatever a result follows from moves them, and nothing else does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resilience_sim import sources
from resilience_sim.calibration import evaluations
from resilience_sim.cli import compose
from resilience_sim.sweeps import key_of, keys


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package, whose sources can be changed."""
    copy = tmp_path / "package"
    shutil.copytree(sources.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "PACKAGE", copy)
    sources.hash_of.cache_clear()
    yield copy
    sources.hash_of.cache_clear()


def test_the_same_scenario_has_the_same_key() -> None:
    assert key_of(compose(["case=erewhon"])) == key_of(compose(["case=erewhon"]))


@pytest.mark.parametrize("word", ["threads=1", "output_dir=elsewhere"])
def test_threads_and_folders_are_not_in_the_key(word: str) -> None:
    assert key_of(compose(["case=erewhon", word])) == key_of(compose(["case=erewhon"]))


@pytest.mark.parametrize(
    "word",
    [
        "seed=2",
        "shock=none",
        "replicates=3",
        "arms=[none,cash]",
        "planner.tolerance=2e-3",
        "programme.contents.transfer.value=0.1500001",
        "programme.contents.transfer.source=another",
        "mechanisms.land=false",
        "outcomes.draws=1",
    ],
)
def test_every_other_setting_is(word: str) -> None:
    assert key_of(compose(["case=erewhon", word])) != key_of(compose(["case=erewhon"]))


def test_tables_are_in_the_key_in_whatever_order() -> None:
    config = compose(["case=erewhon"])
    assert key_of(config, ["effects", "costs"]) == key_of(config, ["costs", "effects"])
    assert len({key_of(config, asked) for asked in (None, ["effects"], ["costs"])}) == 3


def test_the_survey_and_its_map_are_in_the_key_by_their_bytes(tmp_path: Path) -> None:
    survey, map_ = tmp_path / "survey.csv", tmp_path / "map.yaml"
    survey.write_text("id,weight\n")
    map_.write_text("columns: {id: id}\n")
    config = compose(
        [
            "population=survey",
            f"population.survey.file={survey}",
            f"population.survey.map={map_}",
        ]
    )
    found = [key_of(config)]
    survey.write_text("id,weight\n1,1\n")
    found.append(key_of(config))
    map_.write_text("columns: {id: ID}\n")
    found.append(key_of(config))
    assert len(set(found)) == 3
    survey.write_text("id,weight\n")
    map_.write_text("columns: {id: id}\n")
    assert key_of(config) == found[0], "the same bytes again are the same data"


@pytest.mark.parametrize(
    "name", ["kernels/household.py", "outcomes/effects.py", "cli/sweeping.py", "data/priors.csv"]
)
def test_code_and_shipped_data_are_in_the_key(package: Path, name: str) -> None:
    config = compose(["case=erewhon"])
    before = key_of(config)
    path = package / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert key_of(config) == before, "sources are read once a process"
    sources.hash_of.cache_clear()
    assert key_of(config) != before


def test_what_is_no_source_is_not(package: Path) -> None:
    before = keys.code()
    (package / "notes.txt").write_text("nothing")
    sources.hash_of.cache_clear()
    assert keys.code() == before


def test_draws_of_a_fit_are_kept_under_a_part_of_the_code(package: Path) -> None:
    before = evaluations.code()
    for name, is_part in (("cli/sweeping.py", False), ("solver/grids.py", True)):
        (package / name).write_text("# changed\n")
        sources.hash_of.cache_clear()
        assert (evaluations.code() != before) == is_part
