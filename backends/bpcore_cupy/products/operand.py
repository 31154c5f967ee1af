"""Arrays as a product sees them: shape, strides and dtype, without the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.program.plan.strided import contiguous_strides as row_major
from bpcore.words.errors import OptionError

__all__ = ["ITEMSIZE", "Operand", "row_major"]

ITEMSIZE = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of an element, by the dtypes that have products here."""


@dataclass(frozen=True)
class Operand:
    """One array of a product.

    Attributes
    ----------
    shape : tuple of int
        As ``matmul`` takes it: a vector, a matrix, or a stack of matrices.
    strides : tuple of int
        In elements, not in bytes. 0 repeats an axis.
    dtype : str
        A key of `ITEMSIZE`.
    alignment : int
        What every address that is given for it is a multiple of, in bytes: a power of two. CuPy's own
        allocations begin at multiples of 512, parts of a flat vector in general at multiples of an element.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    alignment: int = 256

    def __post_init__(self) -> None:
        if self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise OptionError("alignment", self.alignment, "a power of two, in bytes")

    def __str__(self) -> str:
        """Return dtype and shape, and the strides where they are not those of a new array."""
        lies = "" if self.strides == row_major(self.shape) else f" with strides {self.strides}"
        return f"{self.dtype} {self.shape}{lies}"
