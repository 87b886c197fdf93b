"""Work in threads: kernels release the interpreter lock."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    threads: int,
    work: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Progress | None,
) -> list[Result]:
    """Run `work` on every item, in order of the result; 0 threads are as many as there are processors."""
    results: list[Result] = []
    if progress is not None:
        progress(0, len(items))
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for result in pool.map(work, items):
            results.append(result)
            if progress is not None:
                progress(len(results), len(items))
    return results
