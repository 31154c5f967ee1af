"""Model files with something wrong in them: ten thousand, and each is refused in words, or is what it was."""

from __future__ import annotations

import json
import random
import struct
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as plain

import bpcore as bp
from bpcore.run.files.checkpoint_file import read_checkpoint
from bpcore.words.errors import FileError
from bpcore.words.trees import named_leaves

COUNT = 10_000
UNSEALED = pytest.mark.filterwarnings("ignore:.*was written before files had a checksum:UserWarning")
NET = bp.Chain(bp.Linear(5), bp.Relu(), bp.Linear(2))
X = np.asarray([[0.0, 0.5, 1.0], [1.0, -1.0, 0.25]])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    run = bp.fit(NET, (X, X[:, :2]), loss=bp.SquaredError(), optimizer=bp.Adam(0.05), epochs=2, progress=None)
    extra = {"preparation": {"mean": [1.5, 2.5, 0.125]}}
    return bp.save(tmp_path_factory.mktemp("model") / "m", run, extra=extra).read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where files are written that are read once: in memory, where the system has a folder there."""
    memory = Path("/dev/shm")  # noqa: S108 -- a folder of the test's own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder) / "m"


def unsealed(content: bytes) -> bytes:
    """Return the file as it was written before there was a checksum."""
    words = json.loads(header(content)["__metadata__"]["run"])
    del words["checksum"]
    return plain.save(plain.load(content), metadata={"run": json.dumps(words)})


def header(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return found


def flipped(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        changed[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def written_over(content: bytes, dice: random.Random) -> bytes:
    place, length = dice.randrange(len(content)), dice.randrange(1, 40)
    return (content[:place] + dice.randbytes(length) + content[place + length :])[: len(content)]


def cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def cut_out(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content))
    return content[:place] + content[place + dice.randrange(1, 60) :]


def grown(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content) + 1)
    return content[:place] + dice.randbytes(dice.randrange(1, 60)) + content[place:]


def swapped(content: bytes, dice: random.Random) -> bytes:
    a, b = sorted(dice.sample(range(len(content)), 2))
    return content[:a] + content[b : b + 8] + content[a + 8 : b] + content[a : a + 8] + content[b + 8 :]


def digit(content: bytes, dice: random.Random) -> bytes:
    """Change a digit in the header: a size, a shape, a number of the description."""
    places = [i for i in range(8, len(content) // 2) if 48 <= content[i] < 58]
    place = dice.choice(places)
    return content[:place] + str(dice.randrange(10)).encode() * dice.choice((1, 1, 8)) + content[place + 1 :]


def long_header(content: bytes, dice: random.Random) -> bytes:
    return struct.pack("<Q", dice.choice((2**63, 2**40, 10**8, len(content)))) + content[8:]


MUTATIONS = (flipped, flipped, flipped, written_over, cut, cut_out, grown, swapped, digit, long_header)


def mutated(content: bytes, count: int) -> Iterator[bytes]:
    dice = random.Random(7)  # noqa: S311 -- nothing is kept secret
    for number in range(count):
        found = MUTATIONS[number % len(MUTATIONS)](content, dice)
        if found != content:
            yield found


def load_all(files: Iterator[bytes], path: Path, *, every: int = 1) -> tuple[int, int, list[bp.Run]]:
    """Load every file, and measure the memory of some; what is raised is one line, or an error of the test.

    Returns
    -------
    refused, most bytes that one file took, runs that were loaded
    """
    told, loaded, largest = [], [], 0
    for number, content in enumerate(files):
        path.write_bytes(content)
        if number % every == 0:
            tracemalloc.start()
        try:
            loaded.append(bp.load(path))
        except FileError as error:
            told.append(str(error))
        finally:
            largest = max(largest, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert not [line for line in told if "\n" in line or not line.startswith(str(path))]
    return len(told), largest, loaded


def test_ten_thousand_files(model: bytes, path: Path) -> None:
    files = list(mutated(model, COUNT + 200))
    assert len(files) >= COUNT
    refused, largest, loaded = load_all(iter(files), path, every=9)
    assert loaded == []
    assert refused == len(files)
    assert largest < 2**18  # a few times the header's words as Python's objects; the file has 2 KiB


@UNSEALED
def test_files_from_before_the_checksum(model: bytes, path: Path) -> None:
    """What is changed in their numbers cannot be seen; what is changed elsewhere is refused in words."""
    old = unsealed(model)
    path.write_bytes(old)
    wanted = dict(named_leaves(bp.load(path).params))
    refused, largest, loaded = load_all(mutated(old, 2000), path, every=9)
    assert refused > 1200
    assert largest < 2**24  # an axis may be that long, of a layer that keeps no number for each
    for run in loaded:
        assert {name: x.shape for name, x in named_leaves(run.params)} == {
            name: x.shape for name, x in wanted.items()
        }


MANY = bp.Chain(
    bp.Reshape((6, 6, 1)), bp.Conv2D(4, 3, padding="same", groups=1), bp.BatchNorm(), bp.MaxPool2D(2),
    bp.Residual(bp.Conv2D(4, 1), bp.Tanh(), bp.Dropout(0.5)), bp.Flatten(), bp.Reshape((9, 4)),
    bp.MultiHeadAttention(2), bp.LayerNorm(), bp.GRU(3), bp.Linear(2, weight_init=bp.He("uniform")),
)  # fmt: skip


@UNSEALED
def test_descriptions_of_many_layers(path: Path) -> None:
    """Without a checksum, the words are all that there is to go by: none asks for more than there is."""
    features, dice = (36,), random.Random(11)  # noqa: S311 -- nothing is kept secret
    params = MANY.init(bp.key(0), features)
    state = MANY.init_state(features, like=params[-1]["bias"])
    place = bp.backend("numpy")
    run = bp.Run(
        net=MANY, params=params, state=state, loss=bp.CrossEntropy(), features=features, backend=place
    )
    content = unsealed(bp.save(path, run).read_bytes())
    end = 8 + int.from_bytes(content[:8], "little")
    chosen = (flipped, written_over, digit, digit, digit, swapped)

    def changed(number: int) -> bytes:
        return chosen[number % len(chosen)](content[:end], dice) + content[end:]

    refused, largest, _ = load_all(map(changed, range(1500)), path, every=5)
    assert refused > 900
    assert largest < 2**24


def test_a_file_without_a_checksum_is_told(model: bytes, path: Path) -> None:
    path.write_bytes(unsealed(model))
    with pytest.warns(UserWarning, match=r"before files had a checksum.*Save it again, with bpcore\.save\."):
        bp.load(path)


LARGE = 2**20
"""Bytes of a file whose numbers are nearly all of it."""
ROOM = 2**16
"""For the words of a header as Python's objects."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return a model and a checkpoint, each mostly one tensor."""
    folder = tmp_path_factory.mktemp("large")
    rows, net = LARGE // 32, bp.Linear(2, bias=False)
    run = bp.fit(
        net, (np.ones((1, rows), dtype=np.float32), np.ones((1, 2))), loss=bp.SquaredError(),
        optimizer=bp.Momentum(1e-9), epochs=1, checkpoint=folder / "c", progress=None,
    )  # fmt: skip
    return bp.save(folder / "m", run).read_bytes(), (folder / "c").read_bytes()


