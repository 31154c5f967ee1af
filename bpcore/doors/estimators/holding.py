"""Early stopping: the samples that are held out, and how good the outputs for them are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.sparse import SparseRows
from bpcore.ground.registry import backend_of
from bpcore.parts.keys import permutation
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array, Namespace

__all__ = ["right_share", "split_off", "variance_explained"]

FEWEST = 2


def split_off(
    data: Sequence[Array], share: float, key: Array, codes: Array | None
) -> tuple[list[Array], list[Array]]:
    """Return the data in two random parts, the second with `share` of the samples, rounded up.

    Parameters
    ----------
    data : arrays (samples, ...)
        The first one may be `SparseRows`.
    share : float
    key : key
    codes : array (samples,), whole numbers, or None
        The classes, to have the same share of each in both parts.
    """
    samples = data[0].shape[0]
    held = math.ceil(share * samples)
    if not FEWEST <= held < samples:
        raise DataError(
            f"validation_fraction={share:g} of {samples} samples holds out {held}: hold out {FEWEST} or more."
        )
    xp = space_of(data[-1]).functions
    order = permutation(key, samples)
    if codes is not None:
        order = xp.take(order, xp.argsort(xp.take(codes, order), stable=True))
    marks = [(i + 1) * held // samples > i * held // samples for i in range(samples)]
    parts = []
    for wanted in (False, True):
        places = [i for i, mark in enumerate(marks) if mark is wanted]
        chosen = xp.take(order, xp.asarray(places, dtype=order.dtype, device=order.device))
        parts.append([_chosen(xp, part, chosen) for part in data])
    return parts[0], parts[1]


def _chosen(xp: Namespace, part: Any, places: Array) -> Any:
    if isinstance(part, SparseRows):
        return part.chosen(backend_of(places).to_host(places))
    return xp.take(part, places, axis=0)


def right_share(predicted: Array, codes: Array, weights: Array) -> Array:
    """Return the weighted share of samples all of whose codes are right, an array of shape ()."""
    xp = space_of(codes).functions
    right = xp.equal(predicted, xp.astype(codes, predicted.dtype))
    if right.ndim > 1:
        right = xp.all(right, axis=1)
    return xp.sum(xp.astype(right, weights.dtype) * weights) / xp.sum(weights)


def variance_explained(predicted: Array, y: Array, weights: Array) -> Array:
    """Return R2, the mean over the outputs, an array of shape (); 0 for an output that is constant."""
    xp = space_of(y).functions
    weights = xp.reshape(weights, (-1, 1))
    middle = xp.sum(weights * y, axis=0) / xp.sum(weights)
    missed = xp.sum(weights * xp.square(y - predicted), axis=0)
    whole = xp.sum(weights * xp.square(y - middle), axis=0)
    constant = xp.equal(whole, 0.0)
    share = 1.0 - missed / xp.where(constant, xp.ones_like(whole), whole)
    return xp.mean(xp.where(constant, xp.zeros_like(share), share))
