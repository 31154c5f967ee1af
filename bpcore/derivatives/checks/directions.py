"""Directions in which arrays are moved, all at once, and the slope along them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpcore.derivatives.checks.differences import Number, flat_values
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.words.protocols import Array

__all__ = ["along", "central", "directions_like", "moved"]

LARGEST = 2.25 * math.sqrt(2)
"""No element of `directions_like` is larger."""


def directions_like(arrays: Sequence[Array]) -> list[Array]:
    """Return an array like each one: of both signs, no two elements alike, none of them small.

    Cotangents of ones would not see a gradient that was transposed, or summed over the wrong axis.
    """
    found = []
    for shift, y in enumerate(arrays):
        space, count = space_of(y), math.prod(y.shape)
        values: Sequence[Number] = _signed(count, shift)
        if space.is_complex(y.dtype):
            values = [complex(a, b) for a, b in zip(values, _signed(count, shift + 2), strict=True)]
        w = space.backend.asarray(values, dtype=y.dtype, device=device_of(y))
        found.append(space.functions.reshape(w, tuple(y.shape)))
    return found


def _signed(count: int, shift: int) -> list[float]:
    sizes = [1.25 + math.sin(1.7 * i + shift + 1.0) for i in range(count)]
    return [-size if i % 3 == 1 else size for i, size in enumerate(sizes)]


def along(inputs: Sequence[Array]) -> list[Array]:
    """Return directions of the size of the inputs, or of 1 where an element is small."""
    found = []
    for t, x in zip(directions_like(inputs), inputs, strict=True):
        space = space_of(x)
        sizes = [max(abs(value), 1.0) / LARGEST for value in flat_values(x)]
        scale = space.backend.asarray(sizes, dtype=x.dtype, device=device_of(x))
        found.append(space.functions.multiply(t, space.functions.reshape(scale, tuple(x.shape))))
    return found


def moved(inputs: Sequence[Array], tangents: Sequence[Array], by: float) -> list[Array]:
    """Return the inputs, moved along the tangents."""
    found = []
    for x, t in zip(inputs, tangents, strict=True):
        xp = space_of(x).traced
        found.append(xp.add(x, xp.multiply(t, by)))
    return found


def central(step: float, around: Sequence[Number]) -> Number:
    """Return the fourth-order central difference of the values ahead, behind, and twice as far."""
    ahead, behind, far_ahead, far_behind = around
    return (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)
