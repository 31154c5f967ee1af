"""Which functions of CuPy may be called while a stream is captured, as its sources of version 14.2 say.

May: kernels that are compiled from text, reductions, CUB's scans, Thrust's sorting, which does not wait,
cuFFT, copies on the device, memory set to zero. May not: cuBLAS, which CuPy refuses itself, cuSOLVER, and
what reads a value on the host, as a boolean mask does.
"""

from __future__ import annotations

from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import elementwise

__all__ = ["MAY", "MAY_NOT", "why_not"]

SOLVER = "cuSOLVER, which CuPy cannot capture"
BLAS = "cuBLAS, which CuPy cannot capture"
SHAPE = "its shape depends on values"

MAY_NOT = {
    **dict.fromkeys(
        ("linalg.cholesky", "linalg.eig", "linalg.eigh", "linalg.eigvalsh", "linalg.inv"), SOLVER
    ),
    **dict.fromkeys(("linalg.det", "linalg.slogdet", "linalg.solve", "linalg.svd", "linalg.svdvals"), SOLVER),
    **dict.fromkeys(("linalg.matrix_rank", "linalg.pinv", "linalg.qr", "linalg.cofactors"), SOLVER),
    **dict.fromkeys(("einsum", "matmul", "tensordot", "vecdot"), BLAS),
    **dict.fromkeys(("nonzero", "unique_all"), SHAPE),
    "isin": "it sorts by way of the host",
}
"""Functions that must not be called, and why; products are cuBLASLt's where their dtype has any."""

MAY = frozenset(
    (
        *("all", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumulative_prod", "cumulative_sum"),
        *("max", "mean", "min", "prod", "std", "sum", "var", "searchsorted", "top_k"),
        *("add_along_axis", "assign", "assign_at", "gather", "getitem", "index_add", "scatter_add"),
        *("slice_scatter", "take", "take_along_axis", "where"),
        *("broadcast_to", "concat", "copy", "expand_dims", "flip", "matrix_transpose", "moveaxis", "pad"),
        *("permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "tile", "tril", "triu"),
        *("empty_like", "full_like", "ones_like", "zeros_like", "positive", "stop_gradient", "to_device"),
        *("fft.fft", "fft.fftfreq", "fft.fftn", "fft.fftshift", "fft.hfft", "fft.ifft", "fft.ifftn"),
        *("fft.ifftshift", "fft.ihfft", "fft.irfft", "fft.irfftn", "fft.rfft", "fft.rfftfreq", "fft.rfftn"),
        *("linalg.cross", "linalg.diagonal", "linalg.trace", "linalg.vector_norm"),
        *("conj", "imag", "real", "digamma", "polygamma"),
    )
)
"""Functions that may be called, beside all that are element-wise."""

INDEXED = frozenset(("assign_at", "gather", "getitem", "assign", "scatter_add"))
"""Functions that take masks as well, which are counted on the host."""

WHOLE = frozenset(("matmul", "tensordot"))
"""Products that CuPy makes in kernels of its own where numbers are whole."""


def why_not(equation: Equation, kinds: Any) -> str | None:
    """Return why a function of CuPy must not be called here while a graph is captured; None if it may.

    Of a function that is not bpcore's nobody knows: it is tried.

    Parameters
    ----------
    equation : Equation
    kinds : mapping of Slot or Constant to ArrayType
    """
    name = equation.function.name
    if TABLE.get(name) is not equation.function:
        return None
    operands = [kinds[x] for x in equation.inputs if isinstance(x, Slot | Constant)]
    arrays = [str(kind.dtype) for kind in operands if isinstance(kind, ArrayType)]
    if name in WHOLE and all("int" in dtype for dtype in arrays):
        return None
    if name in INDEXED and ("bool" in arrays[1:] or _has_mask(equation.static.get("key"))):
        return "a mask, which is counted on the host"
    if name == "repeat" and len(operands) > 1:
        return SHAPE
    if name in MAY_NOT:
        return MAY_NOT[name]
    return None if name in MAY or elementwise(equation) else "not known to be safe"


def _has_mask(key: Any) -> bool:
    return any(hasattr(part, "dtype") for part in (key if isinstance(key, tuple) else (key,)))
