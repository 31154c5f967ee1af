"""The greatest or the least of an axis, with their places."""

from __future__ import annotations

from typing import NamedTuple

from bpcore.derivatives.rules.function import several
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS", "TopK", "check_count"]


class TopK(NamedTuple):
    """What `top_k` returns.

    Attributes
    ----------
    values : array
        In order, the greatest first; or the least, where those are asked for.
    indices : array of int
        Their places along the axis.
    """

    values: Array
    indices: Array


def check_count(x: Array, k: int, axis: int) -> None:
    """Refuse to take more than there is."""
    if type(k) is not int or not -x.ndim <= axis < x.ndim or not 0 <= k <= x.shape[axis]:
        raise ShapeError("top_k", f"a number of places that axis {axis} has", f"k={k} for {tuple(x.shape)}")


def top_k(xp: Namespace, x: Array, k: int, /, *, axis: int = -1, largest: bool = True) -> TopK:
    """Sort the whole axis and take the first `k`; of equal values, the one that stands first comes first."""
    check_count(x, k, axis)
    order = xp.argsort(x, axis=axis, descending=largest, stable=True)
    places = order[(*(slice(None),) * (axis % x.ndim), slice(0, k), ...)]
    return TopK(xp.take_along_axis(x, places, axis=axis), places)


def _back(
    xp: Namespace, g: TopK, y: TopK, x: Array, k: int, *, axis: int = -1, largest: bool = True
) -> Array:
    return xp.add_along_axis(xp.zeros_like(x), y[1], g[0], axis=axis)


FUNCTIONS = (several("top_k", _back, None, compute=top_k),)
