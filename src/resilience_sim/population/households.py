"""The population a run starts from: read or made up, completed, and resampled on request."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from resilience_sim.config import Generations, Population, PopulationKind
from resilience_sim.population.imputation import impute, spread_ages
from resilience_sim.population.moments import from_moments
from resilience_sim.population.observed import Flags, Names, Numbers, Observed, in_order
from resilience_sim.population.survey import read_survey
from resilience_sim.population.synthetic import make_up


@dataclass(frozen=True)
class Households:
    """Households at the start, by village and then by id.

    Arrays have shape (n_households,) unless said otherwise. Money is per member: flows in lines
    per year, stocks in lines.
    """

    id: Names
    weight: Numbers
    """Households that each stands for."""
    size: Numbers
    """Members (persons)."""
    village: NDArray[np.int32]
    """0 to n_villages - 1, never falling."""
    stratum: NDArray[np.int32]
    income: Numbers
    """As observed, without a cap."""
    wages: Numbers
    own: Numbers
    other: Numbers
    """Remittances, pensions and transfers that stay in every arm."""
    vehicles: Numbers
    """Vehicles of the household (count)."""
    has_own_activity: Flags
    assets: Numbers
    land: Numbers
    savings: Numbers
    has_knowledge: Flags
    age: Numbers
    """Age of the head (years)."""
    has_measured_age: bool
    """True where ages were asked for; else they are spread evenly."""
    adult_school: Numbers | None
    """School of the head, or of adults on average (years); None where nobody asked."""
    earned_permanent: Numbers
    """Wages and own income without their transitory part."""
    village_id: Names
    """Shape (n_villages,)."""
    village_stratum: NDArray[np.int32]
    """Shape (n_villages,)."""
    notes: tuple[str, ...]
    """How the population came about, one sentence each."""

    @property
    def n_households(self) -> int:
        """How many households there are."""
        return len(self.id)

    @property
    def n_villages(self) -> int:
        """How many villages there are."""
        return len(self.village_id)

    @property
    def persons(self) -> Numbers:
        """Persons that each household stands for: weight times size."""
        return self.weight * self.size

    @property
    def is_synthetic_demography(self) -> bool:
        """True where ages or schooling are imputed."""
        return not self.has_measured_age or self.adult_school is None


_OF_VILLAGES = ("village_id", "village_stratum")


def load(population: Population, seed: int, generations: Generations) -> Households:
    """Read or make up the households of a run.

    Parameters
    ----------
    population
        Where they come from. A survey with `n_households` set is resampled: households are drawn
        with replacement, in proportion to their weights, each staying in its village, and then
        weigh the same; persons are preserved in total. A population that is made up, or made from
        moments, is made in that size.
    seed
        Key of the resample, of a population that is made, and of imputed ages.
    generations
        The range of ages at the start, where ages are not known.

    Raises
    ------
    SurveyError
        With every problem of the survey, and of the settings or the map by which it is read.
    ConfigError
        Where settings of the population, or the map of the survey, are wrong alone.
    """
    households = _complete(_observed(population, seed), population)
    if population.kind is PopulationKind.SURVEY and population.n_households is not None:
        households = _resampled(households, population.n_households, seed)
    notes = (*households.notes, *_demography_notes(households, generations))
    if households.has_measured_age:
        return replace(households, notes=notes)
    return replace(households, age=spread_ages(households.id, generations, seed), notes=notes)


def _observed(population: Population, seed: int) -> Observed:
    if population.kind is PopulationKind.SURVEY:
        return read_survey(population.survey, population.imputation)
    if population.kind is PopulationKind.MOMENTS:
        return from_moments(population.moments, population.n_households, seed)
    return make_up(population.synthetic, population.n_households, seed)


def _demography_notes(households: Households, generations: Generations) -> list[str]:
    """Say what of the demography is synthetic."""
    notes = []
    if not households.has_measured_age:
        notes.append(
            f"Ages of heads spread evenly from {generations.initial_age_low:g} to "
            f"{generations.initial_age_high:g} years: a synthetic demography."
        )
    if households.adult_school is None:
        notes.append(
            f"School of heads drawn with mean {generations.adult_school:g} years, standard "
            f"deviation {generations.adult_school_sd:g} and correlation "
            f"{generations.adult_school_skill:g} with log skill (generations.adult_school): a "
            "synthetic demography."
        )
    notes.append(
        "Children: one line of heirs, their age by the head's, their health and school so far as "
        "today's income would have made them."
    )
    return notes


def _complete(observed: Observed, population: Population) -> Households:
    """Put observed households in order, number their villages and strata, and impute the rest."""
    observed = in_order(observed)
    imputed = impute(observed, population.imputation)
    village_id, first, village = np.unique(observed.village, return_index=True, return_inverse=True)
    strata, stratum = np.unique(observed.stratum, return_inverse=True)
    persons = observed.weight * observed.size
    poor = np.sum(persons[observed.income < 1]) / np.sum(persons)
    size_note = (
        f"{len(observed.id):,} households in {len(village_id):,} villages and {len(strata):,} "
        f"strata stand for {np.sum(persons):,.0f} persons; {poor:.1%} of them have an income "
        "below the line."
    )
    return Households(
        id=observed.id,
        weight=observed.weight,
        size=observed.size,
        village=village.astype(np.int32),
        stratum=stratum.astype(np.int32),
        income=observed.income,
        wages=imputed.wages,
        own=imputed.own,
        other=imputed.other,
        vehicles=observed.vehicles,
        has_own_activity=observed.has_own_activity,
        assets=imputed.assets,
        land=imputed.land,
        savings=imputed.savings,
        has_knowledge=np.zeros(len(observed.id), np.bool_),
        age=np.zeros(len(observed.id)) if observed.age is None else observed.age,
        has_measured_age=observed.age is not None,
        adult_school=observed.adult_school,
        earned_permanent=imputed.earned_permanent,
        village_id=village_id,
        village_stratum=stratum[first].astype(np.int32),
        notes=(size_note, *observed.notes, *imputed.notes),
    )


def _resampled(households: Households, n_households: int, seed: int) -> Households:
    """Draw households in proportion to their weights; copies of "a" are called "a/1", "a/2"."""
    chance = np.cumsum(households.weight)
    draws = np.random.Generator(np.random.Philox(key=seed)).random(n_households)
    rows = np.sort(np.searchsorted(chance, draws * chance[-1], side="right"))
    rows = np.minimum(rows, households.n_households - 1)
    _, first, count = np.unique(rows, return_index=True, return_counts=True)
    copy = np.arange(1, n_households + 1) - np.repeat(first, count)
    n_copies = np.max(count)
    number = np.strings.zfill(np.arange(n_copies + 1).astype(str), len(str(n_copies)))
    names = np.strings.add(np.strings.add(households.id, "/")[rows], number[copy])
    order = np.lexsort((names, households.village[rows]))
    rows, names = rows[order], names[order]
    columns = {
        field.name: getattr(households, field.name)
        for field in fields(households)
        if field.name not in _OF_VILLAGES
    }
    drawn = {name: each[rows] for name, each in columns.items() if isinstance(each, np.ndarray)}
    kept, village = np.unique(drawn["village"], return_inverse=True)
    strata, village_stratum = np.unique(households.village_stratum[kept], return_inverse=True)
    weight = np.sum(households.persons) / np.sum(drawn["size"])
    note = (
        f"A resample of {n_households:,} households, drawn with replacement in proportion to "
        f"their weights, in {len(kept):,} villages and {len(strata):,} strata."
    )
    return replace(
        households,
        **{
            **drawn,
            "id": names,
            "weight": np.full(n_households, weight),
            "village": village.astype(np.int32),
            "stratum": village_stratum[village].astype(np.int32),
            "village_id": households.village_id[kept],
            "village_stratum": village_stratum.astype(np.int32),
            "notes": (households.notes[0], note, *households.notes[1:]),
        },
    )
