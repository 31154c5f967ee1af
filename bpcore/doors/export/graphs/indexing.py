"""Parts of arrays: by integers and slices, by arrays of places, along an axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bpcore.derivatives.rules.indexing import ARRAY
from bpcore.doors.export.graphs.call import Call, Value, Writer
from bpcore.doors.export.graphs.shapes import ALL, cut

__all__ = ["WRITERS", "taken"]


def _spread(key: Any, ndim: int) -> list[Any]:
    """Return a key with a slice for every axis that it does not name."""
    key = key if isinstance(key, tuple) else (key,)
    parts = [part for part in key if part is not Ellipsis]
    rest = [slice(None)] * (ndim - len(parts))
    place = next((i for i, part in enumerate(key) if part is Ellipsis), len(parts))
    return [*parts[:place], *rest, *parts[place:]]


@dataclass
class _Cuts:
    """Slices along axes, as ONNX wants them."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    def add(self, axis: int, part: slice) -> None:
        if part == slice(None):
            return
        step = 1 if part.step is None else part.step
        first, last = (0, ALL) if step > 0 else (ALL, -ALL)
        self.starts.append(first if part.start is None else part.start)
        self.ends.append(last if part.stop is None else part.stop)
        self.axes.append(axis)
        self.steps.append(step)

    def of(self, call: Call, x: str) -> str:
        return cut(call, x, self.starts, self.ends, self.axes, self.steps)


def _item(call: Call) -> str:
    cuts, gone = _Cuts(), []
    for axis, part in enumerate(_spread(call.static["key"], len(call.x.shape))):
        if isinstance(part, int):
            gone.append(axis)
            cuts.add(axis, slice(part, part + 1 if part != -1 else None))
        else:
            cuts.add(axis, part)
    x = cuts.of(call, call.operand(0))
    return call.graph.node("Squeeze", x, call.graph.ints(*gone)) if gone else x


def _gather(call: Call) -> str:
    return taken(call, call.x, call.inputs[1:])


def taken(call: Call, whole: Value, arrays: Sequence[Value]) -> str:
    """Write ``whole[key]`` with arrays in the key: their axes go first, for GatherND, and then back."""
    ndim, rest = len(whole.shape), iter(arrays)
    key = [next(rest) if part is ARRAY else part for part in _spread(call.static["key"], ndim)]
    if any(isinstance(part, Value) and "int" not in part.dtype for part in key):
        raise call.refuse("by a mask")
    cuts = _Cuts()
    for axis, part in enumerate(key):
        if isinstance(part, slice):
            cuts.add(axis, part)
    picked = [axis for axis in range(ndim) if not isinstance(key[axis], slice)]
    order = [*picked, *(axis for axis in range(ndim) if axis not in picked)]
    x = cuts.of(call, whole.name)
    if order != list(range(ndim)):
        x = call.graph.node("Transpose", x, perm=order)
    found = call.graph.node("GatherND", x, _indices(call, [key[axis] for axis in picked]))
    joined = max(len(part.shape) for part in key if isinstance(part, Value))
    first = picked[0] if picked == list(range(picked[0], picked[-1] + 1)) else 0
    if not first or not joined:
        return found
    last = range(joined + first, joined + ndim - len(picked))
    return call.graph.node("Transpose", found, perm=[*range(joined, joined + first), *range(joined), *last])


def _indices(call: Call, parts: Sequence[Value | int]) -> str:
    """Write arrays of places, broadcast together, as one array; its last axis names a place."""
    node, ints = call.graph.node, call.graph.ints
    names = [
        call.graph.cast(part.name, part.dtype, "int64")
        if isinstance(part, Value)
        else call.graph.constant(part, "int64")
        for part in parts
    ]
    if len(names) > 1:
        whole = names[0]
        for name in names[1:]:
            whole = node("Add", whole, name)
        shape = node("Shape", whole)
        names = [node("Expand", name, shape) for name in names]
    return node("Concat", *(node("Unsqueeze", name, ints(-1)) for name in names), axis=-1)


def _take(call: Call) -> str:
    axis = call.option("axis", default=0)
    return call.graph.node("Gather", call.operand(0), call.operand(1, "int64"), axis=call.axis(axis))


def _fitted(call: Call, name: str, shape: Sequence[Any], axis: int, length: Any) -> str:
    """Write an array broadcast along all axes but one."""
    wanted = list(call.result.shape)
    wanted[axis] = length
    return name if list(shape) == wanted else call.graph.node("Expand", name, call.graph.shape(wanted))


def _along(call: Call) -> str:
    axis, indices = call.axis(call.option("axis", default=-1)), call.inputs[1]
    places = _fitted(call, call.operand(1, "int64"), indices.shape, axis, indices.shape[axis])
    x = _fitted(call, call.operand(0), call.x.shape, axis, call.x.shape[axis])
    return call.graph.node("GatherElements", x, places, axis=axis)


def _add_along(call: Call) -> str:
    axis, (_, indices, source) = call.axis(call.option("axis", default=-1)), call.arrays
    length = indices.shape[axis]
    places = _fitted(call, call.operand(1, "int64"), indices.shape, axis, length)
    added = _fitted(call, call.operand(2), source.shape, axis, length)
    return call.graph.node("ScatterElements", call.operand(0), places, added, axis=axis, reduction="add")


WRITERS: Mapping[str, Writer] = {
    "getitem": _item,
    "gather": _gather,
    "take": _take,
    "take_along_axis": _along,
    "add_along_axis": _add_along,
}
