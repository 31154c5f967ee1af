"""advect: the gradient of a function in `advect.numpy`, and the optimizer in place."""

from __future__ import annotations

import advect
import advect.numpy

from benchmarks.peers.numpy_like import objective, trained
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training with advect's gradient."""
    return trained(workload, data, advect.value_and_grad(objective(workload, advect.numpy)))
