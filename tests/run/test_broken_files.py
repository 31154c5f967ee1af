"""Weight files that are none, and writing that fails: one line, and the old file stays whole."""

from __future__ import annotations

import errno
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as plain

import bpcore as bp
from bpcore.run.files.whole_file import write_whole
from bpcore.words.errors import FileError

X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0]])


def train(epochs: int = 2) -> Any:
    net, loss = bp.MLP([2, 3, 1], activation="gelu"), bp.BinaryCrossEntropy()
    return bp.fit(net, (X, Y), loss=loss, optimizer=bp.Adam(0.05), epochs=epochs, progress=None)


def header(about: dict[str, Any], body: bytes = b"") -> bytes:
    words = json.dumps(about).encode()
    return struct.pack("<Q", len(words)) + words + body


FOREIGN_WORDS = "holds weights that were not written by bpcore. Load a file of bpcore train."
NEWER_WORDS = (
    "is of format 2, and this version of bpcore reads format 1. Load it with the version that wrote it."
)
HALF = {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
FOREIGN = {
    "of another library": plain.save({"w": np.ones(2)}),
    "of another library, with words": plain.save({"w": np.ones(2)}, metadata={"format": "pt"}),
    "of numbers that NumPy has not": header(HALF, bytes(4)),
    "of nothing": header({}),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(FileError) as caught:
        bp.load(path)
    assert str(caught.value) == f"{path}: {FOREIGN_WORDS}"


@pytest.mark.parametrize(
    "content", [b"", b"1234567", b"a,b\n1,2\n", b"\x80\x04\x95" + bytes(40), b"PK\x03\x04" + bytes(60)]
)
def test_no_weight_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        bp.load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: is not a whole safetensors file (")
    assert said.endswith("It may be cut, or no weight file: copy it again, or train again.")
    assert "\n" not in said


def test_a_cut_file(tmp_path: Path) -> None:
    path = bp.save(tmp_path / "m", train())
    content = path.read_bytes()
    for length in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(FileError, match="is not a whole safetensors file"):
            bp.load(path)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, FOREIGN_WORDS),
        ({"run": "{"}, FOREIGN_WORDS),
        ({"run": "[]"}, FOREIGN_WORDS),
        ({"run": '{"net": 1}'}, FOREIGN_WORDS),
        (
            {"run": '{"bpcore": "2"}'},
            NEWER_WORDS,
        ),
        (
            {"run": '{"bpcore": "1", "net": {}, "loss": {}, "features": [2], "extra": {}}'},
            "does not say its history, seconds. Train again.",
        ),
    ],
)
def test_words_that_are_none(metadata: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(plain.save({"w": np.ones(2)}, metadata=metadata))
    with pytest.raises(FileError) as caught:
        bp.load(path)
    assert str(caught.value) == f"{path}: {said}"


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (bp.MLP([2, 4, 1]), "0.bias is (3,), wanted (4,)"),
        (bp.MLP([2, 3, 3, 1]), "2.bias is (1,), wanted (3,)"),
        (bp.Chain(bp.Linear(3), bp.Tanh()), "2.bias is (1,), wanted none"),
        (bp.MLP([2, 3, 1], bias=False), "0.bias is (3,), wanted none"),
        (bp.MLP([5, 3, 1]), "net[0] Linear(3) wants inputs of shape (batch, 5), was given ('batch', 2)"),
    ],
)
def test_weights_of_another_network(net: Any, said: str, tmp_path: Path) -> None:
    path = bp.save(tmp_path / "m", train())
    with pytest.raises(FileError) as caught:
        bp.load(path, net=net)
    assert str(caught.value) == f"{path}: holds the weights of another network: {said}."


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        bp.load(tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path / 'none'}: there is no such file, and a model of bpcore (.safetensors) is wanted. "
        "Write one with bpcore train, or look at the spelling and the folder."
    )
    with pytest.raises(FileError, match="that is a folder, and a model of bpcore"):
        bp.load(tmp_path)
    with pytest.raises(FileError) as caught:
        bp.save(tmp_path / "no" / "folder", train())
    assert str(caught.value) == (
        f"{tmp_path / 'no' / 'folder'}: cannot be written: {os.strerror(errno.ENOENT)}. Name another folder."
    )
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="folder: cannot be written"):
        bp.save(tmp_path / "folder", train())
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("fault", [full, interrupted])
def test_the_old_file_stays_whole(
    where: str, fault: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bp.save(tmp_path / "m", train())
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(where, fault)
        with pytest.raises((FileError, KeyboardInterrupt)) as caught:
            bp.save(path, train(epochs=3))
    if fault is full:
        assert str(caught.value) == f"{path}: cannot be written: {os.strerror(errno.ENOSPC)}."
    assert path.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["m"]


def test_nothing_is_left_of_a_file_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError):
        write_whole(tmp_path / "m", b"1234")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file that is read cannot be replaced")
def test_a_file_is_replaced_at_once(tmp_path: Path) -> None:
    write_whole(tmp_path / "m", b"old")
    with (tmp_path / "m").open("rb") as reader:
        write_whole(tmp_path / "m", b"newer")
        assert reader.read() == b"old"  # who reads the old file reads all of it
    assert (tmp_path / "m").read_bytes() == b"newer"
