import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

import synthetic_results
from resilience_sim import runs
from resilience_sim.cli import compose
from resilience_sim.errors import InputError
from resilience_sim.outcomes import UNITS, tables
from resilience_sim.results import PANEL_COLUMNS
from resilience_sim.runs import RunDirectoryError, read_run, require_free, sha256, write_run


@pytest.fixture(scope="module")
def config():
    return compose(["case=erewhon", "replicates=3"])


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def frames(made):
    return tables(made, "erewhon")


def test_what_was_written_is_read_back(tmp_path, config, made, frames):
    written = write_run(tmp_path / "run", config, made, frames)
    run = read_run(tmp_path / "run")
    assert set(run.tables) == set(frames)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(run.tables[name], frame)
        assert run.tables[name].attrs["units"] == frame.attrs["units"]
    assert sorted(written) == sorted((tmp_path / "run").iterdir())
    assert written[-1].name == "manifest.json"
    assert os.listdir(tmp_path) == ["run"], "nothing hidden is left behind"


def test_manifest_says_how_the_run_came_about(tmp_path, config, made, frames):
    survey = tmp_path / "survey.csv"
    survey.write_text("id,weight\n")
    run = tmp_path / "run"
    write_run(
        run, config, made, frames, files={"survey": survey}, command=["resilience-sim", "run"]
    )
    manifest = read_run(run).manifest
    assert manifest["seed"] == 1
    assert manifest["replicates"] == 3
    assert manifest["case"] == "erewhon"
    assert manifest["command"] == ["resilience-sim", "run"]
    assert manifest["seconds"] == {"population": 0.2, "policies": 4.0, "simulation": 9.5}
    assert manifest["n_eligible"] == made.n_eligible
    assert manifest["notes"] == ["Everything here is made up.", "savings: none"]
    assert manifest["peak_memory_mb"] > 10
    assert manifest["cpu_count"] == os.cpu_count()
    assert manifest["libraries"]["numpy"] == np.__version__
    assert manifest["data"] == {"survey": {"file": "survey.csv", "sha256": sha256(survey)}}
    assert set(manifest["files"]) == {f"{name}.parquet" for name in frames} | {"config.yaml"}
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == sha256(run / name)


def test_hash_is_the_published_one(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_units_and_compression_stand_in_the_parquet_files(tmp_path, config, made, frames):
    write_run(tmp_path / "run", config, made, frames)
    for name, frame in frames.items():
        file = pq.ParquetFile(tmp_path / "run" / f"{name}.parquet")
        for field in file.schema_arrow:
            assert field.metadata[b"unit"].decode() == frame.attrs["units"][field.name]
        if len(frame):
            assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_config_is_written_whole(tmp_path, config, made, frames):
    write_run(tmp_path / "run", config, made, frames)
    tree = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert tree["case_name"] == "erewhon"
    assert tree["planner"]["behaviour"] == config.planner.behaviour.value
    assert tree["technology"]["outlay"] == config.technology.outlay
    assert tree["programme"]["arms"] == config.programme.arms


def test_panel_is_written_with_its_units_where_there_is_one(tmp_path, config):
    rows = 6
    panel = {
        "id": np.array([f"h{i}" for i in range(rows)]),
        "arm": np.array(["none"] * rows),
        "shock": np.array(["none"] * rows),
        "year": np.arange(rows) + 1,
    } | {name: np.linspace(0, 1, rows, dtype=np.float32) for name in PANEL_COLUMNS}
    with_panel = synthetic_results.results(panel=panel)
    write_run(tmp_path / "run", config, with_panel, tables(with_panel))
    read = read_run(tmp_path / "run").tables["panel"]
    assert read.consumption.to_numpy() == pytest.approx(panel["consumption"])
    assert read.consumption.dtype == np.float32
    assert read.attrs["units"] == UNITS["panel"]
    column = pq.ParquetFile(tmp_path / "run" / "panel.parquet").metadata.row_group(0).column(5)
    assert column.path_in_schema == "income"
    assert "BYTE_STREAM_SPLIT" in column.encodings
    assert not any("DICTIONARY" in encoding for encoding in column.encodings)
    assert column.compression == "ZSTD"


def test_same_run_same_bytes(tmp_path, config, made, frames):
    for name in ("a", "b"):
        write_run(tmp_path / name, config, made, frames)
    hashes = [read_run(tmp_path / name).manifest["files"] for name in ("a", "b")]
    assert hashes[0] == hashes[1]


def test_a_finished_run_is_never_overwritten(tmp_path, config, made, frames):
    write_run(tmp_path / "run", config, made, frames)
    before = sha256(tmp_path / "run" / "manifest.json")
    with pytest.raises(RunDirectoryError, match=r"finished run.*another output_dir") as caught:
        write_run(tmp_path / "run", config, made, frames)
    assert isinstance(caught.value, InputError)
    assert len(str(caught.value).splitlines()) == 1
    assert sha256(tmp_path / "run" / "manifest.json") == before
    assert os.listdir(tmp_path) == ["run"]


def test_an_empty_directory_is_fine_and_a_filled_one_is_not(tmp_path, config, made, frames):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "empty", config, made, frames)
    assert read_run(tmp_path / "empty").manifest["seed"] == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    (tmp_path / "file").write_text("keep me")
    for name in ("mine", "file", "file/below"):
        with pytest.raises(RunDirectoryError):
            write_run(tmp_path / name, config, made, frames)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"
    require_free(tmp_path / "new" / "deeper")


