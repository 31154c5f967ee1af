"""One contender in a process of its own: ``python -m benchmarks.gpu.worker NAME RUN DEVICE SMALL``.

It prints one line of JSON when it has trained for the steps that are compared; then, for each line that it
reads, the seconds that it should take, it trains for about so long and prints the microseconds of a step.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings

from benchmarks.gpu.roster import preparation
from benchmarks.gpu.workloads import RUNS
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import data_of, loss_of


def main(name: str, run_name: str, device: str, small: str) -> None:
    """Report, then answer each line read with one line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    run = next(run for run in RUNS if run.name == run_name)
    if small == "small":
        run = run._replace(workload=run.workload.shrunk())
    workload = run.workload
    data = data_of(workload)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        began = time.perf_counter()
        training = preparation(name)(run, data, device)
        loss = training.advance(1)
        first = time.perf_counter() - began
        more = workload.steps - training.least
        if more > 0:
            loss = training.advance(more)
    weights = training.weights() if training.weights else None
    told = {
        "first": first,
        "loss": loss,
        "judged": None if weights is None else loss_of(workload, weights, data.xs[0], data.ys[0]),
        "warnings": sorted({str(one.message)[:300] for one in said if _matters(one.category)}),
    }
    if training.told is not None:
        told |= training.told()
    print(json.dumps(told), file=answers, flush=True)
    rate = _seconds(training, training.least)
    for line in sys.stdin:
        steps = max(1, round(float(line) / rate))
        steps = -(-steps // training.least) * training.least
        rate = _seconds(training, steps)
        print(json.dumps({"microseconds": rate * 1e6}), file=answers, flush=True)


def _matters(category: type[Warning]) -> bool:
    return issubclass(category, RuntimeWarning) or category.__module__.partition(".")[0].startswith("bpcore")


def _seconds(training: Training, steps: int) -> float:
    """Return the seconds of a step; `advance` waits until the device is done."""
    begun = time.perf_counter()
    training.advance(steps)
    return (time.perf_counter() - begun) / steps


if __name__ == "__main__":
    main(*sys.argv[1:5])
