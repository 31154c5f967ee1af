"""Stacks of matrices: one axis is the library's batch, and those that do not join it are calls."""

from __future__ import annotations

from itertools import product as every
from math import prod
from typing import NamedTuple

from bpcore.words.errors import ShapeError
from bpcore_cupy.products.matrices import Axis

__all__ = ["MOST_CALLS", "Stacking", "stacking"]

MOST_CALLS = 64
"""How many calls one product may take: a stack with more needs a copy that lies in one piece."""

ALONE = Axis(1, (0, 0, 0))


class Stacking(NamedTuple):
    """How often the matrices of a product are multiplied.

    Attributes
    ----------
    batch : Axis
        Along which the library goes on by itself; strides are in elements.
    calls : tuple of (int, int, int)
        Where a, b and c begin in each call, in bytes.
    """

    batch: Axis
    calls: tuple[tuple[int, int, int], ...]


def stacking(axes: tuple[Axis, ...], itemsizes: tuple[int, int, int], where: str) -> Stacking:
    """Return what the library is asked for along some axes: the longest is its batch.

    Raises
    ------
    ShapeError
        There are more calls than `MOST_CALLS`, strides run backwards, or results lie on one another.
    """
    if any(stride < 0 for axis in axes for stride in axis.strides):
        raise ShapeError(where, "strides that run forwards", "some that run backwards", "Copy it first.")
    if any(not axis.strides[2] for axis in axes):
        raise ShapeError(where, "results in places of their own", "some that lie on one another")
    batch = max(axes, key=lambda axis: axis.length, default=ALONE)
    others = tuple(axis for axis in axes if axis is not batch)
    count = prod(axis.length for axis in others)
    if count > MOST_CALLS:
        wanted = f"stacks that take at most {MOST_CALLS} calls"
        raise ShapeError(where, wanted, f"one of {count}", "Copy it into one piece first.")
    return Stacking(batch, tuple(_calls(others, itemsizes)))


def _calls(axes: tuple[Axis, ...], itemsizes: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    found = []
    for index in every(*(range(axis.length) for axis in axes)):
        a, b, c = (
            itemsizes[x] * sum(i * axis.strides[x] for i, axis in zip(index, axes, strict=True))
            for x in range(3)
        )
        found.append((a, b, c))
    return found
