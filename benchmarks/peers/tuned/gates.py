"""W1 in a straight line: a step of 23 calls. Two layers of sigmoids, squared error, gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.tuned.flat import Flat
from benchmarks.peers.tuned.losses import targets
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training with nothing allocated; weights are (outputs, inputs + 1)."""
    flat = Flat(workload, data.weights, ones=True, turned=False)
    dtype, batch = workload.dtype, workload.batch
    _, hidden, outputs = workload.sizes
    subtract, multiply, add, exp = np.subtract, np.multiply, np.add, np.exp
    negative, reciprocal = np.negative, np.reciprocal
    params, grads = flat.params, flat.grads
    filled = np.ones((hidden + 1, batch), dtype)
    h, turned = filled[:hidden], filled.T
    y, g, gh, s, sh = (np.empty((n, batch), dtype) for n in (outputs, outputs, hidden, outputs, hidden))
    error = g.reshape(-1)
    first, last = flat.weights[0].dot, flat.weights[1].dot
    back, square, left, left_hidden = flat.weights[1].T[:hidden].dot, error.dot, g.dot, gh.dot
    first_grad, last_grad = flat.weight_grads
    one, share = np.ones((), dtype), 1 / g.size
    pace = np.asarray(workload.rate * 2 / g.size, dtype)

    def step(x: Any, target: Any) -> Any:
        first(x, h)
        negative(h, h)
        exp(h, h)
        add(h, one, h)
        reciprocal(h, h)
        last(filled, y)
        negative(y, y)
        exp(y, y)
        add(y, one, y)
        reciprocal(y, y)
        subtract(y, target, g)
        loss = square(error) * share
        multiply(y, y, s)
        subtract(y, s, y)
        multiply(g, y, g)
        left(turned, last_grad)
        back(g, gh)
        multiply(h, h, sh)
        subtract(h, sh, h)
        multiply(gh, h, gh)
        left_hidden(x.T, first_grad)
        multiply(grads, pace, grads)
        subtract(params, grads, params)
        return loss

    rows = [np.concatenate([x.T, np.ones((1, batch), dtype)]) for x in data.xs]
    return Training(cycled(step, rows, targets("squared", data.ys, outputs, dtype)), flat.taken)
