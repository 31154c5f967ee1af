"""Central differences: what the gradient is, asked of the function alone.

One element is moved where the array is, with ``where(places == i, ...)``: no array is made elsewhere. What
is read is one number for each place that the function was asked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from bpcore.derivatives.namespace import space_of
from bpcore.words.protocols import Array

__all__ = ["Probe", "flat_values", "relative_step"]


def flat_values(x: Array) -> list[float]:
    """Return the elements of an array as Python numbers, in row-major order."""
    return [float(value) for value in space_of(x).backend.to_host(x).reshape(-1)]


def relative_step(eps: float) -> float:
    """Return the step in units of x, and of 1 near zero: where rounding and the formula's error are equal.

    The error of fourth-order differences is ``step**4`` times the fifth derivative, that of rounding
    ``eps / step``: they meet at the fifth root.
    """
    return math.pow(eps, 0.2)


class Probe:
    """The function ``sum(weights * f)``, asked at points around one of the inputs.

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
        self.xp = space_of(x).traced
        size = math.prod(x.shape)
        self.places = self.xp.reshape(self.xp.arange(size, device=x.device), tuple(x.shape))
        self.zeros = self.xp.zeros_like(x)
        self.steps = [relative_step(eps) * max(abs(value), 1.0) for value in flat_values(x)]

    def slopes(self) -> Iterator[float]:
        """Yield the slope by each element of the input, from fourth-order central differences."""
        for i, step in enumerate(self.steps):
            ahead, behind, far_ahead, far_behind = (self._at(i, step * k) for k in (1, -1, 2, -2))
            yield (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)

    def sides(self, i: int) -> tuple[float, float]:
        """Return the slopes to the left and to the right of element `i`.

        Each comes from three points on its own side. They agree where the function is smooth, but for
        the square of the step; at a kink they do not.
        """
        here = self._at(i, 0.0)
        left, right = (
            (4 * (self._at(i, step) - here) - (self._at(i, 2 * step) - here)) / (2 * step)
            for step in (-self.steps[i], self.steps[i])
        )
        return left, right

    def _at(self, i: int, moved: float) -> float:
        """Return the value with element `i` moved."""
        x = self.inputs[self.which]
        there = self.xp.where(self.xp.equal(self.places, i), self.xp.add(x, moved), x)
        outputs = self.f(*self.inputs[: self.which], there, *self.inputs[self.which + 1 :])
        return sum(self._weighted(w, y) for w, y in zip(self.weights, outputs, strict=True))

    def _weighted(self, w: Array, y: Array) -> float:
        xp = space_of(w).traced
        (value,) = flat_values(xp.sum(xp.multiply(w, y)))
        return value
