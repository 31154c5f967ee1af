"""The script for a GPU's hour, tried where there is none: what it writes down, and that nothing stops it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu.products import BYTES, floor_of
from benchmarks.gpu.steps import verdicts
from benchmarks.gpu.workloads import RUNS, SIZES, products_of


def test_a_small_run_writes_each_part_down(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    command = [
        sys.executable, "-m", "benchmarks.gpu", "--backend", "numpy", "--small", "--cycles", "2", "--turn",
        "0.001", "--only", "floors", "steps", "--peers", "bpcore eager", "bpcore captured",
        "--json", str(path),
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    record = json.loads(path.read_text())
    assert set(record["steps"]) == {run.name for run in RUNS}
    field = record["steps"]["a float32"]
    assert len(field["bpcore captured"]["times"]) == 2
    assert field["bpcore captured"]["judged"] == pytest.approx(field["bpcore eager"]["judged"], rel=1e-5)
    assert "matmul, 64 x 128 x 256" in record["floors"]["functions"]
    assert record["verdicts"] == []
    assert "absent" in record["steps"]["b bfloat16"]["bpcore captured"]


def test_without_a_gpu_it_says_so_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--backend", "cuppy"])
    assert script.main() == 2
    said = capsys.readouterr().err.strip()
    assert "cuppy" in said
    assert len(said.splitlines()) == 1


def test_a_part_that_raises_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(backend: Any) -> Any:
        raise RuntimeError("of no use")

    path = tmp_path / "gpu.json"
    monkeypatch.setattr(script, "floors", broken)
    monkeypatch.setattr(script, "parity", lambda backend: {"net float32": {"good": True}})
    monkeypatch.setattr(
        sys, "argv", ["gpu", "--backend", "numpy", "--only", "parity", "floors", "--json", str(path)]
    )
    assert script.main() == 0
    record = json.loads(path.read_text())
    assert record["floors"] == {"raised": "RuntimeError: of no use"}
    assert "captured over JAX jit <= 1: not measured" in capsys.readouterr().out


def _told(*times: float) -> dict[str, Any]:
    return {"times": list(times), "median": sorted(times)[len(times) // 2]}


def test_what_is_required_is_judged_by_pairs_of_one_cycle() -> None:
    field = {"bpcore captured": _told(50.0, 90.0, 60.0), "torch.compile": _told(60.0, 80.0, 70.0)}
    field["bpcore eager"] = _told(500.0, 900.0, 600.0)
    said = list(verdicts({"a float32": field}, {}))
    assert "a float32: captured over torch.compile <= 1: holds (0.857)" in said
    assert "a float32: captured over JAX jit <= 1: not measured" in said
    assert "a float32: captured over eager <= 0.25: holds (0.1)" in said
    refused = {**field, "torch.compile": field["torch.compile"] | {"refused": "another loss"}}
    assert "a float32: captured over torch.compile <= 1: not measured" in list(
        verdicts({"a float32": refused}, {})
    )


def test_the_floor_is_the_products_and_the_optimizers_bytes() -> None:
    run = RUNS[0]
    shapes = products_of(SIZES["a"])
    assert len(shapes) == 8
    assert sum(2 * m * k * n for _, m, k, n in shapes) == 2 * 128 * (3 * 669706 - 3 * 1034 - 784 * 512)
    rows = {name: {"ours": {"in_a_row": 2.0}} for name, *_ in shapes}
    assert floor_of(run, rows, 1e12) == pytest.approx(16 + BYTES * SIZES["a"].parameters / 1e6)
    assert floor_of(run, rows, None) is None
    assert floor_of(run, {}, 1e12) is None
