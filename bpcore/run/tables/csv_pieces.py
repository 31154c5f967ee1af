"""CSV files larger than memory, as tables of a few rows each."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from bpcore.run.files.missing import unreadable
from bpcore.run.tables.columns import Table
from bpcore.run.tables.csv_cells import Record, column_of, delimiter_of, has_header, named, numbered, width_of
from bpcore.words.errors import FileError

__all__ = ["csv_tables"]

LOOKED_AT = 200
"""Rows that are looked at to see how cells are divided, and whether the first one holds names."""

LONGEST = 2**24
"""Bytes of a line; a longer one is no row of a table."""


def csv_tables(path: Path, *, rows: int, header: bool | None = None) -> Iterator[Table]:
    """Yield the rows of a CSV file as tables of `rows` rows, the last one smaller.

    Parameters
    ----------
    path : Path
    rows : int >= 1
    header : bool or None
        As for `read_csv`; None: look at the first 200 rows.

    Raises
    ------
    FileError
        As `read_csv`, at the row where it is met.
    """
    try:
        with path.open("rb") as file:
            yield from _tables(path, file, rows, header=header)
    except OSError as error:
        raise unreadable(path, error, wanted="a CSV file", endings=(".csv",)) from error


def _tables(path: Path, file: BinaryIO, rows: int, *, header: bool | None) -> Iterator[Table]:
    lines = _lines(path, file)
    looked_at = list(islice(lines, LOOKED_AT))
    delimiter = delimiter_of("".join(looked_at))
    wanted = width_of("".join(looked_at), delimiter)
    records = _records(path, chain(looked_at, lines), delimiter, wanted)
    first = list(islice(records, LOOKED_AT))
    if not first:
        raise FileError(path, "the file is empty", "It needs rows of numbers, one sample to a row.")
    with_header = has_header(first) if header is None else header
    names = named(path, first[0][1]) if with_header else numbered(first[0][1])
    body = chain(first[with_header:], records)
    piece = list(islice(body, rows))
    if not piece:
        raise FileError(path, "there is a header and no row under it", "Add rows of numbers.")
    while piece:
        yield _table(path, names, piece, header=with_header)
        piece = list(islice(body, rows))


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    do = "Save it as CSV in UTF-8."
    for row, raw in enumerate(_rows(path, file), start=1):
        try:
            line = raw.decode("utf-8-sig" if row == 1 else "utf-8")
        except UnicodeDecodeError as error:
            what = f"row {row} is not UTF-8 text (byte 0x{raw[error.start]:02x})"
            raise FileError(path, what, do) from None
        if "\0" in line:
            raise FileError(path, f"row {row} holds a zero byte", do)
        yield line


def _rows(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, with their ends: LF, CR and LF, or CR alone."""
    row = 0
    while raw := file.readline(LONGEST):
        if len(raw) == LONGEST and b"\r" not in raw:
            raise FileError(path, f"row {row + 1} is longer than {LONGEST} bytes", "Is it a table?")
        lines = raw.splitlines(keepends=True) if b"\r" in raw[:-2] else [raw]
        if len(raw) == LONGEST:  # of CR alone: the last one may go on
            file.seek(-len(lines.pop()), os.SEEK_CUR)
        row += len(lines)
        yield from lines


def _records(path: Path, lines: Iterator[str], delimiter: str, wanted: int) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    try:
        for cells in reader:
            wanted = wanted or len(cells)
            if cells and len(cells) != wanted:
                count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
                what = f"row {reader.line_num} has {count}, most rows have {wanted}"
                do = "Give every row as many; quote text that holds the delimiter."
                raise FileError(path, what, do)
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        what = f"row {reader.line_num} cannot be read ({error})"
        raise FileError(path, what, "Look for a quote that is not closed.") from None


def _table(path: Path, names: Sequence[str], piece: list[Record], *, header: bool) -> Table:
    cells = zip(*(row for _, row in piece), strict=True)
    columns = tuple(column_of(name, column) for name, column in zip(names, cells, strict=True))
    return Table(source=str(path), columns=columns, rows=[line for line, _ in piece], header=header)
