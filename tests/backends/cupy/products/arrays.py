"""Arrays that lie in every way that a product may find them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bpcore_cupy.products import Operand, Plan, plan_of, row_major
from tests.backends.cupy.products.interpreter import BFLOAT16, Memory, loaded, stored

SENTINEL = 77
"""What lies between the numbers of an array; nobody may change it."""


class Lay(NamedTuple):
    """How an array lies.

    Attributes
    ----------
    by_rows : bool
    gap : int
        Elements between one row, or column, and the next.
    repeated : frozenset of int
        Axes of the stack that are repeated, with stride 0.
    swapped_stack : bool
        The stack's axes lie in reverse order.
    """

    by_rows: bool = True
    gap: int = 0
    repeated: frozenset[int] = frozenset()
    swapped_stack: bool = False


class Placed(NamedTuple):
    """An array in memory: what a plan is told, its address, and its words (bfloat16 as its 16 bits)."""

    operand: Operand
    address: int
    words: np.ndarray
    whole: np.ndarray

    def numbers(self) -> np.ndarray:
        return loaded(self.words, BFLOAT16 if self.operand.dtype == "bfloat16" else -1)


def place(memory: Memory, values: np.ndarray, dtype: str, lay: Lay | None = None) -> Placed:
    """Put numbers into memory of their own."""
    lay = lay or Lay()
    strides = strides_of(values.shape, lay)
    used = 1 + sum((n - 1) * s for n, s in zip(values.shape, strides, strict=True))
    kind = np.dtype("u2" if dtype == "bfloat16" else dtype)
    raw = np.empty(used * kind.itemsize + 512, np.uint8)
    skip = -raw.ctypes.data % 256
    whole = raw[skip : skip + used * kind.itemsize].view(kind)
    whole[...] = SENTINEL
    words = np.lib.stride_tricks.as_strided(whole, values.shape, [s * kind.itemsize for s in strides])
    words[...] = stored(values, BFLOAT16) if dtype == "bfloat16" else values.astype(kind)
    operand = Operand(values.shape, strides, dtype)
    return Placed(operand, memory.add(whole), words, whole)


def strides_of(shape: tuple[int, ...], lay: Lay) -> tuple[int, ...]:
    """Return strides in elements."""
    if len(shape) < 2:
        return (1 + lay.gap,) * len(shape)
    rows, columns = shape[-2:]
    ld = max(columns if lay.by_rows else rows, 1) + lay.gap
    inner = (ld, 1) if lay.by_rows else (1, ld)
    step = ld * max(rows if lay.by_rows else columns, 1) + lay.gap
    stack = list(range(len(shape) - 2))
    found = {}
    for axis in stack if lay.swapped_stack else reversed(stack):
        found[axis] = 0 if axis in lay.repeated else step
        step *= 1 if axis in lay.repeated else max(shape[axis], 1)
    return (*(found[axis] for axis in stack), *inner)


def untouched(placed: Placed) -> bool:
    """Return whether what lies between the numbers is what it was."""
    own = np.zeros(placed.whole.shape, bool)
    size = own.itemsize
    strides = [s * size for s in placed.operand.strides]
    np.lib.stride_tricks.as_strided(own, placed.words.shape, strides)[...] = True
    return bool((placed.whole[~own] == SENTINEL).all())


def operand(*shape: int, dtype: str = "float32", alignment: int = 256) -> Operand:
    """Return an array that nobody made."""
    return Operand(shape, row_major(shape), dtype, alignment)


def layer(epilogue: str | None = None, **options: Any) -> Plan:
    """Return the product of a layer of 784 inputs and 512 outputs, with 128 samples."""
    return plan_of(operand(128, 784), operand(784, 512), operand(128, 512), epilogue=epilogue, **options)
