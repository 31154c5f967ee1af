"""Compiled code on the disk: a second process compiles nothing; where none can be written, none is."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_numba import store

SCRIPT = """
import numpy as np, bpcore as bp
from bpcore_numba.machine import COMPILATIONS
double = bp.compile(lambda x: x * 2.0 + 1.0, backend="numba")
assert double(np.asarray([1.0, 2.0])).tolist() == [3.0, 5.0]
print(COMPILATIONS[0])
"""


@pytest.fixture
def machine() -> Any:
    """Return the module that counts compilations: it brings in llvmlite, which not every environment has."""
    return importlib.import_module("bpcore_numba.machine")


def _compilations(folder: Path, count: int = 1) -> list[int]:
    """Return how often LLVM ran in each of some processes that run at once."""
    environment = os.environ | {"BPCORE_CACHE": str(folder)}
    running = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    return [int(process.communicate()[0]) for process in running]


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    assert _compilations(tmp_path) == [1]
    assert _compilations(tmp_path) == [0]
    assert [path.suffix for path in tmp_path.iterdir()] == [".o"]


def test_processes_do_not_hurt_each_other(tmp_path: Path) -> None:
    assert all(runs <= 1 for runs in _compilations(tmp_path, 3))
    assert [path.suffix for path in tmp_path.iterdir()] == [".o"]


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Any
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path / "file" / "below"))
    before = machine.COMPILATIONS[0]

    def triple() -> Any:
        return bp.compile(lambda x: x * 3.0 - 7.0, backend="numba")(np.asarray([1.0, 2.0])).tolist()

    with pytest.warns(
        RuntimeWarning, match=r"BPCORE_CACHE, .*below, cannot be written .*Name another"
    ) as said:
        assert triple() == [-4.0, -1.0]
    assert [(len(said), warning.filename) for warning in said] == [(1, __file__)]
    assert triple() == [-4.0, -1.0]  # and is said no more: warnings are errors here
    assert machine.COMPILATIONS[0] == before + 2


def test_a_folder_that_nobody_asked_for_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Any
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.delenv("BPCORE_CACHE")
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "file"))
    before = machine.COMPILATIONS[0]
    assert bp.compile(lambda x: x * 3.5 - 7.5, backend="numba")(np.ones(1)).tolist() == [-4.0]
    assert machine.COMPILATIONS[0] == before + 1


def test_broken_code_on_the_disk_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))
    bp.compile(lambda x: x * 5.0, backend="numba")(np.ones(3))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert bp.compile(lambda x: x * 5.0, backend="numba")(np.ones(3)).tolist() == [5.0] * 3


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BPCORE_CACHE", "elsewhere")
    assert store.folder() == Path("elsewhere")
    monkeypatch.delenv("BPCORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert store.folder() == tmp_path / "bpcore" / "numba"


def test_the_same_text_is_compiled_once(machine: Any) -> None:
    x = np.ones(4)
    bp.compile(lambda x: x * 2.5 - 0.5, backend="numba")(x)
    before = machine.COMPILATIONS[0]
    bp.compile(lambda x: x * 2.5 - 0.5, backend="numba")(x)
    assert machine.COMPILATIONS[0] == before
