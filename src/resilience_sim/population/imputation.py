"""What surveys rarely ask, imputed by rules that are few, plain and told to the reader."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resilience_sim.chance import Purpose, uniforms
from resilience_sim.config import Generations, Imputation
from resilience_sim.population.observed import Flags, Names, Numbers, Observed


@dataclass(frozen=True)
class Imputed:
    """What was imputed, per member, in lines or lines per year; shape (n_households,)."""

    wages: Numbers
    own: Numbers
    other: Numbers
    assets: Numbers
    land: Numbers
    savings: Numbers
    earned_permanent: Numbers
    notes: tuple[str, ...]


def impute(observed: Observed, imputation: Imputation) -> Imputed:
    """Complete households by rule.

    - Parts of income are capped at `max_income`.
    - `earned_permanent`: wages and own income without their transitory part. The logs of those who
      earn more than `min_earned` are drawn towards their person-weighted mean by sqrt(1 -
      transitory_share), so that this share of the variance goes, and scaled so that their mean
      earnings stay; the others get `min_earned`.
    - `assets`: `assets_per_own_income` years of own income, plus `vehicle_value` for each vehicle
      over the members, for households with own activity; none for the others, whose vehicles are
      not used to earn. Own income below `min_earned` counts as `min_earned` (who farms for the pot
      has tools), and loses its transitory part as above, drawn towards the mean of those with own
      activity. Where livestock was measured, `tlu_value` for each unit over the members stands in
      place of own income, and with own activity the tools of who farms for the pot.
    - `land`: `land_own` with own activity, `land_none` without; where it was measured,
      `land_per_hectare` for each hectare over the members, and at least `land_none`.
    - `savings`: `savings_months` of income.

    Assets and savings that a survey measured are kept as they are; livestock is added to assets.

    Parameters
    ----------
    observed
        Households in their final order, since sums depend on it in the last digit.
    imputation
        The rules' settings, in lines.
    """
    top = imputation.max_income
    wages, own, other = (
        np.minimum(part, top) for part in (observed.wages, observed.own, observed.other)
    )
    persons = observed.weight * observed.size
    earned = np.maximum(wages + own, imputation.min_earned)
    can_earn = earned > imputation.min_earned
    earned[can_earn] = _lasting(earned[can_earn], persons[can_earn], imputation.transitory_share)
    return Imputed(
        wages=wages,
        own=own,
        other=other,
        assets=_assets(observed, own, persons, imputation),
        land=_land(observed, imputation),
        savings=(
            np.maximum(np.minimum(observed.income, top), 0) * (imputation.savings_months / 12)
            if observed.savings is None
            else observed.savings
        ),
        earned_permanent=earned,
        notes=_notes(observed, imputation, can_earn),
    )


def _assets(observed: Observed, own: Numbers, persons: Numbers, imputation: Imputation) -> Numbers:
    """Productive assets (lines per member)."""
    herd = None
    if observed.livestock is not None:
        herd = imputation.tlu_value * observed.livestock / observed.size
    if observed.assets is not None:
        return observed.assets if herd is None else observed.assets + herd
    is_own = observed.has_own_activity
    assets = np.zeros(len(own)) if herd is None else herd
    if herd is None:
        flow = np.maximum(own[is_own], imputation.min_earned)
        lasting = _lasting(flow, persons[is_own], imputation.transitory_share)
    else:
        lasting = np.full(np.count_nonzero(is_own), imputation.min_earned)
    vehicles = observed.vehicles[is_own] / observed.size[is_own]
    assets[is_own] += (
        imputation.assets_per_own_income * lasting + imputation.vehicle_value * vehicles
    )
    return assets


def _land(observed: Observed, imputation: Imputation) -> Numbers:
    """Land (lines per member)."""
    if observed.land is None:
        is_own = observed.has_own_activity
        return np.where(is_own, imputation.land_own, imputation.land_none)
    measured = imputation.land_per_hectare * observed.land / observed.size
    return np.maximum(measured, imputation.land_none)


def _lasting(flow: Numbers, persons: Numbers, transitory_share: float) -> Numbers:
    """Flows without the transitory share of their log variance, at the same mean; zeros stay."""
    lasting = np.zeros_like(flow)
    positive = flow > 0
    if not positive.any():
        return lasting
    share = persons[positive] / np.sum(persons[positive])
    log = np.log(flow[positive])
    mean = np.sum(share * log)
    drawn = np.exp(mean + np.sqrt(1 - transitory_share) * (log - mean))
    lasting[positive] = drawn * (np.sum(share * flow[positive]) / np.sum(share * drawn))
    return lasting


def _notes(observed: Observed, imputation: Imputation, can_earn: Flags) -> tuple[str, ...]:
    """One sentence for every rule that was applied."""
    households = observed.weight / np.sum(observed.weight)
    no_own = np.sum(households[~observed.has_own_activity])
    notes = [
        f"{no_own:.1%} of households have no own activity: no assets, technique none."
        if observed.assets is None and observed.livestock is None
        else f"{no_own:.1%} of households have no own activity: technique none.",
        f"Earnings that last: {imputation.transitory_share:.0%} of their log variance taken as "
        f"transitory; {np.sum(households[~can_earn]):.1%} of households earn no more than "
        f"{imputation.min_earned:g} lines a year and are set to that.",
        *_land_and_assets_notes(observed, imputation),
    ]
    if observed.savings is None:
        notes.append(f"Savings imputed: {imputation.savings_months:g} months of income.")
    parts = (observed.wages, observed.own, observed.other)
    n_capped = np.count_nonzero(np.any([part > imputation.max_income for part in parts], axis=0))
    if n_capped:
        notes.append(
            f"Households with a part of income capped at {imputation.max_income:g} lines a year: "
            f"{n_capped:,}."
        )
    n_negative = np.count_nonzero(observed.own < 0)
    if n_negative:
        notes.append(
            f"Households with own income below zero: {n_negative:,}; kept, but a loss is taken as "
            "transitory."
        )
    return tuple(notes)


def _land_and_assets_notes(observed: Observed, imputation: Imputation) -> list[str]:
    tools = f"{imputation.assets_per_own_income:g} years of lasting own income"
    if observed.livestock is not None:
        tools = f"tools of {imputation.assets_per_own_income * imputation.min_earned:g} lines"
    notes = [
        f"Land imputed: {imputation.land_own:g} lines with own activity, "
        f"{imputation.land_none:g} without."
        if observed.land is None
        else f"Land as measured, at {imputation.land_per_hectare:g} lines a hectare "
        f"(population.imputation.land_per_hectare), but at least {imputation.land_none:g} lines."
    ]
    if observed.assets is None:
        notes.append(
            f"Assets imputed: {tools} and {imputation.vehicle_value:g} lines for each vehicle, with "
            "own activity; else none."
        )
    if observed.livestock is not None:
        notes.append(
            f"Livestock as measured, at {imputation.tlu_value:g} lines per tropical livestock unit "
            "(population.imputation.tlu_value), is added to assets."
        )
    return notes


def spread_ages(id: Names, generations: Generations, seed: int) -> Numbers:
    """Ages of heads spread evenly between the two initial ages: a synthetic demography.

    An age is a function of the seed and the household's id alone, whichever other households there
    are.

    Returns
    -------
    Shape (n_households,), years in [initial_age_low, initial_age_high).
    """
    low, high = generations.initial_age_low, generations.initial_age_high
    return low + (high - low) * uniforms(id, seed, Purpose.AGE)
