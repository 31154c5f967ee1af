"""Functions of the standard that are made of others when their input is traced.

Each has the standard's signature behind the namespace. On plain arrays the library's own is called.
`covering` has those that share a name with an entry of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from bpcore.derivatives.namespaces import composed_algebra
from bpcore.words.errors import NotDifferentiable, OptionError
from bpcore.words.protocols import Array, Dtype, Namespace, Shape, Tree
from bpcore.words.trees import leaves

__all__ = ["COMPOSITES"]


# -- creation ----------------------------------------------------------------------------------------------


def asarray(
    xp: Namespace, data: Tree, /, *, dtype: Dtype = None, device: object = None, copy: bool | None = None
) -> Array:
    """Take a traced array, or lists with traced arrays in them; cast, move and copy it if so asked."""
    if isinstance(data, list | tuple):
        first = _arrays(data)[0]
        # for the numbers between the arrays; JAX tells no device while it compiles
        place = {"dtype": first.dtype, "device": getattr(first, "device", None)}
        data = xp.stack([xp.asarray(part, **({} if _arrays(part) else place)) for part in data])
    cast = dtype is not None and dtype != data.dtype
    moved = device is not None and device != data.device
    if copy is False and (cast or moved):
        raise ValueError("asarray was told copy=False, and another dtype or device: that takes a copy.")
    if cast:
        data = xp.astype(data, dtype)
    if moved:
        data = xp.to_device(data, device)
    return xp.copy(data) if copy and not cast and not moved else data


def _arrays(data: Tree) -> list[Array]:
    return [leaf for leaf in leaves(data) if hasattr(leaf, "dtype")]


def full(
    xp: Namespace, shape: int | Shape, fill_value: Array, *, dtype: Dtype = None, device: object = None
) -> Array:
    """Fill an array with a number that is traced, which is broadcast and copied."""
    fill_value = asarray(xp, fill_value, dtype=dtype, device=device)
    return xp.copy(xp.broadcast_to(fill_value, (shape,) if isinstance(shape, int) else tuple(shape)))


def linspace(
    xp: Namespace, start: Array, stop: Array, /, num: int, *, dtype: Dtype = None, device: object = None,
    endpoint: bool = True,
) -> Array:  # fmt: skip
    """Return evenly spaced numbers between two, of which one or both are traced; both ends are exact."""
    like = next(x for x in (start, stop) if hasattr(x, "dtype"))
    start, stop = (x if hasattr(x, "dtype") else xp.full_like(like, x) for x in (start, stop))
    steps = xp.arange(num, device=getattr(like, "device", None) if device is None else device)
    share = xp.divide(xp.astype(steps, _real_dtype(xp, start)), max(num - 1 if endpoint else num, 1))
    share = xp.reshape(share, (num,) + (1,) * max(start.ndim, stop.ndim))
    y = xp.add(xp.multiply(start, xp.subtract(1.0, share)), xp.multiply(stop, share))
    return y if dtype is None else xp.astype(y, dtype, copy=False)


def _real_dtype(xp: Namespace, x: Array) -> Dtype:
    return xp.real(x).dtype if xp.isdtype(x.dtype, "complex floating") else x.dtype


def meshgrid(xp: Namespace, *arrays: Array, indexing: str = "xy") -> tuple[Array, ...]:
    """Spread vectors over a grid, each along an axis of its own."""
    if indexing not in ("xy", "ij"):
        raise OptionError("indexing", indexing, '"xy" or "ij"')
    axes = list(range(len(arrays)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    rows = [x if x.ndim else xp.reshape(x, (1,)) for x in arrays]
    shape = tuple(rows[axes.index(i)].shape[0] for i in range(len(rows)))
    return tuple(
        xp.broadcast_to(xp.reshape(x, tuple(-1 if i == axis else 1 for i in range(len(rows)))), shape)
        for x, axis in zip(rows, axes, strict=True)
    )


def from_dlpack(xp: Namespace, x: Array, /, **options: object) -> NoReturn:
    """Refuse: what is exchanged is memory, and the gradient would be lost."""
    raise NotDifferentiable(
        "from_dlpack of a traced array would lose its gradient: pass the array on as it is, or take "
        "xp.stop_gradient(x) for its values."
    )


def arange(xp: Namespace, *bounds: Array, **options: object) -> NoReturn:
    """Refuse: the length of the result would depend on values."""
    raise NotDifferentiable(
        "arange was given a traced array, and its length would depend on values: give arange numbers, and "
        "scale and shift what it returns, or use linspace, whose length is a number."
    )


# -- manipulation ------------------------------------------------------------------------------------------


def broadcast_arrays(xp: Namespace, *arrays: Array) -> tuple[Array, ...]:
    """Broadcast arrays against one another."""
    shape = xp.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(xp.broadcast_to(x, shape) for x in arrays)


def unstack(xp: Namespace, x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Split an array into the slices along one axis."""
    before = (slice(None),) * (axis % x.ndim)
    return tuple(x[(*before, i, ...)] for i in range(x.shape[axis]))


def diff(
    xp: Namespace, x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None,
    append: Array | None = None,
) -> Array:  # fmt: skip
    """Subtract neighbours, `n` times."""
    parts = [part for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        x = xp.concat(parts, axis=axis)
    times = min(n, x.shape[axis])  # then nothing is left to subtract; an axis that there is not raises here
    before = (slice(None),) * (axis % x.ndim)
    for _ in range(times):
        x = xp.subtract(x[(*before, slice(1, None), ...)], x[(*before, slice(None, -1), ...)])
    return x


# -- order -------------------------------------------------------------------------------------------------


def sort(
    xp: Namespace, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Array:
    """Take the elements in the order that `argsort` finds."""
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    return xp.take_along_axis(x, order, axis=axis)


class UniqueCounts(NamedTuple):
    """The result of `unique_counts`."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: Array
    inverse_indices: Array


def unique_counts(xp: Namespace, x: Array, /) -> UniqueCounts:
    """Return the unique values, and how often each is there."""
    found = xp.unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(xp: Namespace, x: Array, /) -> UniqueInverse:
    """Return the unique values, and for each element of `x` which of them it is."""
    found = xp.unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(xp: Namespace, x: Array, /) -> Array:
    """Return the unique values."""
    return xp.unique_all(x).values


COMPOSITES: dict[str, Callable[..., Array]] = {
    composite.__name__: composite
    for composite in (
        *(arange, asarray, broadcast_arrays, diff, from_dlpack, full, linspace, meshgrid, sort),
        *(unique_counts, unique_inverse, unique_values, unstack),
    )
} | composed_algebra.COMPOSITES
