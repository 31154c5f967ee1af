"""bpcore: the pure step of its layers, loss and optimizer, compiled by a backend, one by one or k in a call.

The report is cut to the loss, for no other contender counts right labels at every step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bpcore as bp
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["eager", "scanned", "stepped", "training_step"]

LOSSES = {"squared": bp.SquaredError(), "binary": bp.BinaryCrossEntropy(), "classes": bp.CrossEntropy()}
Step = Callable[[Any, Any, Any], tuple[Any, Any, Any]]


def training_step(workload: Workload) -> tuple[Step, bp.Optimizer]:
    """Return ``step(params, state, (x, y)) -> (params, state, loss)`` and the optimizer."""
    net = bp.MLP(workload.sizes, activation=workload.activation, output=workload.last)
    optimizer = {"sgd": bp.SGD, "momentum": bp.Momentum, "adam": bp.Adam}[workload.optimizer](workload.rate)
    whole = bp.make_step(net, LOSSES[workload.loss], optimizer)

    def step(params: Any, state: Any, batch: Any) -> tuple[Any, Any, Any]:
        params, state, report = whole(params, state, batch)
        return params, state, report["loss"]

    return step, optimizer


def _arrays(backend: str, workload: Workload, data: Data) -> tuple[Callable[[Any], Any], Any]:
    """Return what makes arrays of the backend's, and the parameters as the network keeps them."""
    if backend == "jax" and workload.dtype == "float64":
        import jax

        jax.config.update("jax_enable_x64", True)
    home = bp.backend("numpy" if backend == "numba" else backend)

    def put(array: Any) -> Any:
        return (
            home.asarray(array, dtype=home.dtype(str(array.dtype)))
            if array.dtype.kind == "f"
            else home.asarray(array)
        )

    params: list[Any] = []
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    for (weight, bias), kind in zip(data.weights, kinds, strict=True):
        params.append({"weight": put(weight), "bias": put(bias)})  # the first arrays are not written over
        if kind != "identity":
            params.append({})
    return put, params


def _weights(backend: str, params: Any) -> Any:
    home = bp.backend("numpy" if backend == "numba" else backend)
    own = [layer for layer in params if layer]
    return [tuple(np.array(home.to_host(layer[name])) for name in ("weight", "bias")) for layer in own]


def stepped(backend: str) -> Callable[[Workload, Data], Training]:
    """Return the contender that calls the compiled step once for each step."""

    def prepare(workload: Workload, data: Data) -> Training:
        pure, optimizer = training_step(workload)
        compiled = bp.compile(pure, carry=2, backend=backend)
        return _one_by_one(backend, compiled, optimizer, workload, data)

    return prepare


def eager(workload: Workload, data: Data) -> Training:
    """Return the training with the step as it is, not compiled, on NumPy."""
    return _one_by_one("numpy", *training_step(workload), workload, data)


def _one_by_one(backend: str, step: Any, optimizer: bp.Optimizer, workload: Workload, data: Data) -> Training:
    put, params = _arrays(backend, workload, data)
    state = optimizer.init(params)
    batches = [(put(x), put(y)) for x, y in zip(data.xs, data.ys, strict=True)]
    synchronize = bp.backend("numpy" if backend == "numba" else backend).synchronize
    position = 0

    def advance(steps: int) -> float:
        nonlocal params, state, position
        loss: Any = float("nan")
        for number in range(position, position + steps):
            params, state, loss = step(params, state, batches[number % len(batches)])
        position = (position + steps) % len(batches)
        synchronize()
        return float(loss)

    return Training(advance, lambda: _weights(backend, params))


def scanned(backend: str) -> Callable[[Workload, Data], Training]:
    """Return the contender that takes as many steps as there are batches in one call."""

    def prepare(workload: Workload, data: Data) -> Training:
        pure, optimizer = training_step(workload)
        step = bp.compile(pure, carry=2, backend=backend)
        put, params = _arrays(backend, workload, data)
        state = optimizer.init(params)
        stacked = (put(data.xs), put(data.ys))
        synchronize = bp.backend("numpy" if backend == "numba" else backend).synchronize

        def advance(steps: int) -> float:
            nonlocal params, state
            losses: Any = [float("nan")]
            for _ in range(-(-steps // len(data.xs))):
                params, state, losses = step.scan(params, state, stacked)
            synchronize()
            return float(losses[-1])

        return Training(advance, lambda: _weights(backend, params), least=len(data.xs))

    return prepare


numpy, numba, torch, jax = (stepped(name) for name in ("numpy", "numba", "torch", "jax"))
numpy_scan, numba_scan, jax_scan = (scanned(name) for name in ("numpy", "numba", "jax"))
