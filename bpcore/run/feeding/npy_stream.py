"""Samples in files of NumPy's as a stream: the files are mapped, and read run by run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch
from bpcore.parts.keys import fold_in, permutation
from bpcore.run.feeding.streams import ROWS, Stream, check_rows, mixed
from bpcore.run.files.checkpoints import fingerprint
from bpcore.run.files.missing import unreadable
from bpcore.words.errors import FileError, ShapeError
from bpcore.words.protocols import Array, Static

__all__ = ["NpyStream", "from_npy"]

MOST = 2**24
"""Bytes of a file that a checkpoint knows it by."""


class NpyStream(Stream):
    """Samples in files of NumPy's, which are mapped, not read. See `from_npy`."""

    def __init__(self, x: Path, y: Path, rows: int, *, shuffle: bool, weights: Path | None = None) -> None:
        self.paths, self.rows, self.shuffle = [x, y, *filter(None, [weights])], check_rows(rows), shuffle
        arrays = [_mapped(path) for path in self.paths]
        lengths = [array.shape[0] if array.ndim else 0 for array in arrays]
        for path, length, what in zip(self.paths[1:], lengths[1:], ("targets", "weights"), strict=False):
            if length != lengths[0]:
                raise ShapeError(f"{path}", f"{lengths[0]} {what}, as many as {x} has samples", length)
        if not lengths[0]:
            raise FileError(x, "there is no sample in it")
        self.samples = lengths[0]

    def described(self) -> Static:
        """Return how it is read, shapes, and what rows hold: all of small files, some of large ones."""
        files = [_mapped(path) for path in self.paths]
        told: dict[str, Static] = {"shapes": [list(file.shape) for file in files]}
        told |= {"numbers": [fingerprint(_some(file)) for file in files]}
        return {**super().described(), "rows": self.rows, "shuffle": self.shuffle, **told}

    def pieces(self, epoch: int, key: Array) -> Iterator[Batch]:
        """Yield runs of rows, copied out of the files: in random order, and each one mixed."""
        return self.after(epoch, key, 0)

    def after(self, epoch: int, key: Array, samples: int) -> Iterator[Batch]:
        """Yield the same without the first samples; runs of which none is left are not read."""
        arrays = [_mapped(path) for path in self.paths]
        host, count = find_backend("numpy").namespace, arrays[0].shape[0]
        starts = list(range(0, count, self.rows))
        its_key = fold_in(key, epoch)
        order = permutation(its_key, len(starts)).tolist() if self.shuffle else range(len(starts))
        for number in order:
            rows = slice(starts[number], min(starts[number] + self.rows, count))
            if samples >= rows.stop - rows.start:
                samples -= rows.stop - rows.start
                continue
            piece = tuple([host.asarray(array[rows], copy=True) for array in arrays])
            piece = mixed(piece, fold_in(its_key, number)) if self.shuffle else piece
            yield tuple([part[samples:, ...] for part in piece])
            samples = 0


def from_npy(
    x: str | os.PathLike[str],
    y: str | os.PathLike[str],
    /,
    *,
    sample_weight: str | os.PathLike[str] | None = None,
    rows: int = ROWS,
    shuffle: bool = True,
) -> NpyStream:
    """Return the samples in ``.npy`` files as a stream for `bpcore.fit`; the files are mapped.

    Parameters
    ----------
    x, y : paths
        Of arrays (samples, ...) and (samples,) or (samples, targets), as `numpy.save` writes them.
    sample_weight : path or None
        Of an array (samples,): how much each sample counts.
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
    weights = None if sample_weight is None else Path(sample_weight)
    return NpyStream(Path(x), Path(y), rows, shuffle=shuffle, weights=weights)


def _some(file: Array) -> Array:
    """Return rows of a file, evenly spaced, that are as much as is quickly read."""
    apart = max(1, math.ceil(file.nbytes / MOST))
    return find_backend("numpy").namespace.asarray(file[::apart, ...], copy=True)


def _mapped(path: Path) -> Array:
    host = find_backend("numpy").namespace
    try:
        found = host.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise unreadable(path, error, wanted="a .npy file", endings=(".npy",)) from error
    except (ValueError, EOFError) as error:
        what = "is no array of numbers that can be mapped, or is cut off"
        raise FileError(path, what, "Write it with numpy.save; objects are not read.") from error
    if not hasattr(found, "ndim"):
        found.close()
        raise FileError(path, "is an archive of arrays (.npz), which is not mapped", "Save each as .npy.")
    return found
