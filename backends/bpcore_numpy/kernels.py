"""NumPy's reductions without their Python wrappers, and the functions that the standard lacks.

Measured on a 4 x 4 float32 array: ``numpy.sum`` 2.7 us, ``numpy.add.reduce`` 1.2 us; ``numpy.mean``
5.0 us, a sum and a division 1.7 us; ``numpy.expand_dims`` 2.4 us, an index with None 0.3 us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpcore.derivatives.rules.indexing import filled

__all__ = ["KERNELS"]

Kernel = Callable[..., Any]

_add: Kernel = np.add.reduce
_greatest: Kernel = np.maximum.reduce
_least: Kernel = np.minimum.reduce

SINGLE = 4
"""Bytes of a float32."""


def sum_(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Sum, with NumPy's own choice of the accumulator's dtype."""
    return _add(x, axis, dtype, None, keepdims)


def max_(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Maximum."""
    return _greatest(x, axis, None, None, keepdims)


def min_(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Minimum."""
    return _least(x, axis, None, None, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean of floating-point numbers; float16 keeps NumPy's wider accumulator."""
    if x.dtype.itemsize < SINGLE:
        return np.mean(x, axis=axis, keepdims=keepdims)
    total = _add(x, axis, None, None, keepdims)
    return total / x.dtype.type(x.size // total.size if total.size else 1)


def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add the slices of `source` to those of a copy of `x`; an index may come twice."""
    y = x.copy()
    np.add.at(y, (slice(None),) * (axis % x.ndim) + (indices,), source)
    return y


def scatter_add(x: Any, /, *arrays: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `x` added at `key`; a place may come twice."""
    y = np.zeros(shape, x.dtype)
    np.add.at(y, filled(key, arrays), x)
    return y


def own(x: Any, /) -> Any:
    """Return `x` if it is an array that has its memory for itself and may be written, else a copy.

    A view is copied: it may be a broadcast one, in which one number stands at many places, or share
    memory with another result. NumPy's scalars become arrays of no axes.
    """
    if type(x) is np.ndarray and x.flags.owndata and x.flags.writeable:
        return x
    return np.array(x, order="C")


KERNELS: dict[str, Kernel] = {
    "sum": sum_,
    "max": max_,
    "min": min_,
    "mean": mean,
    "index_add": index_add,
    "own": own,
    "scatter_add": scatter_add,
}
