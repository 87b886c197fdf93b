"""The answer to a policy question as printed: what options cost, what they do, and which to choose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from resilience_sim.report.page import (
    INDENT,
    MISSING,
    WIDTH,
    count,
    error,
    finding,
    fit,
    in_order,
    number,
    plain,
    title,
    wrapped,
)

QUESTIONS = {
    "frontier": "At one budget, which mix of cash and productive support?",
    "coordination": "What is it worth that two programmes work together, at the same money?",
    "order": "Which programme first, and how long before the other?",
    "targeting": "Who should get what, at the same money?",
    "shock": "A shock hits: more for who is listed, new entrants, or nothing?",
}
PRAISE = {
    "got_out": "most escapes",
    "poor": "fewest poor",
    "poverty_gap": "smallest poverty gap",
    "area_lost": "best recovery",
    "hungry": "least hunger",
    "heirs_consumption": "best start for children",
}
"""What the best option in a headline has."""
DIGITS = {"heirs_consumption": 4}
"""Decimals of a headline; two where none are named."""
SAME_MONEY = 0.005
"""Largest relative difference of costs that are called the same."""
LABEL, SETTING = 20, 11
REASONS = ("parameters", "luck or sample")
MARKS = {"chosen": "*", "undecided": "~", "no band": " ", "unknown": "?"}
SETTING_HEADS = {
    "present_cost": "present",
    "productive_delivery": "prod._delivery",
    "productive_delay_months": "prod._delay_months",
    "social_coverage": "social_listed",
    "social_inclusion_error": "social_not_poor",
    "social_exclusion_error": "social_poor_missed",
    "productive_coverage": "prod._listed",
    "productive_inclusion_error": "prod._not_poor",
    "productive_exclusion_error": "prod._poor_missed",
    "both_coverage": "both_listed",
}
"""Heads of columns that their names are too long for; words stand one over the other."""


def answer_text(table: pd.DataFrame, command: str = "") -> str:
    """Lay out an answer as plain text, no line longer than 100 columns, closing with what it says.

    Parameters
    ----------
    table
        From `questions.answer`; every number printed stands in it.
    command
        The command line that asked, for the header.
    """
    units = table.attrs["units"]
    rows = plain(table)
    sections = [_header(rows, command), _options(rows, units), *_headlines(rows)]
    closing = finding(sentences(table))
    return "\n\n".join("\n".join(lines) for lines in [*sections, closing] if lines) + "\n"


def sentences(table: pd.DataFrame) -> list[str]:
    """What the answer says, a sentence for each headline."""
    return [_sentence(rows) for rows in headlines(table)]


def headlines(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows of each headline, in the order of the table."""
    heads = table[table["is_headline"]]
    return [rows for _, rows in heads.groupby(["outcome", "horizon_years"], sort=False)]


def summary(table: pd.DataFrame) -> str:
    """The answer in a sentence or two: what speaks for whom, and where nobody can choose."""
    chosen, others = [], dict[str, list[str]]()
    for rows in headlines(table):
        first, state = rows.iloc[0], _state(rows)
        words = goal_words(first["outcome"], first["horizon_years"])
        if state == "chosen":
            option = rows.loc[rows["verdict"] == "chosen", "option"].iloc[0]
            chosen.append(f"{option.replace('_', ' ')} for the {words}")
        else:
            others.setdefault(_OPEN[state], []).append(words)
    told = [f"Chosen: {'; '.join(chosen)}."] if chosen else []
    told += [f"{opening} {_listed(goals)}." for opening, goals in others.items()]
    return " ".join(told)


def goal_words(outcome: str, horizon_years: int) -> str:
    """What the best option in a headline has, and when."""
    after = "" if outcome in ("area_lost", "heirs_consumption") else f" in year {horizon_years}"
    return PRAISE.get(outcome, outcome.replace("_", " ")) + after


