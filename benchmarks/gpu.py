"""A rented hour on a GPU, in one script: is CuPy usable, does it agree with NumPy, and how fast is it.

It ends with 2 and one line where the backend cannot be used, with 1 where the first steps disagree. Any
other backend can be named too (``--backend torch``), which is how the script is tried without a GPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import bpcore as bp
from benchmarks.environment import circumstances, write_record
from bpcore.machine.step import Step, make_step
from bpcore.words.errors import BackendError
from bpcore.words.trees import leaves, tree_map

__all__ = ["main"]


class Case(NamedTuple):
    """A perceptron for labels, and its batch."""

    sizes: tuple[int, ...]
    batch: int


CASES = {
    "small": Case((4, 8, 2), 4),
    "middle": Case((128, 256, 10), 64),
    "digits": Case((784, 512, 512, 10), 128),
    "wide": Case((1024, 2048, 2048, 10), 512),
}
TOLERANCES = {"float32": 1e-4, "float64": 1e-12}
"""How far value and gradient may differ from NumPy's, measured by the largest element of each array."""

STEPS = 5
LOSS, OPTIMIZER = bp.CrossEntropy(), bp.Adam(1e-3)


class Setting(NamedTuple):
    """A case on a backend."""

    net: bp.Layer
    params: Any
    x: Any
    y: Any

    def objective(self) -> Callable[..., Any]:
        """Return the loss by parameters."""
        return lambda params, x, y: LOSS(self.net(params, x), y)


def setting(case: Case, backend: Any, dtype: str) -> Setting:
    """Return the case on `backend`: parameters and data are NumPy's, brought there."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((case.batch, case.sizes[0])).astype(dtype)
    y = draw.integers(case.sizes[-1], size=case.batch).astype(np.int32)
    net = bp.MLP(case.sizes, activation="tanh")
    params = net.init(bp.key(0), (case.sizes[0],), dtype=x.dtype)
    return Setting(net, tree_map(backend.asarray, params), backend.asarray(x), backend.asarray(y))


def difference(backend: Any, found: Any, wanted: Any) -> float:
    """Return the largest difference between two trees, array by array relative to the largest element."""
    pairs = zip(leaves(found), leaves(wanted), strict=True)
    return max(float(_relative(np.asarray(backend.to_host(a)), np.asarray(b))) for a, b in pairs)


def _relative(a: Any, b: Any) -> Any:
    return np.max(np.abs(a - b)) / max(np.max(np.abs(b)), np.finfo(b.dtype).tiny)


def parity(backend: Any) -> list[dict[str, Any]]:
    """Compare value, gradient and the losses of the first steps with NumPy's, eager and compiled."""
    rows = []
    for name in ("small", "middle", "digits"):
        for dtype in ("float32", "float64") if backend.float64 else ("float32",):
            here = setting(CASES[name], backend, dtype)
            there = setting(CASES[name], bp.backend("numpy"), dtype)
            wanted = bp.value_and_grad(there.objective())(*there[1:])
            losses = np.asarray(_losses(there, bp.backend("numpy"), make_step(there.net, LOSS, OPTIMIZER)))
            for how in (bp.compile, lambda f: f):
                both = how(bp.value_and_grad(here.objective()))
                step = how(make_step(here.net, LOSS, OPTIMIZER))
                drift = np.max(np.abs(_losses(here, backend, step) / losses - 1))
                found = difference(backend, both(*here[1:]), wanted)
                row = {"case": name, "dtype": dtype, "how": "compiled" if how is bp.compile else "eager"}
                good = bool(max(found, drift) <= TOLERANCES[dtype])
                rows.append(row | {"gradient": found, f"loss_of_{STEPS}_steps": float(drift), "good": good})
    return rows


def _losses(here: Setting, backend: Any, step: Step) -> Any:
    params, state, seen = here.params, OPTIMIZER.init(here.params), []
    for _ in range(STEPS):
        params, state, report = step(params, state, (here.x, here.y))
        seen.append(float(backend.to_host(report["loss"])))
    return np.asarray(seen)


