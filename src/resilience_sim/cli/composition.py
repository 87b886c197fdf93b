"""From the shipped files and overrides to a checked `Config`, with every problem told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from resilience_sim.config import Config, from_mapping, key_problem, suggestion
from resilience_sim.errors import ConfigError, Problem

HYDRA_VERSION = "1.3"
"""Behaviour of Hydra that we rely on."""


def compose(overrides: Iterable[str] = ()) -> Config:
    """Compose and check a configuration.

    Parameters
    ----------
    overrides
        As on the command line, such as "case=erewhon" or "population.n_households=500".

    Returns
    -------
    A configuration in which nothing is wrong.

    Raises
    ------
    ConfigError
        With every problem at once: unknown or missing keys, wrong types, values out of range,
        contradictions.
    """
    words = list(overrides)
    unsound = check_overrides(words, is_multirun=False)
    problems = list(unsound.values())
    try:
        config = from_mapping(_composed([word for word in words if word not in unsound]))
    except ConfigError as error:
        raise ConfigError(problems + error.problems) from error
    if problems:
        raise ConfigError(problems)
    return config


def settings_directories() -> tuple[Path, Path]:
    """Folders `conf` and `scenarios`: inside the installed package, or beside the source tree.

    Raises
    ------
    FileNotFoundError
        Where neither place has them, which means a broken installation.
    """
    package = Path(__file__).resolve().parents[1]
    for home in (package, package.parents[1]):
        if (home / "conf" / "config.yaml").is_file() and (home / "scenarios").is_dir():
            return home / "conf", home / "scenarios"
    raise FileNotFoundError(
        f"no conf/ and scenarios/ in {package} nor beside its source tree; install again"
    )


def group_options() -> dict[str, list[str]]:
    """Names of the files that can be chosen, by group: {"case": ["erewhon", "mexico"], ...}."""
    found: dict[str, set[str]] = {}
    for home in (*settings_directories(), *_own_scenarios()):
        for folder in filter(Path.is_dir, home.iterdir()):
            names = {each.stem for each in folder.glob("[!_]*.yaml")}
            found.setdefault(folder.name, set()).update(names)
    return {group: sorted(found[group]) for group in sorted(found)}


def scenario_files(group: str, name: str) -> list[Path]:
    """Files of one group of `scenarios` with this name: the user's before ours."""
    _, ours = settings_directories()
    found = [home / group / f"{name}.yaml" for home in (*_own_scenarios(), ours)]
    return [path for path in found if path.is_file()]


def check_overrides(words: Iterable[str], is_multirun: bool) -> dict[str, Problem]:
    """Say which overrides cannot be composed, before Hydra stumbles over the first of them.

    Parameters
    ----------
    words
        Overrides as typed.
    is_multirun
        True where "seed=1,2" means two jobs.

    Returns
    -------
    The problem of each unsound word: unknown keys and files, unreadable words, and several values
    where one is wanted. Values of known keys are checked after composition.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    options = group_options()
    parser = OverridesParser.create()
    found = {}
    for word in words:
        try:
            (override,) = parser.parse_overrides([word])
        except HydraException:
            found[word] = _unreadable(word, options)
            continue
        problem = _override_problem(word, override, is_multirun, options)
        if problem is not None:
            found[word] = problem
    return found


def composition_problem(error: Exception) -> ConfigError | None:
    """Turn an error of Hydra or OmegaConf into ours; None for any other error."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    got = ": ".join(lines[:2]) or repr(error)
    return ConfigError([Problem("overrides", "fit the files they change", got)])


def searchpath_override() -> str:
    """Return the override that lets Hydra find the groups of `scenarios`, ours and the user's."""
    _, scenarios = settings_directories()
    folders = [scenarios, *_own_scenarios()]
    return f"hydra.searchpath=[{','.join(quoted(each.as_uri()) for each in folders)}]"


def _own_scenarios() -> list[Path]:
    """The folder `scenarios` of the working directory, where there is one that is not ours."""
    own, (_, ours) = Path.cwd() / "scenarios", settings_directories()
    return [own] if own.is_dir() and own.resolve() != ours.resolve() else []


def quoted(text: str) -> str:
    """Quote text for Hydra's grammar of overrides."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _composed(overrides: list[str]) -> dict[str, Any]:
    """Compose the files and overrides into plain values."""
    import hydra
    from omegaconf import OmegaConf

    conf, _ = settings_directories()
    try:
        with hydra.initialize_config_dir(str(conf), version_base=HYDRA_VERSION):
            composed = hydra.compose("config", overrides=[searchpath_override(), *overrides])
            tree: Any = OmegaConf.to_container(composed, resolve=True)
    except Exception as error:
        told = composition_problem(error)
        if told is None:
            raise
        raise told from error
    return dict(tree)


def _override_problem(
    word: str, override: Any, is_multirun: bool, options: dict[str, list[str]]
) -> Problem | None:
    """Say what is wrong with one parsed override; keys of Hydra itself are left to Hydra."""
    key = override.key_or_group
    if key.split(".")[0].split("/")[0] == "hydra":
        return None
    if override.is_sweep_override() and not is_multirun:
        text = word.partition("=")[2]
        hint = f"Add --multirun to run each of them, or write {key}=[{text}] for a list."
        return Problem(key, "be one value", text, hint)
    if key in options:
        return next(_unknown_files(key, override, options[key]), None)
    problem = key_problem(key)
    if problem is not None and not problem.hint:
        return Problem(problem.where, problem.allowed, problem.got, suggestion(key, options))
    return problem


def _unknown_files(group: str, override: Any, names: list[str]) -> Iterator[Problem]:
    is_list = override.is_discrete_sweep()
    values = list(override.sweep_string_iterator()) if is_list else [override.value()]
    for value in values:
        if isinstance(value, str) and value not in names:
            hint = suggestion(value, names)
            yield Problem(group, f"be one of {', '.join(names)}", repr(value), hint)


def _unreadable(word: str, options: dict[str, list[str]]) -> Problem:
    """Say what is wrong with a word that is no override."""
    hint = "Write lists without spaces, and quote text with other signs: \"KEY='a b'\"."
    for group, names in options.items():
        if word in names:
            hint = f"Did you mean {group}={word}?"
    return Problem(word.partition("=")[0], "be given as KEY=VALUE", repr(word), hint)
