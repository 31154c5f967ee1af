"""The products of a step and nothing else, in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.peers.products import shapes
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return the products with samples as rows, as PyTorch does them, into tensors that are there."""
    calls: list[tuple[Any, Any, Any]] = []
    for (inputs, outputs, below), (weight, _) in zip(shapes(workload), data.weights, strict=True):
        w = torch.from_numpy(weight)
        h, g, y = (torch.full((workload.batch, n), 0.5, dtype=w.dtype) for n in (inputs, outputs, outputs))
        calls += [(h, w, y), (h.T, g, torch.empty_like(w))]
        if below:
            calls.append((g, w.T, torch.empty_like(h)))
    mm = torch.mm

    def advance(steps: int) -> float:
        with torch.inference_mode():
            for _ in range(steps):
                for a, b, out in calls:
                    mm(a, b, out=out)
        return float("nan")

    return Training(advance, None)
