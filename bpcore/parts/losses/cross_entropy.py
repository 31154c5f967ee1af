"""Cross entropies: minus the logarithm of the probability that was given to what is so."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.parts.losses.loss import BinaryLoss, ClassLoss, expected, floored_log, shares_of
from bpcore.words.protocols import Array, Namespace
from bpcore.words.ranges import check_number

__all__ = ["BinaryCrossEntropy", "CrossEntropy"]


@dataclass(frozen=True)
class BinaryCrossEntropy(BinaryLoss):
    """``-(t log p + (1 - t) log(1 - p))`` for each element.

    Parameters
    ----------
    from_logits : bool
        Whether the output is z with ``p = 1 / (1 + exp(-z))``, which loses nothing at large z; if not,
        the output is p itself, as after `Sigmoid`, and logarithms are floored at 1e-15.
    reduction : "mean" or "sum"
    """

    from_logits: bool = True
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the terms; for logits ``log(1 + exp(z)) - t z``."""
        if self.from_logits:
            return xp.subtract(xp.softplus(output), xp.multiply(target, output))
        taken = xp.multiply(target, floored_log(xp, output))
        other = xp.multiply(xp.subtract(1.0, target), floored_log(xp, xp.subtract(1.0, output)))
        return xp.negative(xp.add(taken, other))


@dataclass(frozen=True)
class CrossEntropy(ClassLoss):
    """Minus the logarithm of the probability that was given to the right class.

    Parameters
    ----------
    from_logits : bool
        Whether the output is z with ``p = softmax(z)``; if not, the output is p itself, as after
        `Softmax`, and logarithms are floored at 1e-15.
    reduction : "mean" or "sum"
    label_smoothing : float, 0 to 1
        The share of each target that is spread evenly over all classes.

    Notes
    -----
    Outputs (batch, classes); targets whole-number labels (batch,), or probabilities (batch, classes).
    """

    from_logits: bool = True
    reduction: str = "mean"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        name = "label_smoothing of CrossEntropy"
        check_number(name, self.label_smoothing, "a number from 0 to 1", lambda share: 0 <= share <= 1)

    @property
    def spreads(self) -> bool:
        """Each logit has a share in ``log(sum(exp(z)))``."""
        return self.from_logits

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return a term for each sample; for logits ``log(sum(exp(z))) - z_target``."""
        share = target
        if self.label_smoothing:
            even = self.label_smoothing / output.shape[-1]
            share = xp.add(xp.multiply(shares_of(xp, target, output), 1.0 - self.label_smoothing), even)
        if self.from_logits:
            return xp.subtract(xp.logsumexp(output, axis=-1), expected(xp, share, output))
        return xp.negative(expected(xp, share, floored_log(xp, output)))
