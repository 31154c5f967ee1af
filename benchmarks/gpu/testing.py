"""The tests that need a GPU: first the files that need nothing else, then every test on its axis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.progress import VARIABLE

__all__ = ["FILES", "axis_tests", "device_tests", "ended", "run_tests"]

FILES = tuple(
    f"tests/backends/cupy/{name}_on_a_device.py"
    for name in ("test", "products/test", "products/test_bits", "test_lowered", "test_captured")
)
"""In the order in which one relies on the other."""

ALONE = 60.0
"""Seconds that one of those files is given."""

WORKERS = 12
"""At most so many processes share the device."""

BAD = ("failed", "error", "crashed")

GRACE = 10.0
"""Seconds that pytest has to end after it was interrupted."""

KEPT = 60
"""How many failures are kept, and how many lines of what pytest said."""

HOW = (
    "-q", "-W", "default", "-p", "no:cacheprovider", "-p", "benchmarks.gpu.progress",
    "--continue-on-collection-errors",
)  # fmt: skip


def device_tests(axis: str, clock: Clock, *, files: Sequence[str] = FILES) -> dict[str, Any]:
    """Run each of the files in a process of its own, so that a lost context costs one of them.

    Parameters
    ----------
    axis : str
        As ``cupy``.
    clock : Clock
    files : sequence of str
    """
    found = {}
    for file in files:
        seconds = clock.at_most(ALONE)
        found[file] = (
            run_tests([file, "--axes", axis], seconds) if seconds else {"absent": "no time was left"}
        )
    return found


def axis_tests(axis: str, clock: Clock) -> dict[str, Any]:
    """Run every other test of the axis, in several processes where pytest-xdist is there."""
    several = (
        ["-n", str(_workers()), "--dist", "loadfile", "--max-worker-restart", "200"]
        if find_spec("xdist")
        else []
    )
    rest = [f"--ignore={file}" for file in FILES]
    return run_tests(["tests", "--axes", axis, "-m", "gpu", *rest, *several], max(1.0, clock.left()))


def run_tests(arguments: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run pytest for so long at most; return how the tests ended that did, and what the others were told.

    Parameters
    ----------
    arguments : sequence of str
        Files, and what else pytest is to know.
    seconds : float
        After how many it is interrupted. What was found until then is kept, and ``stopped_after_s`` says so.
    """
    with tempfile.TemporaryDirectory() as folder:
        lines, said = Path(folder) / "lines", Path(folder) / "said"
        with said.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *HOW, *arguments], cwd=ROOT, stdout=out, stderr=out,
                env=os.environ | {VARIABLE: str(lines)}, start_new_session=True,
            )  # fmt: skip
            began = time.monotonic()
            stopped = ended(process, seconds)
        found: dict[str, Any] = {"exit": process.returncode, "seconds": round(time.monotonic() - began, 1)}
        if stopped:
            found["stopped_after_s"] = round(seconds, 1)
        told = list(_read(lines.read_text(encoding="utf-8"))) if lines.exists() else []
        found |= _summed(told)
        tail = said.read_text(encoding="utf-8", errors="replace").splitlines()
        found["said"] = tail[-KEPT:] if process.returncode else tail[-1:]
        return found


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait; return whether it had to be stopped: asked first, and then with all that it started."""
    stopped = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        stopped = True
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    finally:
        if stopped or process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return stopped


def _read(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        with suppress(ValueError):  # a line may be cut off by what ended the process
            yield json.loads(line)


def _summed(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how many tests passed, failed and were skipped, and of failures the first."""
    ranks = {name: rank for rank, name in enumerate(("crashed", "passed", "skipped", "failed", "error"))}
    outcomes: dict[str, str] = {}
    failures: dict[str, Any] = {}
    for one in told:
        if "outcome" not in one:
            continue
        test, outcome = one["test"], one["outcome"]
        outcomes[test] = max(outcomes.get(test, outcome), outcome, key=ranks.__getitem__)
        if outcome in BAD and len(failures) < KEPT:
            failures.setdefault(test, one.get("said", []))
    counts = Counter(outcomes.values())
    slow = sorted((one for one in told if "seconds" in one), key=lambda one: -one["seconds"])[:5]
    return {
        "passed": counts["passed"],
        "failed": sum(counts[outcome] for outcome in BAD),
        "skipped": counts["skipped"],
        "failures": {test: said for test, said in failures.items() if outcomes[test] in BAD},
        "reasons": dict(
            Counter(one["said"][-1] for one in told if one.get("outcome") == "skipped" and one.get("said"))
        ),
        "warnings": dict(Counter(one["warning"] for one in told if "warning" in one)),
        "slowest": {one["test"]: one["seconds"] for one in slow},
    }


def _workers() -> int:
    return max(1, min(WORKERS, (os.cpu_count() or 2) - 2))
