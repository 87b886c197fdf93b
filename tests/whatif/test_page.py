"""The page itself: in process, and in a real browser against the command line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from resilience_sim.cli import main, paging
from resilience_sim.errors import ConfigError
from resilience_sim.whatif import live
from resilience_sim.whatif.live import COARSE, Stage

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
PATIENCE = 120_000
"""Milliseconds; for machines that do much else."""
SMALL = """
import sys
from resilience_sim.cli import main
from resilience_sim.whatif import live
live.STAGES = live.STAGES[:1]
sys.exit(main(sys.argv[1:]))
"""
"""The page with its first stage alone, so that nothing moves while it is looked at."""
NUMBER = "[data-number=both-poor]"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whatif", "--help"]) == 0
    text = capsys.readouterr().out
    assert "127.0.0.1" in text and "examples" in text and "exit codes" in text
    assert max(map(len, text.splitlines())) <= 100


def test_everything_wrong_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paging.importlib.util, "find_spec", lambda name: None)
    assert main(["whatif", "port=high", "case=erewon", "--fast"]) == 2
    told = capsys.readouterr().err
    for word in ("Did you mean erewhon?", "port must", "--fast must", "resilience-sim[whatif]"):
        assert word in told
    assert len(told.splitlines()) == 4


def test_a_port_that_is_taken_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind((paging.ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port must be free; got {port}, which is taken"):
            paging.start_page([f"port={port}"])


@pytest.mark.slow
def test_the_page_runs_refines_and_tells_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    testing = pytest.importorskip("streamlit.testing.v1")
    monkeypatch.setattr(sys, "argv", ["page.py", "erewhon"])
    small = Stage(60, 2, COARSE, "a coarse planner")
    finer = Stage(80, 2, COARSE, "a coarse planner")
    monkeypatch.setattr(live, "STAGES", (small, finer))
    page = testing.AppTest.from_file(str(paging.PAGE), default_timeout=120).run()
    while not any("nothing left to refine" in each.value for each in page.markdown):
        assert not page.exception and not page.error
        page.run()
    assert any("80 households, 2 replicates, a coarse planner" in each.value
               for each in page.markdown)  # fmt: skip
    next(each for each in page.selectbox if each.label == "Shock").set_value("drought").run()
    depth = next(each for each in page.slider if each.label.startswith("Depth"))
    depth.set_value(300.0).run()
    assert not page.exception
    assert "shock.own_loss must lie in [0, 1] (share); got 1.65" in page.error[0].value


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the page in a process of its own; the address it says, and the process."""
    with socket.socket() as free:
        free.bind((paging.ADDRESS, 0))
        port = free.getsockname()[1]
    environment = os.environ | {"RESILIENCE_SIM_POLICIES_GB": "0.2"}
    process = subprocess.Popen(
        [sys.executable, "-c", SMALL, "whatif", f"port={port}", "case=erewhon"],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert f"http://127.0.0.1:{port}" in said
        while True:
            with socket.socket() as attempt:
                if attempt.connect_ex((paging.ADDRESS, port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium; apt-get install chromium")
def test_in_a_browser_it_moves_saves_compares_and_downloads_what_the_command_line_reproduces(
    tmp_path: Path,
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    expect = playwright.expect
    with served(tmp_path) as (address, process), playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(PATIENCE)
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        page.goto(address)
        page.wait_for_selector(NUMBER)
        before = page.locator(NUMBER).inner_text()

        page.get_by_role("tab", name="Compare").click()
        page.get_by_role("button", name="Save this scenario").click()
        expect(page.get_by_text("Saved: Scenario 1")).to_be_visible(timeout=PATIENCE)

        slider = page.get_by_role("slider", name=re.compile("Transfer"))
        for _ in range(8):
            slider.press("ArrowRight")
        expect(page.locator(NUMBER)).not_to_have_text(before, timeout=PATIENCE)
        page.get_by_role("button", name="Save this scenario").click()
        expect(page.get_by_text("Scenario 2 less Scenario 1").first).to_be_visible(timeout=PATIENCE)
        assert "95 %: luck and sample" in page.locator(".wide").inner_text()

        page.get_by_role("tab", name="Download").click()
        with page.expect_download() as taken:
            page.get_by_role("button", name="Download the scenario").click()
        folder = tmp_path / "scenarios" / "case"
        folder.mkdir(parents=True)
        file = taken.value.suggested_filename
        taken.value.save_as(folder / file)
        with page.expect_download() as report:
            page.get_by_role("button", name="Download the report").click()
        assert Path(report.value.path()).stat().st_size > 1000
        shown = page.locator(NUMBER).inner_text()
        browser.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0

    assert hosts == {address.removeprefix("http://")}
    ran = subprocess.run(
        [sys.executable, "-m", "resilience_sim", "run", f"case={Path(file).stem}", "output_dir=out"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    effects = pd.read_parquet(tmp_path / "out" / "effects.parquet")
    row = effects[
        (effects.arm == "both") & (effects.comparison == "control") & (effects.outcome == "poor")
        & (effects.shock == "covid_like") & (effects.horizon_months == 120)
    ].iloc[0]  # fmt: skip
    assert shown == f"{100 * row.control_mean + row.estimate:.1f} %"
