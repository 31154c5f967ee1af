"""Functions of the standard that call their entry of the table, and do something before or after.

Each is given the entry as it would be called, then the namespace, then what the user gave. What is here:
options that may be arrays, options that may be given by position or by name, and the one case among many
that has a derivative.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.arrays.traced import check_readable, plain
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["COVERING"]

Entry = Callable[..., Array]


def astype(
    entry: Entry, xp: Namespace, x: Array, dtype: Dtype, /, *, copy: bool = True, device: object = None
) -> Array:
    """Cast; without a copy where none is needed and none was asked for."""
    if device is not None and device != x.device:
        x = xp.to_device(x, device)
    return x if not copy and dtype == x.dtype else entry(x, dtype)


Bound = Array | float | None


def clip(entry: Entry, xp: Namespace, x: Array, /, min: Bound = None, max: Bound = None) -> Array:
    """Clamp each element to ``[min, max]``: the bounds are inputs, so that they have gradients too."""
    return entry(x, min, max)


def full_like(
    entry: Entry, xp: Namespace, x: Array, /, fill_value: Array, *, dtype: Dtype = None, device: object = None
) -> Array:
    """Fill an array like `x` with a number, which may be traced."""
    if not hasattr(fill_value, "dtype"):
        return entry(x, fill_value, dtype=dtype, device=device)
    dtype = x.dtype if dtype is None else dtype
    device = getattr(x, "device", None) if device is None else device  # JAX tells none while it compiles
    return xp.full(tuple(x.shape), fill_value, dtype=dtype, device=device)


def repeat(entry: Entry, xp: Namespace, x: Array, repeats: Array, /, *, axis: int | None = None) -> Array:
    """Repeat each element, or each by a count of its own: then they are taken by their places."""
    if not hasattr(repeats, "dtype"):
        return entry(x, repeats, axis=axis)
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    check_readable((repeats,), "repeat() with an array of counts")
    places = xp.arange(x.shape[axis], device=repeats.device)
    return xp.take(x, xp.repeat(places, plain(repeats)), axis=axis)


def searchsorted(
    entry: Entry, xp: Namespace, x1: Array, x2: Array, /, *, side: str = "left", sorter: Array | None = None
) -> Array:
    """Search in what is put in order first, where a sorter is given."""
    return entry(x1 if sorter is None else xp.take(x1, sorter, axis=0), x2, side=side)


def sign(entry: Entry, xp: Namespace, x: Array, /) -> Array:
    """Return the sign, which is constant; of complex numbers the direction, ``x / |x|``, which is not."""
    if not xp.isdtype(x.dtype, "complex floating"):
        return entry(x)
    size = xp.abs(x)
    zero = xp.equal(size, 0)
    return xp.divide(xp.where(zero, xp.zeros_like(x), x), xp.where(zero, xp.ones_like(size), size))


def unique_all(entry: Entry, xp: Namespace, x: Array, /) -> Array:
    """Find places and counts, and take the values by their places, so that they have gradients."""
    found = entry(x)
    return found._replace(values=xp.take(xp.reshape(x, (-1,)), found.indices, axis=0))


COVERING: dict[str, Callable[..., Array]] = {
    composite.__name__: composite
    for composite in (astype, clip, full_like, repeat, searchsorted, sign, unique_all)
}
