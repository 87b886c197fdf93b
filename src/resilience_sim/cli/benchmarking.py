"""The verb `bench`: find the benchmark suite, run it, and write what it measured."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from resilience_sim.errors import ConfigError, Problem

SUITE = "resilience_sim_benchmarks"
"""Name under which the suite is imported, wherever it stands."""


def bench(words: Sequence[str]) -> str:
    """Measure, write JSON where asked, and return the Markdown table; progress goes to stderr."""
    is_quick, target, overrides = _options(words)
    suite = load_suite()
    settings = suite.Settings(is_quick, overrides)
    report = suite.bench(
        settings, lambda text: print(f"bench: {text}", file=sys.stderr, flush=True)
    )
    if target is not None:
        target.write_text(suite.as_json(report))
    told: str = suite.markdown(report)
    return told


def load_suite() -> ModuleType:
    """Import the suite: inside the installed package, or beside the source tree.

    Raises
    ------
    FileNotFoundError
        Where neither place has it, which means a broken installation.
    """
    if SUITE in sys.modules:
        return sys.modules[SUITE]
    package = Path(__file__).resolve().parents[1]
    for home in (package / "benchmarks", package.parents[1] / "benchmarks" / "suite"):
        if (home / "__init__.py").is_file():
            spec = importlib.util.spec_from_file_location(
                SUITE, home / "__init__.py", submodule_search_locations=[str(home)]
            )
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[SUITE] = module
            spec.loader.exec_module(module)
            return module
    raise FileNotFoundError(f"no benchmarks in {package} nor beside its source tree; install again")


def _options(words: Sequence[str]) -> tuple[bool, Path | None, tuple[str, ...]]:
    """Whether to be quick, where to write, and overrides; every problem is told at once."""
    is_quick, target, overrides = False, None, []
    problems = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, _, value = word.partition("=")
        if word == "--quick":
            is_quick = True
        elif name == "--json":
            value = value or (left.pop(0) if left else "")
            if not value or not Path(value).absolute().parent.is_dir():
                problems.append(
                    Problem("--json", "name a file in a folder that exists", repr(value))
                )
            target = Path(value)
        elif "=" in word and not word.startswith("-"):
            overrides.append(word)
        else:
            hint = "See resilience-sim bench --help."
            problems.append(
                Problem(word, "be --quick, --json FILE or KEY=VALUE", "an unknown option", hint)
            )
    if problems:
        raise ConfigError(problems)
    return is_quick, target, tuple(overrides)
