"""Weights: how much each sample counts, by itself or by its class."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.step import Batch
from bpcore.parts.losses import BinaryLoss, ClassLoss, Hinge, Loss
from bpcore.run.checks import check_pair
from bpcore.run.feeding.place import Place
from bpcore.words.errors import DataError, OptionError, ShapeError
from bpcore.words.protocols import Array, Static

__all__ = ["ClassWeight", "class_weighted", "taken_apart", "weighted"]

ClassWeight = str | Mapping[int, float] | Array
"""``"balanced"``, a mapping from class to weight, or a weight for each class."""


def weighted(
    place: Place, data: Batch, weights: Array | None, name: str = "sample_weight", *, some: bool = True
) -> Batch:
    """Return the batch with a weight for each sample; as it is for None.

    Raises
    ------
    ShapeError, DataError
        When there is not one for each sample, or one is negative or not finite, or, with `some`, all are 0.
    """
    if weights is None:
        return data
    samples = data[0].shape[0]
    weights = place.numbers(weights, name)
    if tuple(weights.shape) != (samples,):
        raise ShapeError(name, f"{samples} weights, one a sample", f"shape {tuple(weights.shape)}")
    xp = array_namespace(weights)
    fits = xp.logical_and(xp.isfinite(weights), xp.greater_equal(weights, 0))
    if not bool(xp.all(fits)):
        first = int(xp.argmin(xp.astype(fits, xp.int32)))
        raise DataError(
            f"{name} holds {float(weights[first]):g} at index {first}: weights are finite numbers, 0 or more."
        )
    if some and not bool(xp.any(xp.greater(weights, 0))):
        raise DataError(f"{name} holds only zeros: no sample would count.")
    return *data, weights


def class_weighted(
    place: Place, data: Batch, loss: Loss, outputs: int, by_class: ClassWeight | None
) -> Batch:
    """Return the batch with the weight of its class for each sample, times the sample's own if it has one.

    Parameters
    ----------
    place : Place
    data : tuple (x, y) or (x, y, weights)
    loss : Loss
    outputs : int
        How many the network has.
    by_class : "balanced", mapping, array or None
        "balanced" is ``samples / (classes x samples of the class)``, as in scikit-learn.

    Raises
    ------
    OptionError, DataError
        When the loss is none of classes, or the weights are not those of its classes.
    """
    if by_class is None:
        return data
    labels, classes = _labels(data[1], loss, outputs)
    xp = array_namespace(labels)
    if isinstance(by_class, str):
        if by_class != "balanced":
            raise OptionError("class_weight", by_class, '"balanced", a mapping, or a weight for each class')
        table = _balanced(place, labels, classes)
    else:
        table = place.array(_table(by_class, loss, classes), place.dtype)
    weights = xp.take(table, labels, axis=0)
    x, y, *own = data
    return x, y, xp.multiply(weights, own[0]) if own else weights


def taken_apart(data: Static, name: str) -> tuple[Batch, Array | None]:
    """Return the pair (x, y) and the weights of data that may be a triple."""
    if isinstance(data, tuple | list) and len(data) == 3:  # noqa: PLR2004
        return (data[0], data[1]), data[2]
    check_pair(data, name)
    return data, None


def _labels(y: Array, loss: Loss, outputs: int) -> tuple[Array, int]:
    """Return whole-number labels, and of how many classes."""
    xp = array_namespace(y)
    if isinstance(loss, ClassLoss):
        if y.ndim != 1:
            raise DataError("class_weight wants labels of shape (samples,), was given probabilities.")
        return y, outputs
    if not isinstance(loss, BinaryLoss | Hinge):
        do = "Weigh samples, with sample_weight=."
        raise OptionError(
            "class_weight", "one", f"left out with {type(loss).__name__}, a loss that has no classes", do
        )
    if math.prod(y.shape[1:]) != 1:
        raise DataError(
            f"class_weight wants one target a sample, was given {math.prod(y.shape[1:])}: weigh samples, "
            "with sample_weight=."
        )
    return xp.astype(xp.greater(xp.reshape(y, (-1,)), 0.5), xp.int32), 2


def _balanced(place: Place, labels: Array, classes: int) -> Array:
    xp = array_namespace(labels)
    counts = xp.stack([xp.sum(xp.astype(xp.equal(labels, c), place.dtype)) for c in range(classes)])
    present = xp.sum(xp.astype(xp.greater(counts, 0), place.dtype))
    shares = xp.multiply(xp.maximum(counts, xp.ones_like(counts)), present)
    return xp.divide(xp.full_like(shares, float(labels.shape[0])), shares)


def _table(by_class: Mapping[int, float] | Array, loss: Loss, classes: int) -> list[float]:
    """Return a weight for each class; 1 for those that a mapping leaves out, as in scikit-learn."""
    if isinstance(by_class, Mapping):
        given = {0 if key == -1 and isinstance(loss, Hinge) else key: by_class[key] for key in by_class}
        strange = sorted(str(key) for key in given if key not in range(classes))
        if strange:
            wanted = f"weights of classes from 0 to {classes - 1}"
            raise OptionError("class_weight", f"one of class {strange[0]}", wanted)
        by_class = [given.get(c, 1.0) for c in range(classes)]
    try:
        weights = [float(weight) for weight in by_class]
    except (TypeError, ValueError):
        weights = []
    if len(weights) != classes or not all(0 <= weight < math.inf for weight in weights):
        raise OptionError("class_weight", by_class, f"{classes} finite numbers, 0 or more, one a class")
    return weights
