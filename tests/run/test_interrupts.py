"""Ctrl-C in a run with a checkpoint, and memory that is exhausted: one line each."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.files.checkpoint_file import read_checkpoint
from bpcore.run.files.interrupts import Stopped
from bpcore.words.errors import BpcoreError, OutOfMemory
from tests.run.trials import NET, OPTIONS, X, Y, fit


class Press:
    """Ctrl-C in an epoch, once or twice."""

    def __init__(self, epoch: int, times: int = 1) -> None:
        self.epoch, self.times = epoch, times

    def epoch_done(self, epoch: Any) -> None:
        if epoch.number == self.epoch:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / "c"
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped) as caught:
        fit(bp.Checkpoint(path, every=100), Press(3))
    assert str(caught.value) == (
        f"stopped after epoch 3 of 8, saved in {path}: the same call with the same checkpoint goes on "
        "from there"
    )
    assert capfd.readouterr().err == "finishing the step, then saving; Ctrl-C again stops at once\n"
    assert read_checkpoint(path)["epoch"] == 3
    assert signal.getsignal(signal.SIGINT) is before
    run = fit(path, Press(0))
    assert run.history == fit(tmp_path / "alone", Press(0)).history


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c"
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(bp.Checkpoint(path, every=1), Press(3, times=2))
    assert not isinstance(caught.value, Stopped)
    assert read_checkpoint(path)["epoch"] == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_in_the_last_epoch_is_too_late(tmp_path: Path) -> None:
    run = fit(tmp_path / "c", Press(8))
    assert len(run.history["loss"]) == 8


def test_who_does_not_hear_it_is_left_alone(tmp_path: Path) -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run = fit(tmp_path / "c", Press(3))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(run.history["loss"]) == 8


def test_ctrl_c_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        bp.fit(NET, (X, Y), callbacks=[Press(2)], **OPTIONS)
    assert not isinstance(caught.value, Stopped)


def test_not_in_the_main_thread(tmp_path: Path) -> None:
    """Signals belong to the main thread: a run elsewhere leaves them alone."""
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(fit(tmp_path / "c", epochs=2)))
    thread.start()
    thread.join()
    assert len(done) == 1


@pytest.mark.parametrize("batch_size", [None, 16, 1])
def test_exhausted_memory_names_the_batch_size(
    batch_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hungry:
        def epoch_done(self, epoch: Any) -> None:
            raise MemoryError

    with pytest.raises(MemoryError) as caught:
        bp.fit(NET, (X, Y), callbacks=[Hungry()], **{**OPTIONS, "batch_size": batch_size, "epochs": 1})
    assert isinstance(caught.value, BpcoreError)
    whole = {None: "all 40 samples in one batch", 16: "batches of 16 samples", 1: "batches of 1 sample"}
    do = {None: "batch_size=20, or a smaller network", 16: "batch_size=8, or a smaller network"}
    wanted = f"not enough memory for {whole[batch_size]}. Try {do.get(batch_size, 'a smaller network')}."
    assert str(caught.value) == f"there is {wanted}"


@pytest.mark.axes("numpy", "torch", "jax")
def test_more_memory_than_there_is(backend: Any) -> None:
    """Outputs of the hidden layer would take 1.6 terabytes."""
    x = np.zeros((1_000_000, 1), dtype="float32")
    with pytest.raises(OutOfMemory, match=r"for all 1000000 samples in one batch.* Try batch_size=500000"):
        bp.fit(
            bp.MLP([1, 400_000, 1]), (x, x), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=1,
            backend=backend.backend,
        )  # fmt: skip


def test_what_other_libraries_say_of_memory() -> None:
    from bpcore.run.trouble.memory import memory_told

    for error in (
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ):
        with pytest.raises(MemoryError), memory_told(100, 10):
            raise error
    with pytest.raises(RuntimeError, match="else"), memory_told(100, 10):
        raise RuntimeError("something else")
