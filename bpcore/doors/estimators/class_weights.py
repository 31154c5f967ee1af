"""The weights of classes, as weights of their samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array

__all__ = ["weights_of"]


def weights_of(
    given: Mapping[Any, float] | str, codes: Array | None, classes: Array, weights: Array
) -> Array:
    """Return the samples' weights, with those of their classes.

    Parameters
    ----------
    given : dict from class to weight, or "balanced"
        Classes that are not in it weigh 1.
    codes : array (samples,), or None
        The places of their classes; None where a sample has several.
    classes : array (classes,)
    weights : array (samples,)
        Of the samples alone, beside the codes.

    Raises
    ------
    OptionError
        When a weight is given for what is no class, or samples have several.
    """
    if codes is None:
        raise OptionError("class_weight", given, "None where a sample has several labels", "Weigh samples.")
    xp = space_of(codes).functions
    if given == "balanced":
        each = _balanced(codes, classes.shape[0], weights)
    elif isinstance(given, Mapping):
        each = xp.asarray(_told(given, classes), dtype=weights.dtype, device=codes.device)
    else:
        raise OptionError("class_weight", given, 'a dict from class to weight, "balanced" or None')
    return weights * xp.take(each, codes)


def _told(given: Mapping[Any, float], classes: Array) -> list[float]:
    """Return the weight of each class."""
    xp = space_of(classes).functions
    weights = [1.0] * classes.shape[0]
    for label, weight in given.items():
        found = classes == label
        if not hasattr(found, "dtype") or not bool(xp.any(found)):
            raise OptionError("class_weight", f"a weight for {label!r}", "one for each of the classes in y")
        weights[int(xp.argmax(xp.astype(found, xp.int32)))] = float(weight)
    return weights


def _balanced(codes: Array, count: int, weights: Array) -> Array:
    """Return weights with which all classes weigh the same: ``sum(w) / (classes sum_class(w))``."""
    xp = space_of(codes).functions
    own = xp.reshape(codes, (-1, 1)) == xp.arange(count, dtype=codes.dtype, device=codes.device)
    each = xp.sum(xp.astype(own, weights.dtype) * xp.reshape(weights, (-1, 1)), axis=0)
    each = xp.where(each == 0, xp.ones_like(each), each)
    return xp.sum(weights) / (each * float(count))
