"""autograd: the gradient of a function in `autograd.numpy`, and the optimizer in place."""

from __future__ import annotations

import autograd
import autograd.numpy

from benchmarks.peers.numpy_like import objective, trained
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training with autograd's gradient."""
    return trained(workload, data, autograd.value_and_grad(objective(workload, autograd.numpy)))
