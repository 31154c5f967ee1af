"""Checkpoints: a run that is stopped anywhere and goes on ends with the same bytes as one left alone."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run import lock
from bpcore.run.checkpoint_file import content_of, read_checkpoint, value_of
from bpcore.run.interrupts import Stopped
from bpcore.run.lock import locked
from bpcore.words.errors import BpcoreError, FileError, OptionError
from bpcore.words.trees import leaves

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(50, 4)).astype("float32")
Y = DRAW.integers(0, 3, 50)
OPTIONS: dict[str, Any] = {
    "loss": bp.CrossEntropy(),
    "optimizer": bp.Adam(0.01),
    "batch_size": 16,
    "validation": 0.2,
    "epochs": 8,
    "progress": None,
}
NET = bp.Linear(3)
CARRYING = bp.Chain(bp.Linear(8), bp.BatchNorm(), bp.Relu(), bp.Dropout(0.2), bp.Linear(3))


class Cut(Exception):
    """Stands for the death of the process."""


class Death:
    """Kills the run in the epoch of that number, before its checkpoint is written."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_done(self, epoch: Any) -> None:
        if epoch.number == self.epoch:
            raise Cut


class Life(Death):
    """What stands in its place when the run goes on."""

    def __init__(self) -> None:
        super().__init__(0)


Death.__name__ = Life.__name__ = "Fate"


def fit(path: Path | bp.Checkpoint, *callbacks: Any, net: Any = NET, data: Any = (X, Y), **more: Any) -> Any:
    options = {**OPTIONS, **more}
    return bp.fit(net, data, checkpoint=path, callbacks=[Life(), *callbacks], **options)


def stopped_at(epoch: int, path: Path, *callbacks: Any, net: Any = NET, **options: Any) -> None:
    checkpoint = bp.Checkpoint(path, every=1)
    with pytest.raises(Cut):
        bp.fit(
            net, (X, Y), checkpoint=checkpoint, callbacks=[Death(epoch), *callbacks], **{**OPTIONS, **options}
        )


def file_of(run: Any, path: Path) -> bytes:
    return bp.save(path, run).read_bytes()


SCHEDULES = {
    "adam": bp.Adam(0.01),
    "one cycle": bp.Momentum(bp.OneCycle(0.05, steps=24)),
    "plateau": bp.SGD(bp.ReduceOnPlateau(0.05, patience=0)),
    "average": bp.AdamW(0.01, averaging=0.9),
    "lion": bp.Lion(1e-3),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_stopped_and_gone_on(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"optimizer": SCHEDULES[name], "net": CARRYING if name == "adam" else NET}
    alone = fit(tmp_path / "alone.ckpt", **options)
    for epoch in (1, 4, 8):
        path = tmp_path / f"{epoch}.ckpt"
        stopped_at(epoch, path, **options)
        assert path.exists() == (epoch > 1)
        run = fit(path, **options)
        assert run.history == alone.history
        assert run.first_loss == alone.first_loss
        assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
        if alone.averaged is not None:
            pairs = zip(leaves(run.averaged), leaves(alone.averaged), strict=True)
            assert all((a == b).all() for a, b in pairs)


def test_a_run_with_a_checkpoint_is_the_run_without_one(tmp_path: Path) -> None:
    with_one = fit(tmp_path / "c", net=CARRYING)
    without = bp.fit(CARRYING, (X, Y), **OPTIONS)
    assert with_one.history == without.history
    assert all((a == b).all() for a, b in zip(leaves(with_one.params), leaves(without.params), strict=True))
    assert with_one.seconds == 0.0 < without.seconds


def test_more_epochs_later(tmp_path: Path) -> None:
    alone = fit(tmp_path / "alone", epochs=9)
    fit(tmp_path / "c", epochs=4)
    run = fit(tmp_path / "c", epochs=9)
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    again = fit(tmp_path / "c", epochs=9)
    assert file_of(again, tmp_path / "a") == file_of(alone, tmp_path / "b")
    with pytest.raises(OptionError, match="epochs must be 9 or more"):
        fit(tmp_path / "c", epochs=8)


def test_early_stopping_goes_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 60, "optimizer": bp.Adam(0.3)}
    alone = bp.EarlyStopping(patience=4)
    wanted = fit(tmp_path / "alone", alone, **options)
    assert alone.best_epoch < alone.stopped < 60
    for epoch in (alone.best_epoch + 1, alone.stopped):
        path = tmp_path / f"{epoch}"
        stopped_at(epoch, path, bp.EarlyStopping(patience=4), **options)
        stopping = bp.EarlyStopping(patience=4)
        run = fit(path, stopping, **options)
        assert (stopping.stopped, stopping.best) == (alone.stopped, alone.best)
        assert file_of(run, tmp_path / "a") == file_of(wanted, tmp_path / "b")
        over = fit(path, bp.EarlyStopping(patience=4), **options)
        assert file_of(over, tmp_path / "a") == file_of(wanted, tmp_path / "b")


