"""Reading a household survey through a map of columns, and saying exactly what is wrong with it.

A role names one column of the file, or several joined by " + ": numbers are then summed, flags are
set where one of them is, names are joined by "-".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from resilience_sim.chance import uniforms
from resilience_sim.config import Imputation, Survey
from resilience_sim.errors import ConfigError, InputError, Problem, SurveyError
from resilience_sim.population.files import PACKAGED, read_table
from resilience_sim.population.lognormal import lognormal_by_rank
from resilience_sim.population.maps import Reading, reading_of
from resilience_sim.population.observed import Flags, Names, Numbers, Observed
from resilience_sim.population.roles import FLOWS, STOCKS
from resilience_sim.population.sheet import Sheet

_ROUNDING = 1e-3
"""How far the parts of income may be from income before it is told (relative)."""
_PURPOSE_TIES = 100
"""Purpose of the numbers that put households of equal welfare in an order (`chance`)."""


def read_survey(survey: Survey, imputation: Imputation) -> Observed:
    """Read households and put their money on the scale of the poverty line, per member and year.

    Of the parts of income, the one for which there is no column takes what is left of income: wages
    where there are none, else other; own income without a column is zero. Where time at work is
    known and neither wages nor own income are, earnings are divided like it. Without villages each
    household is its own; without strata there is one. Households with own income above zero have
    own activity whatever a flag says; where there is no flag, so have those with land or livestock.

    Parameters
    ----------
    survey
        A Parquet, CSV or Stata file, one row per household, and how to read it: roles (`ROLES`) to
        columns, by settings or by a map.
    imputation
        The distribution of income where the survey has neither income nor consumption.

    Raises
    ------
    ConfigError
        Where settings or the map are wrong: roles that do not exist or are missing, numbers that
        are none.
    SurveyError
        Where the file cannot be read, lacks columns, or holds values that cannot be used: column,
        data row (the first is 1), id and value of each, up to a length that a person reads. Every
        problem of the settings or the map stands before them.
    """
    problems: list[Problem] = []
    reading, sheet = None, None
    try:
        reading = reading_of(survey)
        problems += reading.problems
    except ConfigError as error:
        problems += error.problems
    kind: type[InputError] = ConfigError
    try:
        table = read_table(survey.file)
        if reading is not None:
            sheet = Sheet(Path(survey.file.removeprefix(PACKAGED)).name, table, reading)
            if sheet.problems:
                raise SurveyError(sheet.problems)
    except SurveyError as error:
        kind = SurveyError
        problems += error.problems
    if problems or reading is None or sheet is None:
        raise kind(problems)
    return _on_scale(sheet, reading, imputation)


def _on_scale(sheet: Sheet, reading: Reading, imputation: Imputation) -> Observed:
    """From currency per household and months to lines per member and year, in order."""
    id = sheet.names["id"]
    order = np.lexsort((id, sheet.names.get("village", id)))  # sums do not hang on the file's order
    names = {role: values[order] for role, values in sheet.names.items()}
    numbers = {role: values[order] for role, values in sheet.numbers.items()}
    n = sheet.n_rows
    size = numbers["size"]
    per_month = size * reading.line_per_person_month
    flows: dict[str, Numbers] = {
        role: numbers[role] / (reading.income_months * per_month)
        for role in FLOWS
        if role in numbers
    }
    stocks = {role: numbers[role] / (12 * per_month) for role in STOCKS if role in numbers}
    notes = [*_reading_notes(sheet, reading)]
    if flows or stocks:
        notes.append(
            f"Money is counted in poverty lines: {reading.line_per_person_month:,.2f} in survey "
            f"currency per person and month ({reading.line_source})."
        )
    persons = numbers["weight"] * size
    income = _income(flows, numbers, names["id"], persons, imputation, notes)
    wages, own, other = _parts(income, flows, numbers, notes)
    if "village" not in names:
        notes.append("The survey names no villages: each household is its own.")
    if "stratum" not in names:
        notes.append("The survey names no strata: there is one.")
    return Observed(
        id=names["id"],
        village=names.get("village", names["id"]),
        stratum=names.get("stratum", np.full(n, "1")),
        weight=numbers["weight"],
        size=size,
        income=income,
        wages=wages,
        own=own,
        other=other,
        vehicles=numbers.get("vehicles", np.zeros(n)),
        has_own_activity=_own_activity(own, numbers),
        assets=stocks.get("assets"),
        livestock=numbers.get("livestock"),
        land=numbers.get("land"),
        savings=stocks.get("savings"),
        age=_filled("age", "Ages of heads", numbers, persons, notes),
        adult_school=_filled("adult_school", "Years of school", numbers, persons, notes),
        notes=tuple(notes),
    )


def _reading_notes(sheet: Sheet, reading: Reading) -> list[str]:
    notes = []
    if reading.name:
        notes.append(f"How to read the survey is said by the map {Path(reading.name).name}.")
    if reading.where:
        asked = "; ".join(f"{name} {', '.join(them)}" for name, them in reading.where.items())
        notes.append(f"Rows kept: {sheet.n_rows:,} of {sheet.n_rows_in_file:,} ({asked}).")
    return notes


def _income(
    flows: Mapping[str, Numbers],
    numbers: Mapping[str, Numbers],
    id: Names,
    persons: Numbers,
    imputation: Imputation,
    notes: list[str],
) -> Numbers:
    """Income (lines per year): as observed, or consumption, or by rank of welfare."""
    if "income" in flows:
        return flows["income"]
    if "consumption" in flows:
        notes.append("The survey has no income: consumption stands for it.")
        return flows["consumption"]
    score = numbers["welfare"]
    order = np.lexsort((id, uniforms(id, 0, _PURPOSE_TIES), score))
    median, sd_log = imputation.income_median, imputation.income_sd_log
    income = lognormal_by_rank(order, persons, median * np.exp(sd_log**2 / 2), sd_log)
    n_values = len(np.unique(score))
    notes.append(
        "The survey has neither income nor consumption: income imputed, lognormal over persons with "
        f"median {median:g} lines a year and standard deviation of the log {sd_log:g} "
        "(population.imputation.income_median, income_sd_log), handed out by rank of the welfare "
        f"score ({n_values:,} different values, ties by lot)."
    )
    return income


def _parts(
    income: Numbers,
    flows: Mapping[str, Numbers],
    numbers: Mapping[str, Numbers],
    notes: list[str],
) -> tuple[Numbers, Numbers, Numbers]:
    """Wages, own and other income (lines per year); one without a column gets what is left."""
    nothing = np.zeros_like(income)
    wages, other = flows.get("wages"), flows.get("other")
    if "own_work" in numbers:
        other = nothing if other is None else other
        own = np.maximum(income - other, 0) * _own_share(numbers)
        notes.append("Earnings are own income and wages in the proportion of time at work.")
    else:
        own = flows.get("own", nothing)
        if "own" not in flows:
            notes.append("The survey has no own income: it is taken as zero.")
    if wages is None:
        other = nothing if other is None else other
        wages = np.maximum(income - own - other, 0)
        if "own_work" not in numbers:
            notes.append("Wages are what the other parts leave of income.")
    elif other is None:
        other = np.maximum(income - own - wages, 0)
        notes.append("Other income is what wages and own income leave of income.")
    gap = np.abs(wages + own + other - income)
    is_off = gap > _ROUNDING * np.maximum(np.abs(income), _ROUNDING)
    if is_off.any():
        notes.append(
            "Households whose parts of income do not sum to it: "
            f"{np.count_nonzero(is_off):,}, by {np.max(gap):.3g} lines at most; "
            "poverty counts income, the model the parts."
        )
    return wages, own, other


def _own_share(numbers: Mapping[str, Numbers]) -> Numbers:
    """Share of working time in own enterprises; where nobody worked, that of all together."""
    own, paid = numbers["own_work"], numbers["paid_work"]
    persons = numbers["weight"] * numbers["size"]
    total = np.sum(persons * (own + paid))
    usual = np.sum(persons * own) / total if total > 0 else 0.0
    works = own + paid > 0
    return np.where(works, own / np.where(works, own + paid, 1.0), usual)


def _own_activity(own: Numbers, numbers: Mapping[str, Numbers]) -> Flags:
    has = own > 0
    if "own_activity" in numbers:
        return np.asarray(has | (numbers["own_activity"] > 0))
    for role in ("land", "livestock"):
        if role in numbers:
            has = has | (numbers[role] > 0)
    return np.asarray(has)


def _filled(
    role: str, name: str, numbers: Mapping[str, Numbers], persons: Numbers, notes: list[str]
) -> Numbers | None:
    """Numbers of a role whose empty cells get the mean over persons; None where it is not known."""
    given = numbers.get(role)
    if given is None or np.isnan(given).all():
        return None
    is_empty = np.isnan(given)
    if not is_empty.any():
        return given
    mean = np.average(given[~is_empty], weights=persons[~is_empty])
    notes.append(
        f"{name} missing for {np.count_nonzero(is_empty):,} households: {mean:.1f} years, the mean "
        "of the others."
    )
    return np.where(is_empty, mean, given)
