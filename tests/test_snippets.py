"""Every command and snippet of README and docs runs, and prints what the page says it prints.

A page is read from top to bottom, in a folder of its own. Runs are made smaller by `SMALL`, unless
their block is marked to run as it stands. What takes hours or a network is checked and not run;
`CHECKED` says where the like of it runs.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import resilience_sim
from resilience_sim.cli import compose, main
from resilience_sim.cli.texts import HELP
from snippets import (
    AS_IT_STANDS,
    PAGES,
    PRINTED,
    ROOT,
    Command,
    blocks,
    commands,
    is_same,
    missing,
    strokes,
)

SMALL = (
    "population.n_households=80", "replicates=1", "horizon_years=5", "outcomes.horizons_years=[2,5]",
    "outcomes.belief_households=0", "outcomes.channel_households=0", "planner.n_skill=2",
    "planner.n_other=1", "planner.n_assets=12", "planner.n_money=16", "planner.n_savings=12",
    "planner.n_luck=3", "planner.tolerance=1e-2",
)  # fmt: skip
ELSEWHERE = {"docs/api.md": "tests/test_api_example.py", "docs/sweeps.md": "tests/test_sweeps.py"}
"""Pages whose Python has a test of its own."""
SHIPPED = Path(resilience_sim.__file__).parent / "data" / "fit"
SCENARIO = re.compile(r"^# resilience-sim run (\w+)=(\w+)$", re.MULTILINE)
PICTURE = "docs/building/picture.py"
N_HOUSEHOLDS = 60
PIXEL = 1.0  # by which a picture may differ, in points of an SVG


def _is_target(words: tuple[str, ...]) -> bool:
    """`make WORD`: the target exists; .ci/run has what it does, below is what `make run` runs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [word for word in words[1:] if "=" not in word]
    return all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)


def _is_script(words: tuple[str, ...]) -> bool:
    """`python FILE`: tables that take hours; the file exists and is Python."""
    return bool(compile((ROOT / words[1]).read_text(encoding="utf-8"), words[1], "exec"))


