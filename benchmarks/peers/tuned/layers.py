"""The tuned step of any of the networks, layer by layer, as lists of bound calls."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.tuned.flat import Flat
from benchmarks.peers.tuned.losses import LOSSES, targets
from benchmarks.peers.tuned.optimizers import optimizer
from benchmarks.peers.workloads import Data, Workload

__all__ = ["Form", "prepare"]


class Form(NamedTuple):
    """How weights lie: with the bias inside, and turned to (inputs, outputs)."""

    ones: bool
    turned: bool


FORMS = {"W3": Form(ones=True, turned=False)}
USUAL = Form(ones=True, turned=True)
"""The fastest of the four, as measured; they differ by a tenth."""


def prepare(workload: Workload, data: Data, form: Form | None = None) -> Training:
    """Return a training with nothing allocated."""
    form = form or FORMS.get(workload.name, USUAL)
    flat = Flat(workload, data.weights, ones=form.ones, turned=form.turned)
    room = _Room(workload, ones=form.ones)
    forward, backward = _forward(workload, flat, room), _backward(workload, flat, room)
    loss_of = LOSSES[workload.loss](room.outputs[-1], room.slopes[-1])
    update = optimizer(workload, flat)

    def step(x: Any, y: Any) -> Any:
        forward(x)
        loss = loss_of(y)
        backward(x)
        update()
        return loss

    xs = [room.input(x) for x in data.xs]
    ys = targets(workload.loss, data.ys, workload.sizes[-1], workload.dtype)
    return Training(cycled(step, xs, ys), flat.taken)


class _Room:
    """Every array that lies between: outputs of the layers and slopes, features first.

    ``filled`` are the outputs with a row of ones below, if there is to be one.
    """

    def __init__(self, workload: Workload, *, ones: bool) -> None:
        self.ones, self.batch, self.dtype = ones, workload.batch, workload.dtype
        self.filled = [np.ones((n + ones, self.batch), self.dtype) for n in workload.sizes[1:]]
        self.outputs = [h[: len(h) - ones] for h in self.filled]
        self.slopes = [np.empty_like(h) for h in self.outputs]
        widest = max(h.size for h in self.outputs)
        self.spare, self.mask = np.empty(widest, self.dtype), np.empty(widest, bool)

    def input(self, x: Any) -> Any:
        rows = [x.T, np.ones((1, len(x)), x.dtype)] if self.ones else [x.T]
        return np.ascontiguousarray(np.concatenate(rows))


def _forward(workload: Workload, flat: Flat, room: _Room) -> Any:
    add = np.add
    kinds = [workload.activation] * (len(room.outputs) - 1) + [workload.last]
    products = [(w.T if flat.turned else w).dot for w in flat.weights]
    sources = [None, *room.filled[:-1]]
    activated = [_activation(kind, h) for kind, h in zip(kinds, room.outputs, strict=True)]
    rows = list(zip(products, sources, room.outputs, flat.biases, activated, strict=True))

    def forward(x: Any) -> None:
        source = x
        for product, own, h, bias, activate in rows:
            product(source if own is None else own, h)
            if bias is not None:
                add(h, bias, h)
            activate()

    return forward


def _activation(kind: str, h: Any) -> Any:
    zero, one = np.zeros((), h.dtype), np.ones((), h.dtype)
    maximum, tanh, negative = np.maximum, np.tanh, np.negative
    exp, add, reciprocal = np.exp, np.add, np.reciprocal

    def sigmoid() -> None:
        negative(h, h)
        exp(h, h)
        add(h, one, h)
        reciprocal(h, h)

    calls = {"relu": lambda: maximum(h, zero, out=h), "tanh": lambda: tanh(h, h), "sigmoid": sigmoid}
    return calls.get(kind, lambda: None)


def _backward(workload: Workload, flat: Flat, room: _Room) -> Any:
    kinds = [workload.activation] * (len(room.outputs) - 1) + [workload.last]
    samples = np.ones(workload.batch, workload.dtype)
    rows: list[Any] = []
    for index in reversed(range(len(kinds))):
        g, whole = room.slopes[index], flat.weight_grads[index]
        weight = flat.weights[index] if flat.turned else flat.weights[index].T
        rows.append(
            (
                _slope(kinds[index], room, index),
                g,
                g.T,
                g.dot,
                room.filled[index - 1] if index else None,
                whole,
                None if flat.ones else flat.bias_grads[index][:, 0],
                (weight[:-1] if flat.ones else weight).dot if index else None,
                room.slopes[index - 1],
            )
        )

    def backward(x: Any) -> None:
        for bend, g, gt, product, own, whole, bias, back, below in rows:
            bend()
            source = x if own is None else own
            if flat.turned:
                source.dot(gt, whole)
            else:
                product(source.T, whole)
            if bias is not None:
                product(samples, bias)
            if back is not None:
                back(g, below)

    return backward


def _slope(kind: str, room: _Room, index: int) -> Any:
    """Return the call that multiplies a slope by that of the activation; it may spoil the output."""
    multiply, subtract, greater = np.multiply, np.subtract, np.greater
    h, g = room.outputs[index], room.slopes[index]
    zero, one = np.zeros((), h.dtype), np.ones((), h.dtype)
    mask, spare = (flat[: h.size].reshape(h.shape) for flat in (room.mask, room.spare))

    def relu() -> None:
        greater(h, zero, mask)
        multiply(g, mask, g)

    def tanh() -> None:
        multiply(h, h, h)
        subtract(one, h, h)
        multiply(g, h, g)

    def sigmoid() -> None:
        multiply(h, h, spare)
        subtract(h, spare, h)
        multiply(g, h, g)

    return {"relu": relu, "tanh": tanh, "sigmoid": sigmoid}.get(kind, lambda: None)
