"""From the outputs of a classifier's network to codes and probabilities."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace, space_of
from bpcore.words.protocols import Array

__all__ = ["codes_from", "probabilities"]


def codes_from(output: Array, *, several: bool, count: int) -> Array:
    """Return the likeliest class of each sample, or with `several` a 0 or 1 for each class."""
    xp = space_of(output).functions
    if not several and output.shape[1] > 1:
        return xp.argmax(output, axis=1)
    codes = xp.astype(output > 0, xp.int32)
    if several:
        return codes
    return codes[:, 0] if count > 1 else xp.zeros_like(codes[:, 0])


def probabilities(output: Array, *, several: bool, count: int) -> Array:
    """Return the probability of each class, (samples, classes)."""
    xp = array_namespace(output)
    if several:
        return xp.expit(output)
    if output.shape[1] > 1:
        return xp.softmax(output, axis=1)
    one = xp.expit(output)
    return xp.concat([xp.expit(xp.negative(output)), one], axis=1) if count > 1 else xp.ones_like(one)
