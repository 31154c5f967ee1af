"""Indexing: reading a part of an array, writing one, and the counterparts that put a part into zeros.

A key of integers, slices and an ellipsis is an option. Arrays in a key are inputs: the key then holds
`ARRAY` in their places, and they follow by position.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bpcore.derivatives.rules.function import EachInput, Forward, Function, combining, linear
from bpcore.words.protocols import Array, Namespace, Shape, Static

__all__ = ["ARRAY", "FUNCTIONS", "filled"]

Key = tuple[Static, ...]


class _Array:
    """Stands in a key where an array goes."""

    def __repr__(self) -> str:
        return "array"


ARRAY = _Array()


def filled(key: Key, arrays: tuple[Array, ...]) -> Key:
    """Return the key with its arrays."""
    rest = iter(arrays)
    return tuple(next(rest) if part is ARRAY else part for part in key)


def getitem(xp: Namespace, x: Array, /, *, key: Key) -> Array:
    """Return ``x[key]``; the key holds integers, slices and an ellipsis, or one mask."""
    return x[key]


def slice_scatter(xp: Namespace, x: Array, /, *, key: Key, shape: Shape) -> Array:
    """Return zeros of `shape` with `x` at `key`: the transpose of `getitem`."""
    y = xp.zeros(shape, dtype=x.dtype, device=x.device)
    y[key] = x
    return y


def gather(xp: Namespace, x: Array, /, *arrays: Array, key: Key) -> Array:
    """Return ``x[key]``; the key holds arrays of integers, or masks, beside what else the library takes."""
    return x[filled(key, arrays)]


def scatter_add(xp: Namespace, x: Array, /, *arrays: Array, key: Key, shape: Shape) -> Array:
    """Return zeros of `shape` with `x` added at `key`: the transpose of `gather`; a place may come twice.

    In functions of the standard: numbers that count the places are read like the array was.
    """
    zeros = xp.zeros(shape, dtype=x.dtype, device=getattr(x, "device", None))
    places = xp.reshape(gather(xp, _numbers(xp, zeros), *arrays, key=key), (-1,))
    zeros = xp.reshape(zeros, (-1,))
    return xp.reshape(xp.index_add(zeros, places, xp.reshape(x, (-1,)), axis=0), shape)


def assign(xp: Namespace, x: Array, value: Array, /, *, key: Key) -> Array:
    """Return a copy of `x` with `value` at `key`, of integers, slices and an ellipsis, or one mask."""
    y = xp.asarray(x, copy=True)
    y[key] = value
    return y


def assign_at(xp: Namespace, x: Array, value: Array, /, *arrays: Array, key: Key) -> Array:
    """Return a copy of `x` with `value` at `key`, which holds arrays; of a place twice, one value stays."""
    y = xp.asarray(x, copy=True)
    y[filled(key, arrays)] = value
    return y


def _assigned_at(
    index: int, xp: Namespace, g: Array, y: Array, x: Array, value: Array, *arrays: Array, key: Key
) -> Array:
    """Cut what was written over; give it to the value that stayed where a place was written twice."""
    if index == 0:
        return xp.assign_at(g, 0.0, *arrays, key=key)
    taken = xp.gather(g, *arrays, key=key)
    numbers = _numbers(xp, taken)
    written = xp.assign_at(xp.zeros_like(x, dtype=numbers.dtype), numbers, *arrays, key=key)
    stayed = xp.equal(xp.gather(written, *arrays, key=key), numbers)
    return xp.where(stayed, taken, xp.zeros_like(taken))


def _numbers(xp: Namespace, x: Array) -> Array:
    """Return whole numbers that count the elements of `x`; JAX does not tell devices while it compiles."""
    counted = xp.arange(math.prod(x.shape), device=getattr(x, "device", None))
    return xp.reshape(counted, tuple(x.shape))


def _gathered(index: int, xp: Namespace, g: Array, y: Array, x: Array, *arrays: Array, key: Key) -> Array:
    return xp.scatter_add(g, *arrays, key=key, shape=tuple(x.shape))


def _scattered(
    index: int, xp: Namespace, g: Array, y: Array, x: Array, *arrays: Array, key: Key, shape: Shape
) -> Array:
    return xp.gather(g, *arrays, key=key)


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


def _of_all(entry: Function) -> Function:
    """Return an entry that is linear in all its inputs together."""
    return replace(entry, forward=Forward.LINEAR)


FUNCTIONS = (
    linear(
        "getitem",
        lambda xp, g, y, x, *, key: xp.slice_scatter(g, key=key, shape=x.shape),
        compute=getitem,
    ),
    linear("slice_scatter", lambda xp, g, y, x, *, key, shape: xp.getitem(g, key=key), compute=slice_scatter),
    Function("gather", EachInput(_gathered, first=1), compute=gather, forward=Forward.LINEAR),
    Function("scatter_add", EachInput(_scattered, first=1), compute=scatter_add, forward=Forward.LINEAR),
    _of_all(
        combining(
            "assign",
            lambda xp, g, y, x, value, *, key: xp.assign(g, 0.0, key=key),
            lambda xp, g, y, x, value, *, key: xp.getitem(g, key=key),
            compute=assign,
        )
    ),
    Function(
        "assign_at",
        EachInput(_assigned_at, first=2),
        broadcasts=True,
        compute=assign_at,
        forward=Forward.LINEAR,
    ),
    linear("take", _untake, None),
    _of_all(
        combining(
            "index_add",
            lambda xp, g, y, x, indices, source, *, axis: g,
            None,
            lambda xp, g, y, x, indices, source, *, axis: xp.take(g, indices, axis=axis),
            compute=index_add,
        )
    ),
)
