"""Running tests so that nothing is lost: by a timeout, by a file that cannot be read, by a lost context."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from benchmarks.environment import ROOT
from benchmarks.gpu import testing
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.testing import FILES, axis_tests, device_tests, run_tests

MIXED = """
import warnings
import pytest
def test_good(): warnings.warn("of no weight")
def test_bad(): assert 1 == 2
@pytest.mark.skip(reason="no device")
def test_left_out(): pass
"""

SLOW = """
import time
def test_good(): pass
def test_hangs(): time.sleep(100)
def test_never(): pass
"""

LOST = """
import os
from pathlib import Path
BEFORE = Path(__file__).with_name("process")
def test_good(): pass
def test_lost():
    BEFORE.write_text(str(os.getpid()))
    raise RuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")
def test_after(): assert BEFORE.read_text() != str(os.getpid())
"""


def _written(folder: Path, name: str, text: str) -> str:
    file = folder / f"test_{name}.py"
    file.write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")  # so that it is no part of the project's own tests
    return str(file)


def test_outcomes_are_counted_and_failures_kept(tmp_path: Path) -> None:
    broken = _written(tmp_path, "broken", "import a_package_that_is_not_there\n")
    found = run_tests([_written(tmp_path, "mixed", MIXED), broken], 60.0)
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 2, 1)
    (bad, unread) = found["failures"].values()
    assert "assert 1 == 2" in "\n".join(unread + bad)
    assert "a_package_that_is_not_there" in "\n".join(unread + bad)
    assert found["warnings"] == {"UserWarning: of no weight": 1}
    assert found["reasons"] == {"Skipped: no device": 1}
    assert found["exit"] == 1


def test_what_ended_before_the_time_was_over_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "GRACE", 3.0)
    found = run_tests([_written(tmp_path, "slow", SLOW)], 4.0)
    assert found["stopped_after_s"] == 4.0
    assert found["passed"] == 1
    assert found["exit"] != 0


def test_a_process_whose_context_is_lost_does_no_more(tmp_path: Path) -> None:
    found = run_tests([_written(tmp_path, "lost", LOST)], 60.0)
    assert (found["passed"], found["failed"]) == (1, 1)
    assert "the CUDA context is lost" in "\n".join(found["said"])


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_a_worker_whose_context_is_lost_gets_a_successor(tmp_path: Path) -> None:
    found = run_tests([_written(tmp_path, "lost", LOST), "-n", "1", "--dist", "loadfile"], 60.0)
    assert found["passed"] == 2
    assert found["failed"] == 1
    (said,) = found["failures"].values()
    assert "cudaErrorIllegalAddress" in "\n".join(said)


def test_the_files_that_need_a_device_are_there_and_each_has_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(testing, "run_tests", lambda arguments, seconds: asked.append([*arguments]))
    assert all((ROOT / file).exists() for file in FILES)
    assert set(device_tests("cupy", Clock(60.0))) == set(FILES)
    assert asked == [[file, "--axes", "cupy"] for file in FILES]
    axis_tests("cupy", Clock(60.0))
    assert {f"--ignore={file}" for file in FILES} < set(asked[-1])
    absent = device_tests("cupy", Clock(-1.0))
    assert absent[FILES[0]] == {"absent": "no time was left"}
