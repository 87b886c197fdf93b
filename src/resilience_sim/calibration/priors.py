"""What a fit may move, how far, and how a draw of it becomes settings.

A draw is a point in standard normal scores, one for each parameter; `data/priors.csv` says between
which bounds a parameter lies, evenly in itself or in its logarithm, and what it sets. So all priors
are normal in scores, which is what the sampler needs, and every value stays inside its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, cast

import numpy as np

from resilience_sim.config import Config, Content, Shock
from resilience_sim.evidence.files import rows
from resilience_sim.population.lognormal import normal_shares

Values = Mapping[str, float]
_CONTENT, _DEPTH, _LABOUR = "content:", "shock:depth", "technology.labour."


class Level(StrEnum):
    """Whether all cases share a parameter, or each has its own around a common centre."""

    COMMON = "common"
    POOLED = "pooled"


@dataclass(frozen=True)
class Prior:
    """What is believed of one parameter before any evidence."""

    name: str
    level: Level
    setting: str
    """Dotted key of the setting, "content:KIND.FIELD" for every content of a kind, or "shock:depth"."""
    is_factor: bool
    """Whether the setting of the case is multiplied, not replaced."""
    low: float
    high: float
    is_log: bool
    """Whether it is even in its logarithm between the bounds."""
    unit: str
    meaning: str
    source: str
    quality: str

    def values(self, scores: np.ndarray) -> np.ndarray:
        """Values at standard normal scores, of the same shape."""
        share = normal_shares(scores)
        if self.is_log:
            return np.asarray(self.low * (self.high / self.low) ** share)
        return np.asarray(self.low + (self.high - self.low) * share)

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Share of the prior that lies below each value, of the same shape."""
        if self.is_log:
            return np.asarray(np.log(values / self.low) / np.log(self.high / self.low))
        return np.asarray((values - self.low) / (self.high - self.low))


@cache
def priors() -> tuple[Prior, ...]:
    """All parameters, those common to all cases first."""
    return tuple(
        Prior(
            name=row["name"],
            level=Level(row["level"]),
            setting=row["setting"],
            is_factor=row["how"] == "times",
            low=float(row["low"]),
            high=float(row["high"]),
            is_log=row["scale"] == "log",
            unit=row["unit"],
            meaning=row["meaning"],
            source=row["source"],
            quality=row["quality"],
        )
        for row in rows("priors.csv")
    )


def values_of(scores: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Parameters by name at one point, scores in the order of `priors()`."""
    at = np.asarray(scores, dtype=np.float64)
    return {prior.name: float(prior.values(at[i : i + 1])[0]) for i, prior in enumerate(priors())}


def with_values(config: Config, values: Values) -> Config:
    """The configuration with these parameters; those left out stay as the case has them.

    Values are not checked again, for the bounds of the priors lie within those of the settings.

    Raises
    ------
    KeyError
        Where a value has no prior.
    """
    known = {prior.name: prior for prior in priors()}
    for name, value in values.items():
        prior = known[name]
        change = _change(prior.is_factor, value)
        if prior.setting == _DEPTH:
            config = replace(config, shock=_deeper(config.shock, change))
        elif prior.setting.startswith(_CONTENT):
            config = _with_content(config, prior.setting.removeprefix(_CONTENT), change)
        else:
            if prior.setting.startswith(_LABOUR):
                change = _of_all_labour(change)
            config = cast(Config, _changed(config, prior.setting.split("."), change))
    return config


def _change(is_factor: bool, value: float) -> Callable[[float], float]:
    return (lambda before: before * value) if is_factor else (lambda _: value)


def _of_all_labour(change: Callable[[float], float]) -> Callable[[float], float]:
    """The change of a share of family labour, which takes no more than all of it."""
    return lambda before: min(change(before), 1.0)


def _changed(group: Any, path: Sequence[str], change: Callable[[float], float]) -> Any:
    """A copy of a group of settings, or of a mapping, with one number in it changed, or all of a mapping."""
    name, *rest = path
    is_mapping = isinstance(group, Mapping)
    before = group[name] if is_mapping else getattr(group, name)
    after: Any
    if rest:
        after = _changed(before, rest, change)
    elif isinstance(before, Mapping):
        after = {key: change(each) for key, each in before.items()}
    else:
        after = change(before)
    return {**group, name: after} if is_mapping else replace(group, **{name: after})


def _deeper(shock: Shock, change: Callable[[float], float]) -> Shock:
    """The shock with its mean losses of income changed; who is hit cannot lose more than everything."""
    most = shock.share_hit

    def deeper(before: float) -> float:
        return min(change(before), max(most, before))

    return replace(
        shock,
        wage_loss=deeper(shock.wage_loss),
        own_loss=deeper(shock.own_loss),
        other_loss=deeper(shock.other_loss),
    )


def _with_content(config: Config, told: str, change: Callable[[float], float]) -> Config:
    """The configuration with one field of every content of a kind changed; shares end at one."""
    kind, _, field = told.partition(".")

    def changed(content: Content) -> Content:
        before = getattr(content, field)
        if content.kind != kind or before is None:
            return content
        after = change(before)
        new = {field: min(after, 1.0) if field == "success" else after}
        return replace(content, **new)  # type: ignore[arg-type]

    contents = {name: changed(each) for name, each in config.programme.contents.items()}
    return replace(config, programme=replace(config.programme, contents=contents))
