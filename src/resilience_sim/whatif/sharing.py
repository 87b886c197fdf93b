"""A scenario of the page as a file that `resilience-sim run` takes, and its report."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from resilience_sim import __version__, runs
from resilience_sim.config import Config, Content, meaning_of
from resilience_sim.config.meaning import settings
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.whatif.cases import Choice, composed, options
from resilience_sim.whatif.live import Found

NAME = re.compile(r"[a-z][a-z0-9_]*")


class Download(NamedTuple):
    """A file to be taken away."""

    name: str
    mime: str
    content: str


def scenario_file(name: str, choice: Choice, config: Config, rests_on: str) -> Download:
    """Write a scenario as a case of its own: the case it comes from, and what differs.

    Parameters
    ----------
    name
        Of the new case and of its file.
    choice
        Files that it starts from.
    config
        What was run; composing the file gives exactly this.
    rests_on
        How many households and replicates, in words.

    Raises
    ------
    ConfigError
        Where the name is no name for a file, or that of a case that there is.
    """
    problem = _name_problem(name)
    if problem is not None:
        raise ConfigError([problem])
    changed = _difference(_tree(composed(choice)), _tree(config))
    lines = [
        "# @package _global_",
        f"# resilience-sim run case={name}",
        "#",
        f"# {choice.case} as the what-if page of resilience-sim {__version__} had it: {rests_on}.",
        f"# Save it as scenarios/case/{name}.yaml in the folder that you work in, and say the above there.",
        "# It ends in the numbers of the page, to the bit; here stands what differs from the case.",
        "defaults:",
        f"  - {choice.case}",
    ]
    for group, chosen in (("shock", choice.shock), ("coordination", choice.coordination)):
        if chosen is not None:
            lines.append(f'  - override /{group}: "{chosen}"')
    lines += ["  - _self_", "", *_told(changed, ())]
    return Download(f"{name}.yaml", "application/yaml", "\n".join(lines) + "\n")


def report_file(name: str, found: Found) -> Download:
    """The report of what the page has found, from a run directory written for it and thrown away."""
    # Matplotlib takes long to import, and the page does without it until then.
    from resilience_sim.report.document import write_report

    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / name
        runs.write_run(directory, found.config, found.results, found.tables())
        html, *_ = write_report(directory).files
        text = html.read_text(encoding="utf-8")
    return Download(f"{name}.html", "text/html", text)


def _name_problem(name: str) -> Problem | None:
    known = options()["case"]
    if not NAME.fullmatch(name):
        allowed = "begin with a letter and be made of a-z, 0-9 and _"
        return Problem("name of the scenario", allowed, repr(name))
    if name in known:
        return Problem("name of the scenario", "differ from every case there is", repr(name))
    return None


def _tree(config: Config) -> dict[str, Any]:
    """Settings as mappings, lists, text, numbers, truth and nothing."""
    tree: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return tree


def _difference(base: Mapping[str, Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    """What in `tree` is not as in `base`, entries of mappings one by one."""
    found = {}
    for key, value in tree.items():
        if key in base and value == base[key]:
            continue
        both = key in base and isinstance(value, dict) and isinstance(base[key], dict)
        found[key] = _difference(base[key], value) if both else value
    return found


def _told(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Lines of YAML, each number with its unit."""
    indent = "  " * len(path)
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from _told(value, (*path, key))
        else:
            text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
            text = text.removesuffix("...\n").strip()
            unit = _unit((*path, key))
            yield f"{indent}{key}: {text}" + (f"   # {unit}" if unit else "")


def _unit(path: tuple[str, ...]) -> str:
    """Unit of a setting; of an entry of a mapping, that of the mapping."""
    if path[:2] == ("programme", "contents"):
        return settings(Content)[path[-1]].meaning.unit if len(path) == 4 else ""
    for n in range(len(path), 0, -1):
        try:
            return meaning_of(".".join(path[:n])).unit
        except (KeyError, TypeError):
            continue
    return ""