def test_a_log_without_double_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = tmp_path / "c"
    with pytest.raises(Cut):  # it dies after its line was written, before the checkpoint
        bp.fit(
            NET,
            (X, Y),
            checkpoint=bp.Checkpoint(path, every=2),
            **OPTIONS,
            callbacks=[bp.JsonLines(log), Death(6)],
        )
    lines = log.read_text("utf-8").splitlines()
    assert len(lines) == 6
    log.write_text("\n".join(lines) + '\n{"epo', "utf-8")
    bp.fit(NET, (X, Y), checkpoint=path, **OPTIONS, callbacks=[bp.JsonLines(log), Life()])
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 9))


def test_a_time_limit_has_its_time_again(tmp_path: Path) -> None:
    for made in (1, 2, 3):
        run = fit(tmp_path / "c", bp.TimeLimit(1e-9), epochs=3)
        assert len(run.history["loss"]) == made


def test_streams_go_on(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)

    def train(path: Path, epochs: int) -> Any:
        data = bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy", rows=20)
        return fit(path, data=data, epochs=epochs, validation=None)

    alone = train(tmp_path / "alone", 6)
    train(tmp_path / "c", 2)
    assert file_of(train(tmp_path / "c", 6), tmp_path / "a") == file_of(alone, tmp_path / "b")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizer": bp.Adam(0.02)}, "optimizer.rate is 0.01 there, 0.02 here"),
        ({"optimizer": bp.SGD(0.01)}, "optimizer.kind is Adam there, SGD here"),
        ({"seed": 1}, "seed is 0 there, 1 here"),
        ({"batch_size": 10}, "batch_size is 16 there, 10 here"),
        ({"net": bp.MLP([4, 8, 3])}, "net.kind is Linear there, Chain here"),
        ({"net": bp.Linear(3, bias=False)}, "net.bias is True there, False here"),
        ({"dtype": "float64"}, "dtype is float32 there, float64 here"),
        ({"data": (X + 1, Y)}, "data is "),
        ({"validation": 0.4}, "data is "),
        ({"penalty": bp.L2(1e-3)}, "penalty is None there, "),
        ({"backend": "strict"}, "backend is numpy there, strict here"),
        ({"params": NET.init(bp.key(7), (4,))}, "start is "),
        ({"balanced": True}, "balanced is False there, True here"),
    ],
)
def test_the_checkpoint_of_another_run(options: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    fit(path, epochs=1)
    before = path.read_bytes()
    with pytest.raises(FileError) as caught:
        fit(path, **options)
    assert "is the checkpoint of another run: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_other_callbacks(tmp_path: Path) -> None:
    fit(tmp_path / "c", epochs=1)
    with pytest.raises(FileError, match=r"callbacks is .* there"):
        fit(tmp_path / "c", bp.TimeLimit(5))


def damaged(content: bytes) -> dict[str, tuple[bytes, str]]:
    middle = len(content) // 2
    flipped = bytes([*content[:middle], content[middle] ^ 1, *content[middle + 1 :]])
    future = content_of({"epoch": 3}, number=2)
    return {
        "empty": (b"", "is empty"),
        "cut": (content[:-1], "is damaged or cut off"),
        "cut in the header": (content[:30], "no checkpoint of bpcore"),
        "a flipped bit": (flipped, "its checksum does not fit"),
        "more": (content + b"0", "its checksum does not fit"),
        "foreign": (b"PK\x03\x04" * 100, "no checkpoint of bpcore"),
        "future": (future, "is a checkpoint of format 2, and this version of bpcore reads format 1"),
        "nothing of what it needs": (content_of({"epoch": 3}), "cannot be understood"),
    }


@pytest.mark.parametrize("kind", damaged(b"0" * 100))
def test_files_that_are_no_whole_checkpoint(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    fit(path, epochs=1)
    content, said = damaged(path.read_bytes())[kind]
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        fit(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == content, "the run must not begin anew over it"


def test_a_model_is_no_checkpoint(tmp_path: Path) -> None:
    path = bp.save(tmp_path / "m", fit(tmp_path / "c", epochs=1))
    with pytest.raises(FileError, match="no checkpoint of bpcore"):
        fit(path)


def test_no_mutation_is_believed(tmp_path: Path) -> None:
    """Bits flipped, bytes cut out, put in and written over, at 10,000 random places."""
    path = tmp_path / "c"
    fit(path, epochs=1)
    content = path.read_bytes()
    assert value_of(path, content)["epoch"] == 1
    draw = random.Random(0)  # noqa: S311
    for _ in range(10_000):
        start, length = draw.randrange(len(content)), draw.randrange(1, 40)
        head, noise = content[:start], draw.randbytes(length)
        flipped = bytes([content[start] ^ (1 << draw.randrange(8))])
        middle, rest = draw.choice([(flipped, 1), (b"", length), (noise, 0), (noise, length)])
        changed = head + middle + content[start + rest :]
        if changed != content:
            with pytest.raises(FileError):
                value_of(path, changed)


def test_two_runs_with_one_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with locked(path), pytest.raises(FileError) as caught:
        fit(path)
    who = f"another run, process {os.getpid()},"
    do = "Wait for its end, or name another checkpoint."
    assert str(caught.value) == f"{path}: {who} is using it. {do}"
    assert not path.exists()
    fit(path, epochs=1)
    assert sorted(tmp_path.iterdir()) == [path], "neither the lock nor anything else is left"


def test_a_lock_that_is_taken_away_while_we_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder ends between our opening of the file and our locking: what we locked has no name."""
    path, beside = tmp_path / "c", tmp_path / "c.lock"
    real, calls = lock._taken, []

    def taken(handle: int) -> bool:
        calls.append(handle)
        if len(calls) == 1:
            beside.unlink()
        return real(handle)

    monkeypatch.setattr(lock, "_taken", taken)
    with locked(path):
        assert beside.exists()
        monkeypatch.undo()
        with pytest.raises(FileError, match="is using it"), locked(path):
            pass


HOLDER = """
import sys, time
from pathlib import Path
from bpcore.run.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FileError, match=f"process {holder.pid}, is using it"):
            fit(path, epochs=1)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert (tmp_path / "c.lock").exists()
    fit(path, epochs=1)


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    stale, others = (
        tmp_path / ".c.ab12_xyz",
        [tmp_path / ".c.txt", tmp_path / ".cc.ab12_xyz", tmp_path / ".c.lock"],
    )
    for file in (stale, *others):
        file.write_bytes(b"")
    fit(path, epochs=1)
    assert not stale.exists()
    assert all(file.exists() for file in others)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_one(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c"
    checkpoint = bp.Checkpoint(path, every=1)

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Filling:
        def epoch_done(self, epoch: Any) -> None:
            if epoch.number == 4:
                monkeypatch.setattr(os if call == "fsync" else Path, call, full)

    with pytest.raises(FileError) as caught:
        fit(checkpoint, Filling())
    monkeypatch.undo()
    assert (
        str(caught.value)
        == f"{path}: cannot be written: No space left on device. That of epoch 3 is still there."
    )
    assert read_checkpoint(path)["epoch"] == 3
    assert sorted(tmp_path.iterdir()) == [path]
    run, alone = (fit(tmp_path / name, Life()) for name in ("other", "alone"))
    assert run.history == alone.history


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    with pytest.raises(FileError, match="cannot be locked: Permission denied"):
        fit(folder / "c")


def test_a_folder_in_which_nothing_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root sees no read-only folder, the system's answer is played."""

    def denied(*args: Any) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(FileError, match="cannot be locked: Read-only file system"):
        fit(tmp_path / "c")


@pytest.mark.parametrize(("path", "said"), [("none/c", "there is no folder"), ("", "that is a folder")])
def test_places_that_are_none(path: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=said):
        fit(tmp_path / path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": 3}, "checkpoint must be a path"),
        ({"path": "c", "every": 0}, "every of Checkpoint"),
        ({"path": "c", "every": 1.5}, "every of Checkpoint"),
        ({"path": "c", "seconds": -1}, "seconds of Checkpoint"),
    ],
)
def test_options_of_a_checkpoint(options: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        bp.Checkpoint(**options)


@pytest.mark.parametrize(("every", "written"), [(1, 8), (3, 3), (100, 1), (None, None)])
def test_how_often(
    every: int | None, written: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpcore.run import checkpoints

    calls: list[Any] = []
    real = checkpoints.write_checkpoint

    def counted(*args: Any) -> Any:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(checkpoints, "write_checkpoint", counted)
    fit(bp.Checkpoint(tmp_path / "c", every=every))
    assert len(calls) == written if written else 1 <= len(calls) <= 8
    calls.clear()
    fit(bp.Checkpoint(tmp_path / "d", seconds=1000))
    assert len(calls) == 1


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
    assert capfd.readouterr().err == "finishing the epoch, then saving; Ctrl-C again stops at once\n"
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


def test_what_other_libraries_say_of_memory() -> None:
    from bpcore.run.memory import memory_told

    for error in (
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ):
        with pytest.raises(MemoryError), memory_told(100, 10):
            raise error
    with pytest.raises(RuntimeError, match="else"), memory_told(100, 10):
        raise RuntimeError("something else")


def test_on_every_backend(backend: Any, tmp_path: Path) -> None:
    data = backend.array(X[:20], "float32"), backend.array(Y[:20], "int32")
    options: dict[str, Any] = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.01), "batch_size": 8}
    with backend.reading():
        alone = bp.fit(NET, data, epochs=3, checkpoint=tmp_path / "alone", **options)
        bp.fit(NET, data, epochs=1, checkpoint=tmp_path / "c", **options)
        run = bp.fit(NET, data, epochs=3, checkpoint=tmp_path / "c", **options)
    assert run.history == alone.history
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    assert {type(p) for p in leaves(run.params)} == {type(data[0])}
