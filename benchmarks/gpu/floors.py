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


def floors(backend: Any, *, rounds: int = 7) -> dict[str, Any]:
    """Return microseconds of single functions, and on CUDA of launches, nodes and copies."""
    found: dict[str, Any] = {"functions": _functions(backend, rounds)}
    return found | (_cuda() if backend.library == "cupy" else {})


def bandwidth(found: dict[str, Any]) -> float | None:
    """Return the bytes a second that a copy on the device reads and writes; None if it was not measured."""
    copied = found.get("copy on the device")
    return None if copied is None else 2 * LARGE / copied["in_a_row"] * 1e6


def _functions(backend: Any, rounds: int) -> dict[str, dict[str, float]]:
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
    return {name: timed(call, backend.synchronize, rounds) for name, call in calls.items()}


def _cuda() -> dict[str, Any]:
    import cupy as cp

    stream = cp.cuda.Stream(non_blocking=True)
    x, y = cp.zeros(16, "float32"), cp.zeros(16, "float32")
    cp.cuda.Device().synchronize()  # they were made on another stream
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
        found |= _told(lambda: _functions_of_cupy(cp, stream, x, y), "functions of CuPy")
        found |= _told(lambda: _draws(cp, stream), "draws in a graph")
        found |= _copies(cp, stream)
    return found


def _told(measure: Callable[[], Any], name: str) -> dict[str, Any]:
    """Return what is measured, or what it raised: the others are wanted all the same."""
    try:
        return {name: measure()}
    except Exception as error:  # noqa: BLE001 - whatever a device may say
        return {name: {"raised": f"{type(error).__name__}: {error}"}}


def _functions_of_cupy(cp: Any, stream: Any, x: Any, y: Any) -> dict[str, dict[str, float]]:
    """Return what CuPy's own ways to make kernels cost."""
    twice = cp.ElementwiseKernel("float32 x, float32 y", "float32 z", "z = 2.0f * x + y", "twice")
    square = cp.ReductionKernel("float32 x", "float32 z", "x * x", "a + b", "z = a", "0", "square")
    fused = cp.fuse(lambda x, y: cp.tanh(2.0 * x + y))
    out = cp.zeros((), "float32")
    calls: dict[str, Callable[[], Any]] = {
        "ElementwiseKernel with out": lambda: twice(x, y, y),
        "ReductionKernel": lambda: square(x, out),
        "fuse": lambda: fused(x, y),
        "sum with out": lambda: cp.sum(x, out=out),
    }
    return {name: timed(call, stream.synchronize) for name, call in calls.items()}


def _draws(cp: Any, stream: Any) -> dict[str, Any]:
    """Return whether random numbers may be drawn in a graph, and are other ones at each launch."""
    generator, drawn = cp.random.default_rng(0), cp.zeros(1024, "float32")
    generator.random(drawn.size, dtype="float32", out=drawn)
    stream.synchronize()
    try:
        stream.begin_capture()
        generator.random(drawn.size, dtype="float32", out=drawn)
    finally:
        graph = stream.end_capture()
    seen = []
    for _ in range(2):
        graph.launch(stream)
        stream.synchronize()
        seen.append(drawn.get())
    time_ = timed(lambda: graph.launch(stream), stream.synchronize)
    return time_ | {"differ": bool((seen[0] != seen[1]).any())}


def _copies(cp: Any, stream: Any) -> dict[str, dict[str, float]]:
    import cupyx

    source, target = (cp.zeros(LARGE, "uint8") for _ in range(2))
    pinned = cupyx.empty_pinned(LARGE // 8, "uint8")
    part = target[: LARGE // 8]
    return {
        "copy on the device": timed(lambda: cp.copyto(target, source), stream.synchronize),
        "copy from pinned memory, an eighth": timed(lambda: part.set(pinned), stream.synchronize),
    }
