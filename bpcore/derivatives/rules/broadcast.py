"""Shapes on the way back: sum what was broadcast, spread what was reduced."""

from __future__ import annotations

from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["Axis", "axes_of", "spread", "sum_to"]

Axis = int | tuple[int, ...] | None


def sum_to(xp: Namespace, g: Array, shape: Shape) -> Array:
    """Sum `g` down to `shape`: the way back of broadcasting `shape` to ``g.shape``."""
    extra = g.ndim - len(shape)
    if extra:
        g = xp.sum(g, axis=tuple(range(extra)) if extra > 1 else 0)
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return xp.sum(g, axis=ones, keepdims=True) if ones else g


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return `axis` as a tuple of axes counted from the front; None means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,)))


def spread(xp: Namespace, g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """Broadcast `g`, of the shape that `x` has after a reduction over `axis`, back to ``x.shape``."""
    if not keepdims and axis is not None:
        gone = axes_of(axis, x.ndim)
        g = xp.reshape(g, tuple(1 if i in gone else n for i, n in enumerate(x.shape)))
    return xp.broadcast_to(g, x.shape)
