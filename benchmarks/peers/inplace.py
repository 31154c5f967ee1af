"""Optimizers on a list of NumPy arrays, in place: for libraries that give gradients and no more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.workloads import Workload

__all__ = ["updater"]


def updater(workload: Workload, params: list[Any]) -> Callable[[list[Any]], None]:
    """Return a function of the gradients that changes `params` in place."""
    return {"sgd": _sgd, "momentum": _momentum, "adam": _adam}[workload.optimizer](workload.rate, params)


def _sgd(rate: float, params: list[Any]) -> Callable[[list[Any]], None]:
    def update(grads: list[Any]) -> None:
        for p, g in zip(params, grads, strict=True):
            np.subtract(p, rate * g, out=p)

    return update


def _momentum(rate: float, params: list[Any]) -> Callable[[list[Any]], None]:
    velocities = [np.zeros_like(p) for p in params]

    def update(grads: list[Any]) -> None:
        for p, g, v in zip(params, grads, velocities, strict=True):
            np.multiply(v, 0.9, out=v)
            np.add(v, g, out=v)
            np.subtract(p, rate * v, out=p)

    return update


def _adam(rate: float, params: list[Any]) -> Callable[[list[Any]], None]:
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    count = 0

    def update(grads: list[Any]) -> None:
        nonlocal count
        count += 1
        root = math.sqrt(1 - 0.999**count)
        pace, floor = rate * root / (1 - 0.9**count), 1e-8 * root
        for p, g, (m, v) in zip(params, grads, moments, strict=True):
            np.multiply(m, 0.9, out=m)
            np.add(m, 0.1 * g, out=m)
            np.multiply(v, 0.999, out=v)
            np.add(v, 0.001 * g * g, out=v)
            change = np.sqrt(v)
            change += floor
            np.divide(m, change, out=change)
            change *= pace
            np.subtract(p, change, out=p)

    return update
