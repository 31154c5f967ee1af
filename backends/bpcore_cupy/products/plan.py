"""One product, described for the column-major library: what is multiplied, in what precision, what follows."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore_cupy.products.operand import Operand

__all__ = ["Aux", "Layout", "Plan", "Vector", "plan_of", "refusal_of"]


@dataclass(frozen=True)
class Layout:
    """One matrix as cuBLASLt sees it: column-major, `ld` elements from column to column."""

    dtype: str
    rows: int
    columns: int
    ld: int
    batch: int = 1
    batch_stride: int = 0
    alignment: int = 256


@dataclass(frozen=True)
class Vector:
    """The vector of an epilogue: a bias that is read, or the gradient of one, which is written."""

    length: int
    dtype: str
    axis: int
    """Along which axis of our result it lies: -1, its columns, or -2, its rows."""
    written: bool


@dataclass(frozen=True)
class Aux:
    """What an epilogue keeps for the way back: a mask of bits for ReLU, GELU's input for GELU."""

    ld: int
    batch_stride: int
    nbytes: int
    dtype: str
    written: bool


@dataclass(frozen=True)
class Plan:
    """One product ``c = epilogue(a b)`` for cuBLASLt; hashable, so that equal products share what is prepared.

    `first`, `second` and `result` are the library's A, B and D. Where our result is row-major, its memory is
    the column-major ``c^T = b^T a^T``: then `swapped` is true and the library's A is our b.
    """

    first: Layout
    second: Layout
    result: Layout
    transposed: tuple[bool, bool]
    swapped: bool
    k: int
    compute: str
    scale: str
    precision: str
    epilogue: str | None = None
    vector: Vector | None = None
    aux: Aux | None = None
    accumulate: bool = False
    calls: tuple[tuple[int, int, int], ...] = ((0, 0, 0),)
    """Offsets in bytes of our a, b and c, one triple a call: more than one where a stack has no single stride."""


def plan_of(
    a: Operand,
    b: Operand,
    c: Operand,
    /,
    *,
    precision: str = "float32",
    epilogue: str | None = None,
    accumulate: bool = False,
) -> Plan:
    """Describe ``c = matmul(a, b)``, or ``c += matmul(a, b)``, with what follows.

    Parameters
    ----------
    a, b, c : Operand
        As they lie in memory: row-major, or transposed views, with any leading dimension, in stacks with
        strides (0 where a matrix is repeated).
    precision : {"float32", "tf32", "bfloat16", "float16"}
        What float32 numbers are multiplied in; sums are always made in float32. Other dtypes are multiplied
        as they are: float64 in float64, 16 bits with sums in float32.
    epilogue : str or None
        ``bias relu relu_bias relu_aux relu_aux_bias drelu drelu_bgrad gelu gelu_bias gelu_aux
        gelu_aux_bias dgelu dgelu_bgrad``, or ``bgrad_a``, ``bgrad_b``: the sums of *our* a, or b, over the
        axis that is summed in the product. GELU is the library's, with tanh.
    accumulate : bool
        Add to what c holds.

    Raises
    ------
    ShapeError
        cuBLASLt has no name for such a product: `refusal_of` says the same without raising.
    """
    raise NotImplementedError


def refusal_of(
    a: Operand,
    b: Operand,
    c: Operand,
    /,
    *,
    precision: str = "float32",
    epilogue: str | None = None,
    accumulate: bool = False,
) -> str | None:
    """Return why `plan_of` cannot describe this product, None if it can."""
    raise NotImplementedError
