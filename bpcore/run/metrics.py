"""Metrics of answers beside the truth: `bp.metrics`. Arrays of any library, names and rules of scikit-learn.

Every function takes the truth first and returns an array of shape () on the arrays' own device. Nothing is
read from an array, but for the number of classes where it is left out.

With two classes, the score is that of class 1; with more, the plain mean over the classes that occur in the
truth or the answers (scikit-learn's ``average="macro"``); with answers of shape (samples, targets) that are
0 or 1, the mean over the targets.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.registry import backend_of
from bpcore.words.errors import DataError, ShapeError
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["accuracy", "f1", "mae", "precision", "r2", "recall", "roc_auc"]

BINARY, PLANE = 2, 2
"""Classes of a task with a positive and a negative one; axes of (samples, targets)."""


def accuracy(y_true: Array, y_pred: Array, /) -> Array:
    """Return the share of right answers, over all samples and targets.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape, (samples,) or (samples, targets)
        Whole numbers or booleans.

    Raises
    ------
    ShapeError
        When the shapes differ, as in all functions here.
    """
    xp, kind = _prepared("accuracy", y_true, y_pred)
    return xp.mean(xp.astype(xp.equal(y_true, xp.astype(y_pred, y_true.dtype)), kind))


def precision(y_true: Array, y_pred: Array, /, *, classes: int | None = None) -> Array:
    """Return the share of what was taken for a class that is of it; 0 where nothing was taken for it.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
        Labels (samples,) from 0; or 0 and 1, (samples, targets).
    classes : int or None
        How many classes there are; None: one more than the largest label, which is read.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> float(bp.metrics.precision(np.asarray([0, 1, 1, 0]), np.asarray([0, 1, 1, 1]))) * 3
    2.0
    """

    def score(xp: Namespace, hits: Array, true: Array, taken: Array) -> Array:
        return _share(xp, hits, taken)

    return _by_class("precision", y_true, y_pred, classes, score)


def recall(y_true: Array, y_pred: Array, /, *, classes: int | None = None) -> Array:
    """Return the share of a class that was taken for it; 0 where no sample is of it.

    Parameters: as for `precision`.
    """

    def score(xp: Namespace, hits: Array, true: Array, taken: Array) -> Array:
        return _share(xp, hits, true)

    return _by_class("recall", y_true, y_pred, classes, score)


def f1(y_true: Array, y_pred: Array, /, *, classes: int | None = None) -> Array:
    """Return the harmonic mean of precision and recall: twice the hits over what is and what was taken.

    Parameters: as for `precision`.
    """

    def score(xp: Namespace, hits: Array, true: Array, taken: Array) -> Array:
        return _share(xp, 2 * hits, true + taken)

    return _by_class("f1", y_true, y_pred, classes, score)


def roc_auc(y_true: Array, y_score: Array, /) -> Array:
    """Return the area under the ROC curve: how often a sample of the class scores above one that is not.

    Parameters
    ----------
    y_true : array (samples,) or (samples, targets)
        Labels.
    y_score : array (samples,), (samples, 1) or (samples, classes)
        The larger, the likelier class 1. With several columns and labels (samples,), the probabilities of
        the classes: each is told from all others, and the mean taken (``multi_class="ovr"``).

    Returns
    -------
    array of shape ()
        Ties count one half. NaN where a class has no sample, or all, or where a score is NaN: the area is
        not defined then.
    """
    xp = array_namespace(y_score)
    score = xp.astype(y_score, _wide(y_score))
    if y_true.ndim == 1 and score.ndim == PLANE and score.shape[1] > 1:
        _same("roc_auc", y_true, score[:, 0])
        columns = [(xp.equal(y_true, i), score[:, i]) for i in range(score.shape[1])]
    else:
        flat = (y_true, score) if score.ndim == y_true.ndim else _flat(xp, y_true, score)
        _same("roc_auc", *flat)
        truth, score = (xp.reshape(part, (part.shape[0], -1)) for part in flat)
        columns = [(xp.greater(truth[:, i], 0), score[:, i]) for i in range(score.shape[1])]
    return xp.mean(xp.stack([_area(xp, true, score) for true, score in columns]))


def _flat(xp: Namespace, *parts: Array) -> tuple[Array, ...]:
    """Return arrays (samples,) of ones (samples,) and (samples, 1)."""
    return tuple(part[:, 0] if part.ndim == PLANE and part.shape[1] == 1 else part for part in parts)


def _area(xp: Namespace, true: Array, score: Array) -> Array:
    """Return the area of one column by the ranks of those that are true; ties share their mean rank."""
    score = xp.asarray(score, copy=True)  # a column of a table lies apart, which PyTorch warns of
    order = xp.sort(score)
    below, upto = (xp.searchsorted(order, score, side=side) for side in ("left", "right"))
    ranks = xp.astype(xp.add(below, upto) + 1, score.dtype) / 2
    true = xp.astype(true, score.dtype)
    positives = xp.sum(true)
    negatives = xp.sum(1 - true)
    one = xp.ones_like(positives)
    mean_rank = xp.sum(ranks * true) / xp.maximum(positives, one)
    area = (mean_rank - (positives + 1) / 2) / xp.maximum(negatives, one)
    defined = xp.logical_and(xp.greater(positives, 0), xp.greater(negatives, 0))
    defined = xp.logical_and(defined, xp.logical_not(xp.any(xp.isnan(score))))
    return xp.where(defined, area, xp.full_like(area, float("nan")))


def r2(y_true: Array, y_pred: Array, /) -> Array:
    """Return the share of the truth's variance that the answers explain, the mean over the targets.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape, (samples,) or (samples, targets)

    Returns
    -------
    array of shape ()
        1 at best, below 0 where the mean would be better. Of a constant truth: 1 where the answers are
        right, else 0. NaN for one sample.
    """
    xp, kind = _prepared("r2", y_true, y_pred)
    truth, found = xp.astype(y_true, kind), xp.astype(y_pred, kind)
    rest = xp.sum(xp.square(truth - found), axis=0)
    spread = xp.sum(xp.square(truth - xp.mean(truth, axis=0, keepdims=True)), axis=0)
    if y_true.shape[0] < 2:  # noqa: PLR2004
        return xp.mean(xp.full_like(rest, float("nan")))
    flat, exact = xp.equal(spread, 0), xp.equal(rest, 0)
    score = 1 - rest / xp.where(flat, xp.ones_like(spread), spread)
    constant = xp.where(exact, xp.ones_like(rest), xp.zeros_like(rest))
    return xp.mean(xp.where(flat, constant, score))


def mae(y_true: Array, y_pred: Array, /) -> Array:
    """Return the mean absolute error, over all samples and targets.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
    """
    xp, kind = _prepared("mae", y_true, y_pred)
    return xp.mean(xp.abs(xp.astype(y_true, kind) - xp.astype(y_pred, kind)))


def _by_class(
    name: str, y_true: Array, y_pred: Array, classes: int | None, score: Callable[..., Array]
) -> Array:
    """Return ``score(xp, hits, true, taken)`` of the counts of each class, averaged as it should be."""
    xp, kind = _prepared(name, y_true, y_pred)
    for part in (y_true, y_pred):
        if not xp.isdtype(part.dtype, ("bool", "numeric")):
            raise DataError(f"{name} wants labels that are numbers from 0, was given those of {part.dtype}.")
    if y_true.ndim == PLANE:
        parts = [xp.astype(xp.greater(part, 0), kind) for part in (y_true, y_pred)]
        return xp.mean(score(xp, *_counts(xp, *parts)))
    number = _classes(xp, y_true, y_pred) if classes is None else classes
    labels = xp.arange(number, dtype=xp.int32, device=device_of(y_true))
    parts = [
        xp.astype(xp.equal(xp.astype(part, xp.int32)[:, None], labels[None, :]), kind)
        for part in (y_true, y_pred)
    ]
    hits, true, taken = _counts(xp, *parts)
    scores = score(xp, hits, true, taken)
    if number <= BINARY:
        return scores[-1]
    there = xp.astype(xp.greater(true + taken, 0), kind)
    return xp.sum(scores * there) / xp.sum(there)


def _counts(xp: Namespace, true: Array, taken: Array) -> tuple[Array, Array, Array]:
    """Return for each column how many are right, how many are of it, and how many were taken for it."""
    return xp.sum(true * taken, axis=0), xp.sum(true, axis=0), xp.sum(taken, axis=0)


def _share(xp: Namespace, part: Array, whole: Array) -> Array:
    """Return the quotient of counts, 0 where there is nothing."""
    return part / xp.maximum(whole, xp.ones_like(whole))


def _classes(xp: Namespace, *labels: Array) -> int:
    largest = [xp.max(xp.astype(part, xp.int32)) for part in labels]
    return max(BINARY, *(1 + int(backend_of(number).to_host(number)) for number in largest))


def _prepared(name: str, y_true: Array, y_pred: Array) -> tuple[Namespace, Dtype]:
    """Return the namespace and the float dtype to count in."""
    _same(name, y_true, y_pred)
    return array_namespace(y_pred), _wide(y_pred)


def _wide(x: Array) -> Dtype:
    """Return the widest float of the device: counts of more than 2**24 samples are exact in it."""
    xp = array_namespace(x)
    there = xp.__array_namespace_info__().dtypes(device=device_of(x), kind="real floating")
    return there.get("float64", xp.float32)


def _same(name: str, *parts: Array) -> None:
    """Want arrays of one shape."""
    for part in parts:
        if not hasattr(part, "shape"):
            do = "Give arrays, as numpy.asarray(y)."
            raise ShapeError(name, "arrays", f"a {type(part).__name__}", do)
    wanted, given = (tuple(part.shape) for part in parts)
    if wanted != given:
        raise ShapeError(name, f"answers of the truth's shape {wanted}", given)
