"""The name of a scenario by all that its results follow from: settings, data, tables, code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resilience_sim.runs import input_files, sha256
from resilience_sim.solver.kept import feed
from resilience_sim.sources import EVERYTHING, hash_of

if TYPE_CHECKING:
    from resilience_sim.config import Config

NOT_IN_KEY = ("threads", "output_dir")
"""Settings that change no result."""
KEY_LENGTH = 12


def key_of(config: Config, tables: Iterable[str] | None = None) -> str:
    """Hash of one scenario, 12 hexadecimal digits.

    Parameters
    ----------
    config
        Every setting counts but `NOT_IN_KEY`.
    tables
        Names of the tables that are written; None for all.

    Returns
    -------
    Another key where a setting, a byte of the survey or its map, the tables asked for, or a source or
    datum of this package is another.
    """
    digest = hashlib.sha256()
    settings = {
        each.name: getattr(config, each.name)
        for each in fields(config)
        if each.name not in NOT_IN_KEY
    }
    files = input_files(config).items()
    data = {name: _hash_of_file(*_version(path)) for name, path in files if path.is_file()}
    asked = None if tables is None else sorted(tables)
    for part in (settings, data, asked, code()):
        feed(digest, part)
    return digest.hexdigest()[:KEY_LENGTH]


def code() -> str:
    """Hash of the whole package with the data it ships."""
    return hash_of(EVERYTHING)


def _version(path: Path) -> tuple[Path, int, int]:
    """A file with what shows that it was changed meanwhile."""
    told = path.stat()
    return path, told.st_mtime_ns, told.st_size


@cache
def _hash_of_file(path: Path, _mtime: int, _size: int) -> str:
    return sha256(path)
