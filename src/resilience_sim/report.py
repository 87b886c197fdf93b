"""The console text of a run: the tables an economist asks for first, within 100 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from resilience_sim.config import Config
    from resilience_sim.simulation import Results

WIDTH = 100
INDENT = "  "
MISSING = "-"
COLUMNS_PER_BLOCK = 4
HEADLINE_OUTCOMES = ("income", "consumption", "assets", "improved", "escaped")
STANDARD_ARMS = ("none", "cash", "productive", "both")

Tables = Mapping[str, pd.DataFrame]


def console(
    results: Results,
    tables: Tables,
    config: Config,
    directory: Path | None = None,
    written: Sequence[Path] = (),
) -> str:
    """Lay out one run as plain text.

    Parameters
    ----------
    results
        What was simulated; only its size and timings are taken from here.
    tables
        The tables of `outcomes.tables`; every other number printed stands in one of them.
    config
        The composed config, for the header and the commands to try next.
    directory, written
        Run directory and the files in it, where the run was stored.

    Returns
    -------
    Text without colour codes, no line longer than 100 columns. Every table names its unit.
    """
    sections = [
        _header(results, config),
        _poverty(tables["poverty"]),
        _effects(tables["effects"]),
        _other_arms(tables["effects"]),
        _beliefs(tables["beliefs"]),
        _escape(tables["escape"], config),
        _needed(tables["needed"]),
        _resilience(tables["resilience"]),
        _costs(tables["costs"]),
        _meaning(tables, config),
        _files(directory, written, config),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _header(results: Results, config: Config) -> list[str]:
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in results.seconds.items())
    shock = "no shock" if len(results.worlds) == 1 else f"shock {results.worlds[-1]}"
    lines = [
        f"resilience-sim   case {config.case_name}   {shock}   arms {', '.join(results.arms)}",
        f"{results.n_households:,} households, standing for {results.n_persons:,.0f} persons; "
        f"{config.horizon_years} years in {12 // config.periods_per_year}-month periods; "
        f"seed {config.seed}, {_count(config.replicates, 'replicate')}",
        f"Seconds: {stages}" if stages else "",
    ]
    return [
        *(part for line in lines if line for part in _wrapped(line)),
        "=" * WIDTH,
    ]


def _poverty(table: pd.DataFrame) -> list[str]:
    shown = table[table.of == "consumption"]
    start = table[(table.horizon_years == 0) & (table.measure == "headcount")]
    lines = _title(
        "Poverty, all persons, percent",
        "Real consumption of the last twelve months under the line: headcount, mean gap and mean "
        "squared gap as percent of the line. In brackets standard errors (luck; sample).",
    )
    if len(start):
        survey = _number(100 * float(start.estimate.iloc[0]), 1)
        lines.append(f"{INDENT}In the survey, by income: {survey} percent of persons are poor.")
    return lines + _by_horizon(shown, ("headcount", "gap", "severity"), _percent_cell)


def _effects(table: pd.DataFrame) -> list[str]:
    interaction = table[table.comparison == "interaction"]
    if interaction.empty:
        return []
    lines = _title(
        "Do both together give more than their sum? Eligible persons",
        "Money in annual poverty lines per person (income, consumption: per year), points in "
        "percent of the mean of none; shares in percent, their effects in percentage points. "
        "Interaction = both - cash - productive + none, with standard errors (luck; sample); >0 is "
        "the share of replicates in which it is above zero.",
    )
    for world in _in_order(table.shock):
        lines += [
            "",
            INDENT
            + f"{_world(world):<22}"
            + f"{'each arm minus none':>21}{'both minus':>15}{'interaction':>17}",
            INDENT
            + f"{'outcome':<12}{'year':>4}{'none':>7}{'cash':>7}{'prod.':>7}{'both':>7}"
            + f"{'cash':>8}{'prod.':>7}{'level (luck; sample)':>25}{'points':>8}{'>0':>6}",
        ]
        for outcome in HEADLINE_OUTCOMES:
            rows = table[(table.shock == world) & (table.outcome == outcome)]
            for i, months in enumerate(_in_order(rows.horizon_months)):
                at = rows[rows.horizon_months == months]
                lines.append(INDENT + _effect_line(outcome if i == 0 else "", months // 12, at))
    return lines


def _effect_line(outcome: str, year: int, rows: pd.DataFrame) -> str:
    is_money = "level" in set(rows.unit)
    level = rows[rows.unit == ("level" if is_money else "pp")]
    percent = rows[rows.unit == "percent"]
    digits = 3 if is_money else 1

    def effect(arm: str, comparison: str) -> float:
        return _one(level, "estimate", arm=arm, comparison=comparison)

    def interaction(name: str) -> float:
        return _one(level, name, comparison="interaction")

    none_mean = interaction("control_mean") * (1 if is_money else 100)
    minus_none = [effect(arm, "control") for arm in ("cash", "productive", "both")]
    both_minus = [effect("both", other) for other in ("cash", "productive")]
    fine = 4 if is_money else 2
    errors = (_number(interaction(name), fine) for name in ("se_luck", "se_sample"))
    cell = f"{_number(interaction('estimate'), fine)} ({'; '.join(errors)})"
    points = _number(_one(percent, "estimate", comparison="interaction"), 2) if is_money else ""
    return (
        f"{outcome:<12}{year:>4}{_number(none_mean, digits):>7}"
        + "".join(f"{_number(value, digits):>7}" for value in minus_none)
        + f"{_number(both_minus[0], digits):>8}{_number(both_minus[1], digits):>7}"
        + f"{cell:>25}{points:>8}{_number(interaction('share_above_zero'), 2):>6}"
    )


def _other_arms(table: pd.DataFrame) -> list[str]:
    """Arms against none: those of the case's own, and all where the four arms are not complete."""
    control = table[(table.comparison == "control") & table.outcome.isin(HEADLINE_OUTCOMES)]
    if (table.comparison == "interaction").any():
        control = control[~control.arm.isin(STANDARD_ARMS)]
    lines: list[str] = []
    for arm in _in_order(control.arm):
        for world in _in_order(control.shock):
            rows = control[(control.arm == arm) & (control.shock == world)]
            rows = rows[rows.unit != "level"].rename(columns={"outcome": "measure"})
            rows = rows.assign(horizon_years=rows.horizon_months // 12)
            lines += _by_horizon(rows, HEADLINE_OUTCOMES, _effect_cell)
    if not lines:
        return []
    return [
        *_title(
            "Arms minus none, eligible persons",
            "Money in percent of the mean of none, shares in percentage points. In brackets "
            "standard errors (luck; sample).",
        ),
        *lines,
    ]


def _beliefs(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    n_households = int(table.n_households.iloc[0])
    lines = _title(
        "Interaction by what households believe: chance per year that cash ends",
        f"0 believed permanent, 1 a surprise each time. Subsample of {n_households:,} households, "
        "last horizon, no shock. Money in poverty lines and points (percent of the mean of none); "
        "shares in percentage points.",
    )
    hazards = _in_order(table.hazard)
    for block in _blocks(hazards, 3):
        lines += [
            "",
            INDENT + f"{'':<14}" + "".join(f"{f'hazard {hazard:g}':>26}" for hazard in block),
            INDENT + f"{'outcome':<14}" + f"{'level':>12}{'points':>8}{'>0':>6}" * len(block),
        ]
        for outcome in _in_order(table.outcome):
            rows = table[table.outcome == outcome]
            cells = [_belief_cell(rows[rows.hazard == hazard]) for hazard in block]
            lines.append(INDENT + f"{_fit(outcome, 14):<14}" + "".join(cells))
    return lines


def _belief_cell(rows: pd.DataFrame) -> str:
    is_money = "level" in set(rows.unit)
    above = _number(_one(rows.head(1), "share_above_zero"), 2)
    level = _number(_one(rows, "estimate", unit="level"), 4) if is_money else ""
    points = _one(rows, "estimate", unit="percent" if is_money else "pp")
    return f"{level:>12}{_number(points, 2):>8}{above:>6}"


def _escape(table: pd.DataFrame, config: Config) -> list[str]:
    names = {
        "escapes": "escapes",
        "escapes_by_wealth": " by wealth",
        "escapes_by_threshold": " by thresh.",
        "falls": "falls",
    }
    held = _count(config.outcomes.escape_years, "year")
    lines = _title(
        "Trapped, escapes and falls, percent",
        "Trapped: below the threshold of one's type, with a way up. Escapes (held for "
        f"{held}), whether wealth crossed or training moved the threshold, are percent of the "
        "persons trapped at the start; falls are percent of all persons; both cumulated to the "
        "year. In brackets standard errors (luck; sample).",
    )
    start = table[(table.horizon_years == 0) & (table.arm == "none")].drop_duplicates("measure")
    shares = [
        f"{measure.replace('_', ' ')} {_number(100 * share, 1)}"
        for measure, share in zip(start.measure, start.estimate, strict=True)
    ]
    lines += _wrapped(f"At the start, percent of persons: {', '.join(shares)}.", INDENT)
    later = table[table.horizon_years > 0]
    return lines + _by_horizon(later, tuple(names), _percent_cell, names)


def _needed(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    lines = _title(
        "Who needed what to get out, percent of the persons trapped at the start",
        "Four lives under the same luck, to the last horizon. In brackets the standard error of "
        "luck. hurt: out under less, but not under more.",
    )
    worlds = _in_order(table.shock)
    lines += ["", INDENT + f"{'':<18}" + "".join(f"{_world(world):>22}" for world in worlds)]
    for word in _in_order(table.needed):
        rows = table[table.needed == word]
        cells = []
        for world in worlds:
            estimate = 100 * _one(rows, "estimate", shock=world)
            error = 100 * _one(rows, "se_luck", shock=world)
            cells.append(f"{_number(estimate, 1)} ({_number(error, 2)})")
        lines.append(INDENT + f"{word:<18}" + "".join(f"{cell:>22}" for cell in cells))
    return lines


def _resilience(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    lines = _title(
        "The shock, eligible persons, against the same lives without it",
        "Depth: largest fall of mean consumption, percent. Trough and recovery (gap under a tenth "
        "of the depth): months since it began. Lost: years of normal consumption. Back: percent of "
        "persons whose yearly consumption is 95 % or more of the life without shock from then on. "
        "In brackets standard errors of luck.",
    )
    for shock in _in_order(table.shock):
        rows = table[table.shock == shock]
        lines += [
            "",
            INDENT
            + f"{_fit(shock, 12):<12}{'':>41}{'never':>8}{'back within years':>24}{'never':>12}",
            INDENT
            + f"{'':<12}{'depth':>12}{'trough':>8}{'recovery':>12}{'lost':>9}{'under':>8}"
            + f"{'1':>8}{'2':>8}{'5':>8}{'back':>12}",
        ]
        for arm in _in_order(rows.arm):
            lines.append(INDENT + _resilience_line(arm, rows[rows.arm == arm]))
        notes = rows[rows.reason != ""].groupby("reason", sort=False).measure.agg(_in_order)
        for reason, measures in notes.items():
            named = ", ".join(measure.replace("_", " ") for measure in measures)
            lines += _wrapped(f"{MISSING} {named}: {reason}", INDENT)
    return lines


def _resilience_line(arm: str, rows: pd.DataFrame) -> str:
    def value(measure: str, scale: float, digits: int) -> str:
        return _number(scale * _one(rows, "estimate", measure=measure), digits, 5)

    def error(measure: str, scale: float, digits: int) -> str:
        return _number(scale * _one(rows, "se_luck", measure=measure), digits, 4)

    depth = f"{value('depth', 100, 1)} ({error('depth', 100, 2)})"
    recovery = f"{value('months_to_recover', 1, 0)} ({error('months_to_recover', 1, 1)})"
    never_back = f"{value('never_back', 100, 1)} ({error('never_back', 100, 2)})"
    back = [value(f"back_within_{years}_years", 100, 1) for years in (1, 2, 5)]
    return (
        f"{_fit(arm, 12):<12}{depth:>12}{value('months_to_trough', 1, 0):>8}{recovery:>12}"
        + f"{value('area_lost', 1, 3):>9}{value('never_below', 100, 1):>8}"
        + "".join(f"{cell:>8}" for cell in back)
        + f"{never_back:>12}"
    )


def _costs(table: pd.DataFrame) -> list[str]:
    outlay = table[table.measure.isin(("cost_per_member", "cost_per_household"))]
    if outlay.empty:
        return []
    lines = _title(
        "Cost",
        "The whole programme, undiscounted; then the cost of one person more who escaped, and of "
        "one person fewer in poverty in that year, than under none: annual poverty lines. In "
        "brackets standard errors (luck; sample).",
    )
    lines += ["", INDENT + f"{'':<12}{'lines per member':>20}{'currency per household':>26}"]
    outlay = outlay[outlay.shock == outlay.shock.iloc[0]]
    for arm in _in_order(outlay.arm):
        member = _one(outlay, "estimate", arm=arm, measure="cost_per_member")
        household = _one(outlay, "estimate", arm=arm, measure="cost_per_household")
        lines.append(INDENT + f"{_fit(arm, 12):<12}{_number(member, 3):>20}{household:>26,.0f}")
    gains = table[table.measure.isin(("cost_per_escape", "cost_per_lifted"))]
    names = {"cost_per_escape": "per escape", "cost_per_lifted": "per lifted"}
    lines += _by_horizon(gains, tuple(names), _cost_cell, names)
    for reason in _in_order(gains.loc[gains.reason != "", "reason"]):
        lines += _wrapped(f"{MISSING} {reason}", INDENT)
    return lines


def _meaning(tables: Tables, config: Config) -> list[str]:
    sentences = [
        *_complementarity_sentences(tables["effects"]),
        *_needed_sentences(tables["needed"]),
        *_shock_sentences(tables["resilience"]),
        *_belief_sentences(tables["beliefs"]),
        "Errors and intervals join two things: luck between replicates and the sample of the "
        "survey. They say how exactly this model was computed for these households, not how sure "
        "the world is: parameters, beliefs and the model's structure are held fixed here.",
    ]
    if config.replicates == 1:
        sentences.append(
            "With one replicate the error of luck is unknown, and intervals hold sampling alone."
        )
    lines = ["What this says"]
    for sentence in sentences:
        lines += _wrapped(sentence, INDENT)
    return lines


def _complementarity_sentences(effects: pd.DataFrame) -> Iterable[str]:
    rows = effects[(effects.outcome == "consumption") & (effects.unit == "percent")]
    rows = rows[rows.horizon_months == rows.horizon_months.max()]
    for world in _in_order(rows.shock):
        here = rows[rows.shock == world]
        found = here[here.comparison == "interaction"]
        if found.empty:
            return
        years = int(found.horizon_months.iloc[0]) // 12
        cash, productive, both = (
            _number(_one(here, "estimate", comparison="control", arm=arm), 1)
            for arm in ("cash", "productive", "both")
        )
        low, high = _one(found, "ci_low"), _one(found, "ci_high")
        points = _number(_one(found, "estimate"), 2)
        yield (
            f"After {_count(years, 'year')}, {_world(world)}, consumption of eligible persons "
            f"differs from none by {cash} % under cash, {productive} % under productive and "
            f"{both} % under both: {_verdict(low, high)} (interaction {points} points; 95 % of "
            f"luck and sample {_number(low, 2)} to {_number(high, 2)})."
        )


def _verdict(low: float, high: float) -> str:
    if math.isnan(low):
        return "whether that is more or less than the sum cannot be told from this run"
    if low > 0:
        return "in this model together more than the sum"
    if high < 0:
        return "in this model together less than the sum"
    return "not distinguishable from the sum"


def _needed_sentences(needed: pd.DataFrame) -> Iterable[str]:
    for world in _in_order(needed.shock):
        rows = needed[needed.shock == world]
        only_both = 100 * _one(rows, "estimate", needed="only both")
        never = 100 * _one(rows, "estimate", needed="never")
        if not math.isnan(only_both):
            yield (
                f"Of 100 persons trapped at the start, {_world(world)}, {_number(only_both, 1)} "
                f"got out only with both programmes, and {_number(never, 1)} in none of the four "
                "arms."
            )


def _shock_sentences(resilience: pd.DataFrame) -> Iterable[str]:
    depth = resilience[resilience.measure == "depth"]
    for shock in _in_order(depth.shock):
        rows = depth[(depth.shock == shock) & depth.arm.isin(("none", "both"))]
        parts = [
            f"{_number(100 * _one(rows, 'estimate', arm=arm), 1)} % under {arm}"
            for arm in _in_order(rows.arm)
        ]
        yield (
            f"At its trough the shock {shock} took from mean consumption {' and '.join(parts)}; "
            "what it takes from income is an assumption of the scenario, how households carry it "
            "is the result."
        )


def _belief_sentences(beliefs: pd.DataFrame) -> Iterable[str]:
    rows = beliefs[(beliefs.outcome == "consumption") & (beliefs.unit == "percent")]
    if len(rows) > 1:
        low, high = _number(rows.estimate.min(), 2), _number(rows.estimate.max(), 2)
        yield (
            "What households believe of the end of cash takes, by itself, the interaction in "
            f"consumption from {low} to {high} points (subsample)."
        )


def _files(directory: Path | None, written: Sequence[Path], config: Config) -> list[str]:
    lines = []
    if directory is not None:
        lines += ["Files", INDENT + str(directory)]
        lines += _wrapped(", ".join(Path(path).name for path in written), INDENT * 2)
    run = f"resilience-sim run case={config.case_name} shock={config.shock.name}"
    is_planner = config.planner.behaviour == "planner"
    hazard = 0 if config.planner.believed_end.hazard == 1 else 1
    return [
        *lines,
        "Next, to see what the answer rests on",
        f"{INDENT}{run} planner.behaviour={'rule_of_thumb' if is_planner else 'planner'}",
        f"{INDENT}{run} planner.believed_end.hazard={hazard}",
        f"{INDENT}{run} seed={config.seed + 1}",
    ]


Cell = Callable[[pd.Series], str]


def _by_horizon(
    table: pd.DataFrame, measures: Sequence[str], cell: Cell, names: Mapping[str, str] | None = None
) -> list[str]:
    """Rows by world, arm and measure, a column for each horizon; four horizons to a block."""
    lines = []
    for world in _in_order(table.shock):
        for horizons in _blocks(sorted(set(table.horizon_years)), COLUMNS_PER_BLOCK):
            head = "".join(f"{_count(int(years), 'year'):>19}" for years in horizons)
            lines += ["", INDENT + f"{_world(world):<22}" + head]
            for arm in _in_order(table.arm):
                here = table[(table.shock == world) & (table.arm == arm)]
                kept = [measure for measure in measures if (here.measure == measure).any()]
                for i, measure in enumerate(kept):
                    rows = here[here.measure == measure]
                    by_year = {row.horizon_years: row for _, row in rows.iterrows()}
                    cells = [cell(by_year[y]) if y in by_year else MISSING for y in horizons]
                    label = (names or {}).get(measure, measure)
                    lines.append(
                        INDENT
                        + f"{_fit(arm, 10) if i == 0 else '':<11}{_fit(label, 11):<11}"
                        + "".join(f"{text:>19}" for text in cells)
                    )
    return lines


def _percent_cell(row: pd.Series) -> str:
    return _cell(100 * row.estimate, 100 * row.se_luck, 100 * row.se_sample, 1)


def _effect_cell(row: pd.Series) -> str:
    return _cell(row.estimate, row.se_luck, row.se_sample, 2)


def _cost_cell(row: pd.Series) -> str:
    return _cell(row.estimate, row.se_luck, row.se_sample, 2)


def _cell(estimate: float, se_luck: float, se_sample: float, digits: int) -> str:
    if math.isnan(estimate):
        return MISSING
    errors = f"{_number(se_luck, 2, 4)}; {_number(se_sample, 2, 4)}"
    return f"{_number(estimate, digits, 5)} ({errors})"


def _number(value: float, digits: int, width: int = 6) -> str:
    """Up to `digits` decimals; fewer, or powers of ten, where `width` is too narrow for them."""
    if math.isnan(value):
        return MISSING
    for kept in range(digits, -1, -1):
        text = f"{value:.{kept}f}"
        text = text[1:] if text.startswith("-") and float(text) == 0 else text
        if len(text) <= width:
            return text
    return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def _one(table: pd.DataFrame, column: str, **at: object) -> float:
    """The one value of `column` in the row that `at` picks; NaN where there is none."""
    for name, value in at.items():
        table = table[table[name] == value]
    return float(table[column].iloc[0]) if len(table) else math.nan


def _in_order(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _blocks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _world(name: str) -> str:
    return "without shock" if name == "none" else _fit(f"with {name}", 21)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _title(title: str, explanation: str) -> list[str]:
    return [title, *_wrapped(explanation, INDENT)]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=True
    )
