"""Classes: which there are, and the code of each sample."""

from __future__ import annotations

from typing import Any

from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.place import Home
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array

__all__ = ["check_same", "checked_labels", "classes_of", "codes_of", "is_numeric", "told_classes"]


def checked_labels(y: Array) -> Array:
    """Return labels (samples,), or indicators (samples, classes); refuse what is neither."""
    if y.ndim > 1 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if y.ndim > 1 and type_of_target(y) == "multiclass-multioutput":
        raise DataError(
            "y holds several labels of many classes a sample: fit a classifier for each column, as with "
            "sklearn.multioutput.MultiOutputClassifier."
        )
    return y


def classes_of(y: Array) -> Array:
    """Return the classes in order; of indicators their places."""
    xp = space_of(y).functions
    if y.ndim > 1:
        return xp.arange(y.shape[1], device=y.device)
    return xp.sort(xp.unique_values(y))


def codes_of(y: Array, classes: Array) -> Array:
    """Return the place of each label among the classes.

    Raises
    ------
    DataError
        When a label is none of them.
    """
    xp = space_of(y).functions
    if xp.isdtype(y.dtype, "bool"):
        y, classes = xp.astype(y, xp.int32), xp.astype(classes, xp.int32)
    elif y.dtype != classes.dtype and is_numeric(y):
        y = xp.astype(y, classes.dtype)
    codes = xp.searchsorted(classes, y)
    last = classes.shape[0] - 1
    codes = xp.where(codes > last, xp.full_like(codes, last), codes)
    if not bool(xp.all(xp.take(classes, codes) == y)):
        raise DataError(
            f"y has labels that are not among the {last + 1} classes of the first fit: {classes}."
        )
    return xp.astype(codes, xp.int32)


def check_same(given: Array, known: Array, name: str) -> None:
    """Want the classes that are known already, all of them.

    Raises
    ------
    OptionError
    """
    xp = space_of(known).functions
    alike = tuple(given.shape) == tuple(known.shape) and is_numeric(given) == is_numeric(known)
    if not alike or not bool(xp.all(given == known)):
        raise OptionError(
            name, f"{given}", f"those of the first fit, {known}", "Train anew, or give them all."
        )


def is_numeric(x: Array) -> bool:
    """Say whether an array holds numbers, and no texts."""
    return bool(space_of(x).functions.isdtype(x.dtype, ("bool", "numeric")))


def told_classes(given: Any, y: Array) -> Array:
    """Return classes that the user names, in order, beside the labels where both are numbers."""
    classes = check_array(given, ensure_2d=False, dtype=None, input_name="classes")
    classes = Home(y).bring(classes) if is_numeric(y) and is_numeric(classes) else classes
    return classes_of(classes)
