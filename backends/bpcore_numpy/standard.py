"""Functions that NumPy has with another signature than the standard, or another dtype of the result."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["STANDARD"]


def add_along_axis(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add elements to those of a copy of `x` along one axis; a place may come twice."""
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    y = x.copy()
    np.add.at(y, tuple(places), source)
    return y


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return the places in sorted order; descending, equal elements keep their order if `stable`."""
    if not descending:
        return np.argsort(x, axis=axis, stable=stable)
    turned = np.argsort(np.flip(x, axis=axis), axis=axis, stable=stable)
    return x.shape[axis] - 1 - np.flip(turned, axis=axis)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Clamp, in the dtype of `x` whatever that of the bounds."""
    if min is None and max is None:
        return x.copy()
    y = np.clip(x, min, max)
    return y if y.dtype is x.dtype else y.astype(x.dtype, copy=False)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Subtract neighbours; None stands for nothing before or after."""
    beside = {"prepend": prepend, "append": append}
    return np.diff(x, n=n, axis=axis, **{name: part for name, part in beside.items() if part is not None})


def finfo(kind: Any, /) -> Any:
    """Return the limits of a floating dtype, or of an array's, as Python numbers."""
    found = np.finfo(kind.dtype if isinstance(kind, np.ndarray | np.generic) else kind)
    limits = {name: float(getattr(found, name)) for name in ("eps", "max", "min", "smallest_normal")}
    return SimpleNamespace(bits=found.bits, dtype=found.dtype, **limits)


def iinfo(kind: Any, /) -> Any:
    """Return the limits of an integer dtype, or of an array's."""
    return np.iinfo(kind.dtype if isinstance(kind, np.ndarray | np.generic) else kind)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return the elements in order."""
    y = np.sort(x, axis=axis, stable=stable)
    return np.flip(y, axis=axis) if descending else y


STANDARD: dict[str, Callable[..., Any]] = {
    kernel.__name__: kernel for kernel in (add_along_axis, argsort, clip, diff, finfo, iinfo, sort)
}
