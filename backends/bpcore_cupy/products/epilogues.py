"""What the library does with the sums before it stores them, and what it reads or keeps for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bpcore_cupy.products.operand import ITEMSIZE

__all__ = ["EPILOGUES", "Aux", "Kind", "Vector", "aux_of", "library_name", "vector_of"]


class Kind(NamedTuple):
    """An epilogue of ours.

    Attributes
    ----------
    name : str
        The library's, without ``CUBLASLT_EPILOGUE_``; empty where it depends on which of the library's
        operands ours is.
    vector : str
        ``reads`` a bias, or ``writes`` the gradient of one; empty for neither.
    aux : str
        ``reads`` or ``writes`` what is kept for the way back; empty for neither.
    """

    name: str
    vector: str = ""
    aux: str = ""


EPILOGUES = {
    "bias": Kind("BIAS", "reads"),
    "relu": Kind("RELU"),
    "relu_bias": Kind("RELU_BIAS", "reads"),
    "relu_aux": Kind("RELU_AUX", "", "writes"),
    "relu_aux_bias": Kind("RELU_AUX_BIAS", "reads", "writes"),
    "drelu": Kind("DRELU", "", "reads"),
    "drelu_bgrad": Kind("DRELU_BGRAD", "writes", "reads"),
    "gelu": Kind("GELU"),
    "gelu_bias": Kind("GELU_BIAS", "reads"),
    "gelu_aux": Kind("GELU_AUX", "", "writes"),
    "gelu_aux_bias": Kind("GELU_AUX_BIAS", "reads", "writes"),
    "dgelu": Kind("DGELU", "", "reads"),
    "dgelu_bgrad": Kind("DGELU_BGRAD", "writes", "reads"),
    "bgrad_a": Kind("", "writes"),
    "bgrad_b": Kind("", "writes"),
}

MASK_BITS, GELU_ELEMENTS = 128, 8
"""What the leading dimension of what is kept must be a multiple of: bits for ReLU, elements for GELU."""


@dataclass(frozen=True)
class Vector:
    """The vector of an epilogue: a bias that is read, or the gradient of one, which is written.

    Attributes
    ----------
    length : int
    dtype : str
        The result's.
    axis : int
        Along which axis of our result it lies: -1, its columns, or -2, its rows. A gradient is summed over
        all other axes; that of ``bgrad_a`` has an element for each row of a, of ``bgrad_b`` one for each
        column of b.
    written : bool
    alignment : int
        What its address is a multiple of, in bytes.
    """

    length: int
    dtype: str
    axis: int
    written: bool
    alignment: int


@dataclass(frozen=True)
class Aux:
    """What an epilogue keeps for the way back: a mask of bits for ReLU, GELU's input for GELU.

    Attributes
    ----------
    ld, batch_stride : int
        In bits for ReLU, in elements for GELU.
    nbytes : int
        What has to be allocated.
    dtype : str
        ``bits``, or the result's.
    written : bool
    alignment : int
        What its address must be a multiple of, in bytes: as CuPy allocates.
    """

    ld: int
    batch_stride: int
    nbytes: int
    dtype: str
    written: bool
    alignment: int = 256


def vector_of(
    epilogue: str, rows: int, columns: int, dtype: str, *, swapped: bool, alignment: int
) -> Vector | None:
    """Return the vector of an epilogue; `rows` and `columns` are those of the library's D.

    The library's bias lies along D's rows. A gradient that it takes from its A has an element for each row
    of D, from its B for each column; if it is swapped, its A is our b, and D's rows are our columns.
    """
    vector = EPILOGUES[epilogue].vector
    if not vector:
        return None
    ours = {"bgrad_a": -2, "bgrad_b": -1}.get(epilogue, -1 if swapped else -2)
    along_rows = (ours == -1) == swapped
    return Vector(rows if along_rows else columns, dtype, ours, vector == "writes", alignment)


def aux_of(epilogue: str, rows: int, columns: int, batch: int, dtype: str) -> Aux | None:
    """Return what an epilogue keeps or reads; `rows` and `columns` are those of the library's D."""
    kind = EPILOGUES[epilogue]
    if not kind.aux:
        return None
    mask = "RELU" in kind.name
    unit = MASK_BITS if mask else GELU_ELEMENTS
    ld = -(-rows // unit) * unit
    bits = 1 if mask else 8 * ITEMSIZE[dtype]
    return Aux(
        ld=ld,
        batch_stride=ld * columns,
        nbytes=ld * columns * batch * bits // 8,
        dtype="bits" if mask else dtype,
        written=kind.aux == "writes",
    )


def library_name(epilogue: str | None, *, swapped: bool) -> str:
    """Return the library's name of an epilogue; its A is our b if it is swapped."""
    if epilogue is None:
        return "DEFAULT"
    if epilogue in ("bgrad_a", "bgrad_b"):
        return "BGRADA" if (epilogue == "bgrad_b") == swapped else "BGRADB"
    return EPILOGUES[epilogue].name
