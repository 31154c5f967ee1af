"""The script: part by part, each written down when it is done."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bpcore as bp
from benchmarks.gpu.apart import apart
from benchmarks.gpu.carry import missing
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.facts import facts
from benchmarks.gpu.floors import bandwidth, floors
from benchmarks.gpu.options import APART, EARLIER, NEEDED, PARTS, options_of
from benchmarks.gpu.parity import parity
from benchmarks.gpu.products import floor_of, offers, products
from benchmarks.gpu.record import Record
from benchmarks.gpu.steps import steps_of
from benchmarks.gpu.testing import axis_tests, device_tests
from benchmarks.gpu.verdicts import verdicts
from benchmarks.gpu.workloads import RUNS
from bpcore.words.errors import BackendError

__all__ = ["main"]

INTERRUPTED, NO_TESTS = 2, 5
"""How pytest ends when it was interrupted, and where nothing was selected."""


def main(arguments: list[str] | None = None) -> int:
    """Print what is found; return the exit status: 1 when a test failed or a function was over its budget."""
    options = options_of(arguments)
    clock = Clock(options.seconds)
    try:
        backend = bp.backend(options.backend)
    except BackendError as error:
        print(error, file=sys.stderr)
        return 2
    record = Record(options.json)
    if options.after:
        earlier = json.loads(Path(options.after).read_text(encoding="utf-8"))
        record |= {name: earlier[name] for name in EARLIER if name in earlier}
    record |= {"small": options.small, "arguments": vars(options), "seconds": {}}
    axis = options.backend.partition(":")[0]
    parts: dict[str, Callable[[], Any]] = {
        "device": lambda: device_tests(axis, clock),
        "parity": lambda: parity(options.backend, clock),
        "floors": lambda: floors(backend, rounds=1 if options.small else 7),
        "products": lambda: products(clock) if backend.library == "cupy" else {},
        "offers": lambda: offers(clock) if backend.library == "cupy" else {},
        "steps": lambda: _steps(options, clock, record),
        "conformance": lambda: axis_tests(axis, clock),
    }
    if options.apart or (options.apart is None and backend.library == "cupy"):
        words = ["--backend", options.backend, *(["--small"] if options.small else [])]
        parts |= {name: partial(_apart, name, words, clock) for name in APART}
    _done("facts", lambda: facts(backend), record, clock)
    for name in PARTS:
        if name in options.only:
            _done(name, parts[name], record, clock)
    rows = {name: told for name, told in record.get("steps", {}).items() if isinstance(told, dict)}
    record.put("verdicts", [] if options.small else list(verdicts(rows, _floors(record))))
    _told(record)
    return 0 if _good(record, options.only) else 1


def _apart(name: str, words: list[str], clock: Clock) -> Any:
    return apart(name, words, max(1.0, clock.at_most(APART[name])))


def _done(name: str, part: Callable[[], Any], record: Record, clock: Clock) -> None:
    began = time.monotonic()
    try:
        record.put(name, part() if clock() else {"absent": "no time was left"})
    except Exception as error:  # noqa: BLE001 - the parts after it are wanted all the same
        traceback.print_exc()
        raised = {"raised": f"{type(error).__name__}: {error}"}
        record.put(name, record.get(name, {}) | raised if name == "steps" else raised)
    record["seconds"][name] = round(time.monotonic() - began, 1)
    record.put("seconds", record["seconds"])
    print(f"{name}: {record['seconds'][name]:g} s", file=sys.stderr, flush=True)


def _steps(options: argparse.Namespace, clock: Clock, record: Record) -> dict[str, Any]:
    """Time the runs one after the other; each is written down cycle by cycle."""
    found: dict[str, Any] = {}
    for run in RUNS:
        if run.name not in options.runs:
            continue
        if clock.left() < (0.0 if options.small else NEEDED):
            print(f"{run.name:12} no time was left", flush=True)
            continue

        def keep(field: dict[str, Any], name: str = run.name) -> None:
            record.put("steps", found | {name: field})

        found[run.name] = steps_of(
            run, options.backend, names=options.peers, cycles=options.cycles, seconds=options.turn,
            small=options.small, clock=clock, keep=keep,
        )  # fmt: skip
        record.put("steps", found)
        for name, told in found[run.name].items():
            time_ = f"{told['median']:.5g} us" if "median" in told else "not measured"
            words = [str(told[x]) for x in ("how", "launches", "refused", "absent", "out") if x in told]
            print(f"{run.name:12} {name:30} {time_:14} {', '.join(words)}", flush=True)
    return found


def _floors(record: dict[str, Any]) -> dict[str, float]:
    """Return by run what its products and its optimizer's bytes take at least."""
    rows, rate = record.get("products", {}), bandwidth(record.get("floors", {}))
    found = {run.name: floor_of(run, rows.get(run.name, {}), rate) for run in RUNS}
    return {name: floor for name, floor in found.items() if floor is not None}


def _told(record: Record) -> None:
    for name, tests in _tests(record).items():
        counts = ", ".join(f"{tests[x]} {x}" for x in ("passed", "failed", "skipped") if x in tests)
        stopped = f", stopped after {tests['stopped_after_s']} s" if "stopped_after_s" in tests else ""
        print(f"{name}: {counts or tests.get('absent') or tests.get('raised')}{stopped}")
        for test, said in list(tests.get("failures", {}).items())[:8]:
            print(f"  {test}: {said[-1] if said else ''}")
        if any("ModuleNotFoundError" in line for said in tests.get("failures", {}).values() for line in said):
            print(f"  not installed, of what tests want: {', '.join(missing())}")
    for name, told in _compared(record).items():
        said = "good" if told.get("good") else told.get("raised") or told.get("absent") or _over(told)
        print(f"parity, {name}: {said}")
    for line in record["verdicts"]:
        print(line)
    if record.path is not None:
        print(f"written to {record.path}", file=sys.stderr)


def _over(told: dict[str, Any]) -> str:
    first = told["first_over_budget"]
    return ", ".join(
        f"{name} {first[name]}" for name in ("function", "dtype", "ulp", "budget", "unit", "step")
    )


def _tests(record: dict[str, Any]) -> dict[str, Any]:
    """Return how each process of tests ended."""
    found = dict(record.get("device", {}))
    if "raised" in found or "absent" in found:
        found = {"device": found}
    return found | ({"conformance": record["conformance"]} if "conformance" in record else {})


def _compared(record: dict[str, Any]) -> dict[str, Any]:
    found = dict(record.get("parity", {}))
    return {"all": found} if "raised" in found or "absent" in found else found


def _good(record: dict[str, Any], parts: list[str]) -> bool:
    """Return whether no test failed or hung, and no function was over its budget."""
    tests = _tests(record) if {"device", "conformance"} & set(parts) else {}
    compared = _compared(record) if "parity" in parts else {}
    ended = all(
        not told.get("failed")
        and "raised" not in told
        and told.get("exit", 0) in (0, NO_TESTS, *((INTERRUPTED,) if name == "conformance" else ()))
        for name, told in tests.items()
    )
    return ended and all(told.get("good", False) for told in compared.values())


if __name__ == "__main__":
    sys.exit(main())
