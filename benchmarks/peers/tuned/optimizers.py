"""Optimizers in place on one flat vector; long vectors in blocks that stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.tuned.flat import Flat
from benchmarks.peers.workloads import Workload

__all__ = ["optimizer"]

BLOCK = 65_536
"""Numbers of one block: measured, from 4 k to 1 M; less than this costs calls, more leaves the cache."""
Part = tuple[Any, ...]


def optimizer(workload: Workload, flat: Flat) -> Callable[[], None]:
    """Return what makes the next parameters of the gradients; it may overwrite these."""
    make = {"sgd": _sgd, "momentum": _momentum, "adam": _adam}[workload.optimizer]
    count = {"sgd": 0, "momentum": 1, "adam": 2}[workload.optimizer]
    memories = [np.zeros_like(flat.params) for _ in range(count)]
    vectors = [flat.params, flat.grads, *memories]
    size = flat.params.size
    parts = [tuple(v[i : i + BLOCK] for v in vectors) for i in range(0, size, BLOCK)]
    room = np.empty_like(parts[0][0])  # one for all: the parts come one after the other
    return make(workload.rate, flat.params.dtype, [(*part, room[: part[0].size]) for part in parts])


def _sgd(rate: float, dtype: Any, parts: list[Part]) -> Callable[[], None]:
    multiply, subtract = np.multiply, np.subtract
    r = np.asarray(rate, dtype)

    def update() -> None:
        for p, g, _ in parts:
            multiply(g, r, g)
            subtract(p, g, p)

    return update


def _momentum(rate: float, dtype: Any, parts: list[Part]) -> Callable[[], None]:
    multiply, add, subtract = np.multiply, np.add, np.subtract
    r, keep = np.asarray(rate, dtype), np.asarray(0.9, dtype)

    def update() -> None:
        for p, g, v, t in parts:
            multiply(v, keep, v)
            add(v, g, v)
            multiply(v, r, t)
            subtract(p, t, p)

    return update


def _adam(rate: float, dtype: Any, parts: list[Part]) -> Callable[[], None]:
    multiply, add, subtract, divide, sqrt = np.multiply, np.add, np.subtract, np.divide, np.sqrt
    keep1, new1, keep2, new2 = (np.asarray(x, dtype) for x in (0.9, 0.1, 0.999, 0.001))
    pace, floor = np.empty((), dtype), np.empty((), dtype)
    count = 0

    def update() -> None:
        nonlocal count
        count += 1
        root = math.sqrt(1 - 0.999**count)
        pace[()] = rate * root / (1 - 0.9**count)
        floor[()] = 1e-8 * root
        for p, g, m, v, t in parts:
            multiply(m, keep1, m)
            multiply(v, keep2, v)
            multiply(g, g, t)
            multiply(t, new2, t)
            add(v, t, v)
            multiply(g, new1, g)
            add(m, g, m)
            sqrt(v, t)
            add(t, floor, t)
            divide(m, t, t)
            multiply(t, pace, t)
            subtract(p, t, p)

    return update
