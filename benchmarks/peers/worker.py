"""One contender in a process of its own: ``python -m benchmarks.peers.worker NAME WORKLOAD STARTED``.

It prints one line of JSON when it has trained for the steps that are compared: what it came to, and the
figures of a cold start. Then, for each line that it reads, the seconds that it should take, it trains for
about so long and, once its threads are asleep, prints the microseconds of a step, and the seconds it worked
while it waited for the line.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

MOMENT, ASLEEP, ENOUGH = 0.02, 0.1, 1.0
"""Seconds to look at, the share of them that a sleeping process may work, and seconds to wait at most."""

START = float(sys.argv[3]) if __name__ == "__main__" else 0.0


def main(name: str, workload_name: str) -> None:
    """Report, then answer each line read with one line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    training, rate = _report(name, workload_name, answers)
    busy = time.process_time()
    for line in sys.stdin:
        idle = time.process_time() - busy
        steps = max(1, round(float(line) / rate))
        steps = -(-steps // training.least) * training.least
        rate = _seconds(training, steps)
        _settle()
        print(json.dumps({"microseconds": rate * 1e6, "idle": idle}), file=answers, flush=True)
        busy = time.process_time()


def _report(name: str, workload_name: str, answers: Any) -> tuple[Any, float]:
    from benchmarks.peers.roster import BAR, ROSTER, preparation
    from benchmarks.peers.workloads import WORKLOADS, data_of, loss_of

    workload = WORKLOADS[workload_name]
    loading = time.time()
    data = data_of(workload)
    loading = time.time() - loading
    prepare = preparation(name)
    imported = time.time()
    empty = _resident("VmRSS", fresh=True)
    training = prepare(workload, data)
    begun = time.time()
    last = training.advance(1)
    first = time.time()
    rate, more = None, workload.steps - training.least
    if more > 0:
        warm = time.perf_counter()
        last = training.advance(more)
        rate = (time.perf_counter() - warm) / more
    told = {
        "python": platform.python_version(),
        "with_import": first - START - loading,
        "without_import": first - imported,
        "first_call": first - begun,
        "peak": _resident("VmHWM") - empty,
        "loss": last,
        "judged": loss_of(workload, training.weights(), data.xs[0], data.ys[0]) if training.weights else None,
    }
    del data
    if name == BAR or ROSTER[name].ours:
        told["allocated"] = _allocated(training)
    _settle()
    print(json.dumps(told), file=answers, flush=True)
    return training, rate or _seconds(training, training.least)


def _settle() -> None:
    """Wait until the threads of this process are asleep.

    OpenBLAS's look for work for 30 to 110 ms, by the clock of the processor: whoever came next would share
    a core with them.
    """
    until = time.monotonic() + ENOUGH
    while time.monotonic() < until:
        before = time.process_time()
        time.sleep(MOMENT)
        if time.process_time() - before < ASLEEP * MOMENT:
            return


def _seconds(training: Any, steps: int) -> float:
    """Return the seconds of a step."""
    begun = time.perf_counter()
    training.advance(steps)
    return (time.perf_counter() - begun) / steps


def _allocated(training: Any) -> int:
    """Return by how many bytes what Python and NumPy hold grew at most during some steps."""
    tracemalloc.start()
    try:
        training.advance(training.least)
        gc.collect()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        training.advance(2 * training.least)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _resident(field: str, *, fresh: bool = False) -> int:
    """Return the resident memory in bytes, now or at its peak, which `fresh` forgets; 0 if unknown."""
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if fresh:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    lines = status.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
