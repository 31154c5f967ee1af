"""Losses of quantities: how far a number is from the one that was wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bpcore.parts.losses.loss import QuantityLoss
from bpcore.words.protocols import Array, Namespace
from bpcore.words.ranges import check_number

__all__ = ["Huber", "MeanAbsoluteError", "SquaredError"]


@dataclass(frozen=True)
class SquaredError(QuantityLoss):
    """The square of the difference, summed or averaged over all elements, with or without the half.

    Parameters
    ----------
    half : bool
        Whether each square is halved, so that its derivative is the difference itself.
    reduction : "mean" or "sum"
    """

    half: bool = False
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the squares."""
        squares = xp.square(xp.subtract(output, target))
        return xp.multiply(squares, 0.5) if self.half else squares


@dataclass(frozen=True)
class MeanAbsoluteError(QuantityLoss):
    """The absolute difference; its derivative where there is none is taken to be 0.

    Parameters
    ----------
    reduction : "mean" or "sum"
    """

    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the distances."""
        return xp.abs(xp.subtract(output, target))


@dataclass(frozen=True)
class Huber(QuantityLoss):
    """``d**2 / 2`` of the difference `d` up to `delta`, ``delta (|d| - delta / 2)`` beyond.

    Parameters
    ----------
    delta : float > 0
        From where on a difference counts by its size and not by its square.
    reduction : "mean" or "sum"

    References
    ----------
    P. J. Huber (1964), "Robust estimation of a location parameter".
    """

    delta: float = 1.0
    reduction: str = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("delta of Huber", self.delta, "a number above 0", lambda d: 0 < d < math.inf)

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return ``m (|d| - m / 2)`` with ``m = min(|d|, delta)``: both branches, and no large square."""
        distance = xp.abs(xp.subtract(output, target))
        near = xp.minimum(distance, float(self.delta))
        return xp.multiply(near, xp.subtract(distance, xp.multiply(near, 0.5)))
