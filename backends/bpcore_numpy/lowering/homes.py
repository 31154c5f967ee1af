"""Homes: where carried arrays lie between two runs, each group of them in one vector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from operator import is_, is_not
from typing import Any

import numpy as np
from numpy import ndarray

from bpcore.program.equation import Equations
from bpcore.program.plan.arena import LINE
from bpcore_numpy.lowering.layout import Layout

__all__ = ["Homes", "aligned", "homes"]


def aligned(size: int, dtype: Any) -> Any:
    """Return an empty vector that begins at a cache line."""
    dtype = np.dtype(dtype)
    room = np.empty(size * dtype.itemsize + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size * dtype.itemsize].view(dtype)


class Homes:
    """The arrays that a run writes over, and returns.

    Attributes
    ----------
    vectors : list of array (elements,)
    leaves : tuple of array
        Views of the vectors, in the order of what is carried.
    """

    def __init__(self, vectors: list[Any], leaves: Sequence[Any]) -> None:
        self.vectors = vectors
        self.leaves = tuple(leaves)
        self._rooms = {id(vector.base) for vector in vectors}

    def apart(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """Return other arguments, those that lie at home copied: they are read while homes are written."""
        rooms = self._rooms
        for x in arrays:
            base = x.base  # none, or an array that has memory of its own: anything else takes a longer look
            if base is not None and (type(base) is not ndarray or base.base is not None or id(base) in rooms):
                break
        else:
            return arrays
        return [np.array(x) if self._overlaps(x) else x for x in arrays]

    def _overlaps(self, x: Any) -> bool:
        return any(np.may_share_memory(x, vector) for vector in self.vectors)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Bring back what lay at home, if something raises inside."""
        copies = [vector.copy() for vector in self.vectors]
        try:
            yield
        except BaseException:
            for vector, copy in zip(self.vectors, copies, strict=True):
                vector[...] = copy
            raise

    def take(self, arrays: Sequence[Any]) -> None:
        """Bring the arrays home. Those that a run returned are there already."""
        if all(map(is_, arrays, self.leaves)):
            return
        strange = list(map(is_not, arrays, self.leaves))
        values = [
            np.array(x) if self._overlaps(x) else x for x in compress(arrays, strange)
        ]  # a leaf that comes in another's place is copied before it is written over
        for home, value in zip(compress(self.leaves, strange), values, strict=True):
            home[...] = value


def homes(plan: Layout, shared: dict[str, Any]) -> Homes:
    """Return the homes of a Program's carried arrays: those of an earlier Program that has the same."""
    program = plan.program
    memories = [memory for memory in plan.memories() if memory.home]
    numbers = {id(memory): number for number, memory in enumerate(memories)}
    inputs = [program.inputs[i] for i, _ in program.carried]
    places = tuple(
        (numbers[id(plan.parts[x].memory)], plan.parts[x].start, _kind(program, x)) for x in inputs
    )
    key = f"homes {places}"
    if key not in shared:
        vectors = [aligned(memory.size, memory.dtype) for memory in memories]
        leaves = [vectors[number][start : start + math.prod(shape)].reshape(shape)
                  for number, start, (shape, _) in places]  # fmt: skip
        shared[key] = Homes(vectors, leaves)
    found: Homes = shared[key]
    return found


def _kind(program: Equations, slot: Any) -> tuple[tuple[int, ...], str]:
    kind = program.types[slot]
    return kind.shape, kind.dtype.str
