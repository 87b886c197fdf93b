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
from resilience_sim.config.schema import (
    MONTHS,
    Basis,
    Condition,
    Config,
    Content,
    ContentKind,
    CoordinationTerms,
    Equal,
    PopulationKind,
    Shock,
    Strike,
    Targeting,
    TargetingRule,
)
from resilience_sim.errors import Problem

SUM_TOLERANCE = 1e-6
"""How far shares may be from summing to one."""
YOUNGEST_PARENT = 15.0
"""Least age at the birth of a child, years; assumed."""

_NEEDS_SUCCESS = (ContentKind.TRAINING, ContentKind.COACHING)
_MAY_SUCCEED = (*_NEEDS_SUCCESS, ContentKind.ACCOMPANIMENT)
_SHARES = (ContentKind.OUTLAY_SUPPORT, ContentKind.PRICE_SUPPORT)
_FOR_CHILDREN = (ContentKind.TRANSFER, ContentKind.SCHOOL_MEALS)
_LOSSES = ("wage_loss", "own_loss", "other_loss", "asset_loss", "price_rise", "school_closed")
_WORLDS = ("uncoordinated", "informal", "formal", "full")


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
    for key in ("arm_scale", "served_after_clients"):
        for arm in getattr(config.programme, key):
            if arm not in config.programme.arms:
                known = config.programme.arms
                allowed = f"name arms of programme.arms ({', '.join(known)})"
                yield Problem(f"programme.{key}", allowed, show(arm), suggestion(arm, known))
    for name, content in contents.items():
        yield from _content(content, f"programme.contents.{name}")


def _content(content: Content, where: str) -> Iterator[Problem]:
    """Judge one content: what its kind needs, and what its kind cannot have."""
    kind = content.kind
    a_kind = f"a content of kind {kind}"
    if kind in _NEEDS_SUCCESS and content.success is None:
        yield Problem(f"{where}.success", f"be a share for {a_kind}", "null")
    if kind not in _MAY_SUCCEED and content.success is not None:
        yield Problem(f"{where}.success", f"be null for {a_kind}", show(content.success))
    if kind in _MAY_SUCCEED and content.value != 0:
        hint = "What it costs stands in unit_cost."
        yield Problem(f"{where}.value", f"be 0 for {a_kind}", show(content.value), hint)
    if kind in _SHARES and content.value > 1:
        hint = f"Did you mean {content.value / 100:g}?"
        allowed = f"lie in [0, 1] (share) for {a_kind}"
        yield Problem(f"{where}.value", allowed, show(content.value), hint)
    if content.condition is not Condition.NONE and kind is not ContentKind.TRANSFER:
        yield Problem(f"{where}.condition", f"be none for {a_kind}", show(content.condition.value))
    if content.basis is Basis.CHILD and kind not in _FOR_CHILDREN:
        yield Problem(f"{where}.basis", f"be person or household for {a_kind}", "'child'")
    if content.basis is not Basis.CHILD and kind is ContentKind.SCHOOL_MEALS:
        yield Problem(f"{where}.basis", f"be child for {a_kind}", show(content.basis.value))
    if kind is not ContentKind.SAVINGS_GROUP:
        for name in ("return_save", "return_borrow"):
            if getattr(content, name) is not None:
                allowed = f"be null for {a_kind}"
                yield Problem(f"{where}.{name}", allowed, show(getattr(content, name)))


def _returns(config: Config) -> Iterator[Problem]:
    """Judge that nobody can save what was borrowed and gain by it, whatever groups meet."""
    contents = config.programme.contents
    told = {name: each.return_borrow for name, each in contents.items()}
    cheapest = min([config.finance.return_borrow, *(r for r in told.values() if r is not None)])
    for name, content in contents.items():
        if content.return_save is not None and content.return_save >= cheapest:
            yield Problem(
                f"programme.contents.{name}.return_save",
                f"lie below every return_borrow, of finance and of contents ({cheapest:g})",
                show(content.return_save),
            )
        borrow = told[name]
        if borrow is not None and borrow <= config.finance.return_save:
            yield Problem(
                f"programme.contents.{name}.return_borrow",
                f"lie above finance.return_save ({config.finance.return_save:g})",
                show(borrow),
            )


def _equal(config: Config) -> Iterator[Problem]:
    programme = config.programme
    if programme.equal is Equal.NONE:
        return
    arm, known = programme.equal_to, [each for each in programme.arms if each != "none"]
    if arm not in known:
        allowed = f"name an arm of programme.arms other than none ({', '.join(known)})"
        yield Problem("programme.equal_to", allowed, show(arm), suggestion(arm, known))


