"""Which axis of each array of a Program is that of the samples: the one that grows with them.

The function is recorded once more with one sample more, and the lengths are compared. A length alone does not
tell: a weight's gradient of as many inputs as the batch has samples has the shape of one, and no samples.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.program.equation import ArrayType, Equations, Slot
from bpcore.program.record import record
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import tree_map

__all__ = ["sample_axes"]

FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a function raises that takes no other number of samples."""


def sample_axes(
    program: Equations, f: Callable[..., Tree], args: tuple[Tree, ...], samples: Collection[int]
) -> dict[Slot, int]:
    """Return the axis of the samples, for each slot that has one of their length; for others nothing.

    Parameters
    ----------
    program : Program
        What `f` computes on these arguments, as `record` returns it.
    f : function
    args : trees of arrays
    samples : collection of int
        Which of the arguments have samples, along their first axis.
    """
    more = [tree_map(_one_more, arg) if i in samples else arg for i, arg in enumerate(args)]
    try:
        longer = record(f, *more)
    except FAULTS:
        return {}
    names = [[equation.function.name for equation in one.equations] for one in (program, longer)]
    if names[0] != names[1]:
        return {}
    axes = {slot: _grown(program.types[slot], longer.types.get(slot)) for slot in program.types}
    return {slot: axis for slot, axis in axes.items() if axis is not None}


def _one_more(x: Array) -> Array:
    return array_namespace(x).concat((x, x[:1, ...]), axis=0)


def _grown(one: Static, other: Static) -> int | None:
    """Return the one axis that is longer by one in the other; None where there is no such one."""
    if not isinstance(one, ArrayType) or not isinstance(other, ArrayType):
        return None
    if len(one.shape) != len(other.shape):
        return None
    more = [b - a for a, b in zip(one.shape, other.shape, strict=True)]
    return more.index(1) if sum(map(abs, more)) == 1 and 1 in more else None
