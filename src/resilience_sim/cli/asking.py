"""The verb `ask`: a policy question, its options lived under draws, one table and one picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_sim.cli.composition import compose
from resilience_sim.cli.progress import Bars
from resilience_sim.config import Config, suggestion
from resilience_sim.errors import ConfigError, Problem

if TYPE_CHECKING:
    from resilience_sim.config import CoordinationTerms, Response
    from resilience_sim.questions.options import Question, Setup

N_DRAWS = 24
N_HOUSEHOLDS, N_REPLICATES = 3000, 4
"""At most, unless fewer are typed."""
LONGEST_TOLD = 15
"""Years; later horizons are for heirs."""
DISCOUNT = 0.05
"""Per year, of costs; assumed."""
WORLDS = ("informal", "formal", "full")
SHORT = ("horizon_years=10", "outcomes.horizons_years=[2,5,10]")
BEFORE_YOURS = {
    "frontier": ("outcomes.horizons_years=[2,5,10]",),
    "coordination": SHORT,
    "order": ("horizon_years=15", "outcomes.horizons_years=[2,5,10,15]"),
    "targeting": SHORT,
    "shock": SHORT,
}
"""Settings of each question, which yours replace."""
KEYS = {
    "frontier": ("mixes", "budget"),
    "coordination": (),
    "order": ("gaps",),
    "targeting": ("budget",),
    "shock": ("arm", "budget", "year"),
}
"""Keys of each question, beside `draws`, `discount` and the settings of a run."""


@dataclass
class _Asked:
    """What was asked: a question, its own keys and settings as for `run`."""

    question: str
    settings: list[str] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)
    lists: dict[str, list[int]] = field(default_factory=dict)
    arm: str | None = None


def ask(words: Sequence[str]) -> str:
    """Answer one question, write the table and the picture, and return the text."""
    from resilience_sim import runs
    from resilience_sim.calibration import draws
    from resilience_sim.calibration.cases import Effort
    from resilience_sim.questions.answer import answer
    from resilience_sim.questions.options import setup
    from resilience_sim.report.answer_picture import picture
    from resilience_sim.report.answers import answer_text

    asked = _read(words)
    config = compose([*BEFORE_YOURS[asked.question], *asked.settings])
    directory = _directory(asked, config)
    runs.require_free(directory)
    began = time.perf_counter()
    effort = Effort(replicates=min(config.replicates, N_REPLICATES), n_households=N_HOUSEHOLDS)
    n_draws = int(asked.numbers.get("draws", N_DRAWS))
    with Bars() as bars:
        ready = setup(config, effort, asked.numbers.get("discount", DISCOUNT))
        question = _QUESTIONS[asked.question](asked, config, ready)
        table = answer(question, ready, draws.shipped(), n_draws, config.threads, bars)
    told = [word for word in words if not word.startswith("output_dir=")]
    command = " ".join(["resilience-sim", "ask", *told])
    text = answer_text(table, command)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.yaml").write_text(runs.config_text(config), encoding="utf-8")
    (directory / "answer.txt").write_text(text, encoding="utf-8")
    picture(table, directory / "answer.svg", command)
    runs.write_table(directory / "answer.parquet", table)
    seconds = time.perf_counter() - began
    files = "answer.parquet, answer.svg, answer.txt, config.yaml"
    return f"{text}\nSeconds: {seconds:.1f}\nFiles in {directory}: {files}\n"


def _frontier(asked: _Asked, config: Config, ready: Setup) -> Question:
    from resilience_sim.questions.mixes import MIXES, frontier

    mixes = asked.lists.get("mixes", MIXES)
    return frontier(ready, mixes, asked.numbers.get("budget"), _years(config))


def _coordination(asked: _Asked, config: Config, ready: Setup) -> Question:
    from resilience_sim.questions.worlds import worlds

    return worlds(ready, _terms(), _years(config))


def _order(asked: _Asked, config: Config, ready: Setup) -> Question:
    from resilience_sim.questions.order import GAPS, order

    return order(ready, asked.lists.get("gaps", GAPS), _years(config))


def _targeting(asked: _Asked, config: Config, ready: Setup) -> Question:
    from resilience_sim.questions.lists import targeting

    return targeting(ready, asked.numbers.get("budget"), _years(config))


def _shock(asked: _Asked, config: Config, ready: Setup) -> Question:
    from resilience_sim.questions.responses import responses

    year = asked.numbers.get("year")
    return responses(
        ready,
        _response(config),
        asked.arm,
        asked.numbers.get("budget"),
        None if year is None else int(year),
    )


_QUESTIONS: dict[str, Callable[[_Asked, Config, Setup], Question]] = {
    "frontier": _frontier,
    "coordination": _coordination,
    "order": _order,
    "targeting": _targeting,
    "shock": _shock,
}


def _years(config: Config) -> list[int]:
    """Horizons within the run at which programmes are judged."""
    last = min(config.horizon_years, LONGEST_TOLD)
    return sorted(year for year in set(config.outcomes.horizons_years) if year <= last) or [last]


def _terms() -> dict[str, CoordinationTerms]:
    """Terms of the shipped worlds of coordination."""
    return {name: compose([f"coordination={name}"]).coordination.terms for name in WORLDS}


def _response(config: Config) -> Response:
    """Amount, delay and months of the response that the shock has, or else of the shipped top-up."""
    own = config.shock.response
    if own.months == 0:
        return compose(["shock=covid_with_top_up"]).shock.response
    amount = own.top_up or own.entrant_transfer
    return replace(own, top_up=amount, entrants=0.0, entrant_transfer=0.0)


def _read(words: Sequence[str]) -> _Asked:
    """The question and its keys; every problem with them is told at once."""
    question, *rest = words or [""]
    if question not in _QUESTIONS:
        hint = suggestion(question, _QUESTIONS) or "See resilience-sim ask --help."
        allowed = f"be one of {', '.join(_QUESTIONS)}"
        raise ConfigError([Problem("question", allowed, repr(question), hint)])
    asked, problems = _Asked(question), []
    own = ("draws", "discount", *KEYS[question])
    of_others = {key for keys in KEYS.values() for key in keys} - set(own)
    for word in rest:
        key, _, value = word.partition("=")
        if key in of_others:
            homes = [name for name, keys in KEYS.items() if key in keys]
            hint = f"It belongs to ask {' and ask '.join(homes)}."
            problems.append(Problem(key, f"be a key of ask {question}", repr(word), hint))
        elif key not in own:
            asked.settings.append(word)
        elif key == "arm":
            asked.arm = value
        elif key in ("mixes", "gaps"):
            _read_list(asked, key, value, problems)
        else:
            _read_number(asked, key, value, problems)
    if problems:
        raise ConfigError(problems)
    return asked


def _read_list(asked: _Asked, key: str, value: str, problems: list[Problem]) -> None:
    parts = value.strip("[]").split(",")
    if all(part.strip().isdecimal() for part in parts):
        asked.lists[key] = [int(part) for part in parts]
    else:
        problems.append(Problem(key, "be a list of whole numbers, such as [0,50,100]", repr(value)))


def _read_number(asked: _Asked, key: str, value: str, problems: list[Problem]) -> None:
    is_whole = key in ("draws", "year")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if is_whole and not (number >= 1 and number == int(number)):
        problems.append(Problem(key, "be a whole number, 1 or more", repr(value)))
    elif not number >= 0:
        problems.append(Problem(key, "be a number, 0 or more", repr(value)))
    else:
        asked.numbers[key] = number


def _directory(asked: _Asked, config: Config) -> Path:
    """Folder of the answer: the one that was asked for, or a new one below `runs`."""
    if config.output_dir is not None:
        return Path(config.output_dir)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return Path("runs") / f"ask-{asked.question}-{config.case_name}-{stamp}"