def _targeting(config: Config) -> Iterator[Problem]:
    where = "programme.targeting"
    rules = [each.value for each in TargetingRule if each is not TargetingRule.SAME]
    if config.programme.targeting.rule is TargetingRule.SAME:
        hint = "Only programme.targeting_productive can be the same."
        yield Problem(f"{where}.rule", f"be one of {', '.join(rules)}", "'same'", hint)
    else:
        yield from _list_rule(config.programme.targeting, where)
    own, where = config.programme.targeting_productive, "programme.targeting_productive"
    if own.rule is not TargetingRule.SAME:
        yield from _list_rule(own, where)
        return
    bounds = [f"{what}_{end}" for what in ("asset", "land") for end in ("floor", "ceiling")]
    for name, without in {"villages": 1.0, "quota": None, **dict.fromkeys(bounds)}.items():
        if getattr(own, name) != without:
            yield Problem(
                f"{where}.{name}",
                f"be {show(without)} where rule is same",
                show(getattr(own, name)),
                f"Give it a rule of its own ({', '.join(rules)}).",
            )


def _list_rule(rule: Targeting, where: str) -> Iterator[Problem]:
    if rule.rule is TargetingRule.PROXY_MEANS and rule.cutoff == 0:
        yield Problem(f"{where}.cutoff", "lie above 0 where rule is proxy_means", "0")
    if rule.quota == 0:
        yield Problem(f"{where}.quota", "lie in (0, 1] (share), or be null", "0")
    for name in ("asset", "land"):
        floor, ceiling = getattr(rule, f"{name}_floor"), getattr(rule, f"{name}_ceiling")
        if floor is not None and ceiling is not None and floor >= ceiling:
            allowed = f"lie below {name}_ceiling ({ceiling:g} lines)"
            yield Problem(f"{where}.{name}_floor", allowed, show(floor))


def _coordination(config: Config) -> Iterator[Problem]:
    coordination = config.coordination
    if coordination.name == "off":
        return
    hint = "Add the arm both, or take coordination=off."
    if "both" not in config.arms:
        allowed = f"contain both where coordination.name is {coordination.name}"
        yield Problem("arms", allowed, show(config.arms), hint)
    if "both" not in config.programme.arms:
        allowed = f"have the arm both where coordination.name is {coordination.name}"
        yield Problem("programme.arms", allowed, ", ".join(config.programme.arms), hint)
    for arm in config.arms:
        if arm in _WORLDS:
            allowed = f"name none of the worlds of coordination ({', '.join(_WORLDS)})"
            yield Problem("arms", allowed, show(arm), "Rename the arm, or take coordination=off.")
    if coordination.coverage == 0:
        yield Problem("coordination.coverage", "lie in (0, 1] (share)", "0")
    for name in ("without", "terms"):
        terms: CoordinationTerms = getattr(coordination, name)
        most = 1 - coordination.admin_share * terms.admin_saving
        if coordination.coverage > most:
            yield Problem(
                "coordination.coverage",
                f"be at most 1 - admin_share * {name}.admin_saving ({most:g}), so that what is "
                "saved can be spent on longer lists",
                show(coordination.coverage),
            )


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
    school_end = ages.school_age + ages.school_years
    ordered = (
        ("heir_age", ages.heir_age, "succession_age", ages.succession_age),
        ("initial_age_low", ages.initial_age_low, "initial_age_high", ages.initial_age_high),
        ("initial_age_high", ages.initial_age_high, "succession_age", ages.succession_age),
        ("school_age", ages.school_age, "work_age", ages.work_age),
        ("work_age", ages.work_age, "heir_age", ages.heir_age),
    )
    for low_name, low, high_name, high in ordered:
        if low >= high:
            yield Problem(
                f"generations.{low_name}", f"lie below {high_name} ({high:g} years)", f"{low:g}"
            )
    if school_end > ages.heir_age:
        yield Problem(
            "generations.school_years",
            f"end before heir_age ({ages.heir_age:g} years)",
            f"{ages.school_years:g} from age {ages.school_age:g}",
        )
    birth_age = ages.succession_age - ages.heir_age
    if 0 < birth_age < YOUNGEST_PARENT:
        yield Problem(
            "generations.heir_age",
            f"lie at least {YOUNGEST_PARENT:g} years below succession_age "
            f"({ages.succession_age:g} years), the age of parents at a birth",
            f"{ages.heir_age:g}",
        )


def _shock(config: Config) -> Iterator[Problem]:
    shock, months = config.shock, config.horizon_years * MONTHS
    if shock.name == "none":
        yield from _no_shock(shock)
        return
    yield from _strike(shock, "shock", months)
    for name, strike in shock.also.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield Problem(f"shock.also.{name}", "be made of letters, digits, _ and -", show(name))
        yield from _strike(strike, f"shock.also.{name}", months)
    yield from _response(shock, months)


