"""Reading a part of a traced array: every key is turned into a basic read, a take, and new axes."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.traced import Traced, plain
from bpcore.words.errors import NotDifferentiable
from bpcore.words.protocols import Array

__all__ = ["read"]


def read(
    getitem: Callable[..., Array],
    take: Callable[..., Array],
    expand_dims: Callable[..., Array],
    x: Array,
    key: object,
) -> Array:
    """Return ``x[key]``.

    The key may hold integers, slices, None and an ellipsis; or be one mask, or one array of
    integers.
    """
    if hasattr(key, "dtype"):
        return _read_by_array(getitem, take, expand_dims, x, key)
    parts = key if isinstance(key, tuple) else (key,)
    if any(hasattr(part, "dtype") for part in parts):
        raise NotDifferentiable(
            "an array inside a longer index has no rule yet: index one axis at a time, with take."
        )
    if not all(part is None or part is Ellipsis or isinstance(part, slice | int) for part in parts):
        raise NotDifferentiable(
            "an index that is a list has no rule: make an array of it, with xp.asarray, or use take."
        )
    basic = tuple(part for part in parts if part is not None)
    if Ellipsis not in basic:
        basic = (*basic, ...)
    y = getitem(x, key=basic)
    for axis in _new_axes(parts, y.ndim):
        y = expand_dims(y, axis=axis)
    return y


def _is_recorded(key: Array) -> bool:
    """Return whether the values of `key` are a Program's, at any depth of tracing."""
    while type(key) is Traced:
        if key.tape.sealed:
            return True
        key = key.value
    return False


def _read_by_array(
    getitem: Callable[..., Array],
    take: Callable[..., Array],
    expand_dims: Callable[..., Array],
    x: Array,
    key: Array,
) -> Array:
    if str(key.dtype).rpartition(".")[2] == "bool":
        if _is_recorded(key):
            bool(key)  # a mask makes a shape depend on values: raises, with the user's line
        return getitem(x, key=plain(key))
    if key.ndim == 0:  # the value stays where it is
        return getitem(take(x, expand_dims(key, axis=0), axis=0), key=(0, ...))
    if key.ndim == 1:
        return take(x, key, axis=0)
    raise NotDifferentiable("an index array of two or more axes has no rule yet: flatten it first.")


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
