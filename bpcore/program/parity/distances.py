"""How far two arrays lie apart, in units in the last place."""

from __future__ import annotations

import math
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.protocols import Array

__all__ = ["Distance", "distance"]


class Distance(NamedTuple):
    """Where two arrays lie furthest apart.

    Attributes
    ----------
    ulp : float
        Units in the last place; infinite where one is a number and the other is none, and where whole
        numbers or truth values differ.
    element : tuple of int
        The place.
    given, wanted : float
        What lies there.
    """

    ulp: float
    element: tuple[int, ...]
    given: float
    wanted: float


def distance(given: Array, wanted: Array, sizes: Array | None = None) -> Distance | None:
    """Return where two arrays of one shape on the host lie furthest apart; None if they have no elements.

    Parameters
    ----------
    given, wanted : array (...)
    sizes : array (...) or None
        Numbers in whose last places it is counted; None for those of `wanted` itself.
    """
    if 0 in wanted.shape:
        return None
    xp = space_of(wanted).functions
    if xp.isdtype(wanted.dtype, "complex floating"):
        parts = [distance(part(given), part(wanted), sizes) for part in (xp.real, xp.imag)]
        return max((x for x in parts if x is not None), key=lambda x: x.ulp)
    if not xp.isdtype(wanted.dtype, "real floating"):
        apart = xp.where(given == wanted, xp.asarray(0.0), xp.asarray(math.inf))
        return _furthest(apart, given, wanted)
    unit = _last_place(xp.abs(wanted if sizes is None else sizes))
    same = (given == wanted) | (xp.isnan(given) & xp.isnan(wanted))
    both = xp.isfinite(given) & xp.isfinite(wanted)
    safe = [xp.where(both, xp.astype(x, xp.float64), xp.asarray(0.0)) for x in (given, wanted)]
    apart = xp.where(both, xp.abs(xp.subtract(*safe)) / unit, xp.asarray(math.inf))
    return _furthest(xp.where(same, xp.asarray(0.0), apart), given, wanted)


def _last_place(sizes: Array) -> Array:
    """Return the distance of each size to the next larger number of its dtype, as float64."""
    xp = space_of(sizes).functions
    below_last = xp.asarray(
        xp.finfo(sizes.dtype).max * (1 - 2 * xp.finfo(sizes.dtype).eps), dtype=sizes.dtype
    )
    sizes = xp.minimum(xp.where(xp.isfinite(sizes), sizes, xp.zeros_like(sizes)), below_last)
    above = xp.nextafter(sizes, xp.asarray(math.inf, dtype=sizes.dtype))
    return xp.astype(above, xp.float64) - xp.astype(sizes, xp.float64)


def _furthest(apart: Array, given: Array, wanted: Array) -> Distance:
    xp = space_of(apart).functions
    place = int(xp.argmax(xp.reshape(apart, (-1,))))
    element: list[int] = []
    for length in reversed(apart.shape):
        place, at = divmod(place, length)
        element.insert(0, at)
    where = tuple(element)
    return Distance(float(apart[where]), where, float(given[where]), float(wanted[where]))
