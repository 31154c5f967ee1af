"""`named`: a reader's name for what a function computes on its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from bpcore.derivatives.arrays.traced import Traced
from bpcore.words.protocols import Array

__all__ = ["Names", "collected", "named"]

Names = str | Sequence["Names"]
"""A name for an array, or names for its elements, nested as they are."""

_COLLECTED: ContextVar[list[tuple[Names, Array]] | None] = ContextVar("collected", default=None)


def named(name: Names, x: Array, /) -> Array:
    """Return `x` itself; where the function is being explained, it bears this name there.

    Parameters
    ----------
    name : str, or nested lists of str
        Of the array, whose elements are then numbered, or of each element.
    x : array

    Examples
    --------
    >>> import bpcore as bp
    >>> def loss(w, x, y):
    ...     y_hat = bp.named("y_hat", w * x)
    ...     return bp.named("L", (y_hat - y) ** 2 / 2)
    >>> bp.explain(loss, 0.5, 2.0, 3.0)["dL/dw"]
    -4.0
    """
    told = _COLLECTED.get()
    if told is not None and type(x) is Traced:
        told.append((name, x))
    return x


@contextmanager
def collected() -> Iterator[list[tuple[Names, Array]]]:
    """Collect the names that are given while a function runs."""
    told: list[tuple[Names, Array]] = []
    token = _COLLECTED.set(told)
    try:
        yield told
    finally:
        _COLLECTED.reset(token)
