"""What a function returns, told in prose below `Returns`, beside the type of its signature."""

from __future__ import annotations

import re
from textwrap import indent
from typing import Any

import griffe

SECTION = re.compile(r"^Returns\n-------\n(.+?)(?=\n\n[A-Z]\w+\n---|\Z)", re.MULTILINE | re.DOTALL)


class Prose(griffe.Extension):
    """Lets prose stand where numpy's convention wants a type, for the signature has the type."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Put the annotated type before the prose of `Returns`, and indent the prose."""
        if func.docstring is not None and func.returns is not None:
            func.docstring.value = with_type(func.docstring.value, str(func.returns))


def with_type(text: str, kind: str) -> str:
    """A docstring whose prose below `Returns` is told of the type `kind`."""
    return SECTION.sub(lambda found: _section(kind, found.group(1)), text)


def _section(kind: str, prose: str) -> str:
    """The section as numpy's convention has it."""
    return f"Returns\n-------\n{kind}\n{indent(prose, '    ')}"
