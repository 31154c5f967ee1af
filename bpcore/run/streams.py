"""Streams: samples that come in pieces, one after the other, so that all of them never lie in memory.

A stream knows no more than its next piece. What it cannot do, and what an array can: mix samples that are
far apart (they are mixed within a piece; pieces of `from_npy` also come in random order), hold out a share
of itself, balance its classes, weigh its samples.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch
from bpcore.parts.keys import fold_in, key, permutation, split
from bpcore.parts.optimizers import LBFGS
from bpcore.run.checks import check_pair
from bpcore.words.errors import DataError, FileError, OptionError, ShapeError
from bpcore.words.protocols import Array

__all__ = [
    "Data",
    "NpyStream",
    "Stream",
    "check_again",
    "check_rows",
    "check_stream",
    "from_npy",
    "is_stream",
    "mixed",
    "opened",
    "opened_apart",
    "rebatched",
    "stream_of",
    "without",
]

ROWS = 10_000
"""Samples that are read at a time."""


class Stream(ABC):
    """Samples in pieces.

    Attributes
    ----------
    samples : int or None
        How many there are in an epoch, where that is known.
    once : bool
        Whether they can be read only once.
    """

    samples: int | None = None
    once: bool = False

    @abstractmethod
    def pieces(self, epoch: int, key: Array) -> Iterator[Batch]:
        """Yield the pieces (x, y) of an epoch, counted from 1, in the order and the mixture that `key` gives.

        Parameters
        ----------
        epoch : int
        key : key on the host
        """

    def after(self, epoch: int, key: Array, samples: int) -> Iterator[Batch]:
        """Yield the pieces of an epoch without its first samples, which a run has seen before it was stopped.

        Here they are read and let go; a stream that knows a shorter way takes it.
        """
        return without(self.pieces(epoch, key), epoch, samples)

    def first(self, key: Array) -> Batch:
        """Return the first piece, which the first epoch sees again."""
        piece = next(iter(self.pieces(1, key)), None)
        if piece is None:
            raise DataError("the stream ended before its first piece: there is nothing to learn from.")
        return piece


class _Given(Stream):
    """An iterable of the user's, or a function that returns one; its pieces come as they are."""

    def __init__(self, given: Iterable[Batch] | Callable[[], Iterable[Batch]]) -> None:
        self.given = given
        self.once = not callable(given) and iter(given) is given
        self._peeked: list[Batch] = []

    def pieces(self, epoch: int, key: Array) -> Iterator[Batch]:
        fresh: object = self.given() if callable(self.given) else self.given
        if not isinstance(fresh, Iterable):
            found = f"a function that returned {type(fresh).__name__}"
            raise OptionError("data", found, "a pair (x, y), or a stream of such pairs")
        peeked, self._peeked = self._peeked, []
        for piece in chain(peeked, fresh):
            yield _checked(piece)

    def first(self, key: Array) -> Batch:
        piece = super().first(key)
        if self.once:
            self._peeked = [piece]
        return piece


def _checked(piece: object) -> Batch:
    if not isinstance(piece, tuple | list) or len(piece) != 2:  # noqa: PLR2004
        found = type(piece).__name__
        raise DataError(f"a stream must yield pairs (x, y), one batch each, it yielded a {found}.")
    return piece[0], piece[1]


def is_stream(data: object) -> bool:
    """Return whether `data` is not the pair (x, y) itself, but something that yields such pairs."""
    if isinstance(data, Stream):
        return True
    if isinstance(data, tuple | list | dict | str | bytes) or hasattr(data, "dtype"):
        return False
    return callable(data) or isinstance(data, Iterable)


Data = Batch | Stream | Iterable[Batch] | Callable[[], Iterable[Batch]]
"""What `bpcore.fit` learns from: samples in arrays, or a stream of them."""


def check_stream(
    stream: Stream,
    epochs: int,
    optimizer: object,
    validation: object,
    checkpoint: object,
    **options: object,
) -> None:
    """Refuse what a stream cannot do; `options` are those that it has not, None where they are left out.

    Raises
    ------
    OptionError
    """
    if isinstance(validation, float | int):
        wanted = "samples of their own, (x, y), with a stream"
        raise OptionError("validation", validation, wanted, "A share of it cannot be held out.")
    if isinstance(optimizer, LBFGS):
        raise OptionError(
            "optimizer", optimizer, "another one with a stream", "It wants all samples in a step."
        )
    for name, given in options.items():
        if given is not None:
            raise OptionError(name, type(given).__name__, "left out with a stream")
    check_again("data", stream, epochs, checkpoint)


def check_again(name: str, stream: Stream, epochs: int, checkpoint: object) -> None:
    """Want a stream that can be read in every epoch that there is.

    Raises
    ------
    OptionError
    """
    if stream.once and (epochs > 1 or checkpoint is not None):
        do = "Give the function that makes it, without calling it."
        raise OptionError(name, "a generator", "something that can be read in every epoch", do)


def opened(data: Data, seed: int) -> tuple[Batch, Stream | None, Array | None]:
    """Return the samples, None and None; or a stream's first piece, the stream, and the key that mixes it."""
    if is_stream(data):
        stream, its_key = stream_of(data), split(key(seed), 3)[2]
        return stream.first(its_key), stream, its_key
    check_pair(data, "data")
    pair: tuple[Array, Array] = data  # type: ignore[assignment]
    return pair, None, None


