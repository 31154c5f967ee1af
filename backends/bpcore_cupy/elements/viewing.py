"""Functions that only look at an array in another way: where the result lies in its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.plan import viewing
from bpcore.program.plan.indexing import picked as key_as_view
from bpcore.words.protocols import Static
from bpcore_cupy.elements.kernel import Layout
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.views import View, view_of

__all__ = ["picked", "viewed"]


def viewed(
    equation: Equation,
    types: Mapping[Slot | Constant, Any],
    layouts: Mapping[Slot | Constant, Layout] | None = None,
) -> Layout | None:
    """Return how the result lies in the memory of the first input, if the function is no more than a view.

    Parameters
    ----------
    equation : Equation
    types : mapping of Slot or Constant to ArrayType
    layouts : mapping of Slot or Constant to Layout, optional
        Where an array does not lie in C order from the pointer on.

    Returns
    -------
    Layout or None
        None where elements must be moved, or where the function is another one.
    """
    operand = next(iter(equation.inputs), None)
    if equation.function.name not in viewing.VIEWING or not isinstance(operand, Slot | Constant):
        return None
    view = view_of(tuple(types[operand].shape), (layouts or {}).get(operand))
    shape = tuple(types[equation.output].shape)
    found = viewing.viewed(equation, view, shape)
    return None if found is None or found.shape != shape else Layout(found.strides, found.offset)


def picked(view: View, key: Static) -> View:
    """Return the view of a key of integers, slices, None and an ellipsis.

    Raises
    ------
    Refused
        If the key holds something else.
    """
    found = key_as_view(view, key)
    if found is None:
        raise Refused("indexing by a mask")
    return found
