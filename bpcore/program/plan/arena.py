"""Where arrays lie in one block of memory, so that those which are needed at one time do not overlap."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["LINE", "Span", "packed"]

LINE = 64
"""Bytes of a cache line: every array begins at a multiple of it."""


class Span(NamedTuple):
    """An array's size, and when it is needed.

    Attributes
    ----------
    size : int
        Bytes.
    first, last : int
        Numbers of the first and the last equation that it is needed at, both of them included.
    """

    size: int
    first: int
    last: int


def packed(spans: Sequence[Span]) -> tuple[list[int], int]:
    """Return the offset of each array, and the bytes that all of them take together.

    The largest are placed first, each at the lowest place that is free while it is needed: greedy by size,
    as in Y. Pisarchyk, J. Lee (2020), "Efficient memory management for deep neural net inference".
    """
    offsets = [0] * len(spans)
    placed: list[tuple[int, int, Span]] = []
    total = 0
    for number in sorted(range(len(spans)), key=lambda i: (-spans[i].size, spans[i].first, i)):
        span = spans[number]
        start = 0
        for begin, end, other in placed:  # in order of their offsets
            if other.first > span.last or span.first > other.last:
                continue
            if begin - start >= span.size:
                break
            start = max(start, end)
        end = start + -(-span.size // LINE) * LINE
        offsets[number] = start
        total = max(total, end)
        insort(placed, (start, end, span))
    return offsets, total
