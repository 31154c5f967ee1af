"""Parquet files as tables of a few rows each, read by pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.run.files.missing import unreadable
from bpcore.run.tables.columns import Column, Table
from bpcore.words.errors import FileError, LibraryMissing
from bpcore.words.protocols import Array

__all__ = ["parquet_tables", "read_parquet"]

ROWS = 100_000
"""That are made columns of at a time, where all are read."""


def parquet_tables(path: Path, *, rows: int) -> Iterator[Table]:
    """Yield the rows of a Parquet file as tables of `rows` rows, the last one smaller.

    Columns of numbers and of booleans are numbers, a null in them is a missing value; other columns are text.
    What pandas wrote as the index of its frame is no column, as it is none to pandas.

    Raises
    ------
    LibraryMissing
        pyarrow is not installed.
    FileError
        The file is not there, or no Parquet file, or has no row.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise LibraryMissing("a Parquet file", "pyarrow", "parquet") from error
    try:
        with parquet.ParquetFile(path) as file:
            first, out = 1, _index_of(file.schema_arrow.metadata or {})
            for piece in file.iter_batches(batch_size=rows):
                named = zip(piece.schema.names, piece.columns, strict=True)
                columns = tuple(_column(name, column) for name, column in named if name not in out)
                numbers = range(first, first + piece.num_rows)
                yield Table(source=str(path), columns=columns, rows=numbers, header=True)
                first += piece.num_rows
            if first == 1:
                raise FileError(path, "there is no row in it")
    except OSError as error:
        raise unreadable(path, error, wanted="a Parquet file", endings=(".parquet",)) from error
    except pa.ArrowException as error:
        what = f"is no Parquet file, or damaged ({str(error).splitlines()[0].rstrip('.')})"
        raise FileError(path, what) from error


def _index_of(metadata: Mapping[bytes, bytes]) -> frozenset[str]:
    """Return the names under which pandas stored the index of a frame; a mere range is not stored."""
    try:
        told = json.loads(metadata.get(b"pandas", b"{}"))
        return frozenset(name for name in told["index_columns"] if isinstance(name, str))
    except (ValueError, LookupError, TypeError):
        return frozenset()


def read_parquet(path: Path) -> Table:
    """Return the table in a Parquet file. What is raised: as for `parquet_tables`."""
    pieces = list(parquet_tables(path, rows=ROWS))
    host = find_backend("numpy").namespace
    columns = []
    for parts in zip(*(piece.columns for piece in pieces), strict=True):
        numbers = [part.numbers for part in parts if part.numbers is not None]
        text = tuple(cell for part in parts for cell in part.text)
        joined = host.concat(numbers) if numbers else None
        columns.append(Column(name=parts[0].name, numbers=joined, text=text))
    rows = range(1, 1 + sum(len(piece.rows) for piece in pieces))
    return Table(source=str(path), columns=tuple(columns), rows=rows, header=True)


def _column(name: str, column: Array) -> Column:
    from pyarrow import float64, types

    kind = column.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind):
        wide = (
            column.cast("int8").cast(float64())
            if types.is_boolean(kind)
            else column.cast(float64(), safe=False)
        )
        host = find_backend("numpy")
        numbers = wide.to_numpy(zero_copy_only=False)  # a null becomes NaN
        return Column(name=name, numbers=host.asarray(numbers, dtype=host.dtype("float64")))
    text = tuple("" if cell is None else str(cell) for cell in column.to_pylist())
    return Column(name=name, numbers=None, text=text)
