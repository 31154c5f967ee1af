"""The Jacobian: one pull-back for each element of the output."""

from __future__ import annotations

import functools
from collections.abc import Callable

from bpcore.derivatives.namespace import device_of, space_of
from bpcore.derivatives.tracing import check_argnums, name_of
from bpcore.derivatives.transforms import vjp
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, unflatten

__all__ = ["jacobian"]


def jacobian(f: Callable[..., Array], *, argnums: int = 0) -> Callable[..., Tree]:
    """Return a function that computes the Jacobian of `f`, one pull-back for each element of its output.

    Parameters
    ----------
    f : function
        Of trees of arrays to one array.
    argnums : int
        Which argument to differentiate by.

    Returns
    -------
    function
        Of the same arguments, to a tree like the argument, with arrays of the output's shape followed by
        the input's.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.jacobian(lambda x: x**2)(np.asarray([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def differentiated(*args: Tree) -> Tree:
        check_argnums(f, args, argnums)

        def of_one(x: Tree) -> Array:
            return f(*args[:argnums], x, *args[argnums + 1 :])

        y, pullback = vjp(of_one, args[argnums])
        xp = space_of(y).traced
        shape, size = tuple(y.shape), max(_size(y.shape), 0)
        numbers = xp.reshape(xp.arange(size, device=device_of(y)), shape)
        rows = [flatten(pullback(xp.astype(xp.equal(numbers, i), y.dtype))[0]) for i in range(size)]
        if not rows:
            raise ShapeError(f"jacobian of {name_of(f)}", "an output with elements", shape)
        columns = zip(*(row for row, _ in rows), strict=True)
        stacked = [xp.reshape(xp.stack(column), shape + tuple(column[0].shape)) for column in columns]
        return unflatten(rows[0][1], stacked)

    return differentiated


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
