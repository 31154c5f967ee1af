"""The network in functions with NumPy's names: for autograd and advect, which differentiate them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.inplace import updater
from benchmarks.peers.training import Training, cycled
from benchmarks.peers.workloads import Data, Workload

__all__ = ["objective", "trained"]


def objective(workload: Workload, xp: Any) -> Callable[[Any, Any, Any], Any]:
    """Return the loss as a function of a list of weights and biases, a batch, and its targets.

    Labels are rows of a unit matrix: picking by index is slow to differentiate.
    """
    activations: dict[str, Callable[[Any], Any]] = {
        "relu": lambda z: xp.maximum(z, 0.0),
        "tanh": xp.tanh,
        "sigmoid": lambda z: 1.0 / (1.0 + xp.exp(-z)),
        "identity": lambda z: z,
    }
    kinds = [workload.activation] * (len(workload.sizes) - 2) + [workload.last]

    def loss(params: Any, x: Any, y: Any) -> Any:
        for index, kind in enumerate(kinds):
            x = activations[kind](xp.matmul(x, params[2 * index]) + params[2 * index + 1])
        if workload.loss == "squared":
            return xp.mean((x - y) ** 2)
        if workload.loss == "binary":
            return xp.mean(xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x))) - y * x)
        shifted = x - xp.max(x, axis=1, keepdims=True)
        return xp.mean(xp.log(xp.sum(xp.exp(shifted), axis=1)) - xp.sum(shifted * y, axis=1))

    return loss


def trained(workload: Workload, data: Data, gradient: Callable[..., Any]) -> Training:
    """Return a training by `gradient(params, x, y) -> (loss, list of gradients)`."""
    params = [array.copy() for pair in data.weights for array in pair]
    update = updater(workload, params)

    def step(x: Any, y: Any) -> Any:
        loss, grads = gradient(params, x, y)
        update(grads)
        return loss

    unit = np.eye(workload.sizes[-1], dtype=workload.dtype)
    ys = [unit[y] for y in data.ys] if workload.loss == "classes" else list(data.ys)

    def weights() -> Any:
        return list(zip(params[::2], params[1::2], strict=True))

    return Training(cycled(step, list(data.xs), ys), weights)
