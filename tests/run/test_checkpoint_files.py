"""The files of checkpoints: damaged, in use, on a disk that is full, in a folder that cannot be written."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp
from bpcore.run.files import lock
from bpcore.run.files.checkpoint_file import content_of, read_checkpoint, value_of
from bpcore.run.files.lock import locked
from bpcore.words.errors import FileError, OptionError
from tests.run.trials import Life, fit


def damaged(content: bytes) -> dict[str, tuple[bytes, str]]:
    middle = len(content) // 2
    flipped = bytes([*content[:middle], content[middle] ^ 1, *content[middle + 1 :]])
    future = content_of({"epoch": 3}, number=3)
    return {
        "empty": (b"", "is empty"),
        "cut": (content[:-1], "is damaged or cut off"),
        "cut in the header": (content[:30], "no checkpoint of bpcore"),
        "a flipped bit": (flipped, "its checksum does not fit"),
        "more": (content + b"0", "its checksum does not fit"),
        "foreign": (b"PK\x03\x04" * 100, "no checkpoint of bpcore"),
        "future": (future, "is a checkpoint of format 3, and this version of bpcore reads up to 2"),
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


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": "1"},
        {"epoch": -1},
        {"epoch": 3},
        {"history": [1.0]},
        {"history": {"loss": 1.0}},
        {"history": {"loss": ["1.0"]}},
        {"first_loss": None},
        {"callbacks": 3},
        {"callbacks": [1]},
        {"params": 3},
        {"params": {"bias": "a", "weight": "b"}},
        {"state": None},
        {"run": [1]},
    ],
)
def test_whole_files_that_tell_something_else(change: dict[str, Any], tmp_path: Path) -> None:
    """The checksum is right: somebody made them on purpose."""
    path = tmp_path / "c"
    fit(path, epochs=1)
    value = read_checkpoint(path)
    assert set(change) < set(value)
    path.write_bytes(content_of({**value, **change}))
    with pytest.raises(FileError):
        fit(path)


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


def test_a_disk_that_is_full_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock itself cannot be written."""

    def full(handle: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(lock.os, "write", full)
    with pytest.raises(
        FileError, match=r"c: cannot be locked: No space left on device\. Name another folder"
    ):
        fit(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


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
from bpcore.run.files.lock import locked
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
        tmp_path / ".c.ab12cd34.bpcore-tmp",
        [
            tmp_path / name
            for name in (".c.template", ".cc.ab12cd34.bpcore-tmp", ".c.lock", ".c.x.bpcore-tmp")
        ],
    )
    for file in (stale, *others):
        file.write_bytes(b"")
    fit(path, epochs=1)
    assert not stale.exists()
    assert all(file.exists() for file in others)


def test_what_a_killed_save_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    run = fit(tmp_path / "c", epochs=1)
    (tmp_path / "c").unlink()
    old, fresh = (tmp_path / f".m.ab12cd3{i}.bpcore-tmp" for i in range(2))
    for file in (old, fresh):
        file.write_bytes(b"")
    os.utime(old, (0, 0))
    bp.save(tmp_path / "m", run)
    assert sorted(file.name for file in tmp_path.iterdir()) == [fresh.name, "m"]


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "c")
    fit(link, epochs=1)
    assert link.is_symlink()
    assert [file.name for file in (tmp_path / "real").iterdir()] == ["c"]
    fit(tmp_path / "real" / "c", epochs=2)
    with locked(link), pytest.raises(FileError, match="is using it"):
        fit(tmp_path / "real" / "c", epochs=2)


@pytest.mark.skipif(sys.platform == "win32", reason="its locks are others")
def test_where_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.warns(
        UserWarning, match="cannot be locked here: No locks available. See to it that no other"
    ):
        fit(tmp_path / "c", epochs=1)
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


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
