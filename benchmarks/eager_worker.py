"""One contender in a process of its own: ``python -m benchmarks.eager_worker NAME NETWORK``.

It prints a line of JSON when it is ready, with the values that it computes, and one more with the
microseconds of a call for each line that it reads.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.contenders import CONTENDERS, Timed
from benchmarks.networks import problem

SAMPLE, SAMPLES = 0.01, 15
"""Seconds of one sample, and how many samples make a round."""


def ready(call: Timed) -> dict[str, float]:
    """Return what the contender computes: the loss, and the sum of the absolute gradient."""
    value, gradient = call()
    return {"loss": float(value), "gradient": float(sum(abs(g).sum() for g in gradient))}


def calls_in(seconds: float, call: Timed) -> int:
    """Return how many calls fit into that time."""
    number, taken = 1, 0.0
    while taken < seconds / 4:
        number *= 2
        taken = _timed(call, number)
    return max(1, round(number * seconds / taken))


def one_round(call: Timed, number: int) -> float:
    """Return the microseconds of a call in the fastest sample: what else the machine does only adds."""
    return min(_timed(call, number) for _ in range(SAMPLES)) / number * 1e6


def _timed(call: Timed, number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - start


def main(name: str, network: str) -> None:
    """Answer each line read with one line."""
    call = CONTENDERS[name](problem(network))
    print(json.dumps(ready(call)), flush=True)
    number = calls_in(SAMPLE, call)
    for _ in sys.stdin:
        print(json.dumps(one_round(call, number)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
