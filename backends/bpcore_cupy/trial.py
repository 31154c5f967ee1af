"""One product on memory of its own, full of numbers: to see whether it is right, and how long it takes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from bpcore_cupy.products import Handle, Plan, Prepared, ProductFailed
from bpcore_cupy.products.layout import Layout

__all__ = ["Trial", "wrong"]

SAMPLES = 64
"""Elements of a result that are computed anew."""

ALLOWED = 2.0**-15
"""The error that a sum of k products of numbers of size 1 in float32 may have, over the root of k.

Sums in float32 err by 2^-25 k or less, which is below it up to a k of 100,000. Where inputs are rounded to
TF32 each product errs by about 2^-12, the worst of 64 sums by 2^-11 times the root of k; in bfloat16 by more.
"""

IN_A_GRAPH = 20
"""Products in a graph that is timed: one alone may be shorter than the host's call."""


class Trial(AbstractContextManager["Trial"]):
    """Arrays for a plan, on a stream of their own; what it took is given back when it is left.

    Parameters
    ----------
    cp : module
        CuPy; the device is its current one.
    handle : Handle
    plan : Plan
    """

    def __init__(self, cp: Any, handle: Handle, plan: Plan) -> None:
        self.cp, self.plan, self._handle = cp, plan, handle
        self.stream, self._pool = cp.cuda.Stream(non_blocking=True), cp.cuda.MemoryPool()
        ours = (plan.second, plan.first) if plan.swapped else (plan.first, plan.second)
        sizes = [_size(x, calls) for x, calls in zip((*ours, plan.result), _offsets(plan), strict=True)]
        with self.stream, cp.cuda.using_allocator(self._pool.malloc):
            a, b = (
                self._numbers(n, x.dtype, seed) for seed, (n, x) in enumerate(zip(sizes, ours, strict=False))
            )
            self.a, self.b = a, b
            self.c = self._zeros(sizes[2], plan.result.dtype)
            vector, aux = plan.vector, plan.aux
            self.vector = self._zeros(vector.length, vector.dtype) if vector else None
            self.aux = cp.full((aux.nbytes,), 255, dtype="uint8") if aux else None

    def __call__(self, prepared: Prepared) -> None:
        """Enqueue the product once."""
        named = {"bias": self.vector, "aux": self.aux}
        addresses = {name: int(x.data.ptr) for name, x in named.items() if x is not None}
        prepared(self.stream.ptr, *(int(x.data.ptr) for x in (self.a, self.b, self.c)), **addresses)

    def wrong(self, prepared: Prepared) -> str:
        """Return what is wrong with some numbers of a product in float32; nothing if they are right.

        A bias is 0 here, and a mask lets everything through.
        """
        if "GELU" in self.plan.follows:
            return "GELU at its end is not looked at"
        with self.stream:
            self.c[...] = 0
            self(prepared)
            error = float(self._error())
        most = ALLOWED * self.plan.k**0.5
        return "" if error <= most else f"one of its sums errs by {error:.1e}, where {most:.1e} is allowed"

    def _error(self) -> Any:
        """Return the largest error of some elements, against sums in float64."""
        cp, plan = self.cp, self.plan
        first, second = (self.b, self.a) if plan.swapped else (self.a, self.b)
        count = plan.m * plan.n * plan.result.batch
        which = cp.arange(min(SAMPLES, count), dtype="int64") * max(count // SAMPLES, 1)
        i, j, g = which % plan.m, which // plan.m % plan.n, which // (plan.m * plan.n)
        k = cp.arange(plan.k, dtype="int64")[None, :]
        x = first[_at(plan.first, i[:, None], k, g[:, None], turned=plan.transposed[0])]
        y = second[_at(plan.second, k, j[:, None], g[:, None], turned=plan.transposed[1])]
        expected = cp.sum(x.astype("float64") * y.astype("float64"), axis=1)
        if plan.follows.startswith("RELU"):
            expected = cp.maximum(expected, 0.0)
        found = self.c[_at(plan.result, i, j, g, turned=False)].astype("float64")
        return cp.max(cp.abs(found - expected))

    def seconds(self, prepared: Prepared) -> float:
        """Return how long the device takes for the product, among others of its kind in a graph."""
        cp, stream = self.cp, self.stream
        with stream:
            self(prepared)  # what is loaded and allocated once is so now
            stream.synchronize()
            stream.begin_capture()
            try:
                for _ in range(IN_A_GRAPH):
                    self(prepared)
            finally:
                graph = stream.end_capture()
            graph.launch(stream)
            times = []
            for _ in range(3):
                start, end = cp.cuda.Event(), cp.cuda.Event()
                start.record(stream)
                graph.launch(stream)
                end.record(stream)
                end.synchronize()
                times.append(cp.cuda.get_elapsed_time(start, end))
        return float(min(times)) / 1e3 / IN_A_GRAPH

    def _numbers(self, count: int, dtype: str, seed: int) -> Any:
        """Return numbers as if drawn evenly, of mean 0 and variance 1: products of zeros take less time."""
        cp = self.cp
        first = 1 + seed * 2**30
        bits = cp.arange(first, first + count, dtype="uint32")
        for factor, shift in ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16)):
            bits = bits * cp.asarray(factor, dtype="uint32")
            bits = bits ^ (bits >> cp.asarray(shift, dtype="uint32"))
        return self._cast((bits.astype("float32") * 2.0**-31 - 1.0) * 3.0**0.5, dtype)

    def _cast(self, x: Any, dtype: str) -> Any:
        """Return numbers in a dtype; bfloat16 as its 16 bits, cut off."""
        if dtype == "bfloat16":
            return (x.view("uint32") >> self.cp.asarray(16, dtype="uint32")).astype("uint16")
        return x.astype(dtype)

    def _zeros(self, count: int, dtype: str) -> Any:
        return self.cp.zeros((count,), dtype="uint16" if dtype == "bfloat16" else dtype)

    def __exit__(self, *exception: object) -> None:
        """Wait, and give back all that it took."""
        self.stream.synchronize()
        self._handle.release(self.stream.ptr)
        del self.a, self.b, self.c, self.vector, self.aux
        self._pool.free_all_blocks()


def wrong(cp: Any, handle: Handle, prepared: Prepared) -> str:
    """Return what is wrong with the numbers of a product; nothing if they are right."""
    try:
        with Trial(cp, handle, prepared.plan) as trial:
            return trial.wrong(prepared)
    except ProductFailed as failed:
        return failed.why
    except MemoryError:
        return "there is no memory to look at its numbers"


def _offsets(plan: Plan) -> list[int]:
    """Return how far in bytes the last calls begin, in our a, b and c."""
    return [max(call[i] for call in plan.calls) for i in range(3)]


def _size(layout: Layout, offset: int) -> int:
    """Return how many elements an array has from its begin to its end."""
    one = layout.ld * (layout.columns - 1) + layout.rows
    itemsize = {"float64": 8, "float32": 4}.get(layout.dtype, 2)
    return one + layout.batch_stride * (layout.batch - 1) + offset // itemsize


def _at(layout: Layout, row: Any, column: Any, matrix: Any, *, turned: bool) -> Any:
    """Return where elements lie that the library counts by row and column, of op(A), op(B) or D."""
    i, j = (column, row) if turned else (row, column)
    return i + j * layout.ld + matrix * layout.batch_stride
