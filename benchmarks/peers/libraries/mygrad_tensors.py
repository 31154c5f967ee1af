"""MyGrad: tensors, `backward`, its activations and losses.

Its guard of memory is off, as it advises for speed.
"""

from __future__ import annotations

from typing import Any

import mygrad
from mygrad.nnet.activations import relu, sigmoid, tanh
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.peers.inplace import updater
from benchmarks.peers.training import Training, cycled
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]

ACTIVATIONS = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid, "identity": lambda z: z}
LOSSES: dict[str, Any] = {
    "squared": lambda y, target: mygrad.mean((y - target) ** 2),
    "binary": lambda z, target: mygrad.mean(mygrad.logaddexp(0.0, z) - target * z),
    "classes": softmax_crossentropy,
}


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training with MyGrad's gradient."""
    mygrad.turn_memory_guarding_off()
    tensors = [mygrad.tensor(array) for pair in data.weights for array in pair]
    update = updater(workload, [tensor.data for tensor in tensors])
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    loss_of = LOSSES[workload.loss]

    def step(x: Any, y: Any) -> Any:
        for weight, bias, kind in zip(tensors[::2], tensors[1::2], kinds, strict=True):
            x = ACTIVATIONS[kind](mygrad.matmul(x, weight) + bias)
        loss = loss_of(x, y)
        loss.backward()
        update([tensor.grad for tensor in tensors])
        for tensor in tensors:
            tensor.null_grad()
        return loss.data

    def weights() -> Any:
        return [(w.data.copy(), b.data.copy()) for w, b in zip(tensors[::2], tensors[1::2], strict=True)]

    return Training(cycled(step, list(data.xs), list(data.ys)), weights)
