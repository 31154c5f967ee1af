"""A plugin for pytest: a line of JSON for each outcome, written at once; for `benchmarks.gpu.testing`.

A process whose CUDA context is lost fails in all tests after that. So a worker of pytest-xdist's ends there,
and gets a successor; where there are none, the session stops.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

__all__ = ["LOST", "VARIABLE"]

VARIABLE = "BPCORE_TEST_PROGRESS"
"""The environment variable that names the file."""

LOST = (
    "cudaErrorIllegalAddress", "CUDA_ERROR_ILLEGAL_ADDRESS", "cudaErrorLaunchFailure",
    "CUDA_ERROR_LAUNCH_FAILED",
    "cudaErrorMisalignedAddress", "CUDA_ERROR_MISALIGNED_ADDRESS", "CUDA_ERROR_ILLEGAL_INSTRUCTION",
    "cudaErrorIllegalInstruction", "cudaErrorHardwareStackError",
)  # fmt: skip
"""What is said when nothing more can be done in a process."""

CRASHED = "crashed while running"
"""What pytest-xdist says of a test whose process ended."""

LINES = 12
"""How many lines of a failure are kept."""

_OPEN: dict[str, Any] = {}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember the session, and open the file unless this is a worker of pytest-xdist's."""
    _OPEN["session"] = session
    _OPEN["worker"] = hasattr(session.config, "workerinput")
    if VARIABLE in os.environ and not _OPEN["worker"]:
        _OPEN["file"] = Path(os.environ[VARIABLE]).open("a", encoding="utf-8")  # noqa: SIM115 - open till the end


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write how a test ended; end a process that can do no more."""
    if report.failed or report.skipped or report.when == "call":
        _written(report.nodeid, _outcome(report), report)
    if report.failed and any(word in report.longreprtext for word in LOST):
        _OPEN["lost"] = True
        if not _OPEN["worker"] and not _distributes():
            _OPEN["session"].shouldstop = "the CUDA context is lost"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart(nodeid: str) -> None:
    """End a worker that can do no more: the test that it was about to begin is run by its successor."""
    if _OPEN["worker"] and "lost" in _OPEN:
        os._exit(3)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Write which file could not be read."""
    if report.failed:
        _written(report.nodeid, "error", report)


def pytest_warning_recorded(warning_message: Any, when: str, nodeid: str) -> None:
    """Write a warning."""
    _line(
        {"warning": f"{warning_message.category.__name__}: {warning_message.message}"[:300], "test": nodeid}
    )


def _distributes() -> bool:
    return getattr(_OPEN["session"].config.option, "dist", "no") != "no"


def _outcome(report: pytest.TestReport) -> str:
    """Return how it ended; "crashed" where the process did, and the test may be run again by another."""
    if report.failed and CRASHED in report.longreprtext:
        return "crashed"
    return "error" if report.failed and report.when != "call" else report.outcome


def _written(test: str, outcome: str, report: Any) -> None:
    told = {"test": test, "outcome": outcome, "seconds": round(getattr(report, "duration", 0.0), 3)}
    text = report.longreprtext
    if outcome == "skipped" and isinstance(report.longrepr, tuple):
        text = str(report.longrepr[2])
    if outcome != "passed" and text:
        told["said"] = text.splitlines()[-LINES:]
    _line(told)


def _line(told: dict[str, Any]) -> None:
    if "file" in _OPEN:
        print(json.dumps(told), file=_OPEN["file"], flush=True)
