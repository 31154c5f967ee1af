"""Streams: samples that come in pieces, one after the other, so that all of them never lie in memory.

A stream knows no more than its next piece. What it cannot do, and what an array can: mix samples that are
far apart (they are mixed within a piece; pieces of `from_npy` also come in random order), hold out a share
of itself, balance its classes. Weights of samples come along with them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.step import Batch
from bpcore.parts.keys import key, permutation, split
from bpcore.parts.optimizers import LBFGS
from bpcore.run.checks import check_pair
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array, Static

__all__ = [
    "Data",
    "Stream",
    "check_again",
    "check_rows",
    "check_stream",
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
        """Yield the pieces of an epoch, counted from 1, in the order and the mixture that `key` gives.

        A piece is (x, y), or (x, y, weights), and all are of one kind.

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

    def described(self) -> Static:
        """Return what it is, as JSON values: a checkpoint goes on with another one of the same only."""
        return {"kind": type(self).__name__}

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
    if not isinstance(piece, tuple | list) or len(piece) not in (2, 3):
        wanted, found = "pairs (x, y) or triples (x, y, weights)", type(piece).__name__
        raise DataError(f"a stream must yield {wanted}, one batch each, it yielded a {found}.")
    return tuple(piece)


def is_stream(data: object) -> bool:
    """Return whether `data` is not the pair (x, y) itself, but something that yields such pairs."""
    if isinstance(data, Stream) or _are_batches(data):
        return True
    if isinstance(data, tuple | list | dict | str | bytes) or hasattr(data, "dtype"):
        return False
    return callable(data) or isinstance(data, Iterable)


def _are_batches(data: object) -> bool:
    """Return whether this is a list of batches, each with samples of two axes or more in an array."""
    return (
        isinstance(data, list | tuple)
        and bool(data)
        and all(
            isinstance(batch, list | tuple)
            and len(batch) in (2, 3)
            and len(getattr(batch[0], "shape", ())) > 1
            and hasattr(batch[1], "shape")
            for batch in data
        )
    )


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
        if name == "class_weight" and isinstance(given, str):
            wanted = "a mapping, or a weight for each class, with a stream"
            raise OptionError(name, given, wanted, "Its samples are not counted beforehand.")
        if name != "class_weight" and given is not None:
            do = "Yield (x, y, weights) instead." if name == "sample_weight" else ""
            raise OptionError(name, type(given).__name__, "left out with a stream", do)
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


def check_rows(rows: int) -> int:
    """Want a whole number of rows to read at a time."""
    if type(rows) is not int or rows < 1:
        raise OptionError("rows", rows, "a whole number, 1 or more")
    return rows


def mixed(piece: Batch, key: Array) -> Batch:
    """Return the samples of a piece of host arrays in random order."""
    order = permutation(key, piece[0].shape[0])
    xp = array_namespace(piece[0])
    return tuple([xp.take(part, order, axis=0) for part in piece])


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
    kept: list[Batch] = []  # fewer samples than a batch has, all together
    there = 0
    for piece in pieces:
        if size is None:
            yield piece
            continue
        kept.append(piece)
        there += piece[0].shape[0]
        if there < size:
            continue
        joined, whole = _joined(kept), there - there % size
        for start in range(0, whole, size):
            yield _rows(joined, start, start + size)
        kept = [_rows(joined, whole, there)] if whole < there else []
        there -= whole
    if kept:
        yield _joined(kept)


def _joined(pieces: Sequence[Batch]) -> Batch:
    """Return the samples of all pieces, joined once: many small ones are not copied again for each."""
    if len(pieces) == 1:
        return pieces[0]
    xp = array_namespace(pieces[0][0])
    return tuple([xp.concat(parts, axis=0) for parts in zip(*pieces, strict=True)])


def _rows(piece: Batch, start: int, stop: int) -> Batch:
    return tuple([part[start:stop, ...] for part in piece])
