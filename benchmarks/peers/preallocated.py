"""Hand-written NumPy, tuned: the bar for our numpy backend.

What one writes who has measured: every result goes to an array that was made before (``out=``), gradients and
memories lie in flat vectors beside that of the parameters, the optimizer works in place and in blocks,
functions are bound to local names. The batch is taken as it comes: samples are rows, labels whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.tuned.flat import Flat
from benchmarks.peers.tuned.optimizers import optimizer
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]

Call = Callable[[], None]
Loss = Callable[[Any], Any]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training that allocates nothing."""
    flat = Flat(workload, data.weights, ones=False, turned=True)
    dtype, batch, sizes = workload.dtype, workload.batch, workload.sizes
    hs = [np.empty((batch, n), dtype) for n in sizes[1:]]
    gs = [np.empty((batch, n), dtype) for n in sizes[1:]]
    kinds = [workload.activation] * (len(hs) - 1) + [workload.last]
    biases = [bias[:, 0] for bias in flat.biases if bias is not None]
    bias_grads = [bias[:, 0] for bias in flat.bias_grads if bias is not None]
    activate = [FORWARD[kind](h) for kind, h in zip(kinds, hs, strict=True)]
    bend = [BACKWARD[kind](h, g) for kind, h, g in zip(kinds, hs, gs, strict=True)]
    loss_of, update = LOSSES[workload.loss](hs[-1], gs[-1]), optimizer(workload, flat)
    forward = list(zip(flat.weights, biases, hs, activate, strict=True))
    backward = list(zip(bend, gs, flat.weight_grads, bias_grads, strict=True))[::-1]
    below = [(h.T, w.T, g) for h, w, g in zip(hs[:-1], flat.weights[1:], gs[:-1], strict=True)][::-1]
    matmul, add, total = np.matmul, np.add, np.add.reduce

    def step(x: Any, y: Any) -> Any:
        source = x
        for weight, bias, h, act in forward:
            matmul(source, weight, h)
            add(h, bias, h)
            act()
            source = h
        loss = loss_of(y)
        for (slope, g, weight_grad, bias_grad), (source_t, weight_t, g_below) in zip(
            backward, [*below, (x.T, None, None)], strict=True
        ):
            slope()
            matmul(source_t, g, weight_grad)
            total(g, 0, None, bias_grad)
            if weight_t is not None:
                matmul(g, weight_t, g_below)
        update()
        return loss

    return Training(cycled(step, list(data.xs), list(data.ys)), flat.taken)


def _relu(h: Any) -> Call:
    maximum, zero = np.maximum, np.zeros((), h.dtype)
    return lambda: maximum(h, zero, out=h)


def _tanh(h: Any) -> Call:
    tanh = np.tanh
    return lambda: tanh(h, h)


def _sigmoid(h: Any) -> Call:
    negative, exp, add, divide, one = np.negative, np.exp, np.add, np.divide, np.ones((), h.dtype)

    def call() -> None:
        negative(h, h)
        exp(h, h)
        add(h, one, h)
        divide(one, h, h)

    return call


FORWARD: dict[str, Callable[[Any], Any]] = {
    "relu": _relu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "identity": lambda h: lambda: None,
}


def _relu_slope(h: Any, g: Any) -> Call:
    greater, multiply, zero, mask = np.greater, np.multiply, np.zeros((), h.dtype), np.empty(h.shape, bool)

    def call() -> None:
        greater(h, zero, mask)
        multiply(g, mask, g)

    return call


def _tanh_slope(h: Any, g: Any) -> Call:
    multiply, subtract, one = np.multiply, np.subtract, np.ones((), h.dtype)

    def call() -> None:
        multiply(h, h, h)
        subtract(one, h, h)
        multiply(g, h, g)

    return call


def _sigmoid_slope(h: Any, g: Any) -> Call:
    multiply, subtract, one, room = np.multiply, np.subtract, np.ones((), h.dtype), np.empty_like(h)

    def call() -> None:
        subtract(one, h, room)
        multiply(room, h, room)
        multiply(g, room, g)

    return call


BACKWARD: dict[str, Callable[[Any, Any], Any]] = {
    "relu": _relu_slope,
    "tanh": _tanh_slope,
    "sigmoid": _sigmoid_slope,
    "identity": lambda h, g: lambda: None,
}


def _squared(y: Any, g: Any) -> Loss:
    subtract, multiply, total = np.subtract, np.multiply, np.add.reduce
    room, slope, share = np.empty_like(y), np.asarray(2 / g.size, g.dtype), 1 / g.size

    def loss(target: Any) -> Any:
        subtract(y, target, g)
        multiply(g, g, room)
        multiply(g, slope, g)
        return total(room, None) * share

    return loss


def _binary(z: Any, g: Any) -> Loss:
    absolute, negative, exp, log1p, maximum = np.absolute, np.negative, np.exp, np.log1p, np.maximum
    multiply, subtract, add, divide, total = np.multiply, np.subtract, np.add, np.divide, np.add.reduce
    terms, room = np.empty_like(z), np.empty_like(z)
    zero, one, share = np.zeros((), z.dtype), np.ones((), z.dtype), np.asarray(1 / z.size, z.dtype)
    mean = 1 / z.size

    def loss(target: Any) -> Any:
        absolute(z, terms)
        negative(terms, terms)
        exp(terms, terms)
        log1p(terms, terms)
        maximum(z, zero, out=room)
        add(terms, room, terms)
        multiply(target, z, room)
        subtract(terms, room, terms)
        negative(z, g)
        exp(g, g)
        add(g, one, g)
        divide(one, g, g)
        subtract(g, target, g)
        multiply(g, share, g)
        return total(terms, None) * mean

    return loss


def _classes(z: Any, g: Any) -> Loss:
    highest: Any = np.maximum.reduce
    total: Any = np.add.reduce
    subtract, exp, log, divide, multiply = np.subtract, np.exp, np.log, np.divide, np.multiply
    samples = len(z)
    rows, column = np.arange(samples), np.empty((samples, 1), z.dtype)
    share, mean = np.asarray(1 / samples, z.dtype), 1 / samples

    def loss(labels: Any) -> Any:
        highest(z, 1, None, column, True)
        subtract(z, column, z)
        exp(z, g)
        total(g, 1, None, column, True)
        divide(g, column, g)
        log(column, column)
        value = (total(column, None) - total(z[rows, labels])) * mean
        g[rows, labels] -= 1
        multiply(g, share, g)
        return value

    return loss


LOSSES: dict[str, Callable[[Any, Any], Loss]] = {"squared": _squared, "binary": _binary, "classes": _classes}
