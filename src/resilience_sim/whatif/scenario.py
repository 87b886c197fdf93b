"""From the sliders of the page to the settings of a run.

A slider that stands where the case has it changes nothing. What a slider gives more of costs more in
proportion. A case that lacks a content gets one of ours when its slider leaves zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np

from resilience_sim.config import (
    Basis,
    Config,
    Content,
    ContentKind,
    Programme,
    Shock,
    Strike,
    validate,
)
from resilience_sim.errors import ConfigError
from resilience_sim.results import STANDARD_ARMS

TREATED = ("cash", "productive", "both")
MORE = "_more"
"""Ending of an arm that is lived beside another with more of everything, for what that buys."""
MORE_SCALE = 1.25
"""Value, success and cost of such an arm, relative to the arm itself."""
YEARS_TOLD = (1, 2, 3, 5, 10, 20, 40)
"""Horizons at which numbers are told."""
USUAL_YEARS = 10
COST_OF_ADVICE = 0.1
"""Lines per household of a training or coaching that the case does not have; assumed."""


class Given(NamedTuple):
    """Contents that one slider moves."""

    kinds: frozenset[ContentKind]
    arms: tuple[str, ...]
    """Arms that hold them; the first is the one whose value the slider shows."""
    new: ContentKind
    """What is added where an arm has none."""
    months: int
    """How long that is delivered; assumed."""
    is_share: bool
    """Whether the slider is the success of those reached, which costs the same, rather than lines."""


CONTENTS: Mapping[str, Given] = {
    "transfer": Given(
        frozenset({ContentKind.TRANSFER, ContentKind.SCHOOL_MEALS}),
        ("cash", "both"), ContentKind.TRANSFER, 36, is_share=False,
    ),
    "grant": Given(
        frozenset({ContentKind.ASSET_GRANT}),
        ("productive", "both"), ContentKind.ASSET_GRANT, 1, is_share=False,
    ),
    "training": Given(
        frozenset({ContentKind.TRAINING}),
        ("productive", "both"), ContentKind.TRAINING, 12, is_share=True,
    ),
    "coaching": Given(
        frozenset({ContentKind.COACHING}),
        ("productive", "both"), ContentKind.COACHING, 12, is_share=True,
    ),
}  # fmt: skip
"""By the name of the slider."""


@dataclass(frozen=True)
class Levers:
    """Where the sliders stand. Shares are decimals."""

    transfer: float
    """Lines per year, per person, household or child as the case has it."""
    grant: float
    """Lines, once, likewise."""
    training: float
    """Share of the trained who come to know; 0: nobody is trained."""
    coaching: float
    """Share of the coached who gain confidence; 0: nobody is coached."""
    coverage: float
    """Most households that are listed, share, the neediest first."""
    places: float
    """Eligible households that each list has room for where coordination is looked at, share."""
    registry: float
    """How far both lists are drawn from the same households, share."""
    lag_months: int
    """Months by which productive support comes after cash."""
    delivery: float
    """Listed households that productive contents reach, share."""
    depth: float
    """Losses of the shock, relative to its file."""
    quarters: int
    """Length of the shock; 0 where there is none."""
    years: int
    """Length of the run."""


def own(config: Config) -> Levers:
    """Where the sliders stand for a case as it is, in a run of ten years or the case's own fewer."""
    terms, quota = config.coordination.terms, config.programme.targeting.quota
    return Levers(
        transfer=_shown(config, "transfer"),
        grant=_shown(config, "grant"),
        training=_shown(config, "training"),
        coaching=_shown(config, "coaching"),
        coverage=1.0 if quota is None else quota,
        places=config.coordination.coverage,
        registry=terms.shared_registry,
        lag_months=terms.lag_months,
        delivery=terms.productive_delivery,
        depth=1.0,
        quarters=len(config.shock.path),
        years=min(USUAL_YEARS, config.horizon_years),
    )


def leading(config: Config, slider: str) -> Content | None:
    """First content that a slider moves, in the first of its arms; None where the case has none."""
    found = _contents_of(config.programme, slider, CONTENTS[slider].arms[:1])
    return next(iter(found.values()), None)


def configured(config: Config, levers: Levers) -> Config:
    """Return the settings of a case with the sliders where they stand, and the arms of the page.

    These are the four standard ones and, for each that hands something over, one with a quarter more of
    everything. Effects on heirs by channel and other beliefs, which the page does not tell, are left out.

    Raises
    ------
    ConfigError
        With everything that the engine finds wrong with it.
    """
    programme = _with_contents(config, levers)
    more = {arm + MORE: programme.arms[arm] for arm in TREATED if programme.arms[arm]}
    scale = programme.arm_scale
    more_scale = {name: MORE_SCALE * scale.get(name.removesuffix(MORE), 1.0) for name in more}
    quota = None if levers.coverage == 1.0 else levers.coverage
    asked = {*config.outcomes.horizons_years, *YEARS_TOLD, levers.years}
    changed = replace(
        config,
        arms=[*STANDARD_ARMS, *more],
        horizon_years=levers.years,
        programme=replace(
            programme,
            arms=programme.arms | more,
            arm_scale=scale | more_scale,
            targeting=replace(programme.targeting, quota=quota),
        ),
        coordination=replace(
            config.coordination,
            coverage=levers.places,
            terms=replace(
                config.coordination.terms,
                shared_registry=levers.registry,
                lag_months=levers.lag_months,
                productive_delivery=levers.delivery,
            ),
        ),
        shock=_with_depth(config.shock, levers),
        outcomes=replace(
            config.outcomes,
            horizons_years=sorted(year for year in asked if year <= levers.years),
            belief_households=0,
            channel_households=0,
            panel_share=0.0,
            draws=0,
        ),
    )
    problems = validate(changed)
    if problems:
        raise ConfigError(problems)
    return changed


