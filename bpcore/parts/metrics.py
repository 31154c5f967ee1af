"""Metrics: what a person wants to know of a network, computed inside the pure step."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.losses import BinaryLoss, ClassLoss, Hinge, Loss
from bpcore.words.protocols import Array

__all__ = ["accuracy", "predicted"]


def predicted(loss: Loss, output: Array, /) -> Array | None:
    """Return the labels that an output means, or None where the loss is not one of classes.

    The largest output for `CrossEntropy` and `Focal`; for `BinaryCrossEntropy` and `BinaryFocal` whether
    ``p > 0.5``; for `Hinge` whether the output is above 0.
    """
    xp = array_namespace(output)
    if isinstance(loss, ClassLoss):
        return xp.argmax(output, axis=-1)
    if isinstance(loss, BinaryLoss):
        return xp.greater(output, 0.0 if loss.from_logits else 0.5)
    return xp.greater(output, 0.0) if isinstance(loss, Hinge) else None


def accuracy(loss: Loss, output: Array, target: Array, weights: Array | None = None, /) -> Array | None:
    """Return the share of right labels, an array of shape (), or None where there are no classes.

    With weights of shape (batch,) it is the share of the weight; 0 where all weights are 0.
    """
    labels = predicted(loss, output)
    if labels is None:
        return None
    xp = array_namespace(output)
    if not isinstance(loss, ClassLoss):
        target = xp.greater(target, 0.5)
    elif target.ndim == output.ndim:
        target = xp.argmax(target, axis=-1)
    else:
        target = xp.astype(target, labels.dtype)
    right = xp.astype(xp.equal(labels, target), output.dtype)
    if weights is None:
        return xp.mean(right)
    if right.ndim > 1:
        right = xp.mean(right, axis=tuple(range(1, right.ndim)))
    whole = xp.sum(weights)
    return xp.divide(
        xp.sum(xp.multiply(right, weights)), xp.where(xp.equal(whole, 0.0), xp.ones_like(whole), whole)
    )
