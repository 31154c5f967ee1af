"""NumPy's own ways with sums of products and windows, where they are cheaper than bpcore's bodies.

SciPy's special functions are not taken, even where SciPy is there: a result must not depend on what else is
installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpcore.derivatives.rules.special.convolution import patches_by_input
from bpcore.derivatives.rules.special.subscripts import subscripts_of

__all__ = ["KERNELS"]

SMALL = 2000
"""Up to so many elements of two operands, NumPy's loop in C is cheaper than to plan its products."""


def einsum(subscripts: str, /, *operands: Any) -> Any:
    """Sum products of the operands as the letters say."""
    planned = len(operands) > 2 or sum(x.size for x in operands) > SMALL  # noqa: PLR2004
    try:
        y = np.einsum(subscripts, *operands, optimize=planned)
    except (TypeError, ValueError):
        subscripts_of(subscripts, [x.shape for x in operands])  # says more
        raise
    return y if len(operands) > 1 else y.copy()  # of one operand it may be a view


def conv_input(g: Any, w: Any, /, *, shape: Any, **how: Any) -> Any:
    """Return, of that shape, the transpose of `conv` by its input; one array takes all the windows in."""
    windows, patches = patches_by_input(np, g, w, shape=shape, **how)
    both = (slice(None), slice(None))
    total = np.zeros((*patches.shape[:2], *windows.padded), patches.dtype)
    for i, offset in enumerate(windows.offsets()):
        total[(*both, *offset)] += patches[(*both, i)]
    return total[(*both, *windows.inner)]


KERNELS: dict[str, Callable[..., Any]] = {"einsum": einsum, "conv_input": conv_input}
