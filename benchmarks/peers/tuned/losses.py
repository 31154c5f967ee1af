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
    """Return ``softplus(z) - t z``; ``exp(z - softplus(z))`` is the sigmoid, which its slope takes."""
    logaddexp, subtract, exp, multiply, total = np.logaddexp, np.subtract, np.exp, np.multiply, np.add.reduce
    soft, zero, share = np.empty_like(z), np.zeros((), g.dtype), np.asarray(1 / g.size, g.dtype)
    flat, pulled, mean = soft.reshape(-1), z.reshape(-1).dot, 1 / g.size

    def loss(target: Any) -> Any:
        logaddexp(zero, z, soft)
        subtract(z, soft, g)
        exp(g, g)
        subtract(g, target, g)
        multiply(g, share, g)
        return (total(flat) - pulled(target.reshape(-1))) * mean

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
