"""Where arrays lie in one block of memory, so that those which are needed at one time do not overlap."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

__all__ = ["LINE", "Span", "packed"]

LINE = 64
"""Bytes of a cache line: every array begins at a multiple of it."""

MANY = 1024
"""Arrays up to which each is held against each."""


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
    as in Y. Pisarchyk, J. Lee (2020), "Efficient memory management for deep neural net inference". That
    takes a time that grows with the square of their number, so very many are placed as they come, each in
    the smallest gap that holds it.
    """
    return _by_size(spans) if len(spans) <= MANY else _by_time(spans)


def _by_time(spans: Sequence[Span]) -> tuple[list[int], int]:
    offsets, gaps, total = [0] * len(spans), list[tuple[int, int]](), 0
    needed: list[tuple[int, int, int]] = []
    for number in sorted(range(len(spans)), key=lambda i: (spans[i].first, -spans[i].size, i)):
        span = spans[number]
        while needed and needed[0][0] < span.first:
            _, begin, end = heappop(needed)
            _give_back(gaps, begin, end)
        size = -(-span.size // LINE) * LINE
        fitting = [(end - begin, begin) for begin, end in gaps if end - begin >= size]
        if fitting:
            length, begin = min(fitting)
            gaps.remove((begin, begin + length))
            if length > size:
                insort(gaps, (begin + size, begin + length))
        else:
            begin = gaps.pop()[0] if gaps and gaps[-1][1] == total else total
            total = begin + size
        offsets[number] = begin
        heappush(needed, (span.last, begin, begin + size))
    return offsets, total


def _give_back(gaps: list[tuple[int, int]], begin: int, end: int) -> None:
    """Put a gap among the others, in order, and join it with those that it touches."""
    if begin == end:
        return
    place = bisect(gaps, (begin, end))
    if place < len(gaps) and gaps[place][0] == end:
        end = gaps.pop(place)[1]
    if place and gaps[place - 1][1] == begin:
        begin = gaps.pop(place - 1)[0]
    insort(gaps, (begin, end))


def _by_size(spans: Sequence[Span]) -> tuple[list[int], int]:
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
