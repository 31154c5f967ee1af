"""Indexing: reading a part of an array, and its two counterparts that write a part into zeros."""

from __future__ import annotations

from bpcore.derivatives.rules.function import combining, function
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["FUNCTIONS"]

Key = tuple[object, ...]


def getitem(xp: Namespace, x: Array, /, *, key: Key) -> Array:
    """Return ``x[key]``; the key holds integers, slices and an ellipsis, or one mask."""
    return x[key]


def slice_scatter(xp: Namespace, x: Array, /, *, key: Key, shape: Shape) -> Array:
    """Return zeros of `shape` with `x` at `key`: the transpose of `getitem`."""
    y = xp.zeros(shape, dtype=x.dtype, device=x.device)
    y[key] = x
    return y


def index_add(xp: Namespace, x: Array, indices: Array, source: Array, /, *, axis: int) -> Array:
    """Add the slices of `source` to those of `x` at `indices` (one axis); an index may come twice.

    In functions of the standard, a product with the one-hot matrix of the indices.
    """
    places = xp.arange(x.shape[axis], dtype=indices.dtype, device=x.device)
    counted = xp.remainder(indices, x.shape[axis])  # -1 is the last one
    one_hot = xp.astype(xp.equal(xp.expand_dims(places, axis=1), counted), x.dtype)
    added = xp.tensordot(one_hot, xp.moveaxis(source, axis, 0), axes=1)
    return xp.add(x, xp.moveaxis(added, 0, axis))


def _untake(xp: Namespace, g: Array, y: Array, x: Array, indices: Array, *, axis: int | None = None) -> Array:
    return xp.index_add(xp.zeros_like(x), indices, g, axis=axis or 0)


FUNCTIONS = (
    function(
        "getitem",
        lambda xp, g, y, x, *, key: xp.slice_scatter(g, key=key, shape=x.shape),
        compute=getitem,
    ),
    function(
        "slice_scatter", lambda xp, g, y, x, *, key, shape: xp.getitem(g, key=key), compute=slice_scatter
    ),
    function("take", _untake, None),
    combining(
        "index_add",
        lambda xp, g, y, x, indices, source, *, axis: g,
        None,
        lambda xp, g, y, x, indices, source, *, axis: xp.take(g, indices, axis=axis),
        compute=index_add,
    ),
)
