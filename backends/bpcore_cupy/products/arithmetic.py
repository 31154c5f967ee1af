"""What numbers are multiplied in, and what sums are kept in, for each word of precision."""

from __future__ import annotations

from bpcore.words.errors import ShapeError, choose
from bpcore_cupy.products.operand import ITEMSIZE

__all__ = ["PRECISIONS", "arithmetic"]

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")

FAST = {"float32": "32F", "tf32": "32F_FAST_TF32", "bfloat16": "32F_FAST_16BF", "float16": "32F_FAST_16F"}
"""How float32 arrays are multiplied. ``32F`` is IEEE float32: TF32 comes only when it is asked for."""

RESULTS = {
    "float64": ("float64",),
    "float32": ("float32",),
    "float16": ("float16", "float32"),
    "bfloat16": ("bfloat16", "float32"),
}
"""What the result may be, by the dtype of both operands."""


def arithmetic(a: str, b: str, c: str, precision: str, where: str) -> tuple[str, str]:
    """Return the library's compute type, and the dtype of alpha and beta.

    Raises
    ------
    OptionError
        There is no such precision.
    ShapeError
        The library has no product of these dtypes.
    """
    choose("precision", precision, PRECISIONS)
    wrong = next((dtype for dtype in (a, b, c) if dtype not in ITEMSIZE), None)
    if wrong:
        raise ShapeError(where, f"arrays of {', '.join(ITEMSIZE)}", wrong, "Cast it first.")
    if a != b:
        raise ShapeError(where, "two arrays of one dtype", f"{a} and {b}", "Cast one of them first.")
    if c not in RESULTS[a]:
        raise ShapeError(where, f"a result of {' or '.join(RESULTS[a])} for {a}", c)
    if a == "float64":
        return "64F", "float64"
    return (FAST[precision] if a == "float32" else "32F"), "float32"
