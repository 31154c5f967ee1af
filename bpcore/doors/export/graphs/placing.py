"""Writing into a part of an array: the counterparts of reading one, by places in a flat array."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bpcore.doors.export.graphs.call import Call, Value, Writer
from bpcore.doors.export.graphs.indexing import taken
from bpcore.doors.export.graphs.sizes import fixed
from bpcore.ground.registry import backend as find_backend
from bpcore.words.protocols import Shape

__all__ = ["WRITERS"]


def _shape(call: Call) -> Shape:
    """Return the shape of the whole array, which must be known."""
    return tuple(fixed(size, f"the shape of {call.function}") for size in call.result.shape)


def _places(call: Call, arrays: tuple[Value, ...]) -> str:
    """Write the places, in the flat array, of what the key names."""
    shape = _shape(call)
    host = find_backend("numpy").namespace
    numbers = host.reshape(host.arange(math.prod(shape), dtype=host.int64), shape)
    if not arrays:
        return call.graph.constant(numbers[call.static["key"]], "int64")
    whole = Value(call.graph.constant(numbers, "int64"), shape, "int64")
    return taken(call, whole, arrays)


def _placed(call: Call, into: str, value: str, arrays: tuple[Value, ...], reduction: str) -> str:
    """Write a value into a flat array, and lay it out again."""
    node, flat = call.graph.node, call.graph.ints(-1)
    places = _places(call, arrays)
    spread = node("Expand", value, node("Shape", places))
    parts = (node("Reshape", x, flat) for x in (into, places, spread))
    found = node("ScatterElements", *parts, axis=0, reduction=reduction)
    return node("Reshape", found, call.graph.ints(*_shape(call)))


def _into_zeros(call: Call) -> str:
    zeros = call.graph.node("Expand", call.number(0), call.graph.ints(*_shape(call)))
    return _placed(call, zeros, call.operand(0), tuple(call.arrays[1:]), "add")


def _assigned(call: Call) -> str:
    return _placed(call, call.operand(0), call.operand(1), tuple(call.inputs[2:]), "none")


WRITERS: Mapping[str, Writer] = {
    "slice_scatter": _into_zeros,
    "scatter_add": _into_zeros,
    "assign": _assigned,
    "assign_at": _assigned,
}
