"""Functions that only look at an array in another way: where the result lies in its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.plan.indexing import picked as key_as_view
from bpcore_cupy.elements.kernel import Layout
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.views import View, broadcast, contiguous, view_of

__all__ = ["VIEWING", "picked", "viewed"]

VIEWING = frozenset(
    (
        *("reshape", "expand_dims", "squeeze", "broadcast_to", "matrix_transpose", "permute_dims"),
        *("moveaxis", "flip", "getitem"),
    )
)


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
    if equation.function.name not in VIEWING or not isinstance(operand, Slot | Constant):
        return None
    view = view_of(tuple(types[operand].shape), (layouts or {}).get(operand))
    shape = tuple(types[equation.output].shape)
    try:
        found = _view(equation, view, shape)
    except Refused:
        return None
    return None if found is None or found.shape != shape else Layout(found.strides, found.offset)


def _argument(equation: Equation, number: int, name: str) -> Any:
    if name in equation.static:
        return equation.static[name]
    return equation.inputs[number] if len(equation.inputs) > number else None


def _view(equation: Equation, view: View, shape: tuple[int, ...]) -> View | None:
    name, rank = equation.function.name, len(view.shape)
    if name in ("reshape", "expand_dims", "squeeze"):
        return _reshaped(view, shape)
    if name == "broadcast_to":
        return broadcast(view, shape)
    if name == "flip":
        axis = _argument(equation, 1, "axis")
        return _flipped(view, range(rank) if axis is None else _axes(axis))
    if name == "getitem":
        return picked(view, equation.static["key"])
    return view.permuted(_order(equation, rank))


def _order(equation: Equation, rank: int) -> list[int]:
    """Return the axes in the order in which the result has them."""
    if equation.function.name == "matrix_transpose":
        return [*range(rank - 2), rank - 1, rank - 2]
    if equation.function.name == "permute_dims":
        return [a % rank for a in _argument(equation, 1, "axes")]
    source, target = (
        _axes(_argument(equation, i + 1, name)) for i, name in enumerate(("source", "destination"))
    )
    order = [a for a in range(rank) if a not in [s % rank for s in source]]
    for to, of in sorted((t % rank, s % rank) for s, t in zip(source, target, strict=True)):
        order.insert(to, of)
    return order


def _axes(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def _reshaped(view: View, shape: tuple[int, ...]) -> View | None:
    """Return the view in another shape; None where its elements do not lie evenly."""
    flat = view.collapsed()
    if 0 in shape or flat.strides in {(), (1,)}:
        return View(shape, contiguous(shape), view.offset)
    if tuple(n for n in shape if n != 1) != tuple(n for n in view.shape if n != 1):
        return None
    rest = iter(s for n, s in zip(view.shape, view.strides, strict=True) if n != 1)
    return View(shape, tuple(0 if n == 1 else next(rest) for n in shape), view.offset)


def _flipped(view: View, axes: Any) -> View:
    strides, offset = list(view.strides), view.offset
    for axis in {a % len(view.shape) for a in axes}:
        offset += max(view.shape[axis] - 1, 0) * strides[axis]
        strides[axis] = -strides[axis]
    return View(view.shape, tuple(strides), offset)


def picked(view: View, key: Any) -> View:
    """Return the view of a key of integers, slices, None and an ellipsis.

    Raises
    ------
    Refused
        If the key holds something else.
    """
    found = key_as_view(view.shape, view.strides, view.offset, key)
    if found is None:
        raise Refused("indexing by a mask")
    return View(*found)
