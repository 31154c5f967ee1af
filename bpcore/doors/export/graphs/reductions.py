"""Sums, means, extremes and what else goes along axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bpcore.doors.export.graphs.call import Call, Writer
from bpcore.doors.export.graphs.graph import dtype_name
from bpcore.doors.export.graphs.sizes import fixed

__all__ = ["WRITERS"]


def _axes(call: Call) -> list[int] | None:
    """Return the axes from the left; None for all of them."""
    axis = call.option("axis", 1)
    if axis is None:
        return None
    return [call.axis(a) for a in (axis if isinstance(axis, tuple | list) else [axis])]


def reduced(call: Call, operator: str, x: str, axes: Sequence[int] | None, *, keepdims: bool) -> str:
    """Write a reduction; along no axes it is the array itself."""
    if axes is not None and not axes:
        return x
    inputs = () if axes is None else (call.graph.ints(*axes),)
    return call.graph.node(operator, x, *inputs, keepdims=int(keepdims))


def _keepdims(call: Call) -> bool:
    return bool(call.option("keepdims", default=False))


def _plain(operator: str) -> Writer:
    def write(call: Call) -> str:
        return reduced(call, operator, call.operand(0), _axes(call), keepdims=_keepdims(call))

    return write


def _truth(operator: str) -> Writer:
    def write(call: Call) -> str:
        number = call.graph.cast(call.operand(0, "bool"), "bool", "int32")
        found = reduced(call, operator, number, _axes(call), keepdims=_keepdims(call))
        return call.graph.cast(found, "int32", "bool")

    return write


def _count(call: Call) -> str:
    number = call.graph.cast(call.operand(0, "bool"), "bool", call.dtype)
    return reduced(call, "ReduceSum", number, _axes(call), keepdims=_keepdims(call))


def _var(call: Call) -> str:
    x, axes, node = call.operand(0), _axes(call), call.graph.node
    mean = reduced(call, "ReduceMean", x, axes, keepdims=True)
    off = node("Sub", x, mean)
    total = reduced(call, "ReduceSum", node("Mul", off, off), axes, keepdims=_keepdims(call))
    count = node("Div", node("Size", x), node("Size", mean))
    least = call.number(float(call.option("correction", default=0.0)))
    return node("Div", total, node("Sub", call.graph.cast(count, "int64", call.dtype), least))


def _std(call: Call) -> str:
    return call.graph.node("Sqrt", _var(call))


def _logsumexp(call: Call) -> str:
    x, axes, node = call.operand(0), _axes(call), call.graph.node
    most = reduced(call, "ReduceMax", x, axes, keepdims=True)
    most = node("Where", node("IsInf", most), call.number(0.0), most)
    total = reduced(call, "ReduceSum", node("Exp", node("Sub", x, most)), axes, keepdims=True)
    found = node("Add", node("Log", total), most)
    if _keepdims(call) or axes == []:
        return found
    return node("Squeeze", found, *(() if axes is None else (call.graph.ints(*axes),)))


def _norm(call: Call) -> str:
    order, node = call.option("ord", default=2), call.graph.node

    def along(operator: str, x: str) -> str:
        return reduced(call, operator, x, _axes(call), keepdims=_keepdims(call))

    x = call.operand(0)
    if order in (1, 2):
        return along(f"ReduceL{int(order)}", x)
    if order == 0:
        return along("ReduceSum", call.graph.cast(call.operand(0, "bool"), "bool", call.dtype))
    size = node("Abs", x)
    if abs(order) == math.inf:
        return along("ReduceMax" if order > 0 else "ReduceMin", size)
    total = along("ReduceSum", node("Pow", size, call.number(order)))
    return node("Pow", total, call.number(1.0 / order))


def _place(operator: str) -> Writer:
    """Return a writer for the place of an extreme; the first one, where there are several."""

    def write(call: Call) -> str:
        axis, x = call.option("axis", 1), call.x.name
        if axis is None:
            flat = call.graph.node("Reshape", x, call.graph.ints(-1))
            found = call.graph.node(operator, flat, axis=0, keepdims=0)
            return (
                call.graph.node("Reshape", found, call.graph.shape(call.result.shape))
                if _keepdims(call)
                else found
            )
        return call.graph.node(operator, x, axis=call.axis(axis), keepdims=int(_keepdims(call)))

    return write


def _sum_so_far(call: Call) -> str:
    x, axis = call.operand(0), call.option("axis", default=None)
    where = call.axis(0 if axis is None else axis)
    found = call.graph.node("CumSum", x, call.graph.constant(where, "int64"))
    if not call.option("include_initial", default=False):
        return found
    widths = [0] * (2 * len(call.x.shape))
    widths[where] = 1
    return call.graph.node("Pad", found, call.graph.ints(*widths))


def _argsort(call: Call) -> str:
    axis = call.axis(call.option("axis", default=-1))
    size = call.graph.node("Gather", call.graph.node("Shape", call.x.name), call.graph.ints(axis))
    largest = int(bool(call.option("descending", default=False)))
    return call.graph.nodes_of("TopK", 2, call.x.name, size, axis=axis, largest=largest)[1]


def _top(call: Call) -> list[str]:
    axis, largest = (
        call.axis(call.option("axis", default=-1)),
        int(bool(call.option("largest", default=True))),
    )
    many = call.graph.ints(fixed(call.option("k", 1), "k of top_k"))
    values, places = call.graph.nodes_of("TopK", 2, call.x.name, many, axis=axis, largest=largest)
    return [values, call.graph.cast(places, "int64", dtype_name(call.result[1].dtype))]


def _along(operator: str) -> Writer:
    def write(call: Call) -> str:
        return call.graph.node(operator, call.operand(0), axis=call.axis(call.option("axis", default=-1)))

    return write


WRITERS: Mapping[str, Writer] = {
    **{name: _plain(f"Reduce{name.capitalize()}") for name in ("sum", "mean", "max", "min", "prod")},
    "all": _truth("ReduceMin"),
    "any": _truth("ReduceMax"),
    "count_nonzero": _count,
    "var": _var,
    "std": _std,
    "logsumexp": _logsumexp,
    "linalg.vector_norm": _norm,
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "argsort": _argsort,
    "top_k": _top,
    "cumulative_sum": _sum_so_far,
    "softmax": _along("Softmax"),
    "log_softmax": _along("LogSoftmax"),
}
