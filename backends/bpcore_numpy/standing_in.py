"""Recording on stand-ins: of large arrays only shapes and dtypes are looked at, and nothing is computed.

A step that is recorded on its arrays computes all that an eager one does, and the trace keeps every array on
the way. For a network of ten million parameters that is some 300 MiB that nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcore.words.errors import RecordError

__all__ = ["StandIn", "abstract"]

Trace = Callable[[Sequence[Any]], tuple[list[Any], Any]]

LARGE = 4096
"""Elements from which an array is stood in for: to compute with fewer costs no more than to look."""


class StandIn(np.ndarray):
    """An array of zeros that takes the memory of one.

    Universal functions of it give stand-ins; what NumPy does otherwise, it does with the zeros.
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Return an array of the shape and the dtype that the result would have."""
        look = {"__call__": _called, "reduce": _reduced}.get(method)
        found = None if look is None or ufunc.nout > 1 else look(ufunc, inputs, options)
        if found is None:
            plain = [x.view(np.ndarray) if isinstance(x, StandIn) else x for x in inputs]
            return getattr(ufunc, method)(*plain, **options)
        return found


def stand_in(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array of zeros; a large one without its memory."""
    zero = np.zeros((), dtype)
    if not shape:
        return zero
    whole = np.broadcast_to(zero, shape)
    return whole.view(StandIn) if whole.size >= LARGE else whole.copy()


def _called(ufunc: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Look at a call; None where it has to be made."""
    if options:
        return None
    shapes = [np.shape(x) for x in inputs]
    try:
        shape = np.broadcast_shapes(*shapes) if ufunc.signature is None else _product(ufunc, *shapes)
        kinds = (*(type(x) if type(x) in (int, float, complex) else x.dtype for x in inputs), None)
        return None if shape is None else stand_in(shape, ufunc.resolve_dtypes(kinds)[-1])
    except (AttributeError, TypeError, ValueError):
        return None  # the call itself says what is wrong


def _product(ufunc: Any, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of a product of matrices."""
    matrices = ufunc is np.matmul and min(len(a), len(b)) > 1 and a[-1] == b[-2]
    return (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1]) if matrices else None


def _reduced(ufunc: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Look at a reduction, by making it with an array of as many axes."""
    (x, *more) = inputs
    if not isinstance(x, StandIn) or any(y is not None for y in (*more[2:3], options.get("out"))):
        return None
    small: Any = ufunc.reduce(np.ones((1,) * x.ndim, x.dtype), *more, **options)
    axis = more[0] if more else options.get("axis", 0)
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
    gone = {int(a) for a in axes}
    kept = [1 if place in gone else n for place, n in enumerate(x.shape)]
    if np.ndim(small) != x.ndim:
        kept = [n for place, n in enumerate(x.shape) if place not in gone]
    return stand_in(tuple(kept), small.dtype)


def abstract(trace: Trace, inputs: Sequence[Any], /) -> tuple[list[Any], Any]:
    """Call `trace` with stand-ins for large arrays, and return the constants and the Program that it returns.

    Where it needs values, though not those of the inputs, it is called again with the arrays themselves.
    """
    if not any(x.size >= LARGE for x in inputs):
        return trace(inputs)
    try:
        constants, program = trace([stand_in(x.shape, x.dtype) if x.size >= LARGE else x for x in inputs])
    except RecordError:
        raise
    except Exception:  # noqa: BLE001 - whatever it was, with the arrays themselves it is said as anywhere
        return trace(inputs)
    options = [value for equation in program.equations for value in equation.static.values()]
    if any(isinstance(x, StandIn) for x in (*constants, *options)):
        return trace(inputs)
    return constants, program
