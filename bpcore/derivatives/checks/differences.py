"""Central differences: what the gradient is, asked of the function alone.

One element is moved where the array is, with ``where(places == i, ...)``: no array is made elsewhere. What
is read is one number for each place that the function was asked at. A complex element is moved along the
real and along the imaginary axis, and its slope is ``dL/dRe + i dL/dIm``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.protocols import Array

__all__ = ["Number", "Probe", "flat_values", "relative_step", "weighted"]

Number: TypeAlias = float | complex
"""A slope, or an element: complex where the array is."""


def flat_values(x: Array) -> list[Number]:
    """Return the elements of an array as Python numbers, in row-major order."""
    kind = complex if space_of(x).is_complex(x.dtype) else float
    return [kind(value) for value in space_of(x).backend.to_host(x).reshape(-1)]


def relative_step(eps: float) -> float:
    """Return the step in units of x, and of 1 near zero: where rounding and the formula's error are equal.

    The error of fourth-order differences is ``step**4`` times the fifth derivative, that of rounding
    ``eps / step``: they meet at the fifth root.
    """
    return math.pow(eps, 0.2)


class Probe:
    """The function ``Re(sum(conj(weights) * f))``, asked at points around one of the inputs.

    Parameters
    ----------
    f : function
        Of the inputs, to a sequence of arrays.
    inputs : sequence of arrays
    which : int
        The input that is moved.
    weights : sequence of arrays
        One for each output of `f`, of its shape.
    eps : float
        The coarsest rounding among inputs and outputs.
    """

    def __init__(
        self,
        f: Callable[..., Sequence[Array]],
        inputs: Sequence[Array],
        which: int,
        weights: Sequence[Array],
        eps: float,
    ) -> None:
        x = inputs[which]
        self.f, self.inputs, self.which, self.weights = f, inputs, which, weights
        self.xp, self.eps = space_of(x).traced, eps
        size = math.prod(x.shape)
        self.places = self.xp.reshape(self.xp.arange(size, device=x.device), tuple(x.shape))
        self.zeros = self.xp.zeros_like(x)
        self.steps = [relative_step(eps) * max(abs(value), 1.0) for value in flat_values(x)]
        self.directions: tuple[Number, ...] = (1.0, 1j) if space_of(x).is_complex(x.dtype) else (1.0,)

    def slopes(self) -> Iterator[Number]:
        """Yield the slope by each element of the input, from fourth-order central differences."""
        for i in range(len(self.steps)):
            yield self.slope(i)

    def slope(self, i: int) -> Number:
        """Return the slope by one element."""
        return sum(way * self._along(i, way) for way in self.directions)

    def _along(self, i: int, way: Number) -> float:
        step = self.steps[i]
        ahead, behind, far_ahead, far_behind = (self._at(i, way * (step * k)) for k in (1, -1, 2, -2))
        return (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)

    def sides(self, i: int, share: float = 1.0) -> tuple[Number, Number]:
        """Return the slopes to the left and to the right of element `i`, from a share of the step.

        Each comes from three points on its own side. They agree where the function is smooth, but for
        the square of the step; at a kink they do not.
        """
        here, step = self._at(i, 0.0), share * self.steps[i]
        left = sum(way * self._side(i, way, here, -step) for way in self.directions)
        return left, sum(way * self._side(i, way, here, step) for way in self.directions)

    def noise(self, i: int) -> float:
        """Return by how much rounding moves the function near element `i`; 0 where it cannot be told.

        Second differences of nine neighbours are of one sign where a smooth function bends, there is one
        at a kink and two at a jump. Rounding turns their sign again and again.
        """
        values = [self._at(i, k * self.steps[i] / 8) for k in range(-4, 5)]
        bends = [a - 2 * b + c for a, b, c in zip(values, values[1:], values[2:], strict=False)]
        largest = max(map(abs, bends))
        large = [bend for bend in bends if abs(bend) > largest / 4]
        turns = sum(a * b < 0 for a, b in pairwise(large))
        return largest / math.sqrt(6) if turns > 1 and math.isfinite(largest) else 0.0

    def _side(self, i: int, way: Number, here: float, step: float) -> float:
        return (4 * (self._at(i, way * step) - here) - (self._at(i, way * (2 * step)) - here)) / (2 * step)

    def _at(self, i: int, moved: Number) -> float:
        """Return the value with element `i` moved."""
        x = self.inputs[self.which]
        if len(self.directions) > 1:
            moved = space_of(x).backend.asarray(moved, dtype=x.dtype, device=x.device)
        there = self.xp.where(self.xp.equal(self.places, i), self.xp.add(x, moved), x)
        outputs = self.f(*self.inputs[: self.which], there, *self.inputs[self.which + 1 :])
        return sum(weighted(w, y) for w, y in zip(self.weights, outputs, strict=True))


def weighted(w: Array, y: Array) -> float:
    """Return ``Re(sum(conj(w) * y))``."""
    space = space_of(w)
    xp = space.traced
    product = xp.multiply(xp.conj(w) if space.is_complex(w.dtype) else w, y)
    y = xp.real(product) if space.is_complex(product.dtype) else product
    (value,) = space.backend.to_host(xp.sum(y)).reshape(-1)
    return float(value)
