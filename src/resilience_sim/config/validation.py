"""What is wrong with a set of settings: types and bounds, then what may not stand together."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from enum import Enum
from math import fsum, isclose, isfinite
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from resilience_sim.config.meaning import Meaning, is_group, settings
from resilience_sim.config.schema import MONTHS, Config, ContentKind, PopulationKind
from resilience_sim.errors import Problem

SUM_TOLERANCE = 1e-6
"""How far shares may be from summing to one."""


def validate(config: Config, missing: Collection[str] = ()) -> list[Problem]:
    """Everything that is wrong with `config`, so that it can be told at once.

    Parameters
    ----------
    config
        Settings, of any origin; wrong types are problems too, not exceptions.
    missing
        Dotted keys already known to be absent, about which nothing more is said.

    Returns
    -------
    Empty where the settings can be run. A rule about several settings is judged only where each of
    them is sound.
    """
    problems = [
        problem
        for problem in _group_problems(config, Config, "")
        if not any(problem.where == key or problem.where.startswith(f"{key}.") for key in missing)
    ]
    unsound = {key.split(".")[0] for key in missing}
    unsound |= {re.split(r"[.\[]", problem.where)[0] for problem in problems}
    for rule, reads in _RULES:
        if unsound.isdisjoint(reads):
            problems.extend(rule(config))
    return problems


def suggestion(word: str, known: Collection[str], prefix: str = "") -> str:
    """Return "Did you mean X?" for the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {prefix}{near[0]}?" if near else ""


def _group_problems(group: Any, schema: type, where: str) -> Iterator[Problem]:
    """Types and bounds of every field of a dataclass, `where` being its dotted key."""
    for name, setting in settings(schema).items():
        key = f"{where}.{name}" if where else name
        yield from _value_problems(getattr(group, name), setting.kind, setting.meaning, key)


def _value_problems(value: Any, kind: Any, meaning: Meaning, where: str) -> Iterator[Problem]:
    """Type and bounds of one value, and of what it holds."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        if value is not None:
            (inner,) = (each for each in arguments if each is not NoneType)
            yield from _value_problems(value, inner, meaning, where)
    elif is_group(kind):
        if isinstance(value, kind):
            yield from _group_problems(value, kind, where)
        else:
            fields = ", ".join(settings(kind))
            yield Problem(where, f"be a group of settings ({fields})", show(value))
    elif origin is list:
        yield from _list_problems(value, arguments[0], meaning, where)
    elif origin is dict:
        yield from _mapping_problems(value, arguments[1], meaning, where)
    elif issubclass(kind, Enum):
        if not isinstance(value, kind):
            names = [member.value for member in kind]
            yield Problem(
                where, f"be one of {', '.join(names)}", show(value), suggestion(str(value), names)
            )
    elif kind is bool:
        if not isinstance(value, bool):
            yield Problem(where, "be true or false", show(value))
    elif kind is str:
        yield from _text_problems(value, meaning, where)
    else:
        yield from _number_problems(value, kind, meaning, where)


def _list_problems(value: Any, item: Any, meaning: Meaning, where: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        hint = "" if value is None else f"Did you mean [{value}]?"
        yield Problem(where, f"be a list ({meaning.text})", show(value), hint)
        return
    if meaning.length is not None and len(value) != meaning.length:
        allowed = f"hold {meaning.length} entries ({meaning.text})"
        yield Problem(where, allowed, f"{len(value)} entries")
    for index, each in enumerate(value):
        yield from _value_problems(each, item, meaning, f"{where}[{index}]")


def _mapping_problems(value: Any, item: Any, meaning: Meaning, where: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(where, f"be a mapping ({meaning.text})", show(value))
        return
    if meaning.keys and set(value) != set(meaning.keys):
        allowed = f"have the keys {', '.join(meaning.keys)}"
        yield Problem(where, allowed, ", ".join(map(str, value)) or "none of them")
    for key, each in value.items():
        yield from _value_problems(each, item, meaning, f"{where}.{key}")


def _text_problems(value: Any, meaning: Meaning, where: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(where, f"be text ({meaning.text})", show(value))
    elif meaning.choices and value not in meaning.choices:
        names = [str(choice) for choice in meaning.choices]
        yield Problem(where, f"be one of {', '.join(names)}", show(value), suggestion(value, names))


def _number_problems(value: Any, kind: type, meaning: Meaning, where: str) -> Iterator[Problem]:
    wanted = (int,) if kind is int else (int, float)
    is_number = isinstance(value, wanted) and not isinstance(value, bool)
    if is_number and isfinite(value) and meaning.holds(value):
        return
    whole = "be a whole number in" if kind is int else "lie in"
    allowed = f"{whole} {meaning.interval}"
    if meaning.choices:
        allowed = f"be one of {', '.join(map(str, meaning.choices))}"
    if meaning.unit:
        allowed = f"{allowed} ({meaning.unit})"
    yield Problem(where, allowed, show(value), _nearest(value, kind, meaning))


def _nearest(value: Any, kind: type, meaning: Meaning) -> str:
    """Return the number that was probably meant, as a question, or nothing."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return ""
    if isinstance(value, bool):
        return ""
    is_percent = meaning.high <= 1 < number
    for guess in (number, -number, *([number / 100] if is_percent else [])):
        is_whole = isfinite(guess) and guess == int(guess)
        if isfinite(guess) and meaning.holds(guess) and (kind is float or is_whole):
            return f"Did you mean {guess:.12g}?"
    return ""


