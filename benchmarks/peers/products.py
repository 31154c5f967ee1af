"""The products of a step and nothing else, in NumPy: no step in NumPy can be faster."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare", "shapes"]


def shapes(workload: Workload) -> list[tuple[int, int, bool]]:
    """Return inputs and outputs of each layer, and whether a slope goes on below it."""
    return [(*pair, index > 0) for index, pair in enumerate(pairwise(workload.sizes))]


def prepare(workload: Workload, data: Data) -> Training:
    """Return the products with features as rows, the faster way round, into arrays that are there."""
    calls: list[tuple[Any, Any, Any]] = []
    for (inputs, outputs, below), (w, _) in zip(shapes(workload), data.weights, strict=True):
        h, g, y = (np.full((n, workload.batch), 0.5, w.dtype) for n in (inputs, outputs, outputs))
        grad, back = np.empty_like(w), np.empty_like(h)
        calls += [(w.T.dot, h, y), (h.dot, g.T, grad)]
        if below:
            calls.append((w.dot, g, back))

    def advance(steps: int) -> float:
        for _ in range(steps):
            for product, other, out in calls:
                product(other, out)
        return float("nan")

    return Training(advance, None)
