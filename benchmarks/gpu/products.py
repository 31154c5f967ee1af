"""The products of the workloads alone: through CuPy, and through ours, by precision."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.gpu.timing import alone, timed
from benchmarks.gpu.workloads import RUNS, Run, products_of

__all__ = ["floor_of", "network_of", "offers", "products"]

BYTES = 28
"""What Adam reads and writes for a parameter: its gradient; and it and two means, to and fro."""


def products(in_time: Any) -> dict[str, dict[str, Any]]:
    """Return, by run and product, microseconds and operations a second; nothing where there is no CuPy.

    Parameters
    ----------
    in_time : function
        Whether there is time left.

    Notes
    -----
    The numbers are random: on zeros a device is faster than it ever is.
    """
    import cupy as cp

    from bpcore_cupy.products import Handle

    found: dict[str, dict[str, Any]] = {}
    with (
        cp.cuda.Stream(non_blocking=True) as stream,
        Handle(cp.cuda.alloc) as handle,
        Handle(cp.cuda.alloc, deterministic=False) as free,
    ):
        for run in RUNS:
            rows: dict[str, Any] = {}
            for name, m, k, n in products_of(run.workload):
                if not in_time():
                    break
                rows[name] = _row(cp, (handle, free), stream, run, (m, k, n))
            found[run.name] = rows
    return found


def _row(
    cp: Any, handles: tuple[Any, Any], stream: Any, run: Run, shape: tuple[int, int, int]
) -> dict[str, Any]:
    """Time one product: by the first algorithm that is offered, by each, and without fixed order too."""
    from bpcore_cupy.products import Operand, ProductFailed, plan_of, row_major

    m, k, n = shape
    dtype = "bfloat16" if run.precision == "bfloat16" else "float32"
    word = "tf32" if run.precision == "tf32" else "float32"
    kinds = [Operand(x, row_major(x), dtype) for x in ((m, k), (k, n), (m, n))]
    a, b, c = (_random(cp, x.shape, dtype) for x in kinds)
    plan = plan_of(*kinds, precision=word)
    row: dict[str, Any] = {"m": m, "k": k, "n": n}

    def time_of(prepared: Any, rounds: int, seconds: float) -> dict[str, float]:
        call = partial(prepared, stream.ptr, a.data.ptr, b.data.ptr, c.data.ptr)
        return alone(call, stream, rounds=rounds, seconds=seconds)

    for title, handle in zip(("ours", "in any order"), handles, strict=True):
        try:
            offered = handle.algorithms(plan)
            row[title] = time_of(handle.prepare(plan), 3, 0.02) | {"algorithms": [_told(x) for x in offered]}
        except ProductFailed as failed:
            row[title] = {"refused": str(failed)}
            continue
        seconds = [time_of(handle.prepare(plan, algorithm=x), 2, 0.005)["device"] for x in offered]
        for told, microseconds in zip(row[title]["algorithms"], seconds, strict=True):
            told["microseconds"] = microseconds
        row[title]["best"] = min([row[title]["device"], *seconds])
    if "best" in row["ours"]:
        row["tflops"] = 2e-6 * m * k * n / row["ours"]["best"]
    if dtype == "float32" and word == "float32":
        row["cupy"] = timed(lambda: cp.matmul(a, b, out=c), stream.synchronize, 3)
    return row


def _random(cp: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Return normal numbers; those of bfloat16 as the 16 bits that they are."""
    drawn = cp.random.standard_normal(shape, dtype="float32")
    return drawn if dtype == "float32" else (drawn.view("uint32") >> 16).astype("uint16")


def _told(algorithm: Any) -> dict[str, Any]:
    names = ("split", "workspace_bytes", "waves", "reduction", "numerics")
    return {name: getattr(algorithm, name) for name in names if hasattr(algorithm, name)}


def offers(in_time: Any) -> dict[str, list[str]]:
    """Return, by run, what cuBLASLt offers for the products of a step with their ends, and what each takes.

    Parameters
    ----------
    in_time : function
        Whether there is time left.
    """
    import cupy as cp

    from bpcore_cupy.offered import step_products, table
    from bpcore_cupy.products import Handle
    from bpcore_cupy.trial import Trial, wrong

    def seconds(handle: Any, plan: Any, offer: Any) -> float:
        with Trial(cp, handle, plan) as trial:
            return trial.seconds(handle.prepare(plan, algorithm=offer.algorithm))

    found = {}
    with Handle(cp.cuda.alloc, check=lambda handle, prepared: wrong(cp, handle, prepared)) as handle:
        for run in RUNS:
            plans = step_products(network_of(run)) if in_time() else []
            try:
                found[run.name] = table(handle, plans, seconds).splitlines()
            except Exception as error:  # noqa: BLE001 - the other runs are wanted all the same
                found[run.name] = [f"{type(error).__name__}: {error}"]
    return found


def network_of(run: Run) -> str:
    """Return a run as `bpcore_cupy.offered` names it."""
    return f"{'-'.join(map(str, run.workload.sizes))}@{run.workload.batch}:{run.precision}"


def floor_of(run: Run, rows: dict[str, Any], bandwidth: float | None) -> float | None:
    """Return microseconds: a step's products alone, at their fastest, and the optimizer's bytes."""
    wanted = {name for name, *_ in products_of(run.workload)}
    if bandwidth is None or set(rows) != wanted:
        return None
    times = [_least(row) for row in rows.values()]
    if None in times:
        return None
    return float(sum(x for x in times if x) + BYTES * run.workload.parameters / bandwidth * 1e6)


def _least(row: dict[str, Any]) -> float | None:
    """Return the fewest microseconds that a product was seen to take, in whatever way."""
    found = [row[name]["best"] for name in ("ours", "in any order") if "best" in row.get(name, {})]
    return min([*found, row.get("cupy", {}).get("in_a_row", float("inf"))]) if found else None
