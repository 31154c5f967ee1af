"""The loss of counts: how unlikely they are under Poisson's distribution."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.losses.loss import QuantityLoss, floored_log
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["PoissonLoss"]


@dataclass(frozen=True)
class PoissonLoss(QuantityLoss):
    """``rate - t log(rate)`` for each element: minus the log-likelihood of counts, up to ``log(t!)``.

    Parameters
    ----------
    log_input : bool
        Whether the output is z with ``rate = exp(z)``, which cannot become negative; if not, it is the
        rate itself, and its logarithm is floored at 1e-15.
    reduction : "mean" or "sum"

    Notes
    -----
    A rate beyond the dtype's largest number is infinite, and so is the loss: z above 709 in float64,
    above 88 in float32.
    """

    log_input: bool = True
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the terms."""
        if self.log_input:
            return xp.subtract(xp.exp(output), xp.multiply(target, output))
        return xp.subtract(output, xp.multiply(target, floored_log(xp, output)))

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want numbers from 0 on."""
        xp = array_namespace(target)
        low = float(xp.min(target))
        if low < 0:
            raise DataError(f"PoissonLoss wants counts, numbers from 0 on, was given {low:g}.")
