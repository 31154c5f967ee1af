"""The script: part by part, each written down when it is done."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import benchmarks.gpu
import bpcore as bp
from benchmarks.environment import write_record
from benchmarks.gpu.facts import facts
from benchmarks.gpu.floors import bandwidth, floors
from benchmarks.gpu.parity import parity
from benchmarks.gpu.products import floor_of, products
from benchmarks.gpu.roster import ROSTER
from benchmarks.gpu.selection import selection
from benchmarks.gpu.steps import steps_of, verdicts
from benchmarks.gpu.workloads import RUNS
from bpcore.words.errors import BackendError

__all__ = ["main"]

PARTS = ("selection", "parity", "floors", "products", "steps")


class _Clock:
    """How much of the time is left."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        return self.end - time.monotonic()

    def __call__(self) -> bool:
        return self.left() > 0


def main() -> int:
    """Print what is found; return the exit status: 1 when a test failed or a function was over its budget."""
    options = _options()
    clock = _Clock(options.seconds)
    try:
        backend = bp.backend(options.backend)
    except BackendError as error:
        print(error, file=sys.stderr)
        return 2
    record: dict[str, Any] = {"facts": facts(backend), "small": options.small}
    parts: dict[str, Callable[[], Any]] = {
        "selection": lambda: selection(options.backend.partition(":")[0], min(150.0, clock.left())),
        "parity": lambda: parity(options.backend),
        "floors": lambda: floors(backend),
        "products": lambda: products(clock) if backend.library == "cupy" else {},
        "steps": lambda: _steps(options, clock),
    }
    for name in PARTS:
        if name not in options.only:
            continue
        began = time.monotonic()
        try:
            record[name] = parts[name]() if clock() else {"absent": "no time was left"}
        except Exception as error:  # noqa: BLE001 - the parts after it are wanted all the same
            traceback.print_exc()
            record[name] = {"raised": f"{type(error).__name__}: {error}"}
        record.setdefault("seconds", {})[name] = round(time.monotonic() - began, 1)
        print(f"{name}: {record['seconds'][name]:g} s", file=sys.stderr, flush=True)
        write_record(options.json, record)
    record["verdicts"] = [] if options.small else list(verdicts(record.get("steps", {}), _floors(record)))
    write_record(options.json, record)
    _told(record)
    return 0 if _good(record) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=benchmarks.gpu.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backend", default="cupy", help="cupy, or with its device cupy:0 (cupy)")
    parser.add_argument("--seconds", type=float, default=570.0, help="when nothing new is begun (570)")
    parser.add_argument("--cycles", type=int, default=7, help="turns of each training (7)")
    parser.add_argument("--turn", type=float, default=0.5, help="seconds of a turn, about (0.5)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--peers", nargs="+", choices=ROSTER, default=list(ROSTER), metavar="NAME")
    parser.add_argument("--small", action="store_true", help="tiny networks: does the script work?")
    parser.add_argument("--json", metavar="FILE", help="write the record there, part by part")
    return parser.parse_args()


def _steps(options: argparse.Namespace, clock: _Clock) -> dict[str, Any]:
    found = {}
    for run in RUNS:
        found[run.name] = steps_of(
            run, options.backend, names=options.peers, cycles=options.cycles, seconds=options.turn,
            small=options.small, in_time=clock,
        )  # fmt: skip
        for name, told in found[run.name].items():
            time_ = f"{told['median']:.5g} us" if "median" in told else told.get("absent", "no time was left")
            print(f"{run.name:12} {name:28} {time_} {told.get('refused', '')}", flush=True)
    return found


def _floors(record: dict[str, Any]) -> dict[str, float]:
    """Return by run what its products and its optimizer's bytes take at least."""
    rows, rate = record.get("products", {}), bandwidth(record.get("floors", {}))
    found = {run.name: floor_of(run, rows.get(run.name, {}), rate) for run in RUNS}
    return {name: floor for name, floor in found.items() if floor is not None}


def _told(record: dict[str, Any]) -> None:
    tests = record.get("selection", {})
    if "passed" in tests:
        print(f"tests: {tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped")
    for name, told in record.get("parity", {}).items():
        said = "good" if told.get("good") else told.get("raised") or told["first_over_budget"]
        print(f"parity, {name}: {said}")
    for line in record["verdicts"]:
        print(line)


def _good(record: dict[str, Any]) -> bool:
    tests, compared = record.get("selection", {}), record.get("parity", {})
    return tests.get("exit", 0) == 0 and all(
        isinstance(told, dict) and told.get("good", False) for told in compared.values()
    )


if __name__ == "__main__":
    sys.exit(main())
