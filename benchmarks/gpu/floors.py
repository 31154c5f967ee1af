"""What nothing goes below: a launch, a node of a graph, a byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bpcore as bp
from benchmarks.gpu.timing import timed

__all__ = ["bandwidth", "floors"]

NODES = 1000
LARGE = 1 << 28
"""Bytes that are copied: more than the second cache holds."""


def floors(backend: Any) -> dict[str, Any]:
    """Return microseconds of single functions, and on CUDA of launches, nodes and copies."""
    found: dict[str, Any] = {"functions": _functions(backend)}
    return found | (_cuda() if backend.library == "cupy" else {})


def bandwidth(found: dict[str, Any]) -> float | None:
    """Return the bytes a second that a copy on the device reads and writes; None if it was not measured."""
    copied = found.get("copy on the device")
    return None if copied is None else 2 * LARGE / copied["in_a_row"] * 1e6


def _functions(backend: Any) -> dict[str, dict[str, float]]:
    xp = bp.namespace(backend)
    few, many = (backend.asarray(np.ones(n, dtype=np.float32)) for n in (16, 1 << 20))
    a, b = (backend.asarray(np.ones(shape, dtype=np.float32)) for shape in ((64, 128), (128, 256)))
    calls: dict[str, Callable[[], Any]] = {
        "add, 16 elements": lambda: xp.add(few, few),
        "add, 1M elements": lambda: xp.add(many, many),
        "multiply by a Python number, 16 elements": lambda: xp.multiply(few, 0.5),
        "tanh, 1M elements": lambda: xp.tanh(many),
        "sum, 16 elements": lambda: xp.sum(few),
        "sum over the first axis, 128 x 256": lambda: xp.sum(b, axis=0),
        "matmul, 64 x 128 x 256": lambda: xp.matmul(a, b),
    }
    return {name: timed(call, backend.synchronize) for name, call in calls.items()}


def _cuda() -> dict[str, Any]:
    import cupy as cp

    stream = cp.cuda.Stream(non_blocking=True)
    x, y = cp.zeros(16, "float32"), cp.zeros(16, "float32")
    kernel = cp.RawKernel('extern "C" __global__ void one(float* x) { x[threadIdx.x] += 1.0f; }', "one")
    with stream:
        found: dict[str, Any] = {
            "ufunc with out": timed(lambda: cp.add(x, y, out=x), stream.synchronize),
            "kernel of one's own": timed(lambda: kernel((1,), (16,), (x,)), stream.synchronize),
        }
        for count in (1, NODES):
            stream.begin_capture()
            for _ in range(count):
                kernel((1,), (16,), (x,))
            graph = stream.end_capture()
            graph.upload(stream)
            found[f"graph of {count} nodes"] = timed(lambda g=graph: g.launch(stream), stream.synchronize)  # type: ignore[misc]
        found["node of a graph"] = (
            found[f"graph of {NODES} nodes"]["in_a_row"] - found["graph of 1 nodes"]["in_a_row"]
        ) / (NODES - 1)
        found |= _copies(cp, stream)
    return found


def _copies(cp: Any, stream: Any) -> dict[str, dict[str, float]]:
    import cupyx

    source, target = (cp.zeros(LARGE, "uint8") for _ in range(2))
    pinned = cupyx.empty_pinned(LARGE // 8, "uint8")
    part = target[: LARGE // 8]
    return {
        "copy on the device": timed(lambda: cp.copyto(target, source), stream.synchronize),
        "copy from pinned memory, an eighth": timed(lambda: part.set(pinned), stream.synchronize),
    }
