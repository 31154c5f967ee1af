"""What the derivative promises of a small change, beside what the function does."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bpcore.derivatives.checks.numeric import floating, one_number
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.directional import jvp
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, unflatten

__all__ = ["FirstOrder", "first_order"]


class FirstOrder(NamedTuple):
    """The change of a function, predicted and true; arrays of shape ().

    Attributes
    ----------
    predicted : array
        The gradient times the change.
    true : array
        ``f(x + change) - f(x)``.
    difference : array
        ``true - predicted``: a quarter of it is left when the change is halved, where `f` is smooth.
    """

    predicted: Array
    true: Array
    difference: Array


def first_order(f: Callable[..., Array], /, *x: Tree, change: Tree) -> FirstOrder:
    """Return by how much `f` changes when its arguments do: as its derivative predicts, and truly.

    Parameters
    ----------
    f : function
        Of the arguments, to one real number.
    *x : real floating arrays, Python floats, or trees of them
        On any backend and device.
    change : tree
        Like the argument; for several arguments a tuple with one for each.

    Returns
    -------
    FirstOrder

    Raises
    ------
    ShapeError
        When `f` does not return one number, or `change` is not like the arguments.
    NotDifferentiable
        When an argument is not real floating, or a function on the way has no rule.

    Examples
    --------
    The loss of a course's network when one weight grows by 0.1:

    >>> import bpcore as bp
    >>> found = bp.first_order(lambda w2: (2.0 * 2.0 * w2 - 20.0) ** 2 / 2, 0.5, change=0.1)
    >>> print(f"predicted {float(found.predicted):.2f}, true {float(found.true):.2f}")
    predicted -7.20, true -7.12
    """
    arrays, structure = floating("first_order", x)
    if len(x) > 1 and (not isinstance(change, tuple) or len(change) != len(x)):
        raise ShapeError("first_order", f"a tuple of {len(x)} changes, one for each argument", repr(change))
    changes, its_structure = flatten(change if len(x) > 1 else (change,))
    if its_structure != structure:
        raise ShapeError("first_order", f"a change like the arguments, {structure}", its_structure)
    changes = [_change(a, c) for a, c in zip(arrays, changes, strict=True)]
    moved = [space_of(a).traced.add(a, c) for a, c in zip(arrays, changes, strict=True)]
    before, predicted = jvp(f, unflatten(structure, arrays), unflatten(structure, changes))
    values = [before, f(*unflatten(structure, moved)), predicted]
    before, after, predicted = (one_number("first_order", f, arrays[0], value) for value in values)
    return FirstOrder(predicted, after - before, after - before - predicted)


def _change(x: Array, c: Array) -> Array:
    """Return a change as an array like its argument."""
    space, shape = space_of(x), tuple(x.shape)
    if type(c) in {float, int}:
        if shape:
            raise ShapeError("first_order", f"a change of shape {shape}", "a number")
        return space.backend.asarray(float(c), dtype=x.dtype, device=device_of(x))
    given = getattr(c, "shape", None)
    if given is None or tuple(given) != shape:
        raise ShapeError("first_order", f"a change of shape {shape}", repr(c) if given is None else given)
    return space.traced.astype(c, x.dtype)
