"""Peak memory of a gradient through a chain of layers, kept whole and with checkpoints.

The chain is ``h = tanh(h W)``, n times over, float32. With checkpoints it is cut into segments of about the
square root of n layers, of which a trace keeps the ends alone. What NumPy allocates is counted by the byte
(tracemalloc), so that a second run prints the same figures.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import bpcore as bp
from benchmarks.environment import circumstances, write_record

__all__ = ["Row", "curve"]

DEPTHS = (25, 50, 100, 200, 400, 800)
BATCH, WIDTH = 256, 128


class Row(NamedTuple):
    """What was measured of one depth, in bytes and in seconds."""

    depth: int
    layer: int
    kept: int
    checkpointed: int
    seconds_kept: float
    seconds_checkpointed: float


def _layers(count: int, h: Any, w: Any) -> Any:
    xp = bp.array_namespace(h)
    for _ in range(count):
        h = xp.tanh(xp.matmul(h, w))
    return h


def _kept(depth: int, h: Any, w: Any) -> Any:
    return bp.array_namespace(h).mean(_layers(depth, h, w))


def _checkpointed(depth: int, h: Any, w: Any) -> Any:
    segment = math.isqrt(depth)
    while depth:
        count = min(segment, depth)
        h = bp.checkpoint(functools.partial(_layers, count))(h, w)
        depth -= count
    return bp.array_namespace(h).mean(h)


def _peak(f: Callable[..., Any], *args: Any) -> tuple[int, float, Any]:
    """Return the bytes in use at the peak, over those before; the seconds, measured apart; the gradient."""
    gradient = bp.grad(f, argnums=1)
    gradient(*args)
    begun = time.perf_counter()
    gradient(*args)
    seconds = time.perf_counter() - begun
    tracemalloc.start()
    result = gradient(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, seconds, result


def curve(depths: tuple[int, ...] = DEPTHS) -> list[Row]:
    """Return one row for each depth."""
    draw = np.random.default_rng(0)
    h = draw.standard_normal((BATCH, WIDTH)).astype(np.float32)
    w = (draw.standard_normal((WIDTH, WIDTH)) / math.sqrt(WIDTH)).astype(np.float32)
    rows = []
    for depth in depths:
        kept, seconds, wanted = _peak(functools.partial(_kept, depth), h, w)
        checkpointed, longer, found = _peak(functools.partial(_checkpointed, depth), h, w)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)
        rows.append(Row(depth, h.nbytes, kept, checkpointed, seconds, longer))
    return rows


def _exponent(depths: list[int], sizes: list[int]) -> float:
    """Return the slope of the line through the logarithms."""
    return float(np.polyfit(np.log(depths), np.log(sizes), 1)[0])


def main() -> None:
    """Print the curve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write a record")
    options = parser.parse_args()
    print(f"{'layers':>6} {'kept, MiB':>10} {'checkpoints, MiB':>17} {'over sqrt(layers)':>18} {'time':>6}")
    rows = curve()
    for row in rows:
        kept, checkpointed = (size / 2**20 for size in (row.kept, row.checkpointed))
        ratio = row.seconds_checkpointed / row.seconds_kept
        share = checkpointed / math.sqrt(row.depth)
        print(f"{row.depth:6} {kept:10.2f} {checkpointed:17.2f} {share:18.3f} {ratio:6.2f}")
    depths = [row.depth for row in rows]
    print(f"kept: memory grows like layers ** {_exponent(depths, [row.kept for row in rows]):.2f}")
    print(f"checkpoints: like layers ** {_exponent(depths, [row.checkpointed for row in rows]):.2f}")
    record = circumstances(["bpcore", "numpy"])
    write_record(options.json, record | {"rows": [row._asdict() for row in rows]})


if __name__ == "__main__":
    main()
