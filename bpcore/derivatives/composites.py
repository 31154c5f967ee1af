"""Functions of the standard that are made of others when their input is traced.

Each has the standard's signature behind the namespace. On plain arrays the library's own is called.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.words.protocols import Array, Dtype, Namespace, Tree
from bpcore.words.trees import leaves

__all__ = ["COMPOSITES"]


def asarray(
    xp: Namespace, data: Tree, /, *, dtype: Dtype = None, device: object = None, copy: bool | None = None
) -> Array:
    """Take a traced array, or lists with traced arrays in them; cast and move it if so asked."""
    if isinstance(data, list | tuple):
        first = _arrays(data)[0]
        place = {"dtype": first.dtype, "device": first.device}  # for the numbers between the arrays
        data = xp.stack([xp.asarray(part, **({} if _arrays(part) else place)) for part in data])
    if dtype is not None and dtype != data.dtype:
        data = xp.astype(data, dtype)
    return data if device is None or device == data.device else xp.to_device(data, device)


def _arrays(data: Tree) -> list[Array]:
    return [leaf for leaf in leaves(data) if hasattr(leaf, "dtype")]


def full_like(
    xp: Namespace, x: Array, /, fill_value: Array, *, dtype: Dtype = None, device: object = None
) -> Array:
    """Fill an array like `x` with a number, which may be traced."""
    return xp.multiply(xp.ones_like(x, dtype=dtype, device=device), fill_value)


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
    "asarray": asarray,
    "broadcast_arrays": broadcast_arrays,
    "clip": clip,
    "full_like": full_like,
    "unstack": unstack,
}
