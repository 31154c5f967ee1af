"""The six networks that are trained, and their data: the same numbers in every process.

Samples are rows. Batches are made beforehand, in the order in which they are taken, so that no one's
batching is measured. Data are made up, from a fixed seed: what is timed does not depend on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

__all__ = ["WORKLOADS", "Data", "Weights", "Workload", "data_of", "loss_of"]

Weights = list[tuple[Any, Any]]
"""For each layer the weight (inputs, outputs) and the bias (outputs,)."""

GATES = ("and", "or", "xor", "nand", "nor")


@dataclass(frozen=True)
class Workload:
    """A network, how it is trained, and how exactly all must agree.

    Attributes
    ----------
    name, title : str
    sizes : tuple of int
        Inputs, units of the hidden layers, outputs.
    activation, last : str
        After each hidden layer and after the last: relu, tanh, sigmoid or identity.
    loss : str
        ``squared``, ``binary`` (of logits) or ``classes`` (of logits, and labels): means over all elements.
    optimizer : str
        ``sgd``, ``momentum`` (0.9) or ``adam`` (0.9, 0.999, 1e-8).
    rate : float
    batch : int
    dtype : str
    batches : int
        How many there are before the first comes again; as many steps has one call of a scan.
    steps : int
        After how many steps, a multiple of `batches`, the losses are compared.
    tolerance : float
        By how much they may differ, relatively.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    activation: str
    last: str
    loss: str
    optimizer: str
    rate: float
    batch: int
    dtype: str
    batches: int
    steps: int
    tolerance: float

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.sizes))

    @property
    def bytes_needed(self) -> int:
        """Parameters, memories of the optimizer, gradients, and what each layer puts out, in bytes."""
        copies = 2 + {"sgd": 0, "momentum": 1, "adam": 2}[self.optimizer]
        numbers = copies * self.parameters + self.batch * sum(self.sizes[1:])
        return numbers * np.dtype(self.dtype).itemsize

    def shrunk(self) -> Workload:
        """Return the same network, smaller, for tests: no layer is wider than 16, no batch larger than 8."""
        sizes = [*self.sizes[:3], self.sizes[-1]] if len(self.sizes) > 3 else self.sizes  # noqa: PLR2004
        narrow = tuple(min(size, 16) for size in sizes)
        return replace(self, sizes=narrow, batch=min(self.batch, 8), batches=3, steps=3)


class Data(NamedTuple):
    """What a contender is given.

    Attributes
    ----------
    xs : array (batches, batch, inputs)
    ys : array (batches, batch, outputs), or (batches, batch) of whole-number labels
    weights : Weights
    """

    xs: Any
    ys: Any
    weights: Weights


_SINGLE: Any = {"dtype": "float32", "tolerance": 2e-3, "loss": "classes", "last": "identity"}
_DOUBLE: Any = {"dtype": "float64", "tolerance": 1e-7}

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "W1", "gates 2-6-5 sigmoid, squared error, gradient descent, batch 4", (2, 6, 5), "sigmoid",
            "sigmoid", "squared", "sgd", rate=0.5, batch=4, batches=1000, steps=1000, **_DOUBLE,
        ),
        Workload(
            "W2", "spiral 2-16-8-1 tanh, binary cross-entropy, Adam, batch 400", (2, 16, 8, 1), "tanh",
            "identity", "binary", "adam", rate=0.02, batch=400, batches=100, steps=200, **_DOUBLE,
        ),
        Workload(
            "W3", "digits 64-128-64-10 relu, cross-entropy, Adam, batch 64", (64, 128, 64, 10), "relu",
            optimizer="adam", rate=1e-3, batch=64, batches=32, steps=96, **_SINGLE,
        ),
        Workload(
            "W4", "mnist-like 784-512-512-10 relu, cross-entropy, Adam, batch 128", (784, 512, 512, 10),
            "relu", optimizer="adam", rate=1e-3, batch=128, batches=16, steps=32, **_SINGLE,
        ),
        Workload(
            "W5", "wide 1024-2048-2048-2048-10 relu, cross-entropy, momentum, batch 512",
            (1024, 2048, 2048, 2048, 10), "relu", optimizer="momentum", rate=0.01, batch=512, batches=2,
            steps=4, **_SINGLE,
        ),
        Workload(
            "W6", "deep 64-(64 x 32)-10 tanh, cross-entropy, Adam, batch 64", (64, *[64] * 32, 10), "tanh",
            optimizer="adam", rate=1e-3, batch=64, batches=32, steps=32, **_SINGLE,
        ),
    )
}  # fmt: skip


