"""Manipulation functions: nothing is computed, so the way back moves the cotangent to where it came from."""

from __future__ import annotations

import math

from bpcore.derivatives.rules.broadcast import Axis, axes_of, sum_to
from bpcore.derivatives.rules.function import EachInput, Forward, Function, Rule, linear
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


def _unrepeat(xp: Namespace, g: Array, y: Array, x: Array, repeats: int, *, axis: int | None = None) -> Array:
    """Sum over the copies of each element, which stand side by side."""
    if axis is None:
        return xp.reshape(xp.sum(xp.reshape(g, (math.prod(x.shape), repeats)), axis=1), x.shape)
    after = axis % x.ndim + 1
    apart = xp.reshape(g, (*x.shape[:after], repeats, *x.shape[after:]))
    return xp.sum(apart, axis=after)


def _untile(xp: Namespace, g: Array, y: Array, x: Array, repetitions: Shape) -> Array:
    """Sum over the copies of the whole: every axis is split into their number and its own length."""
    shape = (1,) * (y.ndim - x.ndim) + tuple(x.shape)
    times = (1,) * (x.ndim - len(repetitions)) + tuple(repetitions)
    split = tuple(n for pair in zip(times, shape, strict=True) for n in pair)
    copies = tuple(range(0, len(split), 2))
    whole = xp.sum(xp.reshape(g, split), axis=copies) if copies else g
    return xp.reshape(whole, x.shape)


def _of_list(name: str, part: Rule) -> Function:
    """Make an entry whose inputs come in one list."""
    return Function(name, EachInput(part), takes_list=True, forward=Forward.LINEAR)


FUNCTIONS = (
    linear("broadcast_to", lambda xp, g, y, x, shape: sum_to(xp, g, x.shape), None),
    linear("expand_dims", _like_x, None),
    linear("flip", lambda xp, g, y, x, *, axis=None: xp.flip(g, axis=axis)),
    linear(
        "moveaxis", lambda xp, g, y, x, source, destination: xp.moveaxis(g, destination, source), None, None
    ),
    linear("permute_dims", _unpermute, None),
    linear("reshape", _like_x, None),
    linear("squeeze", _like_x, None),
    linear("repeat", _unrepeat, None),
    linear("roll", _unroll, None),
    linear("tile", _untile, None),
    linear("tril", lambda xp, g, y, x, *, k=0: xp.tril(g, k=k)),
    linear("triu", lambda xp, g, y, x, *, k=0: xp.triu(g, k=k)),
    _of_list("concat", _concat_part),
    _of_list("stack", _stack_part),
)
