"""The two networks that are measured, as plain NumPy data, and their gradient written by hand.

``y = tanh(x W1 + b1) W2 + b2``, the mean of the squared errors, all float32. Samples are rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["NETWORKS", "Problem", "Size", "by_hand", "problem"]


class Size(NamedTuple):
    """The lengths of the layers, and the samples in a batch."""

    inputs: int
    hidden: int
    outputs: int
    batch: int


NETWORKS = {"small": Size(4, 8, 2, 4), "middle": Size(128, 256, 10, 64)}


class Problem(NamedTuple):
    """Parameters ``(W1, b1, W2, b2)``, inputs and targets."""

    params: tuple[Any, Any, Any, Any]
    x: Any
    y: Any


def problem(name: str) -> Problem:
    """Return the network of that name with made-up data, the same in every process."""
    size = NETWORKS[name]
    draw = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> Any:
        return (scale * draw.standard_normal(shape)).astype(np.float32)

    params = (
        normal(size.inputs, size.hidden, scale=size.inputs**-0.5),
        normal(size.hidden, scale=0.1),
        normal(size.hidden, size.outputs, scale=size.hidden**-0.5),
        normal(size.outputs, scale=0.1),
    )
    return Problem(params, normal(size.batch, size.inputs), normal(size.batch, size.outputs))


def by_hand(params: tuple[Any, Any, Any, Any], x: Any, y: Any) -> tuple[Any, tuple[Any, Any, Any, Any]]:
    """Return the loss and its gradient, as one writes them down for this network and no other."""
    w1, b1, w2, b2 = params
    h = np.tanh(x @ w1 + b1)
    error = h @ w2 + b2 - y
    g = error * (2 / error.size)
    g_hidden = (g @ w2.T) * (1 - h * h)
    gradient = (x.T @ g_hidden, g_hidden.sum(axis=0), h.T @ g, g.sum(axis=0))
    return np.mean(error * error), gradient
