"""Functions that are neither element-wise nor views: products, reductions, joins, elements by index."""

from __future__ import annotations

from math import prod
from typing import Any

from bpcore.program.equation import Equation
from bpcore_numba.lower import Lowering, handles
from bpcore_numba.moves import AddAt, TakeAt
from bpcore_numba.places import Place
from bpcore_numba.products import Product, Stacked, Transpose, is_small, whole
from bpcore_numba.reductions import Argument, Reduce, Running
from bpcore_numba.refusal import Refused
from bpcore_numba.views import picked

__all__ = ["product"]

PADDED = 8
"""Rows from which on it pays to bring the right matrix to whole vectors."""


def _axes(equation: Equation, count: int) -> tuple[int, ...]:
    axis = equation.static.get("axis")
    if axis is None:
        return tuple(range(count))
    return tuple(i % count for i in (axis if isinstance(axis, tuple) else (axis,)))


@handles("sum", "mean", "max", "min", "prod", "any", "all")
def _reduce(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    axes = _axes(equation, len(source.shape))
    name = equation.function.name
    if source.count == 0:
        raise Refused(f"the function {name} of an array without elements")
    result = lowering.result(equation)
    shape = tuple(n for i, n in enumerate(source.shape) if i not in axes)
    lowering.work(Reduce(name, source, result.as_shape(shape), axes))


@handles("argmax", "argmin")
def _argument(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    axis = equation.static.get("axis")
    if axis is None:
        source, axis = _flat(lowering, source), 0
    axis %= len(source.shape)
    shape = tuple(n for i, n in enumerate(source.shape) if i != axis)
    result = lowering.result(equation).as_shape(shape)
    lowering.work(Argument(equation.function.name, source, result, axis))


@handles("cumulative_sum", "cumulative_prod")
def _running(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    axis = equation.static.get("axis")
    axis = 0 if axis is None else axis % len(source.shape)
    result = lowering.result(equation)
    initial = result
    if equation.static.get("include_initial"):
        first = initial.sliced(axis, 0, 1, 1)
        lowering.fill(first, 0 if equation.function.name == "cumulative_sum" else 1)
        result = initial.sliced(axis, 1, 1, source.shape[axis])
    lowering.work(Running(equation.function.name, source, result, axis))
    lowering.ready(equation)


@handles("concat", "stack")
def _join(lowering: Lowering, equation: Equation) -> None:
    """Copy each part into its piece of the result."""
    stacked = equation.function.name == "stack"
    axis = equation.static.get("axis", 0)
    parts = [lowering.place(x) for x in equation.inputs]
    if axis is None:
        parts = [_flat(lowering, part) for part in parts]
        axis = 0
    result = lowering.result(equation)
    axis %= len(result.shape)
    start = 0
    for part in parts:
        count = 1 if stacked else part.shape[axis]
        piece = result.sliced(axis, start, 1, count)
        if stacked:
            piece = piece.dropped(axis)
        lowering.copy(part, piece)
        start += count
    lowering.ready(equation)


def _flat(lowering: Lowering, place: Place) -> Place:
    return lowering.ordered(place).as_shape((place.count,))


@handles("slice_scatter")
def _slice_scatter(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    result = lowering.result(equation)
    lowering.fill(result, 0)
    lowering.copy(source, picked(result, equation.static["key"]))
    lowering.ready(equation)


@handles("assign")
def _assign(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    value = lowering.place(equation.inputs[1])
    result = lowering.result(equation)
    target = picked(result, equation.static["key"])
    lowering.copy(source, result)
    lowering.copy(value, target)
    lowering.ready(equation)


def _indices(lowering: Lowering, operand: Any, length: int) -> Place:
    """Return where indices of an axis lie; they are looked at before they are used."""
    place = lowering.place(operand)
    if not place.kind.startswith("int"):
        raise Refused("indexing by a mask")
    lowering.check(place, length)
    return place


@handles("take", "take_along_axis")
def _take(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    along = equation.function.name == "take_along_axis"
    axis = equation.static.get("axis")
    axis = (-1 if along else 0) if axis is None else axis
    if source.count == 0:
        raise Refused(f"the function {equation.function.name} of an array without elements")
    indices = _indices(lowering, equation.inputs[1], source.shape[axis])
    result = lowering.result(equation)
    if along:
        shape = list(result.shape)
        shape[axis] = source.shape[axis]
        source = source.broadcast(shape)
        indices = indices.broadcast(result.shape)
    if result.count:
        lowering.work(TakeAt(source, indices, result, axis % len(source.shape), along))
    lowering.ready(equation)


@handles("gather")
def _gather(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    axis = _one_array(equation)
    indices = _indices(lowering, equation.inputs[1], source.shape[axis])
    result = lowering.result(equation)
    if result.count:
        lowering.work(TakeAt(source, indices, result, axis))
    lowering.ready(equation)


@handles("scatter_add")
def _scatter(lowering: Lowering, equation: Equation) -> None:
    source = lowering.place(equation.inputs[0])
    axis = _one_array(equation)
    indices = _indices(lowering, equation.inputs[1], lowering.shape(equation)[axis])
    result = lowering.result(equation)
    lowering.fill(result, 0)
    if source.count:
        lowering.work(AddAt(source, indices, result, axis))
    lowering.ready(equation)


def _one_array(equation: Equation) -> int:
    """Return the axis of a key that holds one array, and before it whole axes only."""
    key: tuple[Any, ...] = equation.static["key"]
    whole = [part == slice(None) if isinstance(part, slice) else part is ... for part in key]
    if len(equation.inputs) != 2 or whole.count(False) != 1 or ... in key[: whole.index(False)]:  # noqa: PLR2004
        raise Refused("indexing by more than one array")
    return whole.index(False)


@handles("index_add", "add_along_axis")
def _index_add(lowering: Lowering, equation: Equation) -> None:
    x, source = (lowering.place(equation.inputs[i]) for i in (0, 2))
    axis = equation.static["axis"] % len(x.shape)
    indices = _indices(lowering, equation.inputs[1], x.shape[axis])
    result = lowering.result(equation)
    lowering.copy(x, result)
    along = equation.function.name == "add_along_axis"
    if along:
        source = source.broadcast(indices.shape)
    if source.count:
        lowering.work(AddAt(source, indices, result, axis, along))
    lowering.ready(equation)


@handles("matmul")
def _matmul(lowering: Lowering, equation: Equation) -> None:
    a, b = (lowering.place(x) for x in equation.inputs)
    kind = lowering.kind(equation)
    if {a.kind, b.kind} != {kind} or not kind.startswith("float"):
        raise Refused(f"the function matmul of {a.kind} and {b.kind}")
    result = lowering.result(equation)
    if len(a.shape) > 2 or len(b.shape) > 2:  # noqa: PLR2004
        _stacks(lowering, a, b, result)
        lowering.ready(equation)
        return
    if len(a.shape) == 1:
        a = a.broadcast((1, *a.shape))
    if len(b.shape) == 1:
        b = b.viewed((*b.shape, 1), (*b.strides, 1))
    product(lowering, a, b, result.as_shape((a.shape[0], b.shape[1])))
    lowering.ready(equation)


def _stacks(lowering: Lowering, a: Place, b: Place, result: Place) -> None:
    """Append the products of stacks of matrices; of one array in order, one product."""
    if len(a.shape) == 1 or len(b.shape) == 1:
        raise Refused("the function matmul of a stack and a vector")
    if len(b.shape) == 2 and a.is_contiguous:  # noqa: PLR2004
        rows, k = a.count // max(a.shape[-1], 1), a.shape[-1]
        product(lowering, a.as_shape((rows, k)), b, result.as_shape((rows, b.shape[1])))
        return
    front = result.shape[:-2]
    a, b = (x.broadcast((*front, *x.shape[-2:])) for x in (a, b))
    if b.shape[-1] > 1 and b.strides[-1] != 1:
        b = lowering.ordered_copy(b)
    if 0 in (*a.shape, *b.shape):
        raise Refused("the function matmul of an array without elements")
    lowering.work(Stacked(a, b, result))


@handles("tensordot")
def _tensordot(lowering: Lowering, equation: Equation) -> None:
    """Bring the axes that are summed together to the end of one and to the begin of the other."""
    a, b = (lowering.place(x) for x in equation.inputs)
    kind = lowering.kind(equation)
    if {a.kind, b.kind} != {kind} or not kind.startswith("float"):
        raise Refused(f"the function tensordot of {a.kind} and {b.kind}")
    axes = equation.static.get("axes", 2)
    count = len(a.shape)
    left, right = (range(count - axes, count), range(axes)) if isinstance(axes, int) else axes
    left, right = [i % count for i in left], [i % len(b.shape) for i in right]
    a = a.permuted([*(i for i in range(count) if i not in left), *left])
    b = b.permuted([*right, *(i for i in range(len(b.shape)) if i not in right)])
    split = count - len(left)
    result = lowering.result(equation)
    k = prod(a.shape[split:])
    m, n = prod(a.shape[:split]), prod(b.shape[len(right) :])
    a = lowering.reshaped(a, (m, k))
    b = lowering.reshaped(b, (k, n))
    product(lowering, a, b, result.as_shape((m, n)))
    lowering.ready(equation)


def product(lowering: Lowering, a: Place, b: Place, c: Place) -> None:
    """Append the product of two matrices, with what must be copied for it."""
    (m, k), n = a.shape, b.shape[1]
    if m * n == 0:
        return
    if k == 0:
        lowering.fill(c, 0)
        return
    if n == 1 and m > 1 and a.strides[0] == 1:  # one column: as one row of the transposed product
        a, b, c = (x.permuted((1, 0)) for x in (b, a, c))
        (m, k), n = a.shape, b.shape[1]
        c = c.viewed(c.shape, (n, 1))
    if is_small(m, k, n, a.kind) or lowering.blas is None:
        wide = whole(n, b.kind) if n > 1 and m >= PADDED else n
        if wide != n or (n > 1 and b.strides[1] != 1):
            b = _by_rows(lowering, b, wide)
        lowering.work(Product(a, b, c, None, padded=wide != n))
        return
    a, b = (x if _fits(x) else lowering.ordered_copy(x) for x in (a, b))
    lowering.work(Product(a, b, c, lowering.blas))


def _fits(place: Place) -> bool:
    """Tell whether a BLAS can read the matrix: rows, or columns, in order and not over one another."""
    (rows, columns), (down, along) = place.shape, place.strides
    return (along == 1 and down >= columns) or (down == 1 and along >= rows)


def _by_rows(lowering: Lowering, place: Place, wide: int) -> Place:
    """Return a copy by rows, each with room for `wide` elements."""
    rows, columns = place.shape
    room = lowering.new(place.kind, (rows, wide))
    target = room.sliced(1, 0, 1, columns)
    if place.strides[0] == 1:
        lowering.work(Transpose(place, target))
    else:
        lowering.copy(place, target)
    return target
