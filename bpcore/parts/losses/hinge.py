"""The hinge: a loss of two classes that asks for a margin."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.losses.loss import QuantityLoss
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["Hinge"]


@dataclass(frozen=True)
class Hinge(QuantityLoss):
    """``max(0, 1 - t z)`` for each element, with the target `t` -1 or 1; its derivative at the kink is 0.

    Parameters
    ----------
    squared : bool
        Whether each is squared, which has no kink.
    reduction : "mean" or "sum"

    Notes
    -----
    Targets are -1 and 1, or 0 and 1: 0 is taken as -1. The output is a score of any size; above 0 it
    means 1.
    """

    squared: bool = False
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return what is missing to the margin."""
        side = xp.where(xp.greater(target, 0.0), xp.ones_like(output), xp.full_like(output, -1.0))
        missing = xp.relu(xp.subtract(1.0, xp.multiply(side, output)))
        return xp.square(missing) if self.squared else missing

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want -1 and 1, or 0 and 1."""
        xp = array_namespace(target)
        is_one, is_zero, is_minus = (xp.equal(target, value) for value in (1, 0, -1))
        signed = bool(xp.all(xp.logical_or(is_one, is_minus)))
        if not signed and not bool(xp.all(xp.logical_or(is_one, is_zero))):
            low, high = float(xp.min(target)), float(xp.max(target))
            raise DataError(
                "Hinge wants targets that are -1 and 1, or 0 and 1, was given numbers from "
                f"{low:g} to {high:g}."
            )