def data_of(workload: Workload) -> Data:
    """Return the batches and the first weights."""
    draw = np.random.default_rng(20261122)
    xs, ys = {"squared": _gates, "binary": _spiral, "classes": _classes}[workload.loss](workload, draw)
    return Data(xs, ys, _weights(workload, draw))


def _gates(workload: Workload, draw: np.random.Generator) -> tuple[Any, Any]:
    """Return the truth table of five gates, as many times as there are batches; a batch is the table."""
    x = np.asarray([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=workload.dtype)
    a, b = x.T
    both, either = a * b, np.maximum(a, b)
    y = np.stack([both, either, np.abs(a - b), 1 - both, 1 - either], axis=-1)
    return _repeated(workload, x, y)


def _spiral(workload: Workload, draw: np.random.Generator) -> tuple[Any, Any]:
    """Return two arms that wind around each other; a batch is all samples."""
    half = workload.batch // 2
    turn = np.linspace(0.25, 3.0, half) * math.pi
    arm = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=-1) / (3 * math.pi)
    x = np.concatenate([arm, -arm]) + 0.02 * draw.standard_normal((2 * half, 2))
    y = np.repeat([[0.0], [1.0]], half, axis=0)
    return _repeated(workload, x.astype(workload.dtype), y.astype(workload.dtype))


def _repeated(workload: Workload, *arrays: Any) -> tuple[Any, ...]:
    return tuple(np.repeat(array[None], workload.batches, axis=0) for array in arrays)


def _classes(workload: Workload, draw: np.random.Generator) -> tuple[Any, Any]:
    """Return normal numbers with labels that a linear map of them would give."""
    shape = (workload.batches, workload.batch, workload.sizes[0])
    x = draw.standard_normal(shape, dtype=np.float32)
    teacher = draw.standard_normal((workload.sizes[0], workload.sizes[-1]), dtype=np.float32)
    return x, np.argmax(x @ teacher, axis=-1)


def _weights(workload: Workload, draw: np.random.Generator) -> Weights:
    weights = []
    dtype: Any = workload.dtype
    for inputs, outputs in pairwise(workload.sizes):
        scale = math.sqrt(2 / inputs) if workload.activation == "relu" else math.sqrt(2 / (inputs + outputs))
        weight = draw.standard_normal((inputs, outputs), dtype=dtype)
        bias = draw.standard_normal(outputs, dtype=dtype)
        weight *= scale
        bias *= 0.01
        weights.append((weight, bias))
    return weights


def loss_of(workload: Workload, weights: Weights, x: Any, y: Any) -> float:
    """Return the loss of one batch in float64: the judge, one and the same for all."""
    h = np.asarray(x, dtype=np.float64)
    kinds = [workload.activation] * (len(weights) - 1) + [workload.last]
    for (weight, bias), kind in zip(weights, kinds, strict=True):
        h = _ACTIVATIONS[kind](h @ np.asarray(weight, dtype=np.float64) + bias)
    if workload.loss == "squared":
        return float(np.mean((h - y) ** 2))
    if workload.loss == "binary":
        return float(np.mean(np.logaddexp(0, h) - y * h))
    h = h - h.max(axis=-1, keepdims=True)
    return float(np.mean(np.log(np.exp(h).sum(axis=-1)) - h[np.arange(len(y)), y]))


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "identity": lambda x: x,
}
