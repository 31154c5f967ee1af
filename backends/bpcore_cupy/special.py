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

TAKEN = ("erf", "erfc", "erfcx", "expit", "log_expit", "ndtr", "xlogy")


def special_kernels(cp: Any, special: Any) -> dict[str, Kernel]:
    """Return the functions by their names in bpcore's table.

    Parameters
    ----------
    cp, special : modules ``cupy`` and ``cupyx.scipy.special``
    """

    def softplus(x: Any, /) -> Any:
        return cp.negative(special.log_expit(cp.negative(x)))

    def einsum(subscripts: str, /, *operands: Any) -> Any:
        y = cp.einsum(subscripts, *operands)
        return y if len(operands) > 1 else y.copy()  # of one operand it may be a view

    def gammaln(x: Any, /) -> Any:
        y = special.gammaln(x)  # which is minus infinity at minus infinity
        return cp.where(cp.isinf(x), float("inf"), y)

    taken = {name: getattr(special, name) for name in TAKEN}
    return taken | {"softplus": softplus, "einsum": einsum, "gammaln": gammaln}
