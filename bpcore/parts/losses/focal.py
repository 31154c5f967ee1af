"""Focal losses: cross entropies in which what is already right counts less.

References
----------
T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar (2017), "Focal loss for dense object detection".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bpcore.parts.losses.loss import FLOOR, BinaryLoss, ClassLoss, expected, floored_log, wanted_only
from bpcore.words.protocols import Array, Namespace
from bpcore.words.ranges import check_number

__all__ = ["BinaryFocal", "Focal"]


def _check_gamma(loss: BinaryFocal | Focal) -> None:
    name = f"gamma of {type(loss).__name__}"
    check_number(name, loss.gamma, "a number, 0 or more", lambda gamma: 0 <= gamma < math.inf)


@dataclass(frozen=True)
class BinaryFocal(BinaryLoss):
    """``-(a t (1 - p)**gamma log p + (1 - a) (1 - t) p**gamma log(1 - p))`` for each element.

    Parameters
    ----------
    gamma : float >= 0
        How much less it counts what is already right; 0 is `BinaryCrossEntropy`.
    alpha : float from 0 to 1, or None
        The weight `a` of ones; None gives both sides the weight 1.
    from_logits : bool
        Whether the output is z with ``p = 1 / (1 + exp(-z))``, or p itself.
    reduction : "mean" or "sum"
    """

    gamma: float = 2.0
    alpha: float | None = None
    from_logits: bool = True
    reduction: str = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_gamma(self)
        if self.alpha is not None:
            wanted = "a number from 0 to 1, or None"
            check_number("alpha of BinaryFocal", self.alpha, wanted, lambda alpha: 0 <= alpha <= 1)

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the terms; logarithms of shares are softplus of logits, so nothing overflows."""
        if self.from_logits:
            against, towards = xp.softplus(output), xp.softplus(xp.negative(output))  # -log(1 - p), -log p
            ones = xp.multiply(xp.exp(xp.multiply(against, -float(self.gamma))), towards)
            zeros = xp.multiply(xp.exp(xp.multiply(towards, -float(self.gamma))), against)
        else:
            rest = xp.subtract(1.0, output)
            ones = xp.negative(xp.multiply(_damped(xp, rest, self.gamma), floored_log(xp, output)))
            zeros = xp.negative(xp.multiply(_damped(xp, output, self.gamma), floored_log(xp, rest)))
        if self.alpha is not None:
            ones, zeros = xp.multiply(ones, float(self.alpha)), xp.multiply(zeros, 1.0 - self.alpha)
        return xp.add(xp.multiply(target, ones), xp.multiply(xp.subtract(1.0, target), zeros))


@dataclass(frozen=True)
class Focal(ClassLoss):
    """``-(1 - p)**gamma log p`` of the probability `p` that was given to the right class.

    Parameters
    ----------
    gamma : float >= 0
        How much less it counts what is already right; 0 is `CrossEntropy`.
    from_logits : bool
        Whether the output is z with ``p = softmax(z)``, or p itself.
    reduction : "mean" or "sum"

    Notes
    -----
    Outputs (batch, classes); targets whole-number labels (batch,), or probabilities (batch, classes).
    Weights of classes are those of ``bp.fit(class_weight=)``.
    """

    gamma: float = 2.0
    from_logits: bool = True
    reduction: str = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_gamma(self)

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return a term for each sample."""
        if self.from_logits:
            logs = wanted_only(xp, target, xp.log_softmax(output, axis=-1))
            rest = xp.negative(xp.expm1(logs))
        else:
            logs, rest = floored_log(xp, output), xp.subtract(1.0, output)
        terms = xp.multiply(_damped(xp, rest, self.gamma), logs)
        return xp.negative(expected(xp, target, terms))


def _damped(xp: Namespace, share: Array, gamma: float) -> Array:
    """Return ``share**gamma`` with a floor, from which a gamma below 1 has a finite slope."""
    return xp.pow(xp.maximum(share, FLOOR), float(gamma))
