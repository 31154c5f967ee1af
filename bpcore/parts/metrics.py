"""Metrics: what a person wants to know of a network, computed inside the pure step."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss
from bpcore.words.protocols import Array

__all__ = ["accuracy", "predicted"]


def predicted(loss: Loss, output: Array, /) -> Array | None:
    """Return the labels that an output means, or None where the loss is not one of classes.

    The largest output for `CrossEntropy`; for `BinaryCrossEntropy` whether ``p > 0.5``.
    """
    xp = array_namespace(output)
    if isinstance(loss, CrossEntropy):
        return xp.argmax(output, axis=-1)
    if isinstance(loss, BinaryCrossEntropy):
        return xp.greater(output, 0.0 if loss.from_logits else 0.5)
    return None


def accuracy(loss: Loss, output: Array, target: Array, /) -> Array | None:
    """Return the share of right labels, an array of shape (), or None where there are no classes."""
    labels = predicted(loss, output)
    if labels is None:
        return None
    xp = array_namespace(output)
    if isinstance(loss, BinaryCrossEntropy):
        target = xp.greater(target, 0.5)
    elif target.ndim == output.ndim:
        target = xp.argmax(target, axis=-1)
    else:
        target = xp.astype(target, labels.dtype)
    return xp.mean(xp.astype(xp.equal(labels, target), output.dtype))
