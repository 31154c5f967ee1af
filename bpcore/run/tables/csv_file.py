"""CSV files into tables: comma, semicolon or tab, with a header or without, quoted cells, UTF-8."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from itertools import islice
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.run.tables.columns import Column, Table
from bpcore.words.errors import FileError

__all__ = ["read_csv"]

DELIMITERS = "\t;,"
"""Tried in this order: a comma may stand inside the numbers or the text of the other two."""

MISSING = frozenset(["", "?", "na", "n/a", "nan", "null"])
"""How people write that a value is missing, in lower case."""

Record = tuple[int, list[str]]
"""A row's number in the file and its cells."""


def read_csv(path: Path, *, header: bool | None = None) -> Table:
    """Return the table in a CSV file.

    Parameters
    ----------
    path : Path
    header : bool or None
        Whether the first row holds the names; None: look. It does when a cell of it is text over a
        column of numbers, or when all its cells are text.

    Raises
    ------
    FileError
        The file is empty, has only a header, is not UTF-8, has rows of different lengths, or two columns
        of one name.
    """
    records = _records(path, _text(path))
    if not records:
        raise FileError(path, "the file is empty", "It needs rows of numbers, one sample to a row.")
    _check_lengths(path, records)
    with_header = _has_header(records) if header is None else header
    names = _named(path, records[0][1]) if with_header else _numbered(records[0][1])
    body = records[1:] if with_header else records
    if not body:
        raise FileError(path, "there is a header and no row under it", "Add rows of numbers.")
    cells = zip(*(row for _, row in body), strict=True)
    columns = tuple(_column(name, column) for name, column in zip(names, cells, strict=True))
    return Table(source=str(path), columns=columns, rows=[line for line, _ in body], header=with_header)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    do = "Save it as CSV in UTF-8."
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise FileError(path, f"row {row} is not UTF-8 text (byte 0x{raw[error.start]:02x})", do) from None
    if "\0" in text:
        raise FileError(path, f"row {text[: text.index(chr(0))].count(chr(10)) + 1} holds a zero byte", do)
    return text


def _records(path: Path, text: str) -> list[Record]:
    delimiter = _delimiter(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True
    )
    try:
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        what = f"row {reader.line_num} cannot be read ({error})"
        raise FileError(path, what, "Look for a quote that is not closed.") from None


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first rows into equally many cells, more than one."""
    commonest, most = ",", 0
    for delimiter in DELIMITERS:
        lengths = _lengths(text, delimiter)
        if lengths and min(lengths) > 1:
            if len(set(lengths)) == 1:
                return delimiter
            if max(lengths) > most:
                commonest, most = delimiter, max(lengths)
    return commonest


def _lengths(text: str, delimiter: str) -> list[int]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        return [len(cells) for cells in islice((row for row in rows if row), 50)]
    except csv.Error:
        return []


def _check_lengths(path: Path, records: list[Record]) -> None:
    wanted = Counter(len(cells) for _, cells in records).most_common(1)[0][0]
    for row, cells in records:
        if len(cells) != wanted:
            raise FileError(
                path,
                f"row {row} has {len(cells)} cell{'s' * (len(cells) != 1)}, most rows have {wanted}",
                "Give every row as many; quote text that holds the delimiter.",
            )


def _has_header(records: list[Record]) -> bool:
    first = records[0][1]
    if all(_is_text(cell) for cell in first):
        return len(records) == 1 or len(first) > 1 or not all(_is_text(row[0]) for _, row in records)
    below = [row for _, row in records[1:]]
    return any(_is_text(cell) and _all_numbers(row[i] for row in below) for i, cell in enumerate(first))


def _all_numbers(cells: object) -> bool:
    kinds = [_is_text(cell) for cell in cells if not _is_missing(cell)]  # type: ignore[attr-defined]
    return bool(kinds) and not any(kinds)


def _is_missing(cell: str) -> bool:
    return cell.lower() in MISSING


def _is_text(cell: str) -> bool:
    return not _is_missing(cell) and _number(cell) is None


def _number(cell: str) -> float | None:
    """Return the number in a cell, NaN where it is missing, None where there is text."""
    if _is_missing(cell):
        return math.nan
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _numbered(first: list[str]) -> list[str]:
    return [str(i + 1) for i in range(len(first))]


def _named(path: Path, first: list[str]) -> list[str]:
    names = [cell or number for cell, number in zip(first, _numbered(first), strict=True)]
    for name, times in Counter(names).items():
        if times > 1:
            raise FileError(path, f'{times} columns are called "{name}"', "Give each a name of its own.")
    return names


def _column(name: str, cells: tuple[str, ...]) -> Column:
    numbers = [_number(cell) for cell in cells]
    text = tuple("" if _is_missing(cell) else cell for cell in cells)
    if None in numbers:
        return Column(name=name, numbers=None, text=text)
    host = find_backend("numpy")
    return Column(name=name, numbers=host.asarray(numbers, dtype=host.dtype("float64")), text=text)
