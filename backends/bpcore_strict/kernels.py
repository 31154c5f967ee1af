"""Functions that count or name places, on the device that has no 64-bit numbers.

array-api-strict 2.6 makes their int64 results first and then finds that its device ``no_x64`` has no int64.
Here they are computed on its first device and brought back as int32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import Any

__all__ = ["kernels"]

Kernel = Callable[..., Any]

PLACES = (
    *("argmax", "argmin", "argsort", "count_nonzero", "nonzero", "searchsorted"),
    *("sum", "prod", "cumulative_sum", "cumulative_prod", "unique_all", "unique_counts", "unique_inverse"),
    "linalg.matrix_rank",
)


def kernels(xp: Any, narrow: Any) -> dict[str, Kernel]:
    """Return the functions by name; `narrow` is the device without 64-bit numbers."""
    return {name: _brought_back(xp, attrgetter(name)(xp), narrow) for name in PLACES}


def _brought_back(xp: Any, function: Kernel, narrow: Any) -> Kernel:
    first = xp.Device("CPU_DEVICE")

    def back(y: Any) -> Any:
        whole = xp.isdtype(y.dtype, "signed integer")
        return (xp.astype(y, xp.int32) if whole else y).to_device(narrow)

    @functools.wraps(function)
    def call(*arrays: Any, **named: Any) -> Any:
        if getattr(arrays[0], "device", None) != narrow:
            return function(*arrays, **named)
        y = function(*(x.to_device(first) if hasattr(x, "to_device") else x for x in arrays), **named)
        if isinstance(y, tuple):
            return type(y)(*map(back, y)) if hasattr(y, "_fields") else tuple(map(back, y))
        return back(y)

    return call