def _is_installed(words: tuple[str, ...]) -> bool:
    """`pip install WORD`: the extra exists; .ci/run installs the wheel."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.findall(r"\[([\w,]+)\]", words[-1])
    return words[1] == "install" and all(f"\n{name} = [" in project for name in extras)


def _is_verb(words: tuple[str, ...]) -> bool:
    """`calibrate`, `bench` and others: the verb exists; its own tests run small ones."""
    return main([words[1], "--help"]) == 0


CHECKED: dict[str, Callable[[tuple[str, ...]], bool]] = {
    "make": _is_target,
    "python": _is_script,
    "pip": _is_installed,
}
RUN_HERE = ("run", "validate", "evidence", "score", "report", "ask", "sweep", "--help")
"""Verbs whose commands run here, a sweep as far as its list of jobs; others are checked to exist."""
HOUSEHOLDS = ("population.n_households=80", "replicates=1", "draws=1")


def smaller(words: tuple[str, ...]) -> list[str]:
    """Words that make the command small; draws are few where a case asks for some."""
    if words[1] == "ask":
        kept = [word for word in words[1:] if not word.startswith(("draws=", "population."))]
        return [*kept, *HOUSEHOLDS]
    if words[1] == "sweep":
        return [*words[1:], *({"--dry-run"} - {*words})]
    if words[1] != "run":
        return list(words[1:])
    given = {word.partition("=")[0] for word in words}
    more = [word for word in SMALL if word.partition("=")[0] not in given]
    asked = [word for word in words[2:] if "=" in word and "--multirun" not in words]
    return [*words[1:], *more, *(["outcomes.draws=1"] if compose(asked).outcomes.draws else [])]


def inside(words: tuple[str, ...]) -> tuple[str, ...]:
    """What `make run` and the script of the picture come to, once there is an environment."""
    if words[:2] == ("make", "run"):
        return ("resilience-sim", "run", *(word.removeprefix("ARGS=") for word in words[2:]))
    if words[:2] == ("python", PICTURE):
        runpy.run_path(str(ROOT / PICTURE))["draw"](*map(Path, words[2:]))
    return words


def do(command: Command, is_small: bool) -> None:
    """Run a command, or check what cannot be run here."""
    words = command.words if is_small else inside(command.words)
    verb = words[1]
    if words[0] in CHECKED or verb not in RUN_HERE or (verb, *words[2:]) == ("report", "DIR"):
        assert CHECKED.get(words[0], _is_verb)(words), words
        return
    asked = smaller(words) if is_small and not {"--help", "--list"} & {*words} else words[1:]
    asked = [f"draws={SHIPPED}" if word == "draws=DIR" else word for word in asked]
    assert main(asked) == (2 if command.is_refused else 0), words


def write_survey() -> None:
    """A survey and its map, and a panel like the Malawian one, under the names that pages give them."""
    draws = np.random.default_rng(3)
    n = N_HOUSEHOLDS
    stratum = 2 + 2 * (np.arange(n) // 20)
    income = draws.lognormal(8.5, 0.7, n).round(2)
    pd.DataFrame(
        {
            "region": 1 + np.arange(n) % 3,
            "HHID": np.arange(n),
            "hhwgt": draws.uniform(50, 900, n).round(1),
            "hhsize": draws.integers(1, 9, n),
            "inc_wage": income,
            "inc_crop": (0.4 * income).round(2),
            "inc": income,
            "EA": np.arange(n) // 5,
            "year": 2016,
            "stratum": stratum,
        }
    ).to_csv("survey.csv", index=False)
    (page,) = [page for page in PAGES if page.name == "surveys.md"]
    (shown,) = [block.text for block in blocks(page) if block.language == "yaml"]
    Path("survey.yaml").write_text(shown, encoding="utf-8")
    panel = {"HHID": np.tile(np.arange(n), 3), "year": np.repeat([2010.0, 2013.0, 2016.0], n)}
    amounts = ("FCS", "HDDS", "TLU", "arable_land", "PC_hhagr", "PC_hhbus", "PC_wage", "PC_cas")
    pd.DataFrame(
        panel
        | {"panelwgt": 100.0, "EA": panel["HHID"] // 5, "stratum": np.tile(1.0 * stratum, 3)}
        | {"hhsize": 4.0, "age_head": 40.0, "edu_adult": 5.0}
        | {name: draws.uniform(1, 12, 3 * n).round() for name in amounts}
    ).to_parquet("malawi_ihps.parquet")


def write_scenarios(page: Path) -> None:
    """Cases and shocks that a page shows, where it says to save them."""
    for block in blocks(page):
        found = SCENARIO.search(block.text) if block.language == "yaml" else None
        if found:
            folder = Path("scenarios", found[1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{found[2]}.yaml").write_text(block.text, encoding="utf-8")


@cache
def _seen() -> set[Command]:
    """Commands that another page had already: small ones need not run twice."""
    return set()


def has_steps(page: Path) -> bool:
    return any(block.language == "python" or any(commands(block)) for block in blocks(page))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if has_steps(page)], ids=lambda page: page.stem
)
def test_a_page_can_be_followed_from_top_to_bottom(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    write_survey()
    write_scenarios(page)
    names: dict[str, Any] = {"__name__": "page"}
    seen = _seen()
    printed = ""
    for block in blocks(page):
        if block.mark == PRINTED:
            assert missing(block.text, printed) == ""
        elif block.language == "python" and block.page not in ELSEWHERE:
            exec(compile(block.text, block.page, "exec"), names)
            printed = capsys.readouterr().out
        for command in commands(block):
            is_small = block.mark != AS_IT_STANDS
            if not (is_small and command in seen) or "output_dir=" in str(command):
                do(command, is_small)
            seen.add(command)
            printed = capsys.readouterr().out
    for picture in tmp_path.glob("*.svg"):
        shown = strokes(ROOT / "docs" / "pictures" / picture.name)
        np.testing.assert_allclose(strokes(picture), shown, rtol=0, atol=PIXEL)


def test_a_mark_is_one_we_know() -> None:
    marked = [
        block
        for page in PAGES
        for block in blocks(page)
        if block.mark.startswith(("run", "printed"))
    ]
    assert {block.mark for block in marked} <= {AS_IT_STANDS, PRINTED}
    assert {AS_IT_STANDS, PRINTED} <= {block.mark for block in marked}


def test_pages_with_python_of_their_own_test_are_there() -> None:
    for page, test in ELSEWHERE.items():
        assert (ROOT / page).exists() and Path(page).name in (ROOT / test).read_text(
            encoding="utf-8"
        )


def test_pictures_are_white_and_drawn_on_a_page() -> None:
    for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
        text = picture.read_text(encoding="utf-8")
        assert "fill: #ffffff" in text and len(strokes(picture)) > 100
        assert any(
            f"pictures/{picture.name})" in page.read_text(encoding="utf-8") for page in PAGES
        )


def test_each_verb_is_shown_on_a_page() -> None:
    shown = {
        command.words[1] for page in PAGES for block in blocks(page) for command in commands(block)
    }
    listed = re.findall(r"^  (\w+) ", HELP.split("\nverbs\n")[1].split("\n\n")[0], re.MULTILINE)
    assert len(listed) > 5
    assert set(listed) <= shown


# Negative controls


def test_what_is_not_printed_is_found() -> None:
    printed = "a  1.20 ±.03\nb  5\nc\n"
    assert missing("a 1.21 ±.04\n...\nc\n", printed) == ""
    assert missing("b 5\na 1.20 ±.03\n", printed) == "a 1.20 ±.03"
    assert missing("a 1.30 ±.03\n", printed) == "a 1.30 ±.03"
    assert missing("d\n", printed) == "d"


def test_signs_and_words_must_agree() -> None:
    assert is_same("interaction 0.30 %, [-3.66, 4.25]", "interaction 0.31 %, [-3.66, 4.26]")
    assert not is_same("interaction 0.30 %", "interaction -0.30 %")
    assert not is_same("4 lie above zero", "4 lie below zero")


@pytest.mark.parametrize(
    "words",
    [
        ("make", "rnu"),
        ("pip", "install", "resilience-sim[bnech]"),
        ("resilience-sim", "run", "seed=x"),
        ("resilience-sim", "calibarte"),
    ],
)
def test_a_wrong_command_is_found(words: tuple[str, ...]) -> None:
    with pytest.raises((AssertionError, ValueError)):
        do(Command(words, is_refused=False), is_small=False)
