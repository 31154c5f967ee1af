"""Functions that only look at an array in another way: a pointer and strides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bpcore.program.equation import Equation
from bpcore.program.plan.indexing import picked as key_as_view
from bpcore_cupy.lowering.places import Place, in_order

__all__ = ["VIEWS", "viewed"]

Look = Callable[[Equation, Place, tuple[int, ...]], Place | None]


def viewed(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place | None:
    """Return where the result of one of `VIEWS` lies, its operand at `place`; None if it takes a copy."""
    return VIEWS[equation.function.name](equation, place, shape)


def _argument(equation: Equation, number: int, name: str) -> Any:
    if name in equation.static:
        return equation.static[name]
    return equation.inputs[number] if len(equation.inputs) > number else None


def _same(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    return place


def _reshape(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place | None:
    return place.reshaped(shape)


def _broadcast(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    return place.broadcast(shape)


def _transpose(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    *front, i, j = range(len(place.shape))
    return place.permuted([*front, j, i])


def _permute(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    axes = _argument(equation, 1, "axes")
    return place.permuted([i % len(axes) for i in axes])


def _move(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    source, target = (_axes(_argument(equation, i + 1, n)) for i, n in enumerate(("source", "destination")))
    count = len(place.shape)
    order = [i for i in range(count) if i not in [s % count for s in source]]
    for to, of in sorted((t % count, s % count) for s, t in zip(source, target, strict=True)):
        order.insert(to, of)
    return place.permuted(order)


def _flip(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place:
    axis = _argument(equation, 1, "axis")
    for i in range(len(place.shape)) if axis is None else _axes(axis):
        n = place.shape[i % len(place.shape)]
        place = place.sliced(i % len(place.shape), max(n - 1, 0), -1, n)
    return place


def _axes(axis: Any) -> Sequence[int]:
    return axis if isinstance(axis, tuple | list) else (axis,)


def _part(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place | None:
    """Return ``place[key]`` of integers, slices, None and an ellipsis; None of others, as masks."""
    picked = key_as_view(place.shape, place.strides, place.offset, equation.static["key"])
    if picked is None:
        return None
    found = place.viewed(*picked)
    return found if found.count else place.viewed(found.shape, in_order(found.shape), place.offset)


VIEWS: dict[str, Look] = {
    **dict.fromkeys(("reshape", "expand_dims", "squeeze"), _reshape),
    **dict.fromkeys(("stop_gradient", "positive", "to_device"), _same),
    "broadcast_to": _broadcast,
    "matrix_transpose": _transpose,
    "permute_dims": _permute,
    "moveaxis": _move,
    "flip": _flip,
    "getitem": _part,
}
"""How each function of them looks, by name."""
