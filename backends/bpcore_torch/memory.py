"""Where carried arrays lie: one behind the other in a vector for each dtype, so that many are one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

import torch

__all__ = ["Memory", "Span", "memory_of"]

APART = 16
"""Each array begins at a multiple of so many elements, for the processor's wide instructions."""

KEY = "torch: memory of what is carried"


@dataclass(frozen=True)
class Span:
    """A piece of a vector in which the arrays of one role lie.

    Attributes
    ----------
    kind : pair of torch.dtype and torch.device
    start, stop : int
    steps : tuple of int
        Where each array begins, counted from the start.
    """

    kind: Any
    start: int
    stop: int
    steps: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Memory:
    """The memory of carried arrays.

    Attributes
    ----------
    vectors : dict of (torch.dtype, torch.device) to torch.Tensor
    places : tuple of torch.Tensor
        For each carried array, the view of its vector.
    starts : tuple of int
        Where each begins in it.
    ranges : tuple of pairs of int
        Where each vector begins and ends among all addresses.
    """

    vectors: dict[Any, torch.Tensor]
    places: tuple[torch.Tensor, ...]
    starts: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]

    def apart(self, given: Sequence[Any]) -> list[Any]:
        """Return arrays that may be read while this memory is written: copies of those that lie in it."""
        found = list(given)
        for start, end in self.ranges:
            found = [x.clone() if start <= x.data_ptr() < end else x for x in found]
        return found

    def take(self, given: Sequence[Any]) -> None:
        """Copy arrays in, those that do not lie there already."""
        if all(map(is_, given, self.places)):
            return
        pairs = [(place, x) for place, x in zip(self.places, given, strict=True) if place is not x]
        apart = self.apart([x for _, x in pairs])
        for (place, _), x in zip(pairs, apart, strict=True):
            place.copy_(x)

    def span(self, numbers: Sequence[int]) -> Span | None:
        """Return the piece in which these arrays lie, or None if they do not follow one another."""
        first = numbers[0]
        if list(numbers) != list(range(first, first + len(numbers))):
            return None
        places = [self.places[n] for n in numbers]
        kinds = {(place.dtype, place.device) for place in places}
        if len(kinds) > 1:
            return None
        start, last = self.starts[first], self.starts[numbers[-1]]
        steps = tuple(self.starts[n] - start for n in numbers)
        return Span(kinds.pop(), start, last + places[-1].numel(), steps)


def memory_of(inputs: Sequence[Any], shared: dict[str, Any]) -> Memory:
    """Return the memory for arrays like these, made if there is none yet."""
    known: dict[Any, Memory] = shared.setdefault(KEY, {})
    key = tuple((tuple(x.shape), x.dtype, x.device) for x in inputs)
    if key not in known:
        known[key] = _made(inputs)
    return known[key]


def _made(inputs: Sequence[Any]) -> Memory:
    lengths: dict[Any, int] = {}
    starts = []
    kinds = [(x.dtype, x.device) for x in inputs]
    for x, kind in zip(inputs, kinds, strict=True):
        starts.append(lengths.get(kind, 0))
        lengths[kind] = starts[-1] + -(-x.numel() // APART) * APART
    vectors = {
        (dtype, device): torch.zeros(length, dtype=dtype, device=device)
        for (dtype, device), length in lengths.items()
    }
    places = tuple(
        vectors[kind][start : start + x.numel()].view(x.shape)
        for x, kind, start in zip(inputs, kinds, starts, strict=True)
    )
    ranges = tuple((x.data_ptr(), x.data_ptr() + x.nbytes) for x in vectors.values())
    return Memory(vectors, places, tuple(starts), ranges)
