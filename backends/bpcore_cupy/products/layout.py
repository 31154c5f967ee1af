"""A matrix of ours in the words of a library that counts columns."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.words.errors import ShapeError
from bpcore_cupy.products.matrices import Matrix

__all__ = ["Layout", "Lying", "lying"]


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


def lying(matrix: Matrix, where: str, *, rows_first: bool = True) -> Lying:
    """Return how a matrix lies; where both ways are true, that which is asked for first.

    Raises
    ------
    ShapeError
        Neither its rows nor its columns lie without gaps, or they overlap.
    """
    rows, columns, down, along = matrix
    ways = [
        Lying(by_rows=True, ld=columns if rows == 1 else down, rows=rows, columns=columns)
        if (along == 1 or columns == 1) and (rows == 1 or down >= columns)
        else None,
        Lying(by_rows=False, ld=rows if columns == 1 else along, rows=rows, columns=columns)
        if (down == 1 or rows == 1) and (columns == 1 or along >= rows)
        else None,
    ]
    found = next((way for way in (ways if rows_first else reversed(ways)) if way), None)
    if found is None:
        wanted = "matrices whose rows or columns lie without gaps and do not overlap"
        raise ShapeError(where, wanted, f"{rows} x {columns} with strides {(down, along)}", "Copy it first.")
    return found
