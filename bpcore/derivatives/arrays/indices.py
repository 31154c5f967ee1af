"""Keys: what stands in the brackets of a traced array, in every form that the standard and NumPy allow.

A key is sorted into integers, slices, None and an ellipsis, which are options of a call, and arrays, which
are its inputs. Python lists are no arrays, here as in the standard.
"""

from __future__ import annotations

from bpcore.derivatives.arrays.traced import check_readable, plain
from bpcore.derivatives.rules.indexing import ARRAY
from bpcore.words.errors import NotDifferentiable
from bpcore.words.protocols import Array, Namespace

__all__ = ["is_mask", "read", "sorted_key"]


def sorted_key(key: object) -> tuple[tuple[object, ...], tuple[Array, ...]]:
    """Return the key as a tuple with `ARRAY` in the places of arrays, and the arrays.

    Raises
    ------
    NotDifferentiable
        When there is a list in it, or what is no index at all.
    """
    parts = key if isinstance(key, tuple) else (key,)
    arrays = tuple(part for part in parts if _is_array(part))
    shown = tuple(ARRAY if _is_array(part) else part for part in parts)
    for part in shown:
        if not (part is None or part is Ellipsis or part is ARRAY or _is_place(part)):
            raise NotDifferentiable(
                f"an index that is a {type(part).__name__} has no rule: make an array of it, with "
                "xp.asarray, or use take."
            )
    return shown, arrays


def _is_array(part: object) -> bool:
    return hasattr(part, "dtype") and hasattr(part, "shape")


def _is_place(part: object) -> bool:
    return isinstance(part, slice | int) and not isinstance(part, bool)


def is_mask(x: Array) -> bool:
    """Return whether an array holds truth values."""
    return str(x.dtype).rpartition(".")[2] == "bool"


def read(xp: Namespace, x: Array, key: object) -> Array:
    """Return ``x[key]``, by functions of the differentiable namespace `xp`."""
    shown, arrays = sorted_key(key)
    if not arrays:
        return _read_part(xp, x, shown)
    if any(map(is_mask, arrays)):
        check_readable([z for z in arrays if is_mask(z)], "a mask as an index")
    if shown == (ARRAY,):
        return _read_by_array(xp, x, arrays[0])
    return xp.gather(x, *arrays, key=shown)


def _read_part(xp: Namespace, x: Array, parts: tuple[object, ...]) -> Array:
    """Read by integers and slices, then insert the new axes."""
    basic = tuple(part for part in parts if part is not None)
    if Ellipsis not in basic:
        basic = (*basic, ...)
    y = xp.getitem(x, key=basic)
    if any(part is None for part in parts):
        for axis in _new_axes(parts, y.ndim):
            y = xp.expand_dims(y, axis=axis)
    return y


def _read_by_array(xp: Namespace, x: Array, key: Array) -> Array:
    """Read by one mask, or by one array of integers of any shape along the first axis."""
    if is_mask(key):
        return xp.getitem(x, key=plain(key))
    if key.ndim == 0:  # the value stays where it is
        return xp.getitem(xp.take(x, xp.expand_dims(key, axis=0), axis=0), key=(0, ...))
    if key.ndim == 1:
        return xp.take(x, key, axis=0)
    taken = xp.take(x, xp.reshape(key, (-1,)), axis=0)
    return xp.reshape(taken, tuple(key.shape) + tuple(x.shape[1:]))


def _new_axes(parts: tuple[object, ...], ndim: int) -> list[int]:
    """Return where in the result the axes asked for by None stand, front to back."""
    spread = sum(isinstance(part, slice) for part in parts)
    axes: list[int] = []
    position = 0
    for part in parts:
        if part is None:
            axes.append(position)
            position += 1
        elif part is Ellipsis:
            position += ndim - spread
        elif isinstance(part, slice):
            position += 1
    return axes
