"""Hand-written NumPy, laid out anew: as fast as NumPy goes. Which trick gave what: docs/guide/benchmarks.md.

It is given other data than everybody else: batches that were transposed beforehand and got a row of ones,
labels that were spread to rows of zeros and a one. That work is not in its time.

Features are rows and samples columns (the other way round was slower nearly everywhere), parameters lie in
one flat vector as do gradients and memories, nothing is allocated, products are bound methods
(`a.dot` costs half of `np.dot` on small arrays). Parameters and memories hold what the formulas say, so
that training could be saved after any step: no trick that changes what is remembered.
"""

from __future__ import annotations

from benchmarks.peers.training import Training
from benchmarks.peers.tuned import gates, layers, spiral
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return the fastest training there is for the workload, in NumPy alone, layer by layer."""
    straight = {"W1": gates.prepare, "W2": spiral.prepare}
    return straight.get(workload.name, layers.prepare)(workload, data)
