"""A key of integers, slices, None and an ellipsis, as a view: shape, strides and offset."""

from __future__ import annotations

from types import EllipsisType
from typing import TypeVar

from bpcore.program.plan.strided import Strided
from bpcore.words.protocols import Static

__all__ = ["picked"]

View = TypeVar("View", bound=Strided)


def picked(view: View, key: Static) -> View | None:
    """Return the view that a key takes of another view; None where the key holds something else.

    Parameters
    ----------
    view : Strided
        What is indexed.
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
    parts[where : where + 1] = [slice(None)] * (len(view.shape) - used)
    kept: list[tuple[int, int]] = []
    offset, axes = view.offset, zip(view.shape, view.strides, strict=True)
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
    return view.viewed([n for n, _ in kept], [s for _, s in kept], offset)
