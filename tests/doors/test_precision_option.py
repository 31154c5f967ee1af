"""``bpcore train --precision``: what it says, what it keeps, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import bpcore as bp
from bpcore.doors.material import found_again, repetition_of

QUICK = ("train", "iris", "--epochs", "3")


def test_it_is_told_and_kept(done: Callable[..., Result], folder: Path) -> None:
    said = done(*QUICK, "--precision", "float16", "--log", "log").stdout
    assert "float32, steps in float16\n" in said
    assert '"loss_scale": 65536.0' in (folder / "log").read_text("utf-8")
    run = bp.load("iris.safetensors")
    assert run.extra["precision"] == "float16"
    assert run.dtype == "float32"
    assert run.history["skipped"] == [0.0] * 3
    material = found_again(run)
    assert material is not None
    repetition = repetition_of(run, material)
    assert repetition is not None
    assert repetition.run(3).history["loss"] == pytest.approx(run.history["loss"], rel=1e-6)
    command = run.extra["command"]
    assert isinstance(command, list)
    assert command[command.index("--precision") + 1] == "float16"
    done(*command[1:], "--quiet", "--save", "b.safetensors")
    assert bp.load("b.safetensors").history == run.history


def test_float32_is_not_spoken_of(done: Callable[..., Result], folder: Path) -> None:
    said = done(*QUICK, "--precision", "float32").stdout
    assert "steps in" not in said
    command = bp.load("iris.safetensors").extra["command"]
    assert isinstance(command, list)
    assert "--precision" not in command


@pytest.mark.filterwarnings("default")
def test_tf32_without_tensor_cores(done: Callable[..., Result], folder: Path) -> None:
    result = done(*QUICK, "--precision", "tf32")
    assert result.output.count('precision "tf32" is float32 on numpy: it has no tensor cores.') == 1
    assert "steps in" not in result.stdout
    plain = bp.load("iris.safetensors").history
    done(*QUICK, "--save", "b.safetensors")
    assert bp.load("b.safetensors").history == plain


def test_a_checkpoint_goes_on_in_its_precision(
    done: Callable[..., Result], call: Callable[..., Result]
) -> None:
    words = (*QUICK, "--quiet", "--checkpoint", "c")
    done(*words, "--precision", "float16", "--save", "a.safetensors")
    result = call(*words, "--save", "b.safetensors")
    assert result.exit_code == 2
    assert "precision is float16 there, float32 here" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--precision", "bfloat16"), "precision must be float32, tf32 or float16 with numpy"),
        (("--precision", "flaot16"), 'Did you mean "float16"?'),
        (
            ("--precision", "float16", "--backend", "strict"),
            "precision must be float32 or tf32 with strict",
        ),
        (
            ("--precision", "float16", "--dtype", "float64"),
            'dtype must be "float32" with precision "float16"',
        ),
    ],
)
def test_refused(refused: Callable[..., str], words: tuple[str, ...], said: str) -> None:
    assert said in refused(*QUICK, *words)