def opened_apart(
    validation: float | Data | None, epochs: int, checkpoint: object
) -> tuple[float | Batch | None, Stream | None]:
    """Return held-out samples, or the share that is to be, and None; or None and the stream of them."""
    if is_stream(validation):
        stream = stream_of(validation)
        check_again("validation", stream, epochs, checkpoint)
        return None, stream
    return validation, None  # type: ignore[return-value]


def stream_of(data: object) -> Stream:
    """Return `data`, of which `is_stream` holds, as a stream."""
    return data if isinstance(data, Stream) else _Given(data)  # type: ignore[arg-type]


class NpyStream(Stream):
    """Samples in two files of NumPy's, which are mapped, not read. See `from_npy`."""

    def __init__(self, x: Path, y: Path, rows: int, *, shuffle: bool) -> None:
        self.x, self.y, self.rows, self.shuffle = x, y, check_rows(rows), shuffle
        arrays = _mapped(x), _mapped(y)
        lengths = [array.shape[0] if array.ndim else 0 for array in arrays]
        if lengths[0] != lengths[1]:
            raise ShapeError(f"{y}", f"{lengths[0]} targets, as many as {x} has samples", lengths[1])
        if not lengths[0]:
            raise FileError(x, "there is no sample in it")
        self.samples = lengths[0]

    def pieces(self, epoch: int, key: Array) -> Iterator[Batch]:
        """Yield runs of rows, copied out of the files: in random order, and each one mixed."""
        return self.after(epoch, key, 0)

    def after(self, epoch: int, key: Array, samples: int) -> Iterator[Batch]:
        """Yield the same without the first samples; runs of which none is left are not read."""
        x, y = _mapped(self.x), _mapped(self.y)
        host = find_backend("numpy").namespace
        starts = list(range(0, x.shape[0], self.rows))
        its_key = fold_in(key, epoch)
        order = permutation(its_key, len(starts)).tolist() if self.shuffle else range(len(starts))
        for number in order:
            rows = slice(starts[number], min(starts[number] + self.rows, x.shape[0]))
            if samples >= rows.stop - rows.start:
                samples -= rows.stop - rows.start
                continue
            piece = host.asarray(x[rows], copy=True), host.asarray(y[rows], copy=True)
            piece = mixed(piece, fold_in(its_key, number)) if self.shuffle else piece
            yield tuple([part[samples:, ...] for part in piece])
            samples = 0


def from_npy(
    x: str | os.PathLike[str], y: str | os.PathLike[str], /, *, rows: int = ROWS, shuffle: bool = True
) -> NpyStream:
    """Return the samples in two ``.npy`` files as a stream for `bpcore.fit`; the files are mapped.

    Parameters
    ----------
    x, y : paths
        Of arrays (samples, ...) and (samples,) or (samples, targets), as `numpy.save` writes them.
    rows : int >= 1
        How many samples are read at a time.
    shuffle : bool
        Whether the runs of `rows` samples come in random order, each one mixed. Samples of different runs are
        not mixed with one another.

    Raises
    ------
    FileError
        A file is not there, is none of NumPy's, or holds Python objects.
    ShapeError
        The files hold different numbers of samples.
    """
    return NpyStream(Path(x), Path(y), rows, shuffle=shuffle)


def _mapped(path: Path) -> Array:
    host = find_backend("numpy").namespace
    try:
        return host.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        what = "is no array of numbers that can be mapped, or is cut off"
        raise FileError(path, what, "Write it with numpy.save; objects are not read.") from error


def check_rows(rows: int) -> int:
    """Want a whole number of rows to read at a time."""
    if type(rows) is not int or rows < 1:
        raise OptionError("rows", rows, "a whole number, 1 or more")
    return rows


def mixed(piece: Batch, key: Array) -> Batch:
    """Return the samples of a piece of host arrays in random order."""
    order = permutation(key, piece[0].shape[0])
    xp = array_namespace(piece[0])
    return xp.take(piece[0], order, axis=0), xp.take(piece[1], order, axis=0)


def without(pieces: Iterable[Batch], epoch: int, samples: int) -> Iterator[Batch]:
    """Yield the pieces of an epoch without its first samples.

    Raises
    ------
    DataError
        There are fewer.
    """
    left = samples
    for piece in pieces:
        count = int(piece[0].shape[0]) if hasattr(piece[0], "shape") else len(piece[0])
        if left >= count > 0:
            left -= count
            continue
        yield tuple([_later(part, left) for part in piece]) if left else piece
        left = 0
    if left:
        there = f"the stream ended after {samples - left} samples: the checkpoint is at sample {samples}"
        raise DataError(f"{there} of epoch {epoch}. Give the samples that the run began with.")


def _later(part: Array, start: int) -> Array:
    return part[start:, ...] if hasattr(part, "shape") else part[start:]


def rebatched(pieces: Iterable[Batch], size: int | None) -> Iterator[Batch]:
    """Yield batches of `size` samples, the last one smaller; with None the pieces as they are.

    All pieces are arrays of one library. A batch may have samples of two pieces.
    """
    rest: Batch | None = None
    for piece in pieces:
        if size is None:
            yield piece
            continue
        joined = piece if rest is None else _joined(rest, piece)
        count = joined[0].shape[0]
        whole = count - count % size
        for start in range(0, whole, size):
            yield _rows(joined, start, start + size)
        rest = _rows(joined, whole, count) if whole < count else None
    if rest is not None:
        yield rest


def _joined(one: Batch, other: Batch) -> Batch:
    xp = array_namespace(one[0])
    return xp.concat([one[0], other[0]], axis=0), xp.concat([one[1], other[1]], axis=0)


def _rows(piece: Batch, start: int, stop: int) -> Batch:
    return piece[0][start:stop, ...], piece[1][start:stop, ...]
