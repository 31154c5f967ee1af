"""Functions that only look at an array in another way."""

from __future__ import annotations

from typing import Any

from bpcore.program.equation import Equation
from bpcore.program.plan.indexing import picked as key_as_view
from bpcore_numba.lower import Lowering, handles
from bpcore_numba.places import Place
from bpcore_numba.refusal import Refused

__all__ = ["picked"]


def _argument(equation: Equation, number: int, name: str, default: Any = None) -> Any:
    if name in equation.static:
        return equation.static[name]
    return equation.inputs[number] if len(equation.inputs) > number else default


@handles("reshape", "expand_dims", "squeeze")
def _reshape(lowering: Lowering, equation: Equation) -> None:
    place, shape = lowering.place(equation.inputs[0]), lowering.shape(equation)
    view = place.reshaped(shape)
    lowering.view(equation, view or lowering.ordered(place).as_shape(shape))


@handles("broadcast_to")
def _broadcast(lowering: Lowering, equation: Equation) -> None:
    lowering.view(equation, lowering.place(equation.inputs[0]).broadcast(lowering.shape(equation)))


@handles("matrix_transpose")
def _transpose(lowering: Lowering, equation: Equation) -> None:
    place = lowering.place(equation.inputs[0])
    *front, i, j = range(len(place.shape))
    lowering.view(equation, place.permuted([*front, j, i]))


@handles("permute_dims")
def _permute(lowering: Lowering, equation: Equation) -> None:
    place = lowering.place(equation.inputs[0])
    axes = _argument(equation, 1, "axes")
    lowering.view(equation, place.permuted([i % len(axes) for i in axes]))


@handles("moveaxis")
def _move(lowering: Lowering, equation: Equation) -> None:
    place = lowering.place(equation.inputs[0])
    source, target = (_axes(_argument(equation, i + 1, n)) for i, n in enumerate(("source", "destination")))
    count = len(place.shape)
    order = [i for i in range(count) if i not in [s % count for s in source]]
    for to, of in sorted((t % count, s % count) for s, t in zip(source, target, strict=True)):
        order.insert(to, of)
    lowering.view(equation, place.permuted(order))


def _axes(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


@handles("flip")
def _flip(lowering: Lowering, equation: Equation) -> None:
    place = lowering.place(equation.inputs[0])
    axis = _argument(equation, 1, "axis")
    axes = range(len(place.shape)) if axis is None else _axes(axis)
    for i in axes:
        place = place.sliced(i % len(place.shape), max(place.shape[i] - 1, 0), -1, place.shape[i])
    lowering.view(equation, place)


def picked(place: Place, key: Any) -> Place:
    """Return the view ``place[key]`` of integers, slices, None and an ellipsis."""
    found = key_as_view(place.shape, place.strides, place.offset, key)
    if found is None:
        raise Refused("indexing by a mask")
    return Place(place.block, place.kind, *found)


@handles("getitem")
def _getitem(lowering: Lowering, equation: Equation) -> None:
    lowering.view(equation, picked(lowering.place(equation.inputs[0]), equation.static["key"]))
