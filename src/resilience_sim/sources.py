"""A hash of sources and shipped data, for whatever is kept on disk under the code it follows from."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
EVERYTHING = ("**/*.py", "data/**/*.csv", "data/**/*.parquet")
"""All that a result may follow from besides its settings: every module, kernels too, and shipped data."""


@cache
def hash_of(patterns: tuple[str, ...]) -> str:
    """SHA-256, hexadecimal, of the names and bytes of files.

    Parameters
    ----------
    patterns
        As for `Path.glob`, below the folder of the package; they count in the order given.
    """
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(PACKAGE.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
