"""``bpcore train --checkpoint``: killed at any moment and called again, the same bytes in the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import bpcore as bp
from bpcore.doors.cli import cli
from bpcore.run.files.checkpoint_file import read_checkpoint
from bpcore.run.files.checkpoints import Keeper
from tests.doors.conftest import LISTENING
from tests.run.kills import START, killed


def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Five kills at random moments; the script tests/run/kills.py makes as many as one likes."""
    runs = list(killed(tmp_path, kills=5, seed=1, epochs=400))
    met = [epoch for run in runs for epoch in run.met]
    assert len(met) == 5
    assert max(met) > 0, "no kill met the training"
    assert all(run.same and run.logged for run in runs)
    left = {f"{name}.{ending}" for name in ("alone", "killed") for ending in ("ckpt", "jsonl", "safetensors")}
    assert {file.name for file in tmp_path.iterdir() if not file.name.endswith(".bpcore-tmp")} == left


def test_called_again_it_goes_on(done: Callable[..., Result], folder: Path) -> None:
    command = ("train", "gates", "--checkpoint", "c", "--quiet", "--save")
    done(*command, "alone.safetensors", "--epochs", 30)
    Path("c").unlink()
    done(*command, "first.safetensors", "--epochs", 10)
    assert read_checkpoint(Path("c"))["epoch"] == 10
    done(*command, "second.safetensors", "--epochs", 30)
    alone, second = (Path(f"{name}.safetensors").read_bytes() for name in ("alone", "second"))
    assert alone == second
    done(*command, "third.safetensors", "--epochs", 30)
    assert Path("third.safetensors").read_bytes() == alone


def test_a_log_of_a_run_that_goes_on(done: Callable[..., Result], folder: Path) -> None:
    command = ("train", "gates", "--checkpoint", "c", "--log", "log", "--quiet", "--save", "m.safetensors")
    done(*command, "--epochs", 3)
    done(*command, "--epochs", 5)
    rows = [json.loads(line) for line in Path("log").read_text("utf-8").splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["loss"] for row in rows] == bp.load("m.safetensors").history["loss"]


def test_no_clock_is_in_the_file(done: Callable[..., Result], folder: Path) -> None:
    said = done("train", "gates", "--checkpoint", "c", "--epochs", 5, "--save", "m.safetensors").stdout
    run = bp.load("m.safetensors")
    assert run.seconds == 0
    assert "date" not in json.dumps(dict(run.extra))
    assert "5 epochs" in said
    assert " s for " not in said
    done("train", "gates", "--epochs", 5, "--save", "n.safetensors")
    other = bp.load("n.safetensors")
    assert other.seconds > 0
    assert run.history == other.history
    assert run.extra["command"] == other.extra["command"]


def test_a_report_of_such_a_run(done: Callable[..., Result], folder: Path) -> None:
    pytest.importorskip("jinja2")
    done("train", "gates", "--checkpoint", "c", "--epochs", 5, "--quiet", "--save", "m.safetensors")
    done("report", "m.safetensors", "--output", "m.html")
    assert "5 epochs" in Path("m.html").read_text("utf-8")


def test_another_run_is_refused(done: Callable[..., Result], call: Callable[..., Result]) -> None:
    done("train", "gates", "--checkpoint", "c", "--epochs", 5, "--quiet")
    result = call("train", "gates", "--checkpoint", "c", "--epochs", 9, "--rate", "0.5", "--quiet")
    assert result.exit_code == 2
    assert result.stderr == (
        "bpcore: error: c: is the checkpoint of another run: optimizer.rate is 0.05 there, 0.5 here. "
        "Name another checkpoint, or take this one away.\n"
    )


@pytest.mark.parametrize("option", ["--checkpoint-every", "--checkpoint-steps"])
def test_how_often_without_where(option: str, refused: Callable[..., str]) -> None:
    assert refused("train", "gates", option, 5) == f"{option} must be used with --checkpoint, was given 5."


def test_inside_an_epoch(done: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("train", "iris", "--epochs", 3, "--batch-size", 8, "--checkpoint-steps", 4, "--quiet")
    done(*command, "--checkpoint", "alone", "--save", "alone.safetensors")
    real, left = Keeper.write, [3]

    def write(self: Keeper, *args: Any) -> None:
        real(self, *args)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Keeper, "write", write)
    more = ("--checkpoint", "c", "--save", "m.safetensors")
    result = CliRunner().invoke(cli, [str(word) for word in (*command, *more)])
    assert result.exit_code == 130
    found = read_checkpoint(Path("c"))
    assert (found["epoch"], found["part"]["samples"]) == (0, [8] * 12)
    done(*command, *more)
    assert Path("m.safetensors").read_bytes() == Path("alone.safetensors").read_bytes()


def test_one_file_for_both(refused: Callable[..., str]) -> None:
    said = refused("train", "gates", "--checkpoint", "m.safetensors", "--save", "./m.safetensors")
    assert said == "--checkpoint must be another file than that of --save, was given 'm.safetensors'."


def test_the_data_are_no_checkpoint(refused: Callable[..., str]) -> None:
    lines = "\n".join(["a,b", *(f"{i},{i * i}" for i in range(20)), ""])
    Path("t.csv").write_text(lines, encoding="utf-8")
    said = refused("train", "t.csv", "--checkpoint", "./t.csv")
    assert said == "--checkpoint must be another file than the data, was given './t.csv'."
    assert Path("t.csv").read_text(encoding="utf-8") == lines


def test_seconds_that_are_no_number(refused: Callable[..., str]) -> None:
    said = refused("train", "gates", "--checkpoint", "c", "--checkpoint-seconds", "nan")
    assert said == "--checkpoint-seconds must be a finite number, 0 or more, was given nan."


def test_a_damaged_checkpoint(refused: Callable[..., str], folder: Path) -> None:
    Path("c").write_bytes(b"nothing")
    said = refused("train", "gates", "--checkpoint", "c")
    assert said.startswith("c: is no checkpoint of bpcore")


@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be interrupted")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LISTENING + START, "train", "gates", "--checkpoint", "c"]
    command += ["--checkpoint-every", "1", "--epochs", "100000", "--no-progress"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        while not (tmp_path / "c").exists():
            assert run.poll() is None
        run.send_signal(signal.SIGINT)
        assert run.stderr is not None
        lines = run.stderr.read().splitlines()
        assert run.wait() == 130
    epoch = read_checkpoint(tmp_path / "c")["epoch"]
    told = (
        f"bpcore: stopped after epoch {epoch} of 100000, saved in c: the same call with the same checkpoint"
    )
    assert lines == [
        "finishing the step, then saving; Ctrl-C again stops at once",
        f"{told} goes on from there",
    ]
