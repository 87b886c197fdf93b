"""What can be wrong with what a person gave us, said in one line per problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and what would be right.

    `str(problem)` is one line: "`where` must `allowed`; got `got`. `hint`".
    """

    where: str
    """Dotted config key, or the column, row and file of a survey."""
    allowed: str
    """What is allowed, to be read after "must": "lie in [0, 1] (share)", "be one of 1, 4, 12"."""
    got: str
    """What was found, as text."""
    hint: str = ""
    """A whole sentence with the next step, such as "Did you mean 0.12?"; may be empty."""

    def __str__(self) -> str:
        """Return the problem as one line of text."""
        line = f"{self.where} must {self.allowed}; got {self.got}."
        line = f"{line} {self.hint}" if self.hint else line
        return " ".join(line.split())


class InputError(Exception):
    """Input that cannot be used; carries every problem that could be collected.

    Attributes
    ----------
    problems
        One `Problem` for each thing that is wrong, in the order they were found.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return one line per problem, each opening with the name of the error."""
        return "\n".join(f"{type(self).__name__}: {problem}" for problem in self.problems)


class ConfigError(InputError):
    """Settings that are unknown, of the wrong type, out of range or contradict each other."""


class SurveyError(InputError):
    """A survey file that cannot be read, or whose columns, rows or values cannot be used."""


class SolverError(Exception):
    """Policy functions that did not settle.

    The message says how far they got and which setting to try.
    """


class SimulationError(Exception):
    """Lives whose numbers stopped making sense.

    The message says how many and which setting to try.
    """
