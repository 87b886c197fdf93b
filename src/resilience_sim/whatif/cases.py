"""Cases as they can be chosen on the page: composed once for each choice of files."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from resilience_sim.cli.composition import compose, group_options
from resilience_sim.config import Config

GROUPS = ("case", "shock", "coordination")
_HYDRA = Lock()  # Hydra keeps one composition at a time in a global


class Choice(NamedTuple):
    """Files that a scenario is made of."""

    case: str
    shock: str | None = None
    """None: the one that the case has."""
    coordination: str | None = None
    """None: the one that the case has."""

    @property
    def words(self) -> list[str]:
        """The choice as it is typed."""
        told = zip(GROUPS, self, strict=True)
        return [f"{group}={name}" for group, name in told if name is not None]


def options() -> dict[str, list[str]]:
    """Names that can be chosen, by group; cases of the working directory among them."""
    found = group_options()
    return {group: found[group] for group in GROUPS}


def composed(choice: Choice) -> Config:
    """Settings of a choice of files; who asks while they are composed waits for them.

    Raises
    ------
    ConfigError
        Where a file is wrong.
    """
    with _HYDRA:
        return _composed(choice)


@lru_cache(64)
def _composed(choice: Choice) -> Config:
    return compose(choice.words)