def peak(read: Any, path: Path, content: bytes, *, refused: bool) -> int:
    path.write_bytes(content)
    tracemalloc.start()
    try:
        if refused:
            with pytest.raises(FileError):
                read(path)
        else:
            read(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["model", "checkpoint"])
def test_what_a_loader_takes(kind: str, large: tuple[bytes, bytes], path: Path) -> None:
    """The file's bytes, and the arrays that are made of them when its checksum is right."""
    content, read = (large[0], bp.load) if kind == "model" else (large[1], read_checkpoint)
    assert peak(read, path, content, refused=False) < 2 * len(content) + ROOM
    dice = random.Random(5)  # noqa: S311 -- nothing is kept secret
    for number in range(60):
        changed = MUTATIONS[number % len(MUTATIONS)](content, dice)
        if changed != content:
            assert peak(read, path, changed, refused=True) < len(changed) + ROOM


@pytest.mark.parametrize("place", range(8))
def test_a_bit_of_a_weight(place: int, model: bytes, path: Path) -> None:
    changed = bytearray(model)
    changed[-1 - 4 * place] ^= 1 << place
    path.write_bytes(changed)
    with pytest.raises(FileError) as caught:
        bp.load(path)
    assert str(caught.value) == (
        f"{path}: is damaged: its checksum is that of another content. Copy it again, or train again."
    )


def words(content: bytes, **changes: Any) -> bytes:
    """Return a file without a checksum whose words are changed."""
    about = json.loads(header(content)["__metadata__"]["run"]) | changes
    about.pop("checksum")
    return plain.save(plain.load(content), metadata={"run": json.dumps(about)})


HUGE = 10**9
CRAFTED: dict[str, Any] = {
    "a layer": {"net": {"kind": "Chain", "layers": [{"kind": "Linear", "outputs": HUGE}]}},
    "a sample": {"features": [HUGE]},
    "a picture": {"features": [3, 2**20, 2**20]},
    "a number": {"features": [10**400]},
    "an activation": {"features": [HUGE], "net": {"kind": "Chain", "layers": [{"kind": "Relu"}]}},
    "nothing": {"net": None},
    "a word": {"net": {"kind": ["Linear"], "outputs": {}}},
    "a kind": {"net": {"kind": "Linear", "outputs": "5"}},
    "a loss for a net": {"net": {"kind": "SquaredError"}},
    "a word more": {"optimizer": "adam"},
    "a version": {"bpcore": "3"},
}


@UNSEALED
@pytest.mark.parametrize("name", CRAFTED)
def test_words_that_ask_for_much(name: str, model: bytes, path: Path) -> None:
    files = [words(model, **CRAFTED[name])]
    refused, largest, _ = load_all(iter(files), path)
    assert refused == 1
    assert largest < 2**18


def test_a_header_that_declares_more_than_there_is(path: Path) -> None:
    """The declared size is compared with the file's before anything is read, and before anything is made."""
    entry = {"dtype": "F32", "shape": [2**30], "data_offsets": [0, 2**32]}
    text = json.dumps({"w": entry, "__metadata__": {"run": "{}"}}).encode()
    files = [struct.pack("<Q", len(text)) + text + bytes(64), struct.pack("<Q", 2**62) + bytes(64)]
    refused, largest, _ = load_all(iter(files), path)
    assert (refused, largest < 2**16) == (2, True)


def test_brackets_without_end(path: Path) -> None:
    deep = "[" * 50_000
    path.write_bytes(plain.save({"w": np.ones(2)}, metadata={"run": deep}))
    with pytest.raises(FileError):
        bp.load(path)


def test_a_file_of_another_kind(path: Path) -> None:
    dice = random.Random(3)  # noqa: S311 -- the same
    foreign = [b"", b"{}", b"\x93NUMPY" + bytes(80), b"PK\x03\x04" + bytes(90), plain.save({"w": np.ones(3)})]
    foreign += [dice.randbytes(dice.randrange(200)) for _ in range(500)]
    assert load_all(iter(foreign), path)[0] == len(foreign)
