"""Networks with one training step each, recorded on NumPy: Programs to lower, arrays, and some batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import bpcore as bp
from benchmarks.peers.ours import training_step
from benchmarks.peers.workloads import WORKLOADS, data_of
from bpcore.machine.step import init_step_state, make_step
from bpcore.program.program import Program
from bpcore.words.trees import leaves, tree_map

__all__ = ["NETWORKS", "Step", "step_of", "workload_step"]

CLASSES = 3
BATCHES = 5


def _net(*layers: Any) -> Any:
    return bp.Chain(*layers)


NETWORKS: dict[str, tuple[Callable[[], Any], tuple[int, ...], Any]] = {
    "relu": (lambda: bp.MLP([5, 8, 7, CLASSES], activation="relu"), (5,), bp.Adam(1e-2)),
    "tanh": (lambda: bp.MLP([5, 8, CLASSES], activation="tanh"), (5,), bp.Momentum(1e-2)),
    "gelu": (lambda: bp.MLP([5, 8, CLASSES], activation="gelu"), (5,), bp.AdamW(1e-2)),
    "convolution": (
        lambda: _net(bp.Conv2D(4, 3), bp.Relu(), bp.MaxPool2D(2), bp.Flatten(), bp.Linear(CLASSES)),
        (6, 6, 1),
        bp.Adam(1e-2),
    ),
    "batch norm": (
        lambda: _net(bp.Linear(8), bp.BatchNorm(), bp.Relu(), bp.Linear(CLASSES)),
        (5,),
        bp.SGD(1e-2),
    ),
    "dropout": (
        lambda: _net(bp.Linear(8), bp.Relu(), bp.Dropout(0.5), bp.Linear(CLASSES)),
        (5,),
        bp.Adam(1e-2),
    ),
    "attention": (
        lambda: _net(bp.MultiHeadAttention(2), bp.LayerNorm(), bp.Flatten(), bp.Linear(CLASSES)),
        (4, 6),
        bp.Momentum(1e-2),
    ),
    "lstm": (lambda: _net(bp.LSTM(5), bp.Linear(CLASSES)), (4, 3), bp.RMSprop(1e-2)),
}
"""For each name how to make the network, the shape of a sample, and the optimizer."""


Step = tuple[Program, list[Any], list[list[Any]]]
"""A Program, what it carries at first, and what each step is given besides."""


def step_of(
    name: str, *, batch: int = 6, dtype: Any = np.float64, asarray: Callable[[Any], Any] = np.asarray
) -> Step:
    """Return the step of a network.

    Parameters
    ----------
    name : str
    batch : int
    dtype : dtype
    asarray : function
        What makes arrays of a library's of NumPy's.
    """
    make, shape, optimizer = NETWORKS[name]
    net = make()
    key = bp.key(0, backend="numpy")
    params = net.init(key, shape, dtype=dtype)
    state = init_step_state(net, optimizer, params, shape, key)
    draw = np.random.default_rng(1)
    batches = [
        [draw.normal(size=(batch, *shape)).astype(dtype), draw.integers(0, CLASSES, batch)]
        for _ in range(BATCHES)
    ]
    step = make_step(net, bp.CrossEntropy(), optimizer)
    params, state = tree_map(asarray, params), tree_map(asarray, state)
    return _recorded(step, params, state, [[asarray(x) for x in one] for one in batches])


def _recorded(step: Any, params: Any, state: Any, batches: list[list[Any]]) -> Step:
    program = bp.compile(step, carry=2).program(params, state, tuple(batches[0]))
    return program, list(leaves((params, state))), batches


def workload_step(name: str, *, small: bool = True) -> Step:
    """Return the step of one of the benchmarks' networks, made smaller."""
    workload = WORKLOADS[name].shrunk() if small else WORKLOADS[name]
    data = data_of(replace(workload, batches=1) if not small else workload)
    step, optimizer = training_step(workload)
    params: list[Any] = []
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    for (weight, bias), kind in zip(data.weights, kinds, strict=True):
        params += [{"weight": weight, "bias": bias}, *([] if kind == "identity" else [{}])]
    batches = [[x, y] for x, y in zip(data.xs, data.ys, strict=True)]
    return _recorded(step, params, optimizer.init(params), batches)
