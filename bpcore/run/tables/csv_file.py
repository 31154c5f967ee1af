"""CSV files into tables: comma, semicolon or tab, with a header or without, quoted cells, UTF-8."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from bpcore.run.tables.columns import Table
from bpcore.run.tables.csv_cells import Record, column_of, delimiter_of, has_header, named, numbered
from bpcore.words.errors import FileError

__all__ = ["read_csv"]


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
    with_header = has_header(records) if header is None else header
    names = named(path, records[0][1]) if with_header else numbered(records[0][1])
    body = records[1:] if with_header else records
    if not body:
        raise FileError(path, "there is a header and no row under it", "Add rows of numbers.")
    cells = zip(*(row for _, row in body), strict=True)
    columns = tuple(column_of(name, column) for name, column in zip(names, cells, strict=True))
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
    delimiter = delimiter_of(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True
    )
    try:
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        what = f"row {reader.line_num} cannot be read ({error})"
        raise FileError(path, what, "Look for a quote that is not closed.") from None


def _check_lengths(path: Path, records: list[Record]) -> None:
    wanted = Counter(len(cells) for _, cells in records).most_common(1)[0][0]
    for row, cells in records:
        if len(cells) != wanted:
            raise FileError(
                path,
                f"row {row} has {len(cells)} cell{'s' * (len(cells) != 1)}, most rows have {wanted}",
                "Give every row as many; quote text that holds the delimiter.",
            )
