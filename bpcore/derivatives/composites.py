"""Functions of the standard that are made of others when their input is traced.

Each has the standard's signature behind the namespace. On plain arrays the library's own is called.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.words.protocols import Array, Namespace

__all__ = ["COMPOSITES"]


def clip(
    xp: Namespace, x: Array, /, min: Array | float | None = None, max: Array | float | None = None
) -> Array:
    """Clamp each element to ``[min, max]``."""
    if min is not None:
        x = xp.maximum(x, min)
    if max is not None:
        x = xp.minimum(x, max)
    return x


def broadcast_arrays(xp: Namespace, *arrays: Array) -> tuple[Array, ...]:
    """Broadcast arrays against one another."""
    shape = xp.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(xp.broadcast_to(x, shape) for x in arrays)


def unstack(xp: Namespace, x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Split an array into the slices along one axis."""
    before = (slice(None),) * (axis % x.ndim)
    return tuple(x[(*before, i, ...)] for i in range(x.shape[axis]))


COMPOSITES: dict[str, Callable[..., Array]] = {
    "broadcast_arrays": broadcast_arrays,
    "clip": clip,
    "unstack": unstack,
}
