"""The peers train what bpcore trains, and who does not is refused. How fast they are is no test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import ours, race
from benchmarks.peers.__main__ import main
from benchmarks.peers.requirements import REQUIREMENTS, verdicts
from benchmarks.peers.roster import BAR, NUMPY, ROSTER
from benchmarks.peers.training import Training
from benchmarks.peers.tuned import layers, optimizers
from benchmarks.peers.workloads import WORKLOADS, Workload, data_of, loss_of

SMALL = {name: workload.shrunk() for name, workload in WORKLOADS.items()}
LIBRARIES = {
    "torch": "torch",
    "JAX jit": "optax",
    "JAX scan": "optax",
    "scikit-learn": "sklearn",
    "autograd": "autograd",
    "MyGrad": "mygrad",
    "advect": "advect",
}
HAND = [(name, one) for name in (BAR, "plain NumPy") for one in WORKLOADS] + [
    ("C loop", "W1"),
    ("C loop", "W2"),
]
OTHERS = [(name, one) for name in LIBRARIES for one in ("W2", "W5")]


def weights_after(steps: int, prepare: Callable[..., Training], workload: Workload) -> list[np.ndarray]:
    training = prepare(workload, data_of(workload))
    training.advance(steps)
    assert training.weights is not None
    return [np.array(array) for pair in training.weights() for array in pair]


def agree(found: list[np.ndarray], wanted: list[np.ndarray], dtype: str) -> None:
    close = {"float64": {"rtol": 1e-9, "atol": 1e-12}, "float32": {"rtol": 2e-4, "atol": 2e-6}}[dtype]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, **close)


@contextmanager
def brought_in(name: str) -> Iterator[Callable[..., Training]]:
    """Yield what prepares a contender; what its library changes for the whole process is put back."""
    if name in LIBRARIES:
        pytest.importorskip(
            LIBRARIES[name], reason="a peer of the benchmarks, and no requirement of the tests"
        )
    if name == "C loop" and shutil.which("cc") is None:
        pytest.skip("there is no C compiler here")
    module, _, function = ROSTER[name].place.partition(":")
    prepare = getattr(import_module(f"benchmarks.peers.{module}"), function)
    if not name.startswith("JAX"):
        yield prepare
        return
    import jax

    wide = jax.config.jax_enable_x64
    yield prepare
    jax.config.update("jax_enable_x64", wide)


@pytest.fixture(autouse=True)
def guard_of_mygrad() -> Iterator[None]:
    yield
    import sys

    if "mygrad" in sys.modules:
        sys.modules["mygrad"].turn_memory_guarding_on()


@pytest.mark.parametrize(("name", "which"), HAND + OTHERS)
def test_the_first_gradient_is_bpcores(name: str, which: str) -> None:
    workload = replace(SMALL[which], optimizer="sgd", rate=1.0, batches=1)
    with brought_in(name) as prepare:
        agree(weights_after(1, prepare, workload), weights_after(1, ours.eager, workload), workload.dtype)


@pytest.mark.parametrize(("name", "which"), [pair for pair in HAND + OTHERS if pair[0] != "scikit-learn"])
def test_three_steps_lead_to_the_same_weights(name: str, which: str) -> None:
    workload = SMALL[which]
    with brought_in(name) as prepare:
        agree(weights_after(3, prepare, workload), weights_after(3, ours.eager, workload), workload.dtype)


@pytest.mark.parametrize("prepare", [ours.numpy, ours.numpy_scan])
def test_the_compiled_steps_take_the_batches_in_order(prepare: Callable[..., Training]) -> None:
    workload = SMALL["W4"]
    agree(weights_after(6, prepare, workload), weights_after(6, ours.eager, workload), workload.dtype)


@pytest.mark.parametrize(
    "form", [layers.Form(ones, turned) for ones in (True, False) for turned in (True, False)]
)
def test_weights_may_lie_in_four_ways(form: layers.Form) -> None:
    def prepare(workload: Workload, data: object) -> Training:
        return layers.prepare(workload, data, form)

    workload = SMALL["W6"]
    agree(weights_after(3, prepare, workload), weights_after(3, ours.eager, workload), workload.dtype)


@pytest.mark.parametrize("which", ["W4", "W5"])
def test_a_long_vector_is_taken_in_blocks(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "BLOCK", 64)
    workload = SMALL[which]
    prepare = import_module("benchmarks.peers.tuned").prepare
    agree(weights_after(3, prepare, workload), weights_after(3, ours.eager, workload), workload.dtype)


@pytest.mark.parametrize("which", SMALL)
def test_the_judge_says_what_the_training_says(which: str) -> None:
    workload = replace(SMALL[which], batches=1)
    data = data_of(workload)
    wanted = loss_of(workload, data.weights, data.xs[0], data.ys[0])
    assert ours.eager(workload, data).advance(1) == pytest.approx(wanted, rel=1e-6)


def test_another_loss_is_refused() -> None:
    field = {
        BAR: {"judged": 0.5},
        NUMPY: {"judged": 0.5 * (1 + 1e-9)},
        "plain NumPy": {"judged": 0.5 * (1 + 1e-5)},
        "torch": {"judged": float("nan")},
        "scikit-learn": {"judged": 3.0},
        "advect": {"absent": "no such library"},
    }
    found = race.refused("W1", field)
    assert sorted(found) == ["plain NumPy", "torch"]
    assert "0.500005" in found["plain NumPy"]
    assert "1e-07" in found["plain NumPy"]
    assert "scikit-learn" in race.refused("W2", field)


def test_the_runner_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "record.json"
    words = [
        "--workloads",
        "W1",
        "--peers",
        NUMPY,
        "plain NumPy",
        "--cycles",
        "2",
        "--seconds",
        "0.01",
        "--threads",
        "1",
    ]
    assert main([*words, "--repeat", "2", "--markdown", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "| W1 gates |" in printed
    assert "must: W1: numpy backend, step by step, over tuned NumPy <= 1: " in printed
    record = json.loads(file.read_text(encoding="utf-8"))
    assert {"date", "commit", "processor", "cores", "versions", "threads"} <= set(record)
    assert len(record["runs"]) == 2
    assert list(record["runs"][0]["W1"]) == [BAR, NUMPY, "plain NumPy"]
    assert all(len(told["times"]) == 2 for told in record["runs"][1]["W1"].values())


def test_a_contender_that_cannot_start_is_left_out() -> None:
    nothing = {"plain NumPy": shutil.which("false") or "false"}
    field = race.race(
        "W1", [BAR, "plain NumPy"], cycles=1, seconds=0.01, number=1, caches="", pythons=nothing
    )
    assert "without a word" in field["plain NumPy"]["absent"]
    assert len(field[BAR]["times"]) == 1


def test_requirements_are_judged() -> None:
    told = {"allocated": 0, "first_call": 0.5, "peak": 0}
    field = {
        BAR: {"times": [10.0, 20.0, 30.0]},
        NUMPY: {"times": [5.0, 10.0, 60.0], **told},
        "bpcore jax scan": {"times": [2.0, 2.0, 2.0]},
        "C loop": {"times": [1.0, 1.0, 1.0]},
    }
    said = {one.text: one for one in verdicts({"W1": field})}
    assert said["W1: numpy backend, step by step, over tuned NumPy"].measured == 0.5
    assert said["W1: numpy backend, step by step, over tuned NumPy"].holds
    assert said["W1: best of ours over the C loop"].measured == 2.0
    assert said["W1: numpy backend over torch"].holds is None
    slow = {one.text: one for one in verdicts({"W4": field})}["W4: recording and lowering, numpy, s"]
    assert slow.holds is False
    assert len({one.text for one in REQUIREMENTS}) == len(REQUIREMENTS)
