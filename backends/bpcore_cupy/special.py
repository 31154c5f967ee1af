"""CUDA's own functions beyond the standard, one launch each where bpcore's body is dozens.

Taken are those that CuPy hands to CUDA's mathematical library, whose documented bounds are 5 units in the
last place or fewer: ``erfc``, ``erfcx``, ``normcdf``, ``lgamma`` (but near its zeros left of zero); and those
that are a line of CuPy's. Not taken: ``logit``, which loses its digits near 1/2; ``digamma`` and
``polygamma``, which are not CUDA's; and ``log_ndtr``. For these bpcore's bodies stand in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["special_kernels"]

Kernel = Callable[..., Any]

HALF, HALVES = 2, ("float16", "bfloat16")
"""Bytes, and names, of the floats that CuPy returns as wider ones."""

TAKEN = ("erf", "erfc", "erfcx", "expit", "log_expit", "ndtr", "xlogy")


def special_kernels(cp: Any, special: Any) -> dict[str, Kernel]:
    """Return the functions by their names in bpcore's table.

    Parameters
    ----------
    cp, special : modules ``cupy`` and ``cupyx.scipy.special``
    """

    def narrow(function: Kernel) -> Kernel:
        """Return a function that rounds to 16 bits what it is given in them: CuPy makes it 64, or 32."""

        def call(x: Any, /, *more: Any) -> Any:
            dtype = getattr(x, "dtype", None)
            if dtype is None or dtype.itemsize > HALF or dtype.name not in HALVES:
                return function(x, *more)
            wide = (y.astype("float32") if getattr(y, "dtype", None) == dtype else y for y in more)
            return function(x.astype("float32"), *wide).astype(dtype)

        return call

    def softplus(x: Any, /) -> Any:
        return cp.negative(special.log_expit(cp.negative(x)))

    def einsum(subscripts: str, /, *operands: Any) -> Any:
        y = cp.einsum(subscripts, *operands)
        return y if len(operands) > 1 else y.copy()  # of one operand it may be a view

    def gammaln(x: Any, /) -> Any:
        y = special.gammaln(x)  # which is minus infinity at minus infinity
        return cp.where(cp.isinf(x), float("inf"), y)

    taken = {name: narrow(getattr(special, name)) for name in TAKEN}
    return taken | {"softplus": narrow(softplus), "gammaln": narrow(gammaln), "einsum": einsum}
