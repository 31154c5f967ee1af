"""The products of the workloads alone: through CuPy, and through ours, by precision."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.timing import timed
from benchmarks.gpu.workloads import RUNS, Run, products_of

__all__ = ["floor_of", "products"]

BYTES = 28
"""What Adam reads and writes for a parameter: its gradient; and it and two means, to and fro."""


def products(in_time: Any) -> dict[str, dict[str, Any]]:
    """Return, by run and product, microseconds and operations a second; nothing where there is no CuPy.

    Parameters
    ----------
    in_time : function
        Whether there is time left.
    """
    import cupy as cp

    from bpcore_cupy.products import Handle

    found: dict[str, dict[str, Any]] = {}
    with cp.cuda.Stream(non_blocking=True) as stream, Handle(cp.cuda.alloc) as handle:
        for run in RUNS:
            rows: dict[str, Any] = {}
            for name, m, k, n in products_of(run.workload):
                if not in_time():
                    break
                rows[name] = _row(cp, handle, stream, run, (m, k, n))
            found[run.name] = rows
    return found


def _row(cp: Any, handle: Any, stream: Any, run: Run, shape: tuple[int, int, int]) -> dict[str, Any]:
    from bpcore_cupy.products import Operand, plan_of, row_major

    m, k, n = shape
    dtype = "bfloat16" if run.precision == "bfloat16" else "float32"
    word = "tf32" if run.precision == "tf32" else "float32"
    itemsize = 2 if dtype == "bfloat16" else 4
    kinds = [Operand(x, row_major(x), dtype) for x in ((m, k), (k, n), (m, n))]
    a, b, c = (cp.zeros(x.shape[0] * x.shape[1] * itemsize, "uint8") for x in kinds)
    prepared = handle.prepare(plan_of(*kinds, precision=word))
    ours = timed(lambda: prepared(stream.ptr, a.data.ptr, b.data.ptr, c.data.ptr), stream.synchronize)
    row = {"m": m, "k": k, "n": n, "ours": ours, "tflops": 2e-6 * m * k * n / ours["in_a_row"]}
    if dtype == "float32" and word == "float32":
        x, y, z = (
            part.view("float32").reshape(kind.shape) for part, kind in zip((a, b, c), kinds, strict=True)
        )
        row["cupy"] = timed(lambda: cp.matmul(x, y, out=z), stream.synchronize)
    return row


def floor_of(run: Run, rows: dict[str, Any], bandwidth: float | None) -> float | None:
    """Return microseconds: all products of a step alone, and the optimizer's bytes over the bandwidth."""
    wanted = {name for name, *_ in products_of(run.workload)}
    if bandwidth is None or set(rows) != wanted:
        return None
    products_alone = sum(row["ours"]["in_a_row"] for row in rows.values())
    return float(products_alone + BYTES * run.workload.parameters / bandwidth * 1e6)