def show(value: Any) -> str:
    """Return a value as it should stand in a message, shortened where it is long."""
    text = str(value)
    if value is None:
        text = "null"
    elif isinstance(value, bool):
        text = text.lower()
    elif isinstance(value, str):
        text = repr(value)
    elif isinstance(value, float):
        text = f"{value:.12g}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _names(config: Config) -> Iterator[Problem]:
    """Judge the names that become parts of a folder's name."""
    for where, name in (("case_name", config.case_name), ("shock.name", config.shock.name)):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield Problem(where, "be made of letters, digits, _ and -", show(name))


def _output_dir(config: Config) -> Iterator[Problem]:
    if config.output_dir is not None and not config.output_dir.strip():
        yield Problem("output_dir", "name a folder, or be null", show(config.output_dir))


def _arms(config: Config) -> Iterator[Problem]:
    known = config.programme.arms
    if "none" not in config.arms:
        yield Problem(
            "arms", "contain none, which every effect is measured against", show(config.arms)
        )
    if len(set(config.arms)) < len(config.arms):
        yield Problem("arms", "name each arm once", show(config.arms))
    for arm in config.arms:
        if arm not in known:
            allowed = f"name arms of programme.arms ({', '.join(known)})"
            yield Problem("arms", allowed, show(arm), suggestion(arm, known))


def _programme(config: Config) -> Iterator[Problem]:
    contents = config.programme.contents
    for arm, names in config.programme.arms.items():
        where = f"programme.arms.{arm}"
        if len(set(names)) < len(names):
            yield Problem(where, "name each content once", show(names))
        for name in names:
            if name not in contents:
                allowed = f"name contents of programme.contents ({', '.join(contents)})"
                yield Problem(where, allowed, show(name), suggestion(name, contents))
    for name, content in contents.items():
        where = f"programme.contents.{name}"
        is_training = content.kind is ContentKind.TRAINING
        if is_training and content.success is None:
            yield Problem(f"{where}.success", "be a share for a training", "null")
        if not is_training and content.success is not None:
            allowed = f"be null for a content of kind {content.kind}"
            yield Problem(f"{where}.success", allowed, show(content.success))
        if is_training and content.value != 0:
            hint = "What it costs stands in unit_cost."
            yield Problem(f"{where}.value", "be 0 for a training", show(content.value), hint)


def _deliveries(config: Config) -> Iterator[Problem]:
    """Judge the contents of the chosen arms that would never be delivered."""
    months = config.horizon_years * MONTHS
    lived = {name for arm in config.arms for name in config.programme.arms.get(arm, [])}
    for name, content in config.programme.contents.items():
        if name in lived and content.start_month >= months:
            yield Problem(
                f"programme.contents.{name}.start_month",
                f"lie before the end of the run (month {months})",
                show(content.start_month),
                "Start it earlier or raise horizon_years.",
            )