def _header(rows: pd.DataFrame, command: str) -> list[str]:
    first = rows.iloc[0]
    seen = "the pooled set, for a case not fitted"
    origin = seen if first["drawn_for"] == "new" else f"the fit of {first['drawn_for']}"
    shock = [name for name in in_order(rows["shock"]) if name != "none"]
    failed = f"; {first['n_failed']} more did not settle" if first["n_failed"] else ""
    facts = [
        QUESTIONS[first["question"]],
        f"case {first['scenario']}   {f'shock {shock[0]}' if shock else 'no shock'}   "
        f"{count(int(first['n_draws']), 'draw')} of parameters from {origin}{failed}",
        f"Outcomes of {first['judged']}, less those of {first['reference']} under the same luck and "
        "the same draw. [low, high]: 90 % band over draws; ±.04/.52: standard errors of luck / of the "
        "sample, never part of it. best: share of draws in which no option is better.",
        "* chosen: ahead of every other option with its whole band, and beyond luck and sample.   "
        "~ the bands overlap too much to choose.",
    ]
    if first["n_draws"] == 1:
        facts[2:] = [
            f"Outcomes of {first['judged']}, less those of {first['reference']} under the same luck. "
            "One draw has no band; ±.04/.52: standard errors of luck / of the sample."
        ]
    asked = [f"$ {command}"] if command else []
    return [
        *(line for fact in [*asked, *facts] for line in wrapped(fact)),
        "=" * WIDTH,
    ]


def _options(rows: pd.DataFrame, units: dict[str, str]) -> list[str]:
    """What options are made of and cost."""
    names = list(rows.columns)
    settings = names[names.index("option") + 1 : names.index("cost")]
    options = rows.drop_duplicates("option")
    told = options[options["verdict"] != "reference"]
    moving = [name for name in settings if told[name].nunique(dropna=False) > 1]
    present = told["present_cost"] / told["cost"]
    is_timed = present.max() - present.min() > SAME_MONEY
    costs = ["cost", "present_cost"] if is_timed else ["cost"]
    lines = title("The options and what they cost", _money(told, is_timed))
    lines += _setting_lines(told, [*costs, *moving])
    fixed = [
        f"{name.replace('_', ' ')} {_setting(told[name].iloc[0])}"
        for name in settings
        if name not in moving
    ]
    if fixed:
        lines += wrapped(f"The same for all: {', '.join(fixed)}.", INDENT)
    for name in moving:
        lines += wrapped(f"{name.replace('_', ' ')}: {units[name]}", INDENT, INDENT + INDENT)
    return lines + _frontier(told) + _gains(rows)


def _money(told: pd.DataFrame, is_timed: bool) -> str:
    paid = told.loc[told["cost"] > 0, "cost"]
    low, high = paid.min(), paid.max()
    is_same = (high - low) <= SAME_MONEY * high
    kind = "The same money, undiscounted" if is_same else "NOT the same money, undiscounted"
    amount = f"{high:.3f}" if is_same else f"{low:.3f} to {high:.3f}"
    free = ", ".join(told.loc[told["cost"] == 0, "option"])
    without = f"; {free}: 0" if free else ""
    present = " present: discounted to the start of the run." if is_timed else ""
    return (
        f"{kind}: {amount} lines per household that is eligible by the case's own rule{without}."
        f"{present}"
    )


def _frontier(told: pd.DataFrame) -> list[str]:
    """On the frontier of all headlines, where mixes are compared."""
    if told["question"].iloc[0] != "frontier":
        return []
    shares = ", ".join(
        f"{row['option']} {row['share_on_frontier']:.0%}" for row in told.to_dict("records")
    )
    return wrapped(
        f"On the frontier, share of draws in which no other mix is as good in every headline and better "
        f"in one: {shares}.",
        INDENT,
    )


def _gains(rows: pd.DataFrame) -> list[str]:
    """What a line buys, where options do not all cost something."""
    heads = rows[rows["is_headline"] & (rows["verdict"] != "reference")]
    if (heads["cost"] > 0).all():
        return []
    lines = wrapped("Gain per line spent for each eligible household, medians over draws:", INDENT)
    for found in headlines(heads):
        first = found.iloc[0]
        words = goal_words(first["outcome"], first["horizon_years"])
        gains = ", ".join(
            f"{row['option']} {number(row['gain_per_line'], 2)}"
            for row in found[found["cost"] > 0].to_dict("records")
        )
        lines += wrapped(f"{words} ({first['unit']}): {gains}", INDENT + INDENT)
    return lines


