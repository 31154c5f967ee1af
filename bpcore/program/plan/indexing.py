"""A key of integers, slices, None and an ellipsis, as a view: shape, strides and offset."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import NamedTuple

from bpcore.words.protocols import Shape, Static

__all__ = ["Picked", "picked"]


class Picked(NamedTuple):
    """Where the elements of a view lie: strides and offset in elements."""

    shape: Shape
    strides: tuple[int, ...]
    offset: int


def picked(shape: Sequence[int], strides: Sequence[int], offset: int, key: Static) -> Picked | None:
    """Return the view that a key takes of another view; None where the key holds something else.

    Parameters
    ----------
    shape, strides : sequence of int
        Of the view that is indexed; strides in elements.
    offset : int
        Elements before its first.
    key : key
        Integers, slices, None and an ellipsis are views; arrays and masks are none.
    """
    parts = list(key if isinstance(key, tuple) else (key,))
    if any(type(part) not in (int, slice, type(None), EllipsisType) for part in parts):
        return None
    used = sum(part is not None and part is not ... for part in parts)
    if ... not in parts:
        parts.append(...)
    where = parts.index(...)
    parts[where : where + 1] = [slice(None)] * (len(shape) - used)
    kept: list[tuple[int, int]] = []
    axes = zip(shape, strides, strict=True)
    for part in parts:
        if part is None:
            kept.append((1, 0))
            continue
        length, stride = next(axes)
        if isinstance(part, int):
            offset += part % max(length, 1) * stride
            continue
        start, stop, step = part.indices(length)
        count = len(range(start, stop, step))
        offset += start * stride if count else 0
        kept.append((count, stride * step))
    return Picked(tuple(n for n, _ in kept), tuple(s for _, s in kept), offset)
