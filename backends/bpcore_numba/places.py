"""Where arrays lie: blocks of memory, and views into them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bpcore_numba.writing import SIZE

__all__ = ["Block", "Place", "contiguous_strides"]


@dataclass(eq=False, slots=True)
class Block:
    """A piece of memory that holds one array.

    Attributes
    ----------
    size : int
        Bytes.
    region : str
        ``"work"``, ``"carry"``, or what an argument, a result or a constant is called.
    offset : int
        Bytes from the region's begin.
    """

    size: int
    region: str = "work"
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A view: a block, and where in it the elements are.

    Attributes
    ----------
    block : Block
    kind : str
        The dtype's name.
    shape, strides : tuple of int
        Strides are in elements.
    offset : int
        Elements from the block's begin.
    """

    block: Block
    kind: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def count(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie one after the other, in order."""
        lengths = zip(self.shape, self.strides, contiguous_strides(self.shape), strict=True)
        return self.count == 0 or all(length == 1 or own == wanted for length, own, wanted in lengths)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its block, in order."""
        return self.offset == 0 and self.is_contiguous and self.count * SIZE[self.kind] == self.block.size

    def reshaped(self, shape: Sequence[int]) -> Place | None:
        """Return the view of another shape, or None where only a copy has it."""
        return self.as_shape(shape) if self.is_contiguous else self._split(tuple(shape))

    def as_shape(self, shape: Sequence[int]) -> Place:
        """Return the view of another shape; the elements lie in order."""
        return replace(self, shape=tuple(shape), strides=contiguous_strides(shape))

    def _split(self, shape: tuple[int, ...]) -> Place | None:
        """Return the view with axes of length one put in or taken out."""
        kept = [(n, s) for n, s in zip(self.shape, self.strides, strict=True) if n != 1]
        if [n for n, _ in kept] != [n for n in shape if n != 1]:
            return None
        rest = iter(kept)
        return replace(self, shape=shape, strides=tuple(0 if n == 1 else next(rest)[1] for n in shape))

    def permuted(self, axes: Sequence[int]) -> Place:
        """Return the view with its axes in another order."""
        return replace(
            self, shape=tuple(self.shape[i] for i in axes), strides=tuple(self.strides[i] for i in axes)
        )

    def broadcast(self, shape: Sequence[int]) -> Place:
        """Return the view in which elements stand at many places."""
        missing = len(shape) - len(self.shape)
        strides = [0] * missing
        for n, own, stride in zip(shape[missing:], self.shape, self.strides, strict=True):
            strides.append(stride if own == n else 0)
        return replace(self, shape=tuple(shape), strides=tuple(strides))

    def sliced(self, axis: int, start: int, step: int, count: int) -> Place:
        """Return the view of some of one axis."""
        shape, strides = list(self.shape), list(self.strides)
        offset = self.offset + start * strides[axis]
        shape[axis], strides[axis] = count, strides[axis] * step
        return replace(self, shape=tuple(shape), strides=tuple(strides), offset=offset)


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides, in elements, of an array that lies in order."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))
