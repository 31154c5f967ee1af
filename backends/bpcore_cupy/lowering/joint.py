"""A product and what is done at its end, as one function: what the matching pass makes, and cuBLASLt does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bpcore.program.passes.fused import Fused, fused
from bpcore.program.program import Program
from bpcore.words.protocols import Array

__all__ = ["Product", "product"]


@dataclass(frozen=True, eq=False, slots=True)
class Product(Fused):
    """One product with its epilogue; run any other way, it is the equations that it was made of.

    Its inputs are the two operands, then the bias and then the mask, of those that there are. Its outputs are
    the result, then the mask or the sums of a column, of those that there are.

    Attributes
    ----------
    epilogue : str
        As `bpcore_cupy.products.plan_of` names them.
    biased, masked : bool
        Whether a bias, and a mask, is among the inputs.
    """

    epilogue: str = ""
    biased: bool = False
    masked: bool = False


def product(inner: Program, epilogue: str, *, biased: bool = False, masked: bool = False) -> Product:
    """Return a product with its end as one function; it returns a tuple where there are several outputs."""
    plain = fused(inner)
    compute: Callable[..., Array | Sequence[Array]] | None = plain.compute
    return Product(
        "product", None, compute=compute, several=plain.several, inner=inner, epilogue=epilogue,
        biased=biased, masked=masked,
    )  # fmt: skip
