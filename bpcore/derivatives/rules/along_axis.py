"""Taking and adding along one axis, by an array of places: each row by its own.

Values that are put in another order are taken by their places: `sort` is made of `argsort` and of this.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import Forward, Function, linear
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def add_along_axis(xp: Namespace, x: Array, indices: Array, source: Array, /, *, axis: int) -> Array:
    """Add `source` to `x` at `indices` along one axis; a place may come twice.

    The transpose of ``take_along_axis(x, indices, axis=axis)``, for indices and source of one shape, which
    is the shape of `x` but along `axis`. In functions of the standard: all places in one row.
    """
    rows = [xp.moveaxis(z, axis, -1) for z in (x, indices, source)]
    shape = tuple(rows[0].shape)
    starts = xp.arange(math.prod(shape[:-1]), device=getattr(x, "device", None))
    starts = xp.reshape(xp.multiply(starts, shape[-1]), (*shape[:-1], 1))
    places = xp.remainder(xp.astype(rows[1], starts.dtype), shape[-1])  # -1 is the last one
    places = xp.add(places, starts)
    whole, places, added = (xp.reshape(z, (-1,)) for z in (rows[0], places, rows[2]))
    return xp.moveaxis(xp.reshape(xp.index_add(whole, places, added, axis=0), shape), -1, axis)


def _untake_along_axis(
    xp: Namespace, g: Array, y: Array, x: Array, indices: Array, *, axis: int = -1
) -> Array:
    """Add the cotangent to zeros; `x` and the indices may have been broadcast against each other."""
    shape = list(g.shape)
    shape[axis] = x.shape[axis]
    zeros = xp.broadcast_to(xp.zeros_like(x), tuple(shape))
    return xp.add_along_axis(zeros, xp.broadcast_to(indices, tuple(g.shape)), g, axis=axis)


FUNCTIONS = (
    Function("take_along_axis", (_untake_along_axis, None), broadcasts=True, forward=Forward.LINEAR),
    linear(
        "add_along_axis",
        lambda xp, g, y, x, indices, source, *, axis: g,
        None,
        lambda xp, g, y, x, indices, source, *, axis: xp.take_along_axis(g, indices, axis=axis),
        compute=add_along_axis,
    ),
)
