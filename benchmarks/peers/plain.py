"""Hand-written NumPy, plain: what one writes down first, with an expression for every formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]

FORWARD: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
}
BACKWARD: dict[str, Callable[[Any, Any], Any]] = {
    "relu": lambda g, h: g * (h > 0),
    "tanh": lambda g, h: g * (1 - h * h),
    "sigmoid": lambda g, h: g * h * (1 - h),
    "identity": lambda g, h: g,
}


def _squared(y: Any, target: Any) -> tuple[Any, Any]:
    error = y - target
    return np.mean(error**2), 2 * error / error.size


def _binary(z: Any, target: Any) -> tuple[Any, Any]:
    return np.mean(np.logaddexp(0, z) - target * z), (1 / (1 + np.exp(-z)) - target) / z.size


def _classes(z: Any, labels: Any) -> tuple[Any, Any]:
    rows = np.arange(len(labels))
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - z[rows, labels])
    g = e / total
    g[rows, labels] -= 1
    return loss, g / len(labels)


LOSSES = {"squared": _squared, "binary": _binary, "classes": _classes}


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training in plain expressions."""
    params = [array.copy() for pair in data.weights for array in pair]
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    loss_and_slope = LOSSES[workload.loss]
    update = {"sgd": _sgd, "momentum": _momentum, "adam": _adam}[workload.optimizer](workload.rate, params)

    def step(x: Any, y: Any) -> Any:
        hs = [x]
        for weight, bias, kind in zip(params[::2], params[1::2], kinds, strict=True):
            hs.append(FORWARD[kind](hs[-1] @ weight + bias))
        loss, g = loss_and_slope(hs[-1], y)
        grads: list[Any] = []
        for index in reversed(range(len(kinds))):
            g = BACKWARD[kinds[index]](g, hs[index + 1])
            grads[:0] = [hs[index].T @ g, g.sum(axis=0)]
            if index:
                g = g @ params[2 * index].T
        params[:] = update(params, grads)
        return loss

    def weights() -> Any:
        return list(zip(params[::2], params[1::2], strict=True))

    return Training(cycled(step, list(data.xs), list(data.ys)), weights)


Update = Callable[[list[Any], list[Any]], list[Any]]


def _sgd(rate: float, params: list[Any]) -> Update:
    return lambda params, grads: [p - rate * g for p, g in zip(params, grads, strict=True)]


def _momentum(rate: float, params: list[Any]) -> Update:
    velocities = [np.zeros_like(p) for p in params]

    def update(params: list[Any], grads: list[Any]) -> list[Any]:
        velocities[:] = [0.9 * v + g for v, g in zip(velocities, grads, strict=True)]
        return [p - rate * v for p, v in zip(params, velocities, strict=True)]

    return update


def _adam(rate: float, params: list[Any]) -> Update:
    means = [np.zeros_like(p) for p in params]
    squares = [np.zeros_like(p) for p in params]
    count = 0

    def update(params: list[Any], grads: list[Any]) -> list[Any]:
        nonlocal count
        count += 1
        means[:] = [0.9 * m + 0.1 * g for m, g in zip(means, grads, strict=True)]
        squares[:] = [0.999 * v + 0.001 * g**2 for v, g in zip(squares, grads, strict=True)]
        c1, c2 = 1 - 0.9**count, 1 - 0.999**count
        rows = zip(params, means, squares, strict=True)
        return [p - rate * (m / c1) / (np.sqrt(v / c2) + 1e-8) for p, m, v in rows]

    return update
