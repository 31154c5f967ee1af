"""W2 in a straight line: two layers of tanh, binary cross-entropy of one logit, Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.tuned.flat import Flat
from benchmarks.peers.tuned.losses import LOSSES, targets
from benchmarks.peers.tuned.optimizers import optimizer
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training with nothing allocated; weights are (outputs, inputs + 1)."""
    flat = Flat(workload, data.weights, ones=True, turned=False)
    dtype, batch = workload.dtype, workload.batch
    _, wide, narrow, outputs = workload.sizes
    tanh, multiply, subtract = np.tanh, np.multiply, np.subtract
    one = np.ones((), dtype)
    filled1, filled2 = np.ones((wide + 1, batch), dtype), np.ones((narrow + 1, batch), dtype)
    h1, h2, turned1, turned2 = filled1[:wide], filled2[:narrow], filled1.T, filled2.T
    z, g3, g2, g1 = (np.empty((n, batch), dtype) for n in (outputs, outputs, narrow, wide))
    first, second, third = (w.dot for w in flat.weights)
    back3, back2 = flat.weights[2].T[:narrow].dot, flat.weights[1].T[:wide].dot
    left3, left2, left1 = g3.dot, g2.dot, g1.dot
    grad1, grad2, grad3 = flat.weight_grads
    loss_of = LOSSES["binary"](z, g3)
    update = optimizer(workload, flat)

    def step(x: Any, target: Any) -> Any:
        first(x, h1)
        tanh(h1, h1)
        second(filled1, h2)
        tanh(h2, h2)
        third(filled2, z)
        loss = loss_of(target)
        left3(turned2, grad3)
        back3(g3, g2)
        multiply(h2, h2, h2)
        subtract(one, h2, h2)
        multiply(g2, h2, g2)
        left2(turned1, grad2)
        back2(g2, g1)
        multiply(h1, h1, h1)
        subtract(one, h1, h1)
        multiply(g1, h1, g1)
        left1(x.T, grad1)
        update()
        return loss

    rows = [np.ascontiguousarray(np.concatenate([x.T, np.ones((1, batch), dtype)])) for x in data.xs]
    return Training(cycled(step, rows, targets("binary", data.ys, outputs, dtype)), flat.taken)
