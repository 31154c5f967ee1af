"""Shapes: the same numbers laid out otherwise, joined, repeated, and filled anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpcore.derivatives.namespaces.namespace import space_on
from bpcore.derivatives.rules.special.padding import pad, pairs_of
from bpcore.doors.export.graphs.call import Call, Writer
from bpcore.doors.export.graphs.sizes import Size
from bpcore.words.protocols import Static

__all__ = ["WRITERS"]

ALL = 2**63 - 1
"""An end past every axis."""


def _tuple(value: Static) -> tuple[Static, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _reshape(call: Call) -> str:
    shape: list[int | Size] = list(_tuple(call.option("shape", 1)))
    followers = [i for i, size in enumerate(shape) if isinstance(size, Size)]
    if len(followers) == 1 and -1 not in shape and 0 not in shape:
        shape[followers[0]] = -1  # the one length that is not told follows from the others
    empty = {"allowzero": 1} if 0 in shape else {}
    return call.graph.node("Reshape", call.operand(0), call.graph.shape(shape), **empty)


def _broadcast(call: Call) -> str:
    return call.graph.node("Expand", call.operand(0), call.graph.shape(_tuple(call.option("shape", 1))))


def _expand(call: Call) -> str:
    ndim = len(call.x.shape)
    axes = _tuple(call.option("axis", 1, 0))
    axes = tuple(axis % (ndim + len(axes)) for axis in axes)
    return call.graph.node("Unsqueeze", call.operand(0), call.graph.ints(*axes))


def _squeeze(call: Call) -> str:
    axes = [call.axis(axis) for axis in _tuple(call.option("axis", 1))]
    return call.graph.node("Squeeze", call.operand(0), call.graph.ints(*axes)) if axes else call.operand(0)


def _permute(call: Call) -> str:
    axes = [call.axis(axis) for axis in _tuple(call.option("axes", 1))]
    return call.graph.node("Transpose", call.operand(0), perm=axes) if axes else call.operand(0)


def _move(call: Call) -> str:
    source, goal = (
        [call.axis(axis) for axis in _tuple(call.option(name, place))]
        for name, place in (("source", 1), ("destination", 2))
    )
    order = [axis for axis in range(len(call.x.shape)) if axis not in source]
    for place, axis in sorted(zip(goal, source, strict=True)):
        order.insert(place, axis)
    return call.graph.node("Transpose", call.operand(0), perm=order)


def _turn(call: Call) -> str:
    ndim = len(call.x.shape)
    return call.graph.node("Transpose", call.operand(0), perm=[*range(ndim - 2), ndim - 1, ndim - 2])


def cut(
    call: Call, x: str, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int], steps: Sequence[int]
) -> str:
    """Write slices along axes."""
    if not axes:
        return x
    ints = call.graph.ints
    return call.graph.node("Slice", x, ints(*starts), ints(*ends), ints(*axes), ints(*steps))


def _flip(call: Call) -> str:
    axis = call.option("axis", 1)
    axes = range(len(call.x.shape)) if axis is None else [call.axis(a) for a in _tuple(axis)]
    count = len(axes)
    return cut(call, call.operand(0), [-1] * count, [-ALL] * count, axes, [-1] * count)


def _roll(call: Call) -> str:
    shifts, axis, x = _tuple(call.option("shift", 1)), call.option("axis", 2), call.operand(0)
    if axis is None:
        flat = _rolled(call, call.graph.node("Reshape", x, call.graph.ints(-1)), 0, sum(shifts), None)
        return call.graph.node("Reshape", flat, call.graph.node("Shape", x))
    axes = [call.axis(a) for a in _tuple(axis)]
    for place, shift in zip(axes, shifts * (len(axes) if len(shifts) == 1 else 1), strict=True):
        x = _rolled(call, x, place, shift, place)
    return x


def _rolled(call: Call, x: str, axis: int, shift: int, measured: int | None) -> str:
    """Write the last ones first; the shift is brought below the length where that is known."""
    sizes = call.x.shape if measured is None else (call.x.shape[measured],)
    length = 1
    for size in sizes:
        length *= call.length(0) if isinstance(size, Size) else size
    shift %= max(length, 1)
    if not shift:
        return x
    last, first = cut(call, x, [-shift], [ALL], [axis], [1]), cut(call, x, [0], [-shift], [axis], [1])
    return call.graph.node("Concat", last, first, axis=axis)


def _tile(call: Call) -> str:
    times, x = _tuple(call.option("repetitions", 1)), call.operand(0)
    more = len(times) - len(call.x.shape)
    if more > 0:
        x = call.graph.node("Unsqueeze", x, call.graph.ints(*range(more)))
    return call.graph.node("Tile", x, call.graph.ints(*[1] * max(-more, 0), *times))


def _repeat(call: Call) -> str:
    """Write every element several times in a row: along a new axis, which is then joined to its own."""
    times, axis, x, ndim = call.option("repeats", 1), call.option("axis"), call.operand(0), len(call.x.shape)
    if not isinstance(times, int):
        raise call.refuse("by an array")
    if axis is None:
        x, axis, ndim = call.graph.node("Reshape", x, call.graph.ints(-1)), 0, 1
    place = axis % ndim
    sizes = [1] * (ndim + 1)
    sizes[place + 1] = times
    wide = call.graph.node(
        "Expand", call.graph.node("Unsqueeze", x, call.graph.ints(place + 1)), call.graph.ints(*sizes)
    )
    return call.graph.node("Reshape", wide, call.graph.shape(call.result.shape))


def _concat(call: Call) -> str:
    axis, parts = call.option("axis", default=0), [call.operand(i) for i in range(len(call.inputs))]
    if axis is None:
        parts = [call.graph.node("Reshape", part, call.graph.ints(-1)) for part in parts]
    return call.graph.node("Concat", *parts, axis=0 if axis is None else call.axis(axis))


def _stack(call: Call) -> str:
    axis = call.option("axis", default=0) % (len(call.x.shape) + 1)
    parts = [
        call.graph.node("Unsqueeze", call.operand(i), call.graph.ints(axis)) for i in range(len(call.inputs))
    ]
    return call.graph.node("Concat", *parts, axis=axis)


def _triangle(upper: int) -> Writer:
    def write(call: Call) -> str:
        offset = call.graph.constant(call.option("k", default=0), "int64")
        return call.graph.node("Trilu", call.operand(0), offset, upper=upper)

    return write


def _filled(value: float | None) -> Writer:
    """Return a writer for an array like the first; None takes the number from the call."""

    def write(call: Call) -> str:
        number = call.number(value) if value is not None else call.operand(1)
        return call.graph.node("Expand", number, call.graph.node("Shape", call.x.name))

    return write


def _pad(call: Call) -> str:
    mode = call.option("mode", default="constant")
    pairs = pairs_of("pad", call.option("widths", 1), len(call.x.shape))
    if mode == "constant":
        widths = call.graph.ints(*(before for before, _ in pairs), *(after for _, after in pairs))
        number = call.number(call.option("constant_values", default=0))
        return call.graph.node("Pad", call.operand(0), widths, number)
    x, xp = call.operand(0), space_on("numpy").functions
    for axis, pair in enumerate(pairs):
        if any(pair):
            places = pad(xp, xp.arange(call.length(axis), dtype=xp.int64), pair, mode=str(mode))
            x = call.graph.node("Gather", x, call.graph.constant(places, "int64"), axis=axis)
    return x


WRITERS: Mapping[str, Writer] = {
    "reshape": _reshape,
    "broadcast_to": _broadcast,
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "permute_dims": _permute,
    "moveaxis": _move,
    "matrix_transpose": _turn,
    "flip": _flip,
    "roll": _roll,
    "tile": _tile,
    "repeat": _repeat,
    "concat": _concat,
    "stack": _stack,
    "pad": _pad,
    "tril": _triangle(0),
    "triu": _triangle(1),
    "ones_like": _filled(1.0),
    "zeros_like": _filled(0.0),
    "empty_like": _filled(0.0),
    "full_like": _filled(None),
}