def _technology(config: Config) -> Iterator[Problem]:
    technology = config.technology
    for name in ("productivity", "labour", "outlay"):
        values = getattr(technology, name)
        if values["none"] != 0:
            yield Problem(
                f"technology.{name}.none",
                "be 0, for none means no own production",
                show(values["none"]),
            )
    for name in ("exponent", "labour", "outlay"):
        values = getattr(technology, name)
        if values["improved"] < values["traditional"]:
            yield Problem(
                f"technology.{name}.improved",
                f"be at least {name}.traditional ({values['traditional']:g})",
                show(values["improved"]),
            )
    for name in ("traditional", "improved"):
        if technology.exponent[name] == 0:
            yield Problem(f"technology.exponent.{name}", "lie in (0, 1) (elasticity)", "0")


def _seasons(config: Config) -> Iterator[Problem]:
    for name in ("output_share", "outlay_share"):
        total = fsum(getattr(config.seasons, name))
        if not isclose(total, 1, abs_tol=SUM_TOLERANCE):
            yield Problem(f"seasons.{name}", "sum to 1 over the twelve months", f"{total:.6g}")
    mean = fsum(config.seasons.price) / MONTHS
    if not isclose(mean, 1, abs_tol=SUM_TOLERANCE):
        yield Problem("seasons.price", "have mean 1 over the twelve months", f"{mean:.6g}")


def _generations(config: Config) -> Iterator[Problem]:
    ages = config.generations
    ordered = (
        ("heir_age", ages.heir_age, "succession_age", ages.succession_age),
        ("initial_age_low", ages.initial_age_low, "initial_age_high", ages.initial_age_high),
        ("initial_age_high", ages.initial_age_high, "succession_age", ages.succession_age),
    )
    for low_name, low, high_name, high in ordered:
        if low >= high:
            yield Problem(
                f"generations.{low_name}", f"lie below {high_name} ({high:g} years)", f"{low:g}"
            )


def _shock(config: Config) -> Iterator[Problem]:
    shock, months = config.shock, config.horizon_years * MONTHS
    losses = ("wage_loss", "own_loss", "other_loss", "asset_loss", "price_rise")
    if shock.name == "none":
        for name in losses:
            if getattr(shock, name) > 0:
                allowed, hint = "be 0 where shock.name is none", "Give the shock a name."
                yield Problem(f"shock.{name}", allowed, show(getattr(shock, name)), hint)
        return
    if shock.start_month >= months:
        yield Problem(
            "shock.start_month",
            f"lie before the end of the run (month {months})",
            show(shock.start_month),
            "Let it strike earlier, raise horizon_years, or take shock=none.",
        )
    if not shock.path:
        yield Problem("shock.path", "hold the depth of at least one quarter", "[]")


def _outcomes(config: Config) -> Iterator[Problem]:
    hazards = config.outcomes.belief_hazards
    if len(set(hazards)) < len(hazards):
        yield Problem("outcomes.belief_hazards", "name each hazard once", show(hazards))


def _population(config: Config) -> Iterator[Problem]:
    population = config.population
    if population.kind is PopulationKind.SURVEY and not population.survey.file:
        yield Problem("population.survey.file", "name a file where kind is survey", "''")


_RULES: tuple[tuple[Callable[[Config], Iterator[Problem]], frozenset[str]], ...] = (
    (_names, frozenset({"case_name", "shock"})),
    (_output_dir, frozenset({"output_dir"})),
    (_arms, frozenset({"arms", "programme"})),
    (_programme, frozenset({"programme"})),
    (_deliveries, frozenset({"arms", "programme", "horizon_years"})),
    (_technology, frozenset({"technology"})),
    (_seasons, frozenset({"seasons"})),
    (_generations, frozenset({"generations"})),
    (_shock, frozenset({"shock", "horizon_years"})),
    (_outcomes, frozenset({"outcomes"})),
    (_population, frozenset({"population"})),
)
"""Rules over several settings, each with the top-level keys it reads."""
