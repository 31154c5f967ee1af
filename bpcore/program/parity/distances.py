"""How far two arrays lie apart, in units in the last place."""

from __future__ import annotations

import math
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.protocols import Array

__all__ = ["Distance", "distance"]

BFLOAT16 = 2.0**16
"""Units in the last place of a float32 in one of a bfloat16."""


class Distance(NamedTuple):
    """Where two arrays lie furthest apart.

    Attributes
    ----------
    ulp : float
        Units in the last place; infinite where one is a number and the other is none, and where whole
        numbers or truth values differ.
    element : tuple of int
        The place.
    given, wanted : float or complex
        What lies there.
    """

    ulp: float
    element: tuple[int, ...]
    given: complex
    wanted: complex


def distance(given: Array, wanted: Array, sizes: Array | None = None) -> Distance | None:
    """Return where two arrays of one shape on the host lie furthest apart; None if they have no elements.

    Of a complex number the size is what is counted in. Numbers below the smallest normal one count as equal:
    some libraries make zeros of them.

    Parameters
    ----------
    given, wanted : array (...)
    sizes : array (...) or None
        Numbers in whose last places it is counted; None for those of `wanted` itself.
    """
    if 0 in wanted.shape:
        return None
    if "bfloat16" in str(wanted.dtype):
        parts = [None if x is None else x.astype("float32") for x in (given, wanted, sizes)]
        found = distance(*parts)
        return found and found._replace(ulp=found.ulp / BFLOAT16)
    xp = space_of(wanted).functions
    if not xp.isdtype(wanted.dtype, ("real floating", "complex floating")):
        apart = xp.where(given == wanted, xp.asarray(0.0), xp.asarray(math.inf))
        return _furthest(apart, given, wanted)
    unit = _last_place(xp.abs(wanted if sizes is None else sizes))
    tiny = xp.finfo(wanted.dtype).smallest_normal
    same = (given == wanted) | (xp.isnan(given) & xp.isnan(wanted))
    same = same | ((xp.abs(given) < tiny) & (xp.abs(wanted) < tiny))
    both = xp.isfinite(given) & xp.isfinite(wanted)
    safe = [_wide(xp.where(both, x, xp.zeros_like(x))) for x in (given, wanted)]
    apart = xp.where(both, xp.abs(xp.subtract(*safe)) / unit, xp.asarray(math.inf))
    return _furthest(xp.where(same, xp.asarray(0.0), apart), given, wanted)


def _wide(x: Array) -> Array:
    xp = space_of(x).functions
    return xp.astype(x, xp.complex128 if xp.isdtype(x.dtype, "complex floating") else xp.float64)


def _last_place(sizes: Array) -> Array:
    """Return the distance of each size to the next larger number of its dtype, as float64."""
    xp = space_of(sizes).functions
    limits = xp.finfo(sizes.dtype)
    below_last = xp.asarray(limits.max * (1 - 2 * limits.eps), dtype=sizes.dtype)
    sizes = xp.minimum(xp.where(xp.isnan(sizes), xp.zeros_like(sizes), sizes), below_last)
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
    number = complex if xp.isdtype(wanted.dtype, "complex floating") else float
    return Distance(float(apart[where]), where, number(given[where]), number(wanted[where]))
