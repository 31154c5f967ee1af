"""A table as it was read: named columns of numbers or of text, and where each row stood in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.errors import DataError, did_you_mean
from bpcore.words.protocols import Array

__all__ = ["Column", "Table", "listed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    name : str
    numbers : (rows,) host array of float64, or None
        NaN where a value is missing. None when a cell holds text.
    text : tuple of str
        The cells as they were written, "" where a value is missing; empty when the column came as numbers
        from a binary file.
    """

    name: str
    numbers: Array | None
    text: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """The number of rows."""
        return len(self.text) if self.numbers is None else int(self.numbers.shape[0])

    @property
    def missing(self) -> list[int]:
        """The positions of the missing values."""
        if self.numbers is None:
            return [i for i, cell in enumerate(self.text) if not cell]
        return self._where("isnan")

    @property
    def infinite(self) -> list[int]:
        """The positions of the numbers that are infinite."""
        return [] if self.numbers is None else self._where("isinf")

    def _where(self, function: str) -> list[int]:
        """Return where a function of the standard is true of a number."""
        xp = array_namespace(self.numbers)
        found = getattr(xp, function)(self.numbers)
        return [i for i, is_so in enumerate(found.tolist()) if is_so] if bool(xp.any(found)) else []

    @property
    def words(self) -> list[str]:
        """The cells as names of classes: whole numbers without a point."""
        if self.numbers is None:
            return list(self.text)
        return [_word(number) for number in self.numbers.tolist()]

    def names(self, classes: Sequence[str]) -> list[str]:
        """Return the cells as the names of such classes are written.

        Classes that are numbers are called by them, however a cell writes the number; others by what stands
        in the cell, also where the rest of a piece of the column is numbers.
        """
        if not all(_spelt(name) == name for name in classes):
            return list(self.text) or self.words
        return self.words if self.numbers is not None else [_spelt(cell) or cell for cell in self.text]

    def keep(self, rows: Sequence[int]) -> Column:
        """Return the column with these rows only, by their positions from 0."""
        numbers = None if self.numbers is None else self.numbers[list(rows)]
        return replace(self, numbers=numbers, text=tuple(self.text[row] for row in rows if self.text))


def _word(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _spelt(cell: str) -> str:
    """Return a number as a class is called by it, and "" for what is none."""
    try:
        return "" if "_" in cell else _word(float(cell))
    except ValueError:
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Columns of one length.

    Attributes
    ----------
    source : str
        The file, for messages.
    columns : tuple of Column
    rows : sequence of int
        For each row its number in the file, counted from 1; a header counts.
    header : bool
        Whether the names stood in the file. If not, they are "1", "2", and so on.
    """

    source: str
    columns: tuple[Column, ...]
    rows: Sequence[int]
    header: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises
        ------
        DataError
            There is none; the message lists those that there are.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(
            f'{self.source}: no column "{name}": the columns are {listed(self.names)}.'
            + did_you_mean(name, self.names)
        )

    def without(self, names: Sequence[str]) -> Table:
        """Return the table without columns of these names, all of which there must be."""
        out = {self.column(name).name for name in names}
        return replace(self, columns=tuple(column for column in self.columns if column.name not in out))

    def keep(self, rows: Sequence[int]) -> Table:
        """Return the table with these rows only, by their positions from 0."""
        return replace(
            self,
            columns=tuple(column.keep(rows) for column in self.columns),
            rows=[self.rows[row] for row in rows],
        )

    def at(self, row: int, name: str) -> str:
        """Return the words for a cell: the file, the row and the column."""
        return f'{self.source}: row {self.rows[row]}, column "{name}"'


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return the names in one line, with the middle left out where there are many."""
    if len(names) <= most:
        return ", ".join(names)
    half = most // 2
    return f"{', '.join(names[:half])}, ... {', '.join(names[-half:])} ({len(names)} in all)"
