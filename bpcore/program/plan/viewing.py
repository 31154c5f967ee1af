"""Functions that only look at an array in another way, as views."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from bpcore.program.equation import Equation
from bpcore.program.plan.indexing import picked
from bpcore.program.plan.strided import Strided
from bpcore.words.protocols import Shape

__all__ = ["VIEWING", "viewed"]

VIEWING = frozenset(
    (
        *("reshape", "expand_dims", "squeeze", "broadcast_to", "matrix_transpose", "permute_dims"),
        *("moveaxis", "flip", "getitem"),
    )
)
"""The functions, by name."""

View = TypeVar("View", bound=Strided)


def viewed(equation: Equation, view: View, shape: Shape) -> View | None:
    """Return where the result of one of `VIEWING` lies; None where its elements must be moved.

    Parameters
    ----------
    equation : Equation
    view : Strided
        Where its first input lies.
    shape : tuple of int
        The result's.
    """
    name, rank = equation.function.name, len(view.shape)
    if name in ("reshape", "expand_dims", "squeeze"):
        return view.reshaped(shape)
    if name == "broadcast_to":
        return view.broadcast(shape)
    if name == "getitem":
        return picked(view, equation.static["key"])
    if name == "flip":
        axis = _argument(equation, 1, "axis")
        return view.flipped(range(rank) if axis is None else _axes(axis, rank))
    return view.permuted(_order(equation, rank))


def _order(equation: Equation, rank: int) -> list[int]:
    """Return the axes in the order in which the result has them."""
    if equation.function.name == "matrix_transpose":
        return [*range(rank - 2), rank - 1, rank - 2]
    if equation.function.name == "permute_dims":
        return _axes(_argument(equation, 1, "axes"), rank)
    source = _axes(_argument(equation, 1, "source"), rank)
    target = _axes(_argument(equation, 2, "destination"), rank)
    order = [i for i in range(rank) if i not in source]
    for to, of in sorted(zip(target, source, strict=True)):
        order.insert(to, of)
    return order


def _argument(equation: Equation, number: int, name: str) -> Any:
    if name in equation.static:
        return equation.static[name]
    return equation.inputs[number] if len(equation.inputs) > number else None


def _axes(axis: int | Iterable[int], rank: int) -> list[int]:
    return [i % rank for i in ([axis] if isinstance(axis, int) else axis)]
