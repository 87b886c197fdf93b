"""Where a report goes, what it may replace, and what is said of runs that cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from document_runs import small_run
from resilience_sim.cli import main
from resilience_sim.errors import ConfigError
from resilience_sim.report.document import Written, write_report
from resilience_sim.report.document.writing import require_ours
from resilience_sim.runs import read_run


@pytest.fixture
def copied(run_directory: Path, tmp_path: Path) -> Path:
    shutil.copytree(run_directory, tmp_path / "run")
    return tmp_path / "run"


def test_a_report_lies_in_its_run_which_stays_what_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = small_run(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert main(["report", str(copied)]) == 0
    told = capsys.readouterr().out
    assert f"{copied / 'report' / 'report.html'}   " in told and "MB" in told
    assert "no chart: " in told
    assert {path.name: path.read_bytes() for path in copied.iterdir() if path.is_file()} == before
    read_run(copied)


def test_an_older_report_is_replaced_and_leaves_nothing(full: Written, tmp_path: Path) -> None:
    target = tmp_path / "report"
    shutil.copytree(full.files[0].parent, target)
    (target / "figures" / "of-an-older-version.svg").write_text("<svg/>")
    require_ours(target)
    (target / "report.html").write_text(full.files[0].read_text()[:3000])
    require_ours(target)


def test_what_is_not_ours_is_left_alone(copied: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    (target / "figures").mkdir(parents=True)
    (target / "figures" / "mine.svg").write_text("<svg/>")
    for name in ("notes.txt", "report.html"):
        with pytest.raises(ConfigError, match="output_dir must be a new folder"):
            write_report(copied, target)
        (target / name).write_text("<html>somebody's own</html>")
    with pytest.raises(ConfigError, match=r"figures, notes\.txt, report\.html"):
        write_report(copied, target)
    assert (target / "figures" / "mine.svg").exists()
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError, match="a file"):
        write_report(copied, file)


def test_a_stranger_beside_an_older_report_is_named(full: Written, tmp_path: Path) -> None:
    target = tmp_path / "report"
    shutil.copytree(full.files[0].parent, target)
    (target / "figures" / "photo.png").write_text("")
    with pytest.raises(ConfigError, match=r"a folder with photo\.png"):
        require_ours(target)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["report"], "report must be given one run or sweep; got nothing."),
        (["report", "a", "b"], "got a and b."),
        (["report", "run", "ouput_dir=x"], "Did you mean output_dir?"),
        (["report", "run", "output_dir="], "output_dir must name a folder; got nothing."),
        (["report", "run", "--html"], "--html must be a folder or output_dir=DIR"),
        (["report", "nowhere"], "nowhere must be the directory of a finished run"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert line in told and len(told.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_run_is_said_file_by_file(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "effects.parquet").write_bytes(b"other")
    (copied / "costs.parquet").unlink()
    assert main(["report", str(copied)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "effects.parquet must have the bytes its manifest describes" in told[0]
    assert "costs.parquet must be there" in told[1]
    assert not (copied / "report").exists()


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--help"]) == 0
    text = capsys.readouterr().out
    assert "examples" in text and "exit codes" in text and "report.html" in text
    assert max(map(len, text.splitlines())) <= 100
