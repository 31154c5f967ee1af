"""The script for a GPU's hour, tried where there is none: what it writes down, and that nothing stops it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu import steps
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.facts import facts
from benchmarks.gpu.record import Record
from benchmarks.gpu.steps import ANSWERING, STARTING, steps_of
from benchmarks.gpu.workloads import RUNS
from benchmarks.players import Absent


def _ran(path: Path, *arguments: str) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.gpu", "--small", "--turn", "0.001", "--json", str(path), *arguments,
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def test_a_small_run_writes_each_part_down(tmp_path: Path) -> None:
    chosen = ("--only", "floors", "steps", "--peers", "bpcore eager", "bpcore captured")
    runs = ("--runs", "a float32", "b bfloat16")
    record = _ran(tmp_path / "gpu.json", "--backend", "numpy", "--cycles", "2", *chosen, *runs)
    assert set(record["steps"]) == {"a float32", "b bfloat16"}
    field = record["steps"]["a float32"]
    assert len(field["bpcore captured"]["times"]) == 2
    assert field["bpcore captured"]["judged"] == pytest.approx(field["bpcore eager"]["judged"], rel=1e-5)
    assert field["bpcore captured"]["how"] == "compiled"
    assert "matmul, 64 x 128 x 256" in record["floors"]["functions"]
    assert record["verdicts"] == []
    assert "absent" in record["steps"]["b bfloat16"]["bpcore captured"]
    assert {"facts", "floors", "steps"} <= set(record["seconds"])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_small_run_on_torch_takes_over_an_earlier_record(tmp_path: Path) -> None:
    earlier = tmp_path / "first.json"
    earlier.write_text(json.dumps({"floors": {"kept": 1}, "steps": {"old": {}}}))
    record = _ran(
        tmp_path / "gpu.json", "--backend", "torch", "--only", "steps", "--cycles", "1",
        "--runs", "c float32", "--peers", "torch eager", "--after", str(earlier),
    )  # fmt: skip
    assert record["floors"] == {"kept": 1}
    assert set(record["steps"]) == {"c float32"}
    assert record["steps"]["c float32"]["torch eager"]["median"] > 0


def test_without_a_gpu_it_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--backend", "cuppy"]) == 2
    said = capsys.readouterr().err.strip()
    assert "cuppy" in said
    assert len(said.splitlines()) == 1


def test_its_help_tells_the_time_that_each_part_may_take(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        script.main(["--help"])
    said = capsys.readouterr().out
    assert "files of tests that need a device" in said
    assert "--only conformance --json third.json" in said


def test_a_part_that_raises_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(backend: Any, **options: Any) -> Any:
        raise RuntimeError("of no use")

    path = tmp_path / "gpu.json"
    monkeypatch.setattr(script, "floors", broken)
    monkeypatch.setattr(script, "facts", broken)
    monkeypatch.setattr(script, "parity", lambda backend, in_time: {"net float32": {"good": True}})
    assert script.main(["--backend", "numpy", "--only", "parity", "floors", "--json", str(path)]) == 0
    record = json.loads(path.read_text())
    assert record["floors"] == record["facts"] == {"raised": "RuntimeError: of no use"}
    assert "captured over JAX jit <= 1: not measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        ({"exit": 0, "passed": 1, "failed": 0}, 0),
        ({"exit": 1, "passed": 1, "failed": 1}, 1),
        ({"exit": 2, "passed": 1, "failed": 0, "stopped_after_s": 60.0}, 1),
    ],
)
def test_a_failing_or_hanging_file_of_device_tests_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "device_tests", lambda axis, clock: {"a_file.py": ended})
    assert script.main(["--backend", "numpy", "--only", "device"]) == status
    assert ("stopped after 60.0 s" in capsys.readouterr().out) == ("stopped_after_s" in ended)


class _Fake:
    """A worker that fails in its second turn, if it is to."""

    def __init__(self, *, frail: bool) -> None:
        self.report = {"judged": 1.0}
        self.frail, self.turns = frail, 0

    def turn(self, seconds: float) -> dict[str, float]:
        self.turns += 1
        if self.frail and self.turns > 1:
            raise Absent("out of memory")
        return {"microseconds": 10.0 * self.turns}


def test_who_fails_in_a_turn_is_out_and_keeps_its_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seated: list[Any] = []

    class Seat:
        def __init__(self, command: list[str], environment: Any, *, patience: Any) -> None:
            assert patience() == pytest.approx(STARTING, abs=1.0)
            self.player = _Fake(frail=command[3] == "frail")
            seated.append(self.player)

        def __enter__(self) -> _Fake:
            return self.player

        def __exit__(self, *exception: object) -> None:
            pass

    monkeypatch.setattr(steps, "seated", Seat)
    kept: list[dict[str, Any]] = []
    found = steps_of(
        RUNS[0], "numpy", names=["frail", "strong"], cycles=3, seconds=0.0, small=True, clock=Clock(600.0),
        keep=kept.append,
    )  # fmt: skip
    assert found["frail"] | {"judged": 1.0} == {
        "judged": 1.0, "times": [10.0], "out": "out of memory", "median": 10.0,
    }  # fmt: skip
    assert found["strong"]["times"] == [10.0, 20.0, 30.0]
    assert len(kept) == 4
    assert all(player.patience() == pytest.approx(ANSWERING, abs=1.0) for player in seated)
    assert kept[0]["strong"]["times"] is found["strong"]["times"]


def test_a_function_over_its_budget_is_named_and_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = {
        "function": "tanh",
        "dtype": "float32",
        "ulp": 9.0,
        "budget": 2.0,
        "unit": "the value",
        "step": 1,
    }
    found = {"net float32": {"good": False, "first_over_budget": first}}
    monkeypatch.setattr(script, "parity", lambda backend, in_time: found)
    assert script.main(["--backend", "numpy", "--only", "parity"]) == 1
    wanted = "parity, net float32: function tanh, dtype float32, ulp 9.0, budget 2.0, unit the value, step 1"
    assert wanted in capsys.readouterr().out


def test_runs_that_were_timed_before_one_raises_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def timed(run: Any, device: str, **options: Any) -> dict[str, Any]:
        if run.name != RUNS[0].name:
            options["keep"]({"bpcore eager": {"times": [1.0], "median": 1.0}})
            raise RuntimeError("of no use")
        return {"bpcore eager": {"times": [2.0], "median": 2.0}}

    monkeypatch.setattr(script, "steps_of", timed)
    path = tmp_path / "gpu.json"
    script.main(["--backend", "numpy", "--only", "steps", "--json", str(path)])
    found = json.loads(path.read_text())["steps"]
    assert [found[run.name]["bpcore eager"]["median"] for run in RUNS[:2]] == [2.0, 1.0]
    assert found["raised"] == "RuntimeError: of no use"
    assert "captured over eager <= 0.25: not measured" in capsys.readouterr().out
    assert script.main(["--backend", "numpy", "--only", "steps", "parity", "--seconds", "0"]) == 1
    assert "parity, all: no time was left" in capsys.readouterr().out


def test_nothing_is_begun_when_the_time_is_over() -> None:
    found = steps_of(
        RUNS[0], "numpy", names=["bpcore eager"], cycles=3, seconds=0.0, small=True, clock=Clock(-1.0),
        keep=lambda field: None,
    )  # fmt: skip
    assert found == {"bpcore eager": {"absent": "no time was left"}}


def test_a_record_is_in_its_file_after_each_piece(tmp_path: Path) -> None:
    record = Record(str(tmp_path / "gpu.json"))
    for number in (1, 2):
        record.put("part", number)
        assert json.loads((tmp_path / "gpu.json").read_text()) == {"part": number}
    assert [file.name for file in tmp_path.iterdir()] == ["gpu.json"]


def test_the_commit_is_the_environments_where_the_tree_has_no_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import bpcore as bp

    monkeypatch.setattr("benchmarks.environment._git", lambda *arguments: None)
    monkeypatch.setenv("BPCORE_COMMIT", "abc")
    monkeypatch.setenv("BPCORE_CHANGED_FILES", "3")
    told = facts(bp.backend("numpy"))
    assert (told["commit"], told["changed_files"]) == ("abc", 3)
