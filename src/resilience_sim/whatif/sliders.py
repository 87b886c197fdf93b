"""What each slider is called, where it may stand, and by what steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import NamedTuple

from resilience_sim.config import Config
from resilience_sim.whatif.scenario import Levers, leading, own

PERCENT = 100.0
MONTHS = 12


class Slider(NamedTuple):
    """One slider as it is shown: shares in percent, all else as `Levers` has it."""

    name: str
    """Field of `Levers`."""
    group: str
    label: str
    help: str
    low: float
    high: float
    step: float
    value: float
    """Where the case has it."""
    scale: float
    """What is shown for one unit of the lever."""
    format: str

    @property
    def is_whole(self) -> bool:
        """Whether it stands at whole numbers alone."""
        return self.format == "%d"


def sliders(config: Config) -> list[Slider]:
    """Every slider of a case, in the order of the page; what does not apply is left out."""
    at = own(config)
    found = [
        _lines(config, at, "transfer", "Transfer", "lines a year"),
        _lines(config, at, "grant", "Asset grant", "lines, once"),
        _share(at, "training", "Programme", "Training: come to know, % of the trained",
               "0: nobody is trained. The cost stays."),
        _share(at, "coaching", "Programme", "Coaching: gain confidence, % of the coached",
               "0: nobody is coached. The cost stays."),
        _share(at, "coverage", "Programme", "Coverage: listed at most, % of households",
               "The neediest first, of those that the case's rule lets in.", low=5.0),
    ]  # fmt: skip
    if config.coordination.name != "off":
        found.append(
            _share(at, "places", "Coordination", "Places on each list, % of the eligible",
                   "Each programme has its own list.", low=5.0)
        )  # fmt: skip
    if config.coordination.name not in ("off", "none"):
        found += [
            _share(at, "registry", "Coordination", "Shared registry, % of the lists",
                   "How far both lists are drawn from the same households."),
            Slider("lag_months", "Coordination", "Lag of productive support, months",
                   "After cash.", 0, 36, 1, at.lag_months, 1, "%d"),
            _share(at, "delivery", "Coordination", "Productive delivery, % of the listed",
                   "Listed households that productive contents reach."),
        ]  # fmt: skip
    if config.shock.path:
        found += [
            _share(at, "depth", "Shock", f"Depth of {config.shock.name}, % of its file",
                   "All its losses, its rise of prices and its closure of schools.", high=400.0),
            Slider("quarters", "Shock", "Length of the shock, quarters",
                   "Its course, stretched or pressed together.",
                   1, max(16, at.quarters), 1, at.quarters, 1, "%d"),
        ]  # fmt: skip
    return found


def moved(config: Config, shown: Mapping[str, float], years: int | None = None) -> Levers:
    """Levers where sliders show these values, by name; what is not told stands where the case has it.

    A slider within half a step of the case's own value stands there: steps need not meet it.
    """
    at = own(config)
    at = at if years is None else replace(at, years=years)
    told: dict[str, float] = {}
    for slider in sliders(config):
        value = shown.get(slider.name, slider.value)
        if abs(value - slider.value) < 0.5 * slider.step:
            continue
        told[slider.name] = round(value / slider.scale, 6)
    whole = {each.name for each in fields(Levers) if each.type == "int"}
    kept = {name: int(value) if name in whole else value for name, value in told.items()}
    return replace(at, **kept)  # type: ignore[arg-type]


def in_currency(config: Config, value: float) -> float | None:
    """What yearly or single lines are worth in the survey's currency; None where money is in lines."""
    line = config.population.survey.line_per_person_month
    return None if line == 1.0 else MONTHS * line * value


def _lines(config: Config, at: Levers, name: str, label: str, unit: str) -> Slider:
    """A slider in lines, to three times what the case has, or to half a line where it has nothing."""
    content, value = leading(config, name), getattr(at, name)
    basis = "household" if content is None else content.basis.value
    step = _nice(3.0 * value / 60.0) if value else 0.01
    high = step * math.ceil(3.0 * value / step) if value else 0.5
    months = "" if content is None else f" For {content.months} months."
    help_ = f"1 line keeps one person on the poverty line for one year.{months}"
    if content is None:
        help_ += " The case has none; what is given here and its cost are assumed."
    return Slider(
        name, "Programme", f"{label}, {unit} per {basis}", help_, 0.0, round(high, 6), step, value,
        1.0, "%.3f",
    )  # fmt: skip


def _share(
    at: Levers, name: str, group: str, label: str, help_: str, low: float = 0.0, high: float = 100.0
) -> Slider:
    """A slider in percent."""
    value = round(PERCENT * getattr(at, name), 6)
    return Slider(name, group, label, help_, low, high, 1.0, value, PERCENT, "%.0f %%")


def _nice(step: float) -> float:
    """The next of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return float(
        next(round(m * power, 9) for m in (1.0, 2.0, 5.0, 10.0) if m * power >= step * 0.999)
    )