def timed(call: Callable[[], Any], backend: Any, rounds: int) -> dict[str, float]:
    """Return microseconds of a call: with a wait after each, in a row, and until the host is free again."""
    for _ in range(3):
        call()
    backend.synchronize()
    number = max(5, min(1000, int(0.05 / max(_seconds(call, 1, backend)[1], 1e-6))))
    apart = statistics.median(_seconds(call, 1, backend)[1] for _ in range(number))
    in_a_row = [_seconds(call, number, backend) for _ in range(rounds)]
    return {
        "apart": 1e6 * apart,
        "in_a_row": 1e6 * statistics.median(whole for _, whole in in_a_row) / number,
        "host": 1e6 * statistics.median(host for host, _ in in_a_row) / number,
    }


def _seconds(call: Callable[[], Any], number: int, backend: Any) -> tuple[float, float]:
    """Return the seconds until the host was free, and until the device was done."""
    backend.synchronize()
    start = time.perf_counter()
    for _ in range(number):
        call()
    host = time.perf_counter() - start
    backend.synchronize()
    return host, time.perf_counter() - start


def functions(backend: Any, rounds: int) -> dict[str, dict[str, float]]:
    """Time single functions of the library, as rules call them."""
    xp = bp.namespace(backend)
    few, many = (backend.asarray(np.ones(n, dtype=np.float32)) for n in (16, 1 << 20))
    a, b = (backend.asarray(np.ones(shape, dtype=np.float32)) for shape in ((64, 128), (128, 256)))
    big = backend.asarray(np.ones((2048, 2048), dtype=np.float32))
    calls: dict[str, Callable[[], Any]] = {
        "add, 16 elements": lambda: xp.add(few, few),
        "add, 1M elements": lambda: xp.add(many, many),
        "multiply by a Python number, 16 elements": lambda: xp.multiply(few, 0.5),
        "tanh, 16 elements": lambda: xp.tanh(few),
        "tanh, 1M elements": lambda: xp.tanh(many),
        "sum, 16 elements": lambda: xp.sum(few),
        "sum over the first axis, 128 x 256": lambda: xp.sum(b, axis=0),
        "matmul, 64 x 128 x 256": lambda: xp.matmul(a, b),
        "matmul, 2048 x 2048 x 2048": lambda: xp.matmul(big, big),
    }
    return {name: timed(call, backend, rounds) for name, call in calls.items()}


def networks(backend: Any, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Time value and gradient, and the training step, eager and compiled, in float32."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, case in CASES.items():
        here = setting(case, backend, "float32")
        state = OPTIMIZER.init(here.params)
        both, step = bp.value_and_grad(here.objective()), make_step(here.net, LOSS, OPTIMIZER)
        batch = (here.x, here.y)
        calls = {
            "gradient, eager": partial(both, here.params, *batch),
            "gradient, compiled": partial(bp.compile(both), here.params, *batch),
            "step, eager": partial(step, here.params, state, batch),
            "step, compiled": partial(bp.compile(step), here.params, state, batch),
        }
        found[name] = {what: timed(call, backend, rounds) for what, call in calls.items()}
    return found


def device_facts(backend: Any) -> dict[str, Any]:
    """Return what the device says of itself."""
    facts: dict[str, Any] = {"backend": backend.name, "version": backend.version}
    if backend.library == "cupy":
        import cupy as cp

        runtime = cp.cuda.runtime
        properties = runtime.getDeviceProperties(cp.cuda.Device().id)
        facts |= {
            "device": properties["name"].decode(),
            "memory": properties["totalGlobalMem"],
            "compute_capability": f"{properties['major']}.{properties['minor']}",
            "driver": runtime.driverGetVersion(),
            "cuda_runtime": runtime.runtimeGetVersion(),
        }
    return facts


def main() -> int:
    """Print the record as JSON; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--backend", default="cupy", help="cupy, or with its device cupy:0 (cupy)")
    parser.add_argument("--rounds", type=int, default=7, help="repetitions of each timing (7)")
    parser.add_argument("--json", metavar="FILE", help="write the record there")
    options = parser.parse_args()
    try:
        backend = bp.backend(options.backend)
    except BackendError as error:
        print(error, file=sys.stderr)
        return 2
    record = circumstances(("bpcore", "numpy", "cupy-cuda12x", "cupy-cuda13x", "torch", "jax"))
    record |= {"device": device_facts(backend), "parity": parity(backend)}
    record |= {
        "microseconds_of_functions": functions(backend, options.rounds),
        "microseconds_of_networks": networks(backend, options.rounds),
    }
    print(json.dumps(record, indent=1))
    write_record(options.json, record)
    return 0 if all(row["good"] for row in record["parity"]) else 1


if __name__ == "__main__":
    sys.exit(main())