def _setting_lines(told: pd.DataFrame, names: Sequence[str]) -> list[str]:
    label = max(map(len, told["option"])) + 1
    width = min(SETTING, (WIDTH - len(INDENT) - label) // len(names))
    heads = [SETTING_HEADS.get(name, name).split("_") for name in names]
    n_lines = max(map(len, heads))
    stacked = [[""] * (n_lines - len(head)) + head for head in heads]
    lines = [
        (
            f"{INDENT}{'':<{label}}"
            + "".join(f"{fit(head[at], width - 1):>{width}}" for head in stacked)
        )
        for at in range(n_lines)
    ]
    for row in told.to_dict("records"):
        cells = "".join(f"{_setting(row[name]):>{width}}" for name in names)
        lines.append(f"{INDENT}{row['option']:<{label}}{cells}")
    return [line.rstrip() for line in lines]


def _setting(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return f"{value:.0f}" if value == int(value) else f"{value:.3f}"


def _headlines(rows: pd.DataFrame) -> Iterator[list[str]]:
    yield from map(_headline, headlines(rows))


def _headline(rows: pd.DataFrame) -> list[str]:
    first = rows.iloc[0]
    digits = DIGITS.get(first["outcome"], 2)
    world = "no shock" if first["shock"] == "none" else first["shock"]
    words = goal_words(first["outcome"], first["horizon_years"])
    name = first["outcome"].replace("_", " ")
    lines = title(
        f"{words[0].upper()}{words[1:]}",
        f"{name}, {first['unit']}; {world}; {first['better']} is better.",
    )
    lines.append(
        f"{INDENT}{'':<{LABEL}}{'level':>8}{'less ' + fit(first['reference'], 13):>27}{'±':>10}"
        f"{'best':>6}{'behind the best':>25}"
    )
    for row in rows.to_dict("records"):
        mark = MARKS.get(row["verdict"], " ")
        share = MISSING if math.isnan(row["share_best"]) else f"{row['share_best']:.0%}"
        luck, sample = (error(row[each], digits) for each in ("se_luck", "se_sample"))
        errors = f"{luck}/{sample}" if sample != MISSING else luck
        is_self = row["option"] == row["reference"]
        is_told = row["verdict"] not in ("reference", "unknown") and any(
            row[each] != 0 for each in ("behind", "behind_low", "behind_high")
        )
        lines.append(
            f"{mark:<{len(INDENT)}}{fit(row['option'], LABEL - 1):<{LABEL}}"
            f"{number(row['level'], digits, 7):>8}"
            f"{MISSING if is_self else _band(row, 'median', 'low', 'high', digits):>27}"
            f"{MISSING if is_self else errors:>10}{share:>6}"
            f"{_band(row, 'behind', 'behind_low', 'behind_high', digits) if is_told else MISSING:>25}"
        )
    return lines


def _band(row: Mapping[Any, Any], middle: str, low: str, high: str, digits: int) -> str:
    median = number(row[middle], digits)
    if math.isnan(row[low]):
        return median
    return f"{median} [{number(row[low], digits)}, {number(row[high], digits)}]"


_OPEN = {
    "undecided": "The bands overlap too much to choose for",
    "no band": "One draw has no band to choose by:",
    "unknown": "Nobody lives to show, in this run,",
}


def _state(rows: pd.DataFrame) -> str:
    """The verdict that holds for a headline as a whole."""
    seen = set(rows["verdict"])
    return next((each for each in ("unknown", "no band", "chosen") if each in seen), "undecided")


def _sentence(rows: pd.DataFrame) -> str:
    """What one headline says: who is chosen, between whom nobody can choose, or why nothing is said."""
    first = rows.iloc[0]
    words = goal_words(first["outcome"], first["horizon_years"])
    told, state = rows[rows["verdict"] != "reference"], _state(rows)
    digits = DIGITS.get(first["outcome"], 2)
    if state == "unknown":
        return f"Of {words} nothing can be said: nobody lives to show it in this run."
    if state == "no band":
        best = told["option"].iloc[int(told["behind"].argmin())]
        return f"{best} has the {words} in the one draw, which has no band to choose by."
    if state == "chosen":
        after = told[told["verdict"] == "behind"].sort_values("behind").iloc[0]
        ends = ", ".join(number(after[end], digits) for end in ("behind_low", "behind_high"))
        return (
            f"{told.loc[told['verdict'] == 'chosen', 'option'].iloc[0]} has the {words}, ahead of "
            f"{after['option']} by {number(after['behind'], digits)} [{ends}]."
        )
    names = list(told.loc[told["verdict"] == "undecided", "option"])
    by = [each for each in REASONS if told["undecided_by"].str.contains(each).any()]
    is_all = len(names) == len(told) > 2
    among = f"all {len(names)} options" if is_all else _listed(names)
    return (
        f"For the {words} the bands overlap too much to choose among {among}; what leaves it open: "
        f"{', '.join(by)}."
    )


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
