"""Which axis of each array of a Program is that of the samples: the one that grows with them.

The function is recorded once more with one sample more, and the lengths are compared. A length alone does not
tell: a weight's gradient of as many inputs as the batch has samples has the shape of one, and no samples.
Where a reshape joins the samples with the axes behind them, as convolutions do, a sample has several places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.program.equation import ArrayType, Equation, Equations, Slot
from bpcore.program.record import record
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import tree_map

__all__ = ["SampleAxis", "sample_axes"]

FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a function raises that takes no other number of samples."""


class SampleAxis(NamedTuple):
    """An axis, and how many places in a row each sample has on it."""

    axis: int
    each: int = 1


def sample_axes(
    program: Equations, f: Callable[..., Tree], args: tuple[Tree, ...], samples: Collection[int]
) -> dict[Slot, SampleAxis]:
    """Return the axis of the samples for each slot that has one; for others nothing.

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
    axes: dict[Slot, SampleAxis] = {}
    made = {equation.output: equation for equation in program.equations}
    for slot in [*program.inputs, *made]:
        grown = _grown(program.types[slot], longer.types.get(slot))
        if grown is not None and (grown.each == 1 or _is_joined(made.get(slot), grown, axes)):
            axes[slot] = grown
    return axes


def _one_more(x: Array) -> Array:
    return array_namespace(x).concat((x, x[:1, ...]), axis=0)


def _grown(one: Static, other: Static) -> SampleAxis | None:
    """Return the one axis that is longer in the other, and by how much; None where there is no such one."""
    if not isinstance(one, ArrayType) or not isinstance(other, ArrayType):
        return None
    if len(one.shape) != len(other.shape):
        return None
    more = [b - a for a, b in zip(one.shape, other.shape, strict=True)]
    axes = [axis for axis, longer in enumerate(more) if longer]
    return SampleAxis(axes[0], more[axes[0]]) if len(axes) == 1 and more[axes[0]] > 0 else None


def _is_joined(equation: Equation | None, grown: SampleAxis, axes: Mapping[Slot, SampleAxis]) -> bool:
    """Whether each sample's places lie in a row: by a reshape of samples in front, or as in what went in."""
    if equation is None or grown.axis != 0:
        return False
    before = [axes[x] for x in equation.inputs if isinstance(x, Slot) and x in axes]
    if equation.function.name == "reshape":
        return any(one.axis == 0 for one in before)
    return grown in before
