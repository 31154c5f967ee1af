"""Manipulation functions: nothing is computed, so the way back moves the cotangent to where it came from."""

from __future__ import annotations

import math

from bpcore.derivatives.rules.broadcast import Axis, axes_of, sum_to
from bpcore.derivatives.rules.function import EachInput, Function, function
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["FUNCTIONS"]


def _unpermute(xp: Namespace, g: Array, y: Array, x: Array, axes: tuple[int, ...]) -> Array:
    axes = axes_of(axes, x.ndim)
    return xp.permute_dims(g, tuple(axes.index(i) for i in range(x.ndim)))


def _unroll(
    xp: Namespace, g: Array, y: Array, x: Array, shift: int | tuple[int, ...], *, axis: Axis = None
) -> Array:
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    return xp.roll(g, back, axis=axis)


def _concat_part(
    index: int, xp: Namespace, g: Array, y: Array, *arrays: Array, axis: int | None = 0
) -> Array:
    """Cut the part of `g` that came from array `index`."""
    mine = arrays[index]
    if axis is None:
        start = sum(math.prod(a.shape) for a in arrays[:index])  # torch's size is a method
        return xp.reshape(g[start : start + math.prod(mine.shape)], mine.shape)
    axis %= mine.ndim
    start = sum(a.shape[axis] for a in arrays[:index])
    return g[(slice(None),) * axis + (slice(start, start + mine.shape[axis]), ...)]


def _stack_part(index: int, xp: Namespace, g: Array, y: Array, *arrays: Array, axis: int = 0) -> Array:
    return g[(slice(None),) * (axis % g.ndim) + (index, ...)]


def _like_x(xp: Namespace, g: Array, y: Array, x: Array, *shape: Shape, **static: object) -> Array:
    return xp.reshape(g, x.shape)


FUNCTIONS = (
    function("broadcast_to", lambda xp, g, y, x, shape: sum_to(xp, g, x.shape)),
    function("expand_dims", _like_x),
    function("flip", lambda xp, g, y, x, *, axis=None: xp.flip(g, axis=axis)),
    function("moveaxis", lambda xp, g, y, x, source, destination: xp.moveaxis(g, destination, source)),
    function("permute_dims", _unpermute),
    function("reshape", _like_x),
    function("roll", _unroll),
    function("squeeze", _like_x),
    Function("concat", EachInput(_concat_part), broadcasts=True, takes_list=True),
    Function("stack", EachInput(_stack_part), broadcasts=True, takes_list=True),
)
