"""Forward mode along the trace, beside the same by transposing reverse mode twice, and reverse mode itself.

``bpcore.jvp`` walks the trace forward, with tangents that follow from the rules. The other way to have it
without rules of its own is to pull back through the pull-back, which is linear in its cotangent. Both are
timed on the networks of `benchmarks`, in turns, each as a multiple of the function alone; medians.
"""

from __future__ import annotations

import argparse
import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

import bpcore as bp
from benchmarks.environment import circumstances, write_record
from benchmarks.networks import NETWORKS, problem

__all__ = ["compare"]

WAYS = ("function", "jvp", "transposed twice", "value_and_grad", "hvp")


def _contenders(name: str) -> dict[str, Callable[[], Any]]:
    xp = bp.namespace("numpy")
    params, x, y = problem(name)
    tangent = tuple(np.ones_like(p) for p in params)

    def f(params: Any) -> Any:
        w1, b1, w2, b2 = params
        error = xp.matmul(xp.tanh(xp.matmul(x, w1) + b1), w2) + b2 - y
        return xp.mean(error * error)

    def twice() -> Any:
        """Transpose the pull-back, which is linear in its cotangent."""
        value, _ = bp.vjp(f, params)
        _, transposed = bp.vjp(lambda g: bp.vjp(f, params)[1](g)[0], xp.ones_like(value))
        return value, transposed(tangent)[0]

    both = bp.value_and_grad(f)
    return {
        "function": lambda: f(params),
        "jvp": lambda: bp.jvp(f, (params,), (tangent,)),
        "transposed twice": twice,
        "value_and_grad": lambda: both(params),
        "hvp": lambda: bp.hvp(f, (params,), (tangent,)),
    }


def compare(name: str, rounds: int) -> dict[str, float]:
    """Return the microseconds of each way, medians over the rounds."""
    ways = _contenders(name)
    one, other = ways["jvp"]()[1], ways["transposed twice"]()[1]
    np.testing.assert_allclose(one, other, rtol=1e-4)
    number = 200 if name == "small" else 20
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, call in ways.items():
            taken[way].append(min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6)
    return {way: statistics.median(times) for way, times in taken.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forward", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="times that all take turns (7)")
    parser.add_argument("--json", metavar="FILE", help="write a record")
    options = parser.parse_args()
    found = {name: compare(name, options.rounds) for name in NETWORKS}
    print(f"{'':18}" + "".join(f"{name + ', us':>12} {'ratio':>7}" for name in found))
    for way in WAYS:
        cells = (f"{times[way]:12.1f} {times[way] / times['function']:7.2f}" for times in found.values())
        print(f"{way:18}" + "".join(cells))
    write_record(options.json, circumstances(["bpcore", "numpy"]) | {"microseconds": found})


if __name__ == "__main__":
    main()
