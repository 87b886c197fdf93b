"""The verb `validate`: is a survey fit to run, what is in it, and what would have to be imputed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from resilience_sim.cli.composition import compose, quoted
from resilience_sim.config import Config, PopulationKind
from resilience_sim.errors import ConfigError, InputError, Problem
from resilience_sim.population import load
from resilience_sim.population.files import TABLES, read_table, short
from resilience_sim.population.maps import ENDINGS

if TYPE_CHECKING:
    from resilience_sim.population import Households

SHORT_KEYS = {"survey": "population.survey.file", "map": "population.survey.map"}
"""Keys of `validate` alone, and the settings they stand for."""
_COLUMNS = "population.survey.columns"
_SHARES = (0.1, 0.5, 0.9)
_WIDTH = 98
_QUANTITIES = (
    ("income", "lines per year"),
    ("wages", "lines per year"),
    ("own", "lines per year"),
    ("other", "lines per year"),
    ("assets", "lines"),
    ("land", "lines"),
    ("savings", "lines"),
    ("size", "persons"),
    ("age", "years, of the head"),
    ("adult_school", "years"),
)


def check(words: Sequence[str]) -> str:
    """Read and complete the households of a run, and say what they are.

    Parameters
    ----------
    words
        `survey=FILE` and `map=FILE`, and any override of `run`. Without a survey the population that
        the overrides choose is checked.

    Returns
    -------
    A short account: how many, how poor, medians, and what is imputed.

    Raises
    ------
    ConfigError, SurveyError
        With every problem of the settings, the map and the file.
    """
    given, overrides = _split(words)
    problems = [*_unclear(overrides), *_unmapped(given, overrides)]
    if problems:
        raise ConfigError(problems)
    chosen = ["population=survey", "population.kind=survey"] if given else []
    named = [f"{SHORT_KEYS[key]}={quoted(value)}" for key, value in given.items()]
    try:
        config = compose([*chosen, *overrides, *named])
    except ConfigError as error:
        more = _problems_of_survey([*chosen, *named]) if given else []
        raise ConfigError([*error.problems, *more]) from error
    households = load(config.population, config.seed, config.generations)
    return "\n".join(_account(config, households, _run_command(given, overrides))) + "\n"


def _split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Short keys with their values, and the overrides."""
    given, overrides = {}, []
    for word in words:
        key, _, value = word.partition("=")
        if key in SHORT_KEYS and "=" in word:
            given[key] = value
        else:
            overrides.append(word)
    return given, overrides


def _unclear(overrides: Sequence[str]) -> Iterator[Problem]:
    """Yield words that are files without a key."""
    for word in overrides:
        ending = Path(word).suffix.lower()
        key = "survey" if ending in TABLES else "map" if ending in ENDINGS else ""
        if key and "=" not in word:
            yield Problem(word, "be given as KEY=VALUE", repr(word), f"Did you mean {key}={word}?")


def _unmapped(given: dict[str, str], overrides: Sequence[str]) -> Iterator[Problem]:
    """Yield what keeps a survey from being read: no file, or nothing that says what is in it."""
    if "map" in given and "survey" not in given:
        if not any(word.startswith(f"{SHORT_KEYS['survey']}=") for word in overrides):
            yield Problem("survey", "name the file that the map is for", "nothing")
    if "survey" in given and "map" not in given:
        if not any(
            word.lstrip("+").startswith((_COLUMNS, SHORT_KEYS["map"])) for word in overrides
        ):
            columns = ", ".join(read_table(given["survey"]).columns)
            hint = short(f"Write one (docs/surveys.md) from its columns {columns}.")
            yield Problem("map", "name a file that says what the columns are", "nothing", hint)


def _problems_of_survey(words: Sequence[str]) -> list[Problem]:
    """What is wrong with a survey where other words of the command are wrong already."""
    config = compose(words)
    try:
        load(config.population, config.seed, config.generations)
    except InputError as error:
        return error.problems
    return []


def _account(config: Config, households: Households, command: str) -> Iterator[str]:
    """Yield the lines of the account."""
    persons, weight = households.persons, households.weight
    poor = 100 * persons[households.income < 1].sum() / persons.sum()
    own = 100 * weight[households.has_own_activity].sum() / weight.sum()
    n_strata = len(set(households.stratum.tolist()))
    yield f"resilience-sim validate: {_what(config)}: nothing is wrong."
    yield ""
    yield f"  households {households.n_households:12,}   that stand for {weight.sum():,.0f}"
    yield f"  persons    {persons.sum():12,.0f}"
    yield f"  villages   {households.n_villages:12,}   in strata: {n_strata:,}"
    yield f"  headcount  {poor:12.1f}   percent of persons, by income"
    yield f"  own work   {own:12.1f}   percent of households"
    yield ""
    yield f"  {'over persons':14}{'10 %':>9}{'median':>9}{'90 %':>9}"
    for name, unit in _QUANTITIES:
        values = getattr(households, name)
        if values is not None:
            told = "".join(f"{value:9.2f}" for value in _quantiles(values, persons))
            yield f"  {name:14}{told}   {unit}"
    yield ""
    yield "what a run will say of it"
    for note in households.notes:
        yield from wrap(
            note, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False
        )
    yield ""
    yield "to run it"
    yield f"  {command}"


def _what(config: Config) -> str:
    population = config.population
    if population.kind is not PopulationKind.SURVEY:
        return f"the population of case {config.case_name} ({population.kind})"
    read_by = population.survey.map
    name = Path(population.survey.file).name
    return name if read_by is None else f"{name}, read by {Path(read_by).name}"


def _quantiles(values: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """Values that the persons at these shares have."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(persons[order]) / persons.sum()
    rows = np.minimum(np.searchsorted(share, _SHARES), len(values) - 1)
    found: np.ndarray = values[order][rows]
    return found


def _run_command(given: dict[str, str], overrides: Sequence[str]) -> str:
    """Return the command that runs what was checked."""
    words = ["population=survey"] if given else []
    for key, value in given.items():
        is_plain = re.fullmatch(r"[\w./:-]+", value)
        words.append(f"{SHORT_KEYS[key]}={value if is_plain else quoted(value)}")
    return shlex.join(["resilience-sim", "run", *words, *overrides])
