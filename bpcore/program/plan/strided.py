"""Views: where the elements of an array lie in memory, as shape, strides and offset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bpcore.words.protocols import Shape

__all__ = ["Strided", "contiguous_strides"]


@dataclass(frozen=True, slots=True)
class Strided:
    """A view of memory; all that it counts are elements, never bytes.

    Every view made of another one keeps what else a subclass holds: which memory it is, and of what dtype.

    Attributes
    ----------
    shape : tuple of int
    strides : tuple of int
        Elements from one to the next along each axis: zero where an axis is broadcast, below zero where it
        runs backwards.
    offset : int
        Elements from the begin of the memory to the element of index zero.
    """

    shape: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def count(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie one after the other, in C order."""
        lengths = zip(self.shape, self.strides, contiguous_strides(self.shape), strict=True)
        return self.count == 0 or all(n == 1 or own == wanted for n, own, wanted in lengths)

    def viewed(self, shape: Sequence[int], strides: Sequence[int], offset: int | None = None) -> Self:
        """Return another view of the same memory, by default from the same element on."""
        offset = self.offset if offset is None else offset
        return replace(self, shape=tuple(shape), strides=tuple(strides), offset=offset)

    def as_shape(self, shape: Sequence[int]) -> Self:
        """Return the contiguous view of a shape from the same element on."""
        return self.viewed(shape, contiguous_strides(shape))

    def reshaped(self, shape: Sequence[int]) -> Self | None:
        """Return the view of another shape, or None where only a copy has it."""
        if self.is_contiguous:
            return self.as_shape(shape)
        strides = _cut(self.collapsed(), shape)
        return None if strides is None else self.viewed(shape, strides)

    def collapsed(self) -> Self:
        """Return the view with as few axes as its elements, in C order, can be walked with."""
        shape: list[int] = []
        strides: list[int] = []
        for n, s in zip(self.shape, self.strides, strict=True):
            if n == 1:
                continue
            if shape and strides[-1] == s * n:
                shape[-1], strides[-1] = shape[-1] * n, s
            else:
                shape.append(n)
                strides.append(s)
        return self.viewed(shape, strides)

    def permuted(self, axes: Sequence[int]) -> Self:
        """Return the view with its axes in another order."""
        return self.viewed([self.shape[i] for i in axes], [self.strides[i] for i in axes])

    def broadcast(self, shape: Sequence[int]) -> Self:
        """Return the view in which elements stand at many places."""
        strides = [0] * (len(shape) - len(self.shape))
        for n, own, stride in zip(shape[len(strides) :], self.shape, self.strides, strict=True):
            strides.append(stride if own == n else 0)
        return self.viewed(shape, strides)

    def sliced(self, axis: int, start: int, step: int, count: int) -> Self:
        """Return the view of some of one axis: `count` indices from `start` on, each `step` further."""
        shape, strides = list(self.shape), list(self.strides)
        offset = self.offset + (start * strides[axis] if count else 0)
        shape[axis], strides[axis] = count, strides[axis] * step
        return self.viewed(shape, strides, offset)

    def dropped(self, axis: int) -> Self:
        """Return the view of index zero of an axis, without that axis."""
        return self.permuted([i for i in range(len(self.shape)) if i != axis])

    def flipped(self, axes: Iterable[int]) -> Self:
        """Return the view with some of its axes backwards."""
        view = self
        for i in axes:
            view = view.sliced(i, view.shape[i] - 1, -1, view.shape[i])
        return view


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides, in elements, of an array in C order without gaps."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def _cut(flat: Strided, shape: Sequence[int]) -> list[int] | None:
    """Return the strides of a shape whose axes are cut of those of a collapsed view, where they can be."""
    runs = list(zip(flat.shape, flat.strides, strict=True))
    found: list[int] = []
    length, step = 1, 0
    for n in reversed(shape):
        if n != 1 and length == 1:
            if not runs:
                return None
            length, step = runs.pop()
        if length % n:
            return None
        found.append(step)
        length, step = length // n, step * n
    return found[::-1] if length == 1 and not runs else None
