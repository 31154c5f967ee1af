"""The tests that need a GPU, as they came out."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from benchmarks.environment import ROOT

__all__ = ["selection"]

LINES = 60
"""How many lines of what pytest said are kept."""


def selection(axis: str, seconds: float) -> dict[str, Any]:
    """Run the tests of an axis, in a process of its own; return how many passed, failed and were skipped.

    Parameters
    ----------
    axis : str
        As ``cupy``.
    seconds : float
        After how many it is stopped. What it had come to is lost then, and the record says so.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--axes", axis, "-m", "gpu",
            "--maxfail", "40", f"--junit-xml={report}", "tests",
        ]  # fmt: skip
        try:
            ended = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return {"stopped_after_s": seconds}
        lines = ended.stdout.splitlines()[-LINES:]
        if not report.exists():
            return {"exit": ended.returncode, "said": lines, "errors": ended.stderr.splitlines()[-LINES:]}
        return {
            "exit": ended.returncode,
            **_counts(report),
            "said": lines if ended.returncode else lines[-1:],
        }


def _counts(report: Path) -> dict[str, Any]:
    suite = next(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it just now
    numbers = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    passed = numbers["tests"] - numbers["failures"] - numbers["errors"] - numbers["skipped"]
    return {
        "passed": passed,
        "failed": numbers["failures"] + numbers["errors"],
        "skipped": numbers["skipped"],
    }