def _shown(config: Config, slider: str) -> float:
    """What a slider shows of a case: the value of its leading content, or its success."""
    content = leading(config, slider)
    if content is None:
        return 0.0
    return content.success or 0.0 if CONTENTS[slider].is_share else content.value


def _contents_of(programme: Programme, slider: str, arms: Sequence[str]) -> dict[str, Content]:
    """Contents that a slider moves in some arms, by name."""
    listed = dict.fromkeys(name for arm in arms for name in programme.arms[arm])
    found = {name: programme.contents[name] for name in listed}
    return {name: each for name, each in found.items() if each.kind in CONTENTS[slider].kinds}


def _with_contents(config: Config, levers: Levers) -> Programme:
    """Contents and arms as the sliders of contents have them."""
    programme = config.programme
    for slider, given in CONTENTS.items():
        was, value = _shown(config, slider), getattr(levers, slider)
        found = _contents_of(programme, slider, given.arms)
        if value == was:
            continue
        if given.is_share and value == 0.0:
            arms = {
                arm: [name for name in programme.arms[arm] if name not in found]
                for arm in given.arms
            }
            programme = replace(programme, arms=programme.arms | arms)
        elif was > 0.0:
            changed = {
                name: _times(each, value / was, given.is_share) for name, each in found.items()
            }
            programme = replace(programme, contents=programme.contents | changed)
        else:
            programme = _with_new(programme, slider, value)
    return programme


def _times(content: Content, factor: float, is_share: bool) -> Content:
    """A content with another success at the same cost, or with another value at a cost in proportion."""
    if is_share:
        return replace(content, success=min(1.0, round((content.success or 0.0) * factor, 6)))
    value, cost = (round(each * factor, 6) for each in (content.value, content.unit_cost))
    return replace(content, value=value, unit_cost=cost)


def _with_new(programme: Programme, slider: str, value: float) -> Programme:
    """Add a content to arms that have none: advice that the case describes for other arms, or ours."""
    given = CONTENTS[slider]
    described = [name for name, each in programme.contents.items() if each.kind in given.kinds]
    if given.is_share and described:
        name, content = described[0], replace(programme.contents[described[0]], success=value)
    else:
        name = f"whatif_{slider}"
        content = Content(
            kind=given.new,
            value=0.0 if given.is_share else value,
            basis=Basis.HOUSEHOLD,
            start_month=0,
            months=given.months,
            unit_cost=COST_OF_ADVICE if given.is_share else value,
            success=value if given.is_share else None,
            source="the what-if page",
            quality="assumed",
        )
    arms = {arm: [*programme.arms[arm], name] for arm in given.arms}
    return replace(
        programme, contents=programme.contents | {name: content}, arms=programme.arms | arms
    )


def _with_depth(shock: Shock, levers: Levers) -> Shock:
    """Return the shock with its losses multiplied and its course stretched to so many quarters."""
    if not shock.path:
        return shock
    stretch = levers.quarters / len(shock.path)
    also = {name: _struck(each, levers.depth, stretch) for name, each in shock.also.items()}
    return replace(_struck(shock, levers.depth, stretch), also=also)


_Blow = TypeVar("_Blow", Shock, Strike)


def _struck(blow: _Blow, depth: float, stretch: float) -> _Blow:
    """One blow with its losses multiplied, and its course stretched; schools close at most wholly."""
    if depth != 1.0:
        names = ("wage_loss", "own_loss", "other_loss", "asset_loss", "price_rise")
        told = {n: round(getattr(blow, n) * depth, 6) for n in names}
        closed = min(round(blow.school_closed * depth, 6), 1.0)
        blow = replace(blow, **told, school_closed=closed)
    n_quarters = max(1, round(len(blow.path) * stretch))
    if n_quarters != len(blow.path):
        blow = replace(blow, path=_stretched(blow.path, n_quarters))
    return blow


def _stretched(path: Sequence[float], n_quarters: int) -> list[float]:
    """The same course in other quarters: each has the mean depth of its part of the path."""
    so_far = np.concatenate([[0.0], np.cumsum(path)])
    edges = np.linspace(0.0, len(path), n_quarters + 1)
    parts = np.diff(np.interp(edges, np.arange(len(path) + 1), so_far))
    return [round(float(each), 4) for each in parts * n_quarters / len(path)]
