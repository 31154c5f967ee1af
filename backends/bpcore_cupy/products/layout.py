"""A matrix of ours in the words of a library that counts columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bpcore.words.errors import ShapeError

__all__ = ["Layout", "Lying", "Matrix", "lying", "ways"]


class Matrix(NamedTuple):
    """Lengths and strides, in elements, of two axes."""

    rows: int
    columns: int
    row_stride: int
    column_stride: int


@dataclass(frozen=True)
class Layout:
    """A matrix as cuBLASLt sees it: element (i, j) lies at ``i + j ld``, counted in elements.

    Attributes
    ----------
    dtype : str
    rows, columns, ld : int
    batch, batch_stride : int
        How many of them, and from one to the next; 0 repeats the first.
    alignment : int
        What its address is a multiple of, in bytes.
    """

    dtype: str
    rows: int
    columns: int
    ld: int
    batch: int
    batch_stride: int
    alignment: int


@dataclass(frozen=True)
class Lying:
    """How a matrix of ours lies: by rows, or by columns, with so many elements from one to the next."""

    by_rows: bool
    ld: int
    rows: int
    columns: int

    @property
    def column_major(self) -> tuple[int, int]:
        """Rows and columns of the matrix that a reader of columns sees there: by rows, the transpose."""
        return (self.columns, self.rows) if self.by_rows else (self.rows, self.columns)


def ways(matrix: Matrix) -> tuple[Lying, ...]:
    """Return how a matrix lies: by rows, by columns, both, or neither where there are gaps or overlaps."""
    rows, columns, down, along = matrix
    found = []
    if (along == 1 or columns == 1) and (rows == 1 or down >= columns):
        found.append(Lying(by_rows=True, ld=columns if rows == 1 else down, rows=rows, columns=columns))
    if (down == 1 or rows == 1) and (columns == 1 or along >= rows):
        found.append(Lying(by_rows=False, ld=rows if columns == 1 else along, rows=rows, columns=columns))
    return tuple(found)


def lying(matrix: Matrix, where: str, *, rows_first: bool = True) -> Lying:
    """Return how a matrix lies; where both ways are true, that which is asked for first.

    Raises
    ------
    ShapeError
        Neither its rows nor its columns lie without gaps, or they overlap.
    """
    found = ways(matrix)
    if not found:
        wanted = "matrices whose rows or columns lie without gaps and do not overlap"
        given = f"{matrix.rows} x {matrix.columns} with strides {matrix[2:]}"
        raise ShapeError(where, wanted, given, "Copy it first.")
    return found[0 if rows_first else -1]
