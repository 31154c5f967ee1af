"""bpcore on a GPU: the pure step as it is, captured step by step, and captured many steps at a time.

None of them counts right labels, as no other contender does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import bpcore as bp
from benchmarks.gpu.how import how_of
from benchmarks.gpu.workloads import Run
from benchmarks.peers.ours import LOSSES
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data
from bpcore.program.compiled import Compiled

__all__ = ["captured", "captured_and_tuned", "captured_by_library", "eager", "scanned"]


def _begun(run: Run, data: Data, device: str) -> tuple[Any, Any, Any, Any, Any]:
    """Return the step, parameters, state, stacked batches on the device, and the backend."""
    workload, home = run.workload, bp.backend(device)
    net = bp.MLP(workload.sizes, activation=workload.activation, output=workload.last)
    optimizer, loss_of = bp.Adam(workload.rate), LOSSES[workload.loss]

    loss: Any = lambda output, target: loss_of(output, target)  # noqa: E731, PLW0108 - no step counts for it
    whole = bp.make_step(net, loss, optimizer, precision=run.precision)

    def step(params: Any, state: Any, batch: Any) -> Any:
        params, state, report = whole(params, state, batch)
        return params, state, report["loss"]

    def put(x: Any) -> Any:
        kind = "int32" if x.dtype.kind in "iu" else "float32"
        return home.asarray(x, dtype=home.dtype(kind))

    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    params: list[Any] = []
    for (weight, bias), kind in zip(data.weights, kinds, strict=True):
        params += [{"weight": put(weight), "bias": put(bias)}] + ([] if kind == "identity" else [{}])
    return step, params, optimizer.init(params), (put(data.xs), put(data.ys)), home


def _weights(home: Any, params: Any) -> Any:
    own = [layer for layer in params if layer]
    return [tuple(np.array(home.to_host(layer[name])) for name in ("weight", "bias")) for layer in own]


def _one_by_one(run: Run, data: Data, device: str, how: Callable[..., Any]) -> Training:
    step, params, state, (xs, ys), home = _begun(run, data, device)
    call = how(step)
    batches = [(xs[i, ...], ys[i, ...]) for i in range(len(data.xs))]
    position = 0

    def advance(steps: int) -> float:
        nonlocal params, state, position
        loss: Any = float("nan")
        for number in range(position, position + steps):
            params, state, loss = call(params, state, batches[number % len(batches)])
        position = (position + steps) % len(batches)
        home.synchronize()
        return float(home.to_host(loss))

    told = (lambda: how_of(call)) if isinstance(call, Compiled) else None
    return Training(advance, lambda: _weights(home, params), told=told)


def eager(run: Run, data: Data, device: str) -> Training:
    """Return a training that calls the library's functions one by one."""
    return _one_by_one(run, data, device, lambda step: step)


def captured(run: Run, data: Data, device: str) -> Training:
    """Return a training with one call of the compiled step for each step."""
    return _one_by_one(run, data, device, lambda step: bp.compile(step, carry=2, backend=device))


def captured_by_library(run: Run, data: Data, device: str) -> Training:
    """Return a captured training whose products are all cuBLASLt's, the small ones too."""
    os.environ["BPCORE_SMALL_PRODUCTS"] = "0"
    return captured(run, data, device)


def captured_and_tuned(run: Run, data: Data, device: str) -> Training:
    """Return a captured training whose products are timed before they are chosen."""
    os.environ["BPCORE_TUNE"] = "1"
    return captured(run, data, device)


def scanned(run: Run, data: Data, device: str) -> Training:
    """Return a training with one call for all batches."""
    step, params, state, batches, home = _begun(run, data, device)
    call = bp.compile(step, carry=2, backend=device)
    count = len(data.xs)

    def advance(steps: int) -> float:
        nonlocal params, state
        losses: Any = None
        for _ in range(-(-steps // count)):
            params, state, losses = call.scan(params, state, batches)
        home.synchronize()
        return float(home.to_host(losses)[-1])

    return Training(advance, lambda: _weights(home, params), least=count, told=lambda: how_of(call))
