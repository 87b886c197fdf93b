"""The contents of each arm, scaled so that arms can be compared at one value or one budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from resilience_sim.config import Content, Equal, Programme, Side
from resilience_sim.errors import ConfigError, Problem
from resilience_sim.programmes.contents import scaled, side_of, total

Contents = tuple[Content, ...]
_WANTED = {
    Equal.VALUE: ("value", "a content that gives lines"),
    Equal.BUDGET: ("budget", "a content that costs something"),
}


def contents_of_arms(
    programme: Programme, arms: Iterable[str], amount: Callable[[Content], float]
) -> dict[str, Contents]:
    """Contents of each arm, with its own scale and then with that of equal value or budget.

    Scaled are values, successes and costs, not months, returns or participation; a share ends at
    one, so an arm with shares or successes can be of equal budget and still give less.

    Parameters
    ----------
    programme
        Contents and arms, `arm_scale`, `served_after_clients`, and what arms are made equal in, and to which.
    arms
        Names of the arms wanted; `none` is never scaled.
    amount
        What a content adds to an arm's value or budget over the run, lines per eligible member.

    Raises
    ------
    ConfigError
        With every arm that has nothing to scale.
    """
    if programme.equal is Equal.NONE:
        return {arm: _own(programme, arm) for arm in arms}
    name, wanted = _WANTED[programme.equal]
    aim = total(map(amount, _own(programme, programme.equal_to)))
    problems: list[Problem] = []
    if aim <= 0:
        allowed = f"name an arm with {wanted} within the run, where equal is {name}"
        problems.append(Problem("programme.equal_to", allowed, programme.equal_to))
    found = {}
    for arm in arms:
        contents = _own(programme, arm)
        reached = total(map(amount, contents))
        if arm != "none" and reached <= 0:
            allowed = f"hold {wanted} within the run, where equal is {name}"
            got = ", ".join(programme.arms[arm]) or "no content"
            hint = "Leave the arm out of arms, or set programme.equal=none."
            problems.append(Problem(f"programme.arms.{arm}", allowed, got, hint))
        found[arm] = contents if arm == "none" or reached <= 0 else _times(contents, aim / reached)
    if problems:
        raise ConfigError(problems)
    return found


def scale_of(programme: Programme, arm: str, content: Content) -> float:
    """Factor on a content in an arm: the arm's own, and its turn where others are served first."""
    scale = programme.arm_scale.get(arm, 1.0)
    if side_of(content) is Side.PRODUCTIVE:
        scale *= programme.served_after_clients.get(arm, 1.0)
    return scale


def _own(programme: Programme, arm: str) -> Contents:
    """Contents of an arm at its own scale."""
    contents = (programme.contents[name] for name in programme.arms[arm])
    return tuple(scaled(each, scale_of(programme, arm, each)) for each in contents)


def _times(contents: Contents, factor: float) -> Contents:
    return tuple(scaled(content, factor) for content in contents)
