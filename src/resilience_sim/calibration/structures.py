"""Structures: rival forms of the model that are fitted side by side, and variants beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from resilience_sim.config import Behaviour, Config

Change = Callable[[Config], Config]


def _as_it_is(config: Config) -> Config:
    return config


def _one_exponent(config: Config) -> Config:
    technology = config.technology
    exponent = {**technology.exponent, "improved": technology.exponent["traditional"]}
    return replace(config, technology=replace(technology, exponent=exponent))


def _no_outlay(config: Config) -> Config:
    return replace(config, mechanisms=replace(config.mechanisms, outlay=False))


def _rule_of_thumb(config: Config) -> Config:
    return replace(config, planner=replace(config.planner, behaviour=Behaviour.RULE_OF_THUMB))


def _no_trap(config: Config) -> Config:
    technology = config.technology
    labour = {**technology.labour, "improved": technology.labour["traditional"]}
    return _no_outlay(_one_exponent(replace(config, technology=replace(technology, labour=labour))))


def _no_pooling(config: Config) -> Config:
    return replace(config, mechanisms=replace(config.mechanisms, pooling=False))


STRUCTURES: dict[str, Change] = {
    "two_exponents": _as_it_is,
    "one_exponent": _one_exponent,
    "no_outlay": _no_outlay,
    "rule_of_thumb": _rule_of_thumb,
}
"""Forms that the evidence weighs; each is applied after the parameters of a draw."""

VARIANTS: dict[str, Change] = {
    "no_trap": _no_trap,
    "rule_of_thumb": _rule_of_thumb,
    "no_pooling": _no_pooling,
}
"""Forms that a calibrated run is told under besides, without weights."""
