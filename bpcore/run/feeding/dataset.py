"""A data set: samples, and what is to be learnt from them."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.words.protocols import Array

__all__ = ["Dataset"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples and what is to be learnt from them.

    Attributes
    ----------
    name : str
    x : (samples, features) array of floats
    y : array
        What the loss of the task wants: (samples, targets) floats, 0 or 1 for "binary"; (samples,)
        integers for "multiclass".
    features : tuple of str
        The names of the columns of `x`.
    targets : tuple of str
        The names of what is predicted: one, or one for each column of `y`.
    classes : tuple of str
        The names of the values that a target takes, in the order of their numbers.
    task : str
        "binary", "multiclass" or "regression".
    """

    name: str
    x: Array
    y: Array
    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    task: str
