"""bfloat16 where CuPy has gaps, function by function as its sources of version 14.2 show them.

It is ml_dtypes' dtype, which CuPy's functions take where that package was there when CuPy was imported. Gaps:

- a Python float beside an array of it makes the result float32: NumPy knows no weak numbers for such a dtype;
- ``where`` and ``clip`` have no loop for it, and compute in float32;
- products of stacks are sent to the kernels for whole numbers, and fail there;
- ``scatter_add`` refuses it, and scans and sorting have no type for it;
- ``isdtype`` and ``finfo`` raise.

What is lowered meets none of this, but recording computes each step once, function by function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["brain", "brain_kernels"]

Kernel = Callable[..., Any]

NUMBERS = frozenset((int, float))

MATRIX = 2
"""Axes of a matrix."""

KINDS = ("real floating", "numeric")
"""What it is to ``isdtype``."""

BESIDE = (
    *("add", "atan2", "copysign", "divide", "floor_divide", "hypot", "logaddexp", "maximum", "minimum"),
    *("multiply", "nextafter", "pow", "remainder", "subtract"),
)
"""Functions of two arrays, one of which may be a number."""

BY_FLOAT32 = (
    *("argsort", "clip", "cumulative_prod", "cumulative_sum", "einsum", "searchsorted", "sort", "std"),
    *("var", "vecdot"),
)
"""Functions that are computed in float32; those of their results that are floats are rounded."""

HEADERS = 12020
"""The first CUDA whose headers have all that CuPy wants for it."""


def brain(cp: Any) -> Any:
    """Return the dtype as CuPy has it, None where it has not.

    Parameters
    ----------
    cp : module ``cupy``
    """
    try:
        import ml_dtypes

        dtype = np.dtype(ml_dtypes.bfloat16)
        cp._core._scalar.get_typename(dtype)  # noqa: SLF001 - it was registered with CuPy, or was not
    except (ImportError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return dtype if cp.cuda.get_local_runtime_version() >= HEADERS else None


def brain_kernels(names: Mapping[str, Any], dtype: Any) -> dict[str, Kernel]:
    """Return functions that take bfloat16 beside what they take already.

    Parameters
    ----------
    names : mapping of str to function
        The functions so far.
    dtype : dtype
        What `brain` returned.
    """
    table = {name: _beside(names[name], dtype) for name in BESIDE if name in names}
    table |= {name: _by_float32(names[name], dtype) for name in BY_FLOAT32 if name in names}
    table |= {"matmul": _matmul(names["matmul"], dtype), "where": _where(names["where"], dtype)}
    table |= {"index_add": _index_add(names["index_add"], dtype)}
    return table | _about(names["isdtype"], names["finfo"], dtype)


def _beside(function: Kernel, dtype: Any) -> Kernel:
    """Return a function of two arrays that takes a number in the dtype of the array beside it."""
    number = dtype.type

    def call(a: Any, b: Any, /) -> Any:
        if type(b) in NUMBERS:
            if _is_brain(a, dtype):
                b = number(b)
        elif type(a) in NUMBERS and _is_brain(b, dtype):
            a = number(a)
        return function(a, b)

    return call


def _wide(x: Any, dtype: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(_wide(part, dtype) for part in x)
    return x.astype("float32") if _is_brain(x, dtype) else x


def _is_brain(x: Any, dtype: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(_is_brain(part, dtype) for part in x)
    return bool(getattr(x, "dtype", None) == dtype)


def _by_float32(function: Kernel, dtype: Any) -> Kernel:
    """Return a function that computes in float32 what comes in bfloat16, and rounds what it returns."""

    def narrow(y: Any) -> Any:
        return y.astype(dtype) if getattr(y, "dtype", None) == np.float32 else y

    def call(*args: Any, **named: Any) -> Any:
        if not any(_is_brain(x, dtype) for x in args):
            return function(*args, **named)
        y = function(*(_wide(x, dtype) for x in args), **named)
        return tuple(map(narrow, y)) if isinstance(y, tuple) else narrow(y)

    return call


def _matmul(matmul: Kernel, dtype: Any) -> Kernel:
    stacks = _by_float32(matmul, dtype)

    def call(a: Any, b: Any, /) -> Any:
        return matmul(a, b) if a.ndim <= MATRIX and b.ndim <= MATRIX else stacks(a, b)

    return call


def _where(where: Kernel, dtype: Any) -> Kernel:
    """Return ``where`` that chooses among words of 16 bits."""

    def call(condition: Any, a: Any, b: Any, /) -> Any:
        one, other = getattr(a, "dtype", None), getattr(b, "dtype", None)
        if dtype not in (one, other):
            return where(condition, a, b)
        if (one != dtype and type(a) not in NUMBERS) or (other != dtype and type(b) not in NUMBERS):
            return where(condition, a, b)
        words = (dtype.type(x) if type(x) in NUMBERS else x for x in (a, b))
        return where(condition, *(x.view(np.uint16) for x in words)).view(dtype)

    return call


def _index_add(index_add: Kernel, dtype: Any) -> Kernel:
    def call(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
        if x.dtype != dtype:
            return index_add(x, indices, source, axis=axis)
        wide = index_add(x.astype("float32"), indices, source.astype("float32"), axis=axis)
        return wide.astype(dtype)

    return call


def _about(isdtype: Kernel, finfo: Kernel, dtype: Any) -> dict[str, Kernel]:
    """Return what tells of dtypes."""

    def is_kind(given: Any, kind: Any, /) -> bool:
        if given != dtype:
            return bool(isdtype(given, kind))
        kinds = kind if isinstance(kind, tuple) else (kind,)
        return any(one in KINDS if isinstance(one, str) else one == dtype for one in kinds)

    def limits(given: Any, /) -> Any:
        if getattr(given, "dtype", given) != dtype:
            return finfo(given)
        import ml_dtypes

        return ml_dtypes.finfo(dtype)

    return {"isdtype": is_kind, "finfo": limits}
