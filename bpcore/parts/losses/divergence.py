"""The Kullback-Leibler divergence: how much a distribution differs from the one that was wanted."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.parts.losses.loss import QuantityLoss, expected, floored_log, share_within, sums_to_one
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["KLDivergence"]


@dataclass(frozen=True)
class KLDivergence(QuantityLoss):
    """``sum(t (log t - log p))`` over the classes, for each sample; a share of 0 gives 0.

    Parameters
    ----------
    from_logits : bool
        Whether the output is z with ``p = softmax(z)``: logits, or logarithms of probabilities, which are
        their own log-softmax. If not, the output is p itself, and logarithms are floored at 1e-15.
    reduction : "mean" or "sum"
        Over samples; PyTorch calls this mean "batchmean".

    Notes
    -----
    Outputs and targets (batch, classes).
    """

    from_logits: bool = True
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return a term for each sample."""
        logs = xp.log_softmax(output, axis=-1) if self.from_logits else floored_log(xp, output)
        known = xp.log(xp.where(xp.greater(target, 0.0), target, xp.ones_like(target)))
        return expected(xp, target, xp.subtract(known, logs))

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want distributions: numbers from 0 to 1 that sum to 1 in each row."""
        share_within(self, target)
        sums_to_one(self, target)
