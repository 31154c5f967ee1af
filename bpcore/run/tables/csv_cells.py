"""Cells of CSV: how rows are cut, which of them are names, what is a number, and what is missing."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.run.tables.columns import Column
from bpcore.words.errors import FileError

__all__ = ["Record", "column_of", "delimiter_of", "has_header", "named", "numbered", "width_of"]

DELIMITERS = "\t;,"
"""Tried in this order: a comma may stand inside the numbers or the text of the other two."""

MISSING = frozenset(["", "?", "na", "n/a", "nan", "null"])
"""How people write that a value is missing, in lower case."""

Record = tuple[int, list[str]]
"""A row's number in the file and its cells."""


def delimiter_of(text: str) -> str:
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


def width_of(text: str, delimiter: str) -> int:
    """Return how many cells most of the first rows have."""
    return max(Counter(_lengths(text, delimiter)).items(), key=lambda found: found[1], default=(0, 0))[0]


def _lengths(text: str, delimiter: str) -> list[int]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        return [len(cells) for cells in islice((row for row in rows if row), 50)]
    except csv.Error:
        return []


def has_header(records: Sequence[Record]) -> bool:
    """Return whether the first row holds names: text over a column of numbers, or nothing but text."""
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


def numbered(first: list[str]) -> list[str]:
    """Return the numbers that columns without names are called by."""
    return [str(i + 1) for i in range(len(first))]


def named(path: Path, first: list[str]) -> list[str]:
    """Return the names in the first row; two of a kind are refused."""
    names = [cell or number for cell, number in zip(first, numbered(first), strict=True)]
    for name, times in Counter(names).items():
        if times > 1:
            raise FileError(path, f'{times} columns are called "{name}"', "Give each a name of its own.")
    return names


def column_of(name: str, cells: tuple[str, ...]) -> Column:
    """Return a column: of numbers, or of text where one cell is neither a number nor missing."""
    host = find_backend("numpy")
    whole = _plain_numbers(cells)
    if whole is not None:
        return Column(name=name, numbers=host.asarray(whole, dtype=host.dtype("float64")), text=cells)
    numbers = [_number(cell) for cell in cells]
    text = tuple("" if _is_missing(cell) else cell for cell in cells)
    if None in numbers:
        return Column(name=name, numbers=None, text=text)
    return Column(name=name, numbers=host.asarray(numbers, dtype=host.dtype("float64")), text=text)


def _plain_numbers(cells: tuple[str, ...]) -> list[float] | None:
    """Return the numbers of cells that are all numbers, as most columns are; None where one is not."""
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return None
    return None if any(map(math.isnan, numbers)) or "_" in "".join(cells) else numbers