def _no_shock(shock: Shock) -> Iterator[Problem]:
    """Judge that nothing strikes and nothing is done about it where there is no shock."""
    hint = "Give the shock a name."
    for name in _LOSSES:
        if getattr(shock, name) > 0:
            allowed = "be 0 where shock.name is none"
            yield Problem(f"shock.{name}", allowed, show(getattr(shock, name)), hint)
    if shock.also:
        yield Problem(
            "shock.also", "be empty where shock.name is none", ", ".join(shock.also), hint
        )
    if shock.response.months > 0:
        got = show(shock.response.months)
        yield Problem("shock.response.months", "be 0 where shock.name is none", got, hint)


def _strike(strike: Shock | Strike, where: str, months: int) -> Iterator[Problem]:
    if strike.start_month >= months:
        yield Problem(
            f"{where}.start_month",
            f"lie before the end of the run (month {months})",
            show(strike.start_month),
            "Let it strike earlier, raise horizon_years, or take shock=none.",
        )
    if not strike.path:
        yield Problem(f"{where}.path", "hold the depth of at least one quarter", "[]")


def _response(shock: Shock, months: int) -> Iterator[Problem]:
    """Judge that a response is paid, or that there is none."""
    response, where = shock.response, "shock.response"
    amounts = ("top_up", "entrants", "entrant_transfer")
    if response.months == 0:
        for name in amounts:
            if getattr(response, name) > 0:
                hint = "Say for how many months it is paid."
                got = show(getattr(response, name))
                yield Problem(f"{where}.{name}", "be 0 where months is 0", got, hint)
        return
    if not any(getattr(response, name) > 0 for name in amounts):
        allowed = "be 0 where neither top_up nor entrant_transfer is paid"
        yield Problem(f"{where}.months", allowed, show(response.months))
    for name, needed in (("entrants", "entrant_transfer"), ("entrant_transfer", "entrants")):
        if getattr(response, name) > 0 and getattr(response, needed) == 0:
            allowed = f"be 0 where {needed} is 0"
            yield Problem(f"{where}.{name}", allowed, show(getattr(response, name)))
    if shock.start_month < months <= shock.start_month + response.delay_months:
        yield Problem(
            f"{where}.delay_months",
            f"end before the run (month {months})",
            f"{response.delay_months} from month {shock.start_month}",
        )


def _outcomes(config: Config) -> Iterator[Problem]:
    hazards = config.outcomes.belief_hazards
    if len(set(hazards)) < len(hazards):
        yield Problem("outcomes.belief_hazards", "name each hazard once", show(hazards))


def _population(config: Config) -> Iterator[Problem]:
    population = config.population
    if population.kind is PopulationKind.SURVEY and not population.survey.file:
        yield Problem("population.survey.file", "name a file where kind is survey", "''")
    if population.kind is PopulationKind.MOMENTS:
        yield from _moments(config)


def _moments(config: Config) -> Iterator[Problem]:
    moments, where = config.population.moments, "population.moments"
    told = [
        name for name in ("poverty_headcount", "income_gini") if getattr(moments, name) is not None
    ]
    if len(told) != 1:
        allowed = "be a share where income_gini is null, and null where it is not"
        got = f"{show(moments.poverty_headcount)} and income_gini {show(moments.income_gini)}"
        yield Problem(f"{where}.poverty_headcount", allowed, got)
    if moments.poverty_headcount in (0, 1):
        got = show(moments.poverty_headcount)
        yield Problem(f"{where}.poverty_headcount", "lie in (0, 1) (share)", got)
    if moments.own_income + moments.other_income > 1:
        allowed = f"be at most 1 - other_income ({1 - moments.other_income:g})"
        yield Problem(f"{where}.own_income", allowed, show(moments.own_income))
    if moments.assets_sd is not None and moments.assets_mean is None:
        allowed = "be null where assets_mean is null"
        yield Problem(f"{where}.assets_sd", allowed, show(moments.assets_sd))


_RULES: tuple[tuple[Callable[[Config], Iterator[Problem]], frozenset[str]], ...] = (
    (_names, frozenset({"case_name", "shock"})),
    (_output_dir, frozenset({"output_dir"})),
    (_arms, frozenset({"arms", "programme"})),
    (_programme, frozenset({"programme"})),
    (_returns, frozenset({"programme", "finance"})),
    (_equal, frozenset({"programme"})),
    (_targeting, frozenset({"programme"})),
    (_coordination, frozenset({"coordination", "arms", "programme"})),
    (_deliveries, frozenset({"arms", "programme", "horizon_years"})),
    (_technology, frozenset({"technology"})),
    (_seasons, frozenset({"seasons"})),
    (_generations, frozenset({"generations"})),
    (_shock, frozenset({"shock", "horizon_years"})),
    (_outcomes, frozenset({"outcomes"})),
    (_population, frozenset({"population"})),
)
"""Rules over several settings, each with the top-level keys it reads."""
