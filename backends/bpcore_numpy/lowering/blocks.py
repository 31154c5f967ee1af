"""Groups over large vectors, in blocks that stay in the cache.

A dozen passes over a vector that does not fit into the cache cost the memory's time a dozen times; block by
block they cost it once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from bpcore.ground.environment import whole_number_told
from bpcore.program.equation import Equation, Equations
from bpcore.program.passes.fused import Fused

__all__ = ["BLOCK", "LARGE", "block_rows", "inside", "length", "spread", "threads"]

LARGE = 2**16
"""Elements from which a vector is computed in blocks."""

BLOCK = 2**16
"""Elements of a block: a few vectors of that length fit into a core's second cache."""

SHARED = 2**18
"""Elements from which threads share the blocks: handing them over takes some 40 us."""


def inside(equation: Equation) -> Equations | None:
    """Return the inner Program of a group; None for other equations."""
    return equation.function.inner if isinstance(equation.function, Fused) else None


def length(inner: Equations) -> tuple[int, ...]:
    """Return the shape of a group's vectors. They go in blocks, a shorter operand into each as it is."""
    shape: tuple[int, ...] = inner.types[inner.equations[0].output].shape
    return shape


def threads() -> int:
    """Return how many threads share large groups: as many as ``BPCORE_THREADS`` says, else one.

    Beside OpenBLAS's own threads, which go on looking for work for 30 ms after a product, a second one
    brought nothing: W4 1.05 and 0.99 of hand-written code with one and with two, W5 0.96 and 1.00.
    """
    return min(whole_number_told("BPCORE_THREADS") or 1, os.cpu_count() or 1)


def block_rows(size: int, arrays: list[Any], kinds: list[Any], parts: int) -> list[list[tuple[Any, ...]]]:
    """Return views of each block, a row for each, in as many lists as threads share them.

    Parameters
    ----------
    size : int
        Elements of each vector.
    arrays : list of array (size,)
    kinds : list of dtype
        Of the buffers, which follow the arrays in each row.
    parts : int
    """
    parts = parts if size >= SHARED else 1
    starts = list(range(0, size, BLOCK))
    share = -(-len(starts) // parts)
    rows = []
    for first in range(0, len(starts), share):
        buffers = [np.empty(min(size, BLOCK), kind) for kind in kinds]
        rows.append([
            (*(x[start : start + BLOCK] for x in arrays), *(b[: size - start] for b in buffers))
            for start in starts[first : first + share]
        ])  # fmt: skip
    return rows


def spread(work: Callable[[Any], None], rows: list[Any], shared: dict[str, Any]) -> Callable[[], None]:
    """Return a call that does the work on each list of rows, each on a thread of its own."""
    first, *others = rows
    if not others:
        return lambda: work(first)
    pool = shared.setdefault("pool", ThreadPoolExecutor(threads() - 1, "bpcore"))

    def silent(rows: Any) -> None:
        with np.errstate(all="ignore"):  # each thread has its own
            work(rows)

    def call() -> None:
        waiting = [pool.submit(silent, rows) for rows in others]
        try:
            work(first)
        finally:  # whatever happened: they write where the next call will
            wait(waiting)
        for future in waiting:
            future.result()

    return call
