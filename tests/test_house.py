"""The house: every file of settings composes, settings have units, documented commands work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest

import resilience_sim
from resilience_sim.cli import compose
from resilience_sim.cli.composition import settings_directories
from resilience_sim.cli.texts import HELP, RUN_HELP
from resilience_sim.config import Config
from resilience_sim.config.meaning import Setting, is_group, settings

CONF, SCENARIOS = settings_directories()
ROOT = Path(__file__).parents[1]
CASE_FILES = sorted(SCENARIOS.glob("case/[!_]*.yaml"))
"""Sweeps are composed, and their first lines looked at, in test_sweeps."""
GROUP_FILES = sorted(CONF.glob("*/[!_]*.yaml")) + CASE_FILES
NUMBER = re.compile(r"^\s*[a-z_]+: -?[0-9.]+(e-?[0-9]+)?\s*$")
COMMAND = re.compile(r"resilience-sim run((?: [a-z~+][^\s`#=]*=[^\s`]+| --multirun| --cfg job)+)")


@pytest.mark.parametrize("file", GROUP_FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_file_composes(file: Path) -> None:
    config = compose([f"{file.parent.name}={file.stem}"])
    if file.parent.name == "case":
        assert config.case_name == file.stem
    if file.parent.name == "shock":
        assert config.shock.name == file.stem


@pytest.mark.parametrize("file", GROUP_FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_number_in_a_file_says_what_it_is(file: Path) -> None:
    bare = [line for line in file.read_text().splitlines() if NUMBER.match(line)]
    assert bare == []


@pytest.mark.parametrize("file", CASE_FILES, ids=lambda file: file.stem)
def test_a_case_opens_with_the_command_that_runs_it(file: Path) -> None:
    first, second, *_ = file.read_text().splitlines()
    assert first == "# @package _global_"
    assert second == f"# resilience-sim run {file.parent.name}={file.stem}"


def test_numbers_without_a_word_would_be_found() -> None:
    assert NUMBER.match("  outlay: 0.20") and NUMBER.match("tolerance: 1e-4")
    assert not NUMBER.match("  outlay: 0.20   # lines per year; assumed")


def _all(schema: type, where: str = "") -> Iterator[tuple[str, Setting]]:
    for name, setting in settings(schema).items():
        yield f"{where}{name}", setting
        kinds = [setting.kind, *get_args(setting.kind)]
        for kind in filter(is_group, kinds):
            yield from _all(kind, f"{where}{name}.")


def _is_number(kind: Any) -> bool:
    return kind in (int, float) or any(each in (int, float) for each in get_args(kind))


@pytest.mark.parametrize(("key", "setting"), list(_all(Config)), ids=lambda each: str(each)[:40])
def test_every_setting_has_a_meaning_and_every_number_a_unit_and_bounds(
    key: str, setting: Setting
) -> None:
    assert setting.meaning.text
    if _is_number(setting.kind):
        assert setting.meaning.unit
        assert setting.meaning.is_bounded or setting.meaning.choices


def test_defaults_of_the_schema_are_those_of_the_files() -> None:
    """Both exist so that Python and the command line start from the same place."""
    config = compose()
    for group in (config, config.mechanisms, config.outcomes, config.population.survey):
        for each in fields(group):
            default = each.default
            if each.default_factory is not MISSING:
                default = each.default_factory()
            if default is not MISSING:
                assert getattr(group, each.name) == default, each.name


def _documented() -> Iterator[str]:
    texts = [HELP, RUN_HELP, *(path.read_text() for path in GROUP_FILES)]
    texts += [(CONF / "config.yaml").read_text(), (ROOT / "README.md").read_text()]
    for text in texts:
        for match in COMMAND.finditer(text):
            yield match.group(1).strip()


@pytest.mark.parametrize("command", sorted(set(_documented())))
def test_documented_commands_compose(command: str) -> None:
    words = [word for word in command.split() if "=" in word]
    if "--multirun" in command:
        words = [re.sub(r"^([^=]+=[^,\[]+),.*", r"\1", word) for word in words]
    compose(words)


def test_readme_names_the_two_commands_on_its_first_screen() -> None:
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:20])
    assert "make run" in screen and "make test" in screen


def test_the_package_exports_its_verbs_lazily() -> None:
    assert resilience_sim.compose is compose
    assert {"compose", "prepare", "run"} <= set(dir(resilience_sim))
    assert callable(resilience_sim.prepare) and callable(resilience_sim.run)
    with pytest.raises(AttributeError, match="nothing"):
        _ = resilience_sim.nothing