def test_two_runs_to_one_place_leave_the_first(tmp_path, config, made, frames):
    class Racing(dict):
        def items(self):
            (tmp_path / "run").mkdir()
            (tmp_path / "run" / "manifest.json").write_text("the other run")
            return super().items()

    with pytest.raises(RunDirectoryError, match="finished run"):
        write_run(tmp_path / "run", config, made, Racing(frames))
    assert (tmp_path / "run" / "manifest.json").read_text() == "the other run"
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("step", ["_write_text", "write_table", "_manifest", "_move_into_place"])
def test_a_write_that_fails_leaves_no_trace(tmp_path, monkeypatch, config, made, frames, step):
    real, calls = getattr(runs, step), []

    def failing(*args):
        calls.append(step)
        if len(calls) > (3 if step == "write_table" else 0):
            raise OSError("no space left on device")
        return real(*args)

    monkeypatch.setattr(runs, step, failing)
    with pytest.raises(OSError, match="no space left"):
        write_run(tmp_path / "run", config, made, frames)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["write_table", "_manifest", "_move_into_place"])
def test_a_killed_run_leaves_nothing_that_looks_complete(tmp_path, config, made, frames, step):
    child = textwrap.dedent(f"""
        import sys, time
        sys.path[:0] = {sys.path!r}
        import synthetic_results
        from resilience_sim import runs
        from resilience_sim.cli import compose
        from resilience_sim.outcomes import tables

        real, calls = runs.{step}, []

        def waiting(*args):
            calls.append(1)
            if len(calls) > {3 if step == "write_table" else 0}:
                print("midway", flush=True)
                time.sleep(60)
            return real(*args)

        runs.{step} = waiting
        made = synthetic_results.results()
        runs.write_run({str(tmp_path / "run")!r}, compose(["case=erewhon"]), made, tables(made))
    """)
    with subprocess.Popen(
        [sys.executable, "-c", child], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "midway\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    assert not (tmp_path / "run").exists()
    left = os.listdir(tmp_path)
    assert len(left) == 1, "the kill was to strike midway"
    assert left[0].startswith(".run.")
    assert left[0].endswith(".partial")
    with pytest.raises(RunDirectoryError):
        read_run(tmp_path / "run")
    write_run(tmp_path / "run", config, made, frames)
    assert read_run(tmp_path / "run").manifest["seed"] == 1


def test_changed_and_missing_files_are_all_named(tmp_path, config, made, frames):
    write_run(tmp_path / "run", config, made, frames)
    changed = tmp_path / "run" / "effects.parquet"
    changed.write_bytes(changed.read_bytes()[:-1] + b"X")
    (tmp_path / "run" / "poverty.parquet").unlink()
    with pytest.raises(RunDirectoryError) as caught:
        read_run(tmp_path / "run")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "effects.parquet" in lines[0]
    assert "poverty.parquet" in lines[1]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": 3}', "not json"])
def test_a_directory_without_a_proper_manifest_is_no_run(tmp_path, text):
    with pytest.raises(RunDirectoryError, match=r"manifest\.json"):
        read_run(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(RunDirectoryError, match="manifest of a run"):
        read_run(tmp_path)


def test_relative_paths_and_parents_are_made(tmp_path, monkeypatch, config, made, frames):
    monkeypatch.chdir(tmp_path)
    written = write_run(Path("runs/first"), config, made, frames)
    assert all(path.is_file() for path in written)
    assert json.loads((tmp_path / "runs/first/manifest.json").read_text())["format"] == 1
