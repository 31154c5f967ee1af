"""Losses whose slope is written where the backward pass begins; features are rows, samples columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["LOSSES", "targets"]

Loss = Callable[[Any], Any]
"""From a target to the loss."""


def targets(kind: str, ys: Any, outputs: int, dtype: Any) -> list[Any]:
    """Return the targets of each batch, features first; labels as rows of a unit matrix."""
    if kind == "classes":
        unit = np.eye(outputs, dtype=dtype)
        ys = [unit[y] for y in ys]
    return [np.ascontiguousarray(y.T) for y in ys]


def _squared(y: Any, g: Any) -> Loss:
    subtract, multiply = np.subtract, np.multiply
    flat = g.reshape(-1)
    square, share, slope = flat.dot, 1 / g.size, np.asarray(2 / g.size, g.dtype)

    def loss(target: Any) -> Any:
        subtract(y, target, g)
        total = square(flat)
        multiply(g, slope, g)
        return total * share

    return loss


def _binary(z: Any, g: Any) -> Loss:
    """Return ``log(1 + exp(-z)) + (1 - t) z``, which shares ``1 + exp(-z)`` with its slope."""
    maximum, negative, exp, add, log, divide = np.maximum, np.negative, np.exp, np.add, np.log, np.divide
    multiply, subtract, total = np.multiply, np.subtract, np.add.reduce
    one, low, share = (np.asarray(x, g.dtype) for x in (1, -700, 1 / g.size))
    u, logs, pulled = np.empty_like(z), np.empty_like(z), np.empty_like(z)
    flat_logs, flat_z = logs.reshape(-1), z.reshape(-1)
    mean = 1 / g.size

    def loss(target: Any) -> Any:
        maximum(z, low, out=z)
        negative(z, u)
        exp(u, u)
        add(u, one, u)
        log(u, logs)
        divide(share, u, g)
        multiply(target, share, pulled)
        subtract(g, pulled, g)
        subtract(one, target, pulled)
        return (total(flat_logs) + flat_z.dot(pulled.reshape(-1))) * mean

    return loss


def _classes(z: Any, g: Any) -> Loss:
    highest: Any = np.maximum.reduce
    total: Any = np.add.reduce
    subtract, exp, log, divide, multiply = np.subtract, np.exp, np.log, np.divide, np.multiply
    samples = z.shape[1]
    row, pulled = np.empty((samples,), z.dtype), np.empty_like(z)
    share, mean = np.asarray(1 / samples, z.dtype), 1 / samples
    right = z.reshape(-1).dot

    def loss(target: Any) -> Any:
        highest(z, 0, None, row)
        subtract(z, row, z)
        exp(z, g)
        total(g, 0, None, row)
        chosen = right(target.reshape(-1))
        divide(share, row, pulled[0])
        multiply(g, pulled[0], g)
        log(row, row)
        multiply(target, share, pulled)
        subtract(g, pulled, g)
        return (total(row) - chosen) * mean

    return loss


LOSSES: dict[str, Callable[[Any, Any], Loss]] = {"squared": _squared, "binary": _binary, "classes": _classes}
