"""Timing on a device that works on while the host goes ahead."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["alone", "timed"]

LONG = 0.05
"""Seconds that a round takes, about."""

QUEUE = 200
"""Calls that the host's time is taken of: a device takes more than these before it makes the host wait."""

SHORT = 20.0
"""Microseconds below which a call may be the host's time, and is timed in a graph."""

NODES = 50


def timed(
    call: Callable[[], Any], synchronize: Callable[[], None], rounds: int = 7, *, seconds: float = LONG
) -> dict[str, float]:
    """Return microseconds of a call: until the host was free again, and until the device was done."""
    for _ in range(3):
        call()
    number = max(5, min(2000, int(seconds / max(_seconds(call, 1, synchronize)[1], 1e-6))))
    found = [_seconds(call, number, synchronize)[1] for _ in range(rounds)]
    few = min(number, QUEUE)
    hosts = [_seconds(call, few, synchronize)[0] for _ in range(rounds)]
    return {"host": 1e6 * statistics.median(hosts) / few, "in_a_row": 1e6 * statistics.median(found) / number}


def alone(
    call: Callable[[], Any], stream: Any, *, rounds: int = 7, seconds: float = LONG
) -> dict[str, float]:
    """Return microseconds of a call on a stream; of a short one also in a graph of many, without the host.

    Parameters
    ----------
    call : function
        Enqueues on `stream`; it may be captured.
    stream : CuPy's stream
    rounds : int
    seconds : float
        How long a round takes, about.

    Returns
    -------
    dict
        As of `timed`; ``in_a_graph``, where it was captured; and ``device``, the lower of what was found.
    """
    found = timed(call, stream.synchronize, rounds, seconds=seconds)
    if found["in_a_row"] < SHORT:
        stream.begin_capture()
        for _ in range(NODES):
            call()
        graph = stream.end_capture()
        graph.upload(stream)
        launches = timed(lambda: graph.launch(stream), stream.synchronize, rounds, seconds=seconds)
        found["in_a_graph"] = launches["in_a_row"] / NODES
    found["device"] = min(found["in_a_row"], found.get("in_a_graph", found["in_a_row"]))
    return found


def _seconds(call: Callable[[], Any], number: int, synchronize: Callable[[], None]) -> tuple[float, float]:
    synchronize()
    start = time.perf_counter()
    for _ in range(number):
        call()
    host = time.perf_counter() - start
    synchronize()
    return host, time.perf_counter() - start
