"""NPZ files into tables: arrays x and y, or one array to a column. Never a pickle."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.run.tables.columns import Column, Table, listed
from bpcore.words.errors import FileError
from bpcore.words.protocols import Array

__all__ = ["read_npz"]

_FORM = "It needs x (samples, features) and y (samples,), or one array (samples,) to a column."


def read_npz(path: Path) -> Table:
    """Return the table in an NPZ file.

    With arrays ``x`` (samples, features) and ``y`` (samples,) or (samples, 1), the columns are called "x1",
    "x2" and so on and "y"; ``y`` may hold text. A file with ``x`` alone is read too: there is data to
    predict from. Otherwise every array is one column (samples,) of its own name.

    Raises
    ------
    FileError
        The file is cut, is not NPZ, holds Python objects, or its arrays do not fit together.
    """
    arrays = _arrays(path)
    if "x" in arrays and set(arrays) <= {"x", "y"} and len(arrays["x"].shape) == 2:  # noqa: PLR2004
        parts = _columns_of_x(path, arrays["x"])
        if "y" in arrays:
            parts["y"] = _flat(path, "y", arrays["y"])
    else:
        parts = {name: _flat(path, name, array) for name, array in arrays.items()}
    _check_lengths(path, parts)
    columns = tuple(_column(path, name, array) for name, array in parts.items())
    return Table(source=str(path), columns=columns, rows=range(1, columns[0].length + 1), header=True)


def _arrays(path: Path) -> dict[str, Array]:
    host = find_backend("numpy").namespace
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise FileError(path, f'"{damaged}" in it is damaged', "Write it anew with numpy.savez.")
        with host.load(path, allow_pickle=False) as opened:
            arrays = {name: host.asarray(opened[name]) for name in opened.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        what = "not an NPZ file, or cut off in the middle"
        raise FileError(path, f"{what} ({error})", "Write it with numpy.savez.") from None
    except ValueError as error:
        if isinstance(error, FileError):
            raise
        what = "an array in it holds Python objects, or is damaged"
        raise FileError(path, what, "Save plain numbers; objects are not read, for safety.") from None
    named = {name: array for name, array in arrays.items() if hasattr(array, "shape")}
    if not named:
        raise FileError(path, "there is no array in it", _FORM)
    return named


def _columns_of_x(path: Path, x: Array) -> dict[str, Array]:
    if x.shape[1] == 0:
        raise FileError(path, f"x has the shape {x.shape}, which is no feature", _FORM)
    return {f"x{i + 1}": x[:, i] for i in range(x.shape[1])}


def _flat(path: Path, name: str, array: Array) -> Array:
    if array.shape[1:] == (1,):
        return array[:, 0]
    if len(array.shape) != 1:
        raise FileError(path, f'the array "{name}" has the shape {array.shape}', _FORM)
    return array


def _check_lengths(path: Path, parts: Mapping[str, Array]) -> None:
    lengths = {name: part.shape[0] for name, part in parts.items()}
    if len(set(lengths.values())) > 1:
        told = listed([f"{name} {length}" for name, length in lengths.items()])
        raise FileError(path, f"its arrays have different lengths: {told}", _FORM)
    if 0 in lengths.values():
        raise FileError(path, "its arrays are empty", _FORM)


def _column(path: Path, name: str, array: Array) -> Column:
    kind = array.dtype.kind
    if kind in "US":
        cells = array.tolist()
        text = tuple(cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in cells)
        return Column(name=name, numbers=None, text=text)
    if kind not in "biuf":
        wanted = "Save real numbers, or text for the labels."
        raise FileError(path, f'the array "{name}" is of dtype {array.dtype}', wanted)
    host = find_backend("numpy")
    return Column(name=name, numbers=host.asarray(array, dtype=host.dtype("float64")))
