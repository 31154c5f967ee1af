"""Timing on a device that works on while the host goes ahead."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["timed"]

LONG = 0.05
"""Seconds that a round takes, about."""


def timed(call: Callable[[], Any], synchronize: Callable[[], None], rounds: int = 7) -> dict[str, float]:
    """Return microseconds of a call: until the host was free again, and until the device was done."""
    for _ in range(3):
        call()
    number = max(5, min(2000, int(LONG / max(_seconds(call, 1, synchronize)[1], 1e-6))))
    found = [_seconds(call, number, synchronize) for _ in range(rounds)]
    return {
        "host": 1e6 * statistics.median(host for host, _ in found) / number,
        "in_a_row": 1e6 * statistics.median(whole for _, whole in found) / number,
    }


def _seconds(call: Callable[[], Any], number: int, synchronize: Callable[[], None]) -> tuple[float, float]:
    synchronize()
    start = time.perf_counter()
    for _ in range(number):
        call()
    host = time.perf_counter() - start
    synchronize()
    return host, time.perf_counter() - start
