"""Functions that move numbers and add them: the way back is the transpose, exactly, on shapes nobody chose.

On whole numbers ``sum(f(t) g) == sum(t back(g))`` has no rounding, and empty arrays are shapes like others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp

XP = bp.namespace("numpy")
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3)
Draw = Callable[[Any], Any]
Function = Callable[[Any], Any]


def _axis(draw: Draw, shape: Any) -> int:
    return int(draw(st.integers(-len(shape), len(shape) - 1)))


def _axes(draw: Draw, shape: Any) -> Any:
    return draw(st.none() | st.integers(-len(shape), len(shape) - 1) | hnp.valid_tuple_axes(len(shape)))


def _repeat(draw: Draw, shape: Any) -> Function:
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    count = int(np.prod(shape)) if axis is None else shape[axis]
    each = st.lists(st.integers(0, 3), min_size=count, max_size=count).map(lambda n: np.asarray(n, int))
    repeats = draw(st.integers(0, 3) | each)
    return lambda x: XP.repeat(x, repeats, axis=axis)


def _tile(draw: Draw, shape: Any) -> Function:
    times = draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    return lambda x: XP.tile(x, times)


def _roll(draw: Draw, shape: Any) -> Function:
    axis, shift = draw(st.none() | st.just(_axis(draw, shape))), draw(st.integers(-4, 4))
    return lambda x: XP.roll(x, shift, axis=axis)


def _flip(draw: Draw, shape: Any) -> Function:
    axes = _axes(draw, shape)
    return lambda x: XP.flip(x, axis=axes)


def _permute_dims(draw: Draw, shape: Any) -> Function:
    axes = tuple(i - draw(st.sampled_from((0, len(shape)))) for i in draw(st.permutations(range(len(shape)))))
    return lambda x: XP.permute_dims(x, axes)


def _moveaxis(draw: Draw, shape: Any) -> Function:
    source, destination = _axis(draw, shape), _axis(draw, shape)
    return lambda x: XP.moveaxis(x, source, destination)


def _expand_dims(draw: Draw, shape: Any) -> Function:
    axes = draw(hnp.valid_tuple_axes(len(shape) + 2, min_size=2, max_size=2) | st.integers(-1, len(shape)))
    return lambda x: XP.expand_dims(x, axes)


def _broadcast_to(draw: Draw, shape: Any) -> Function:
    front = draw(st.lists(st.integers(0, 2), max_size=2).map(tuple))
    wide = tuple(draw(st.integers(0, 3)) if n == 1 else n for n in shape)
    return lambda x: XP.broadcast_to(x, front + wide)


def _reshape(draw: Draw, shape: Any) -> Function:
    sides = (*draw(st.permutations(shape)), 1)
    return lambda x: XP.reshape(x, sides)


def _band(name: str) -> Callable[[Draw, Any], Function]:
    def made(draw: Draw, shape: Any) -> Function:
        k = draw(st.integers(-3, 3))
        return lambda x: getattr(XP, name)(XP.expand_dims(x, 0), k=k)

    return made


def _cumulative_sum(draw: Draw, shape: Any) -> Function:
    axis, initial = _axis(draw, shape), draw(st.booleans())
    return lambda x: XP.cumulative_sum(x, axis=axis, include_initial=initial)


def _total(name: str) -> Callable[[Draw, Any], Function]:
    def made(draw: Draw, shape: Any) -> Function:
        axes, keepdims = _axes(draw, shape), draw(st.booleans())
        return lambda x: getattr(XP, name)(x, axis=axes, keepdims=keepdims)

    return made


def _diff(draw: Draw, shape: Any) -> Function:
    axis = _axis(draw, shape)
    n = draw(st.integers(0, max(shape[axis], 1) - 1))
    return lambda x: XP.diff(x, axis=axis, n=n)


def _concat(draw: Draw, shape: Any) -> Function:
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    return lambda x: XP.concat([x, XP.negative(x), x], axis=axis)


def _stack(draw: Draw, shape: Any) -> Function:
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    return lambda x: XP.stack([x, XP.negative(x)], axis=axis)


def _unstack(draw: Draw, shape: Any) -> Function:
    axis = _axis(draw, shape)

    def turned(x: Any) -> Any:
        return XP.concat([XP.reshape(part, (-1,)) for part in reversed(XP.unstack(x, axis=axis))] or [x])

    return turned


def _meshgrid(draw: Draw, shape: Any) -> Function:
    indexing = draw(st.sampled_from(("xy", "ij")))

    def grid(x: Any) -> Any:
        flat = XP.reshape(x, (-1,))
        return XP.stack(XP.meshgrid(flat, XP.multiply(2.0, flat), flat[:2], indexing=indexing))

    return grid


def _take(draw: Draw, shape: Any) -> Function:
    axis = _axis(draw, shape)
    most = shape[axis]
    places = st.lists(st.integers(-most, most - 1), max_size=4) if most else st.just([])
    indices = np.asarray(draw(places), dtype=np.int64)
    return lambda x: XP.take(x, indices, axis=axis)


def _take_along_axis(draw: Draw, shape: Any) -> Function:
    axis = _axis(draw, shape)
    most, other = shape[axis], list(shape)
    other[axis] = draw(st.integers(0, 4)) if most else 0
    other = [
        1 if n > 1 and i != axis % len(shape) and draw(st.booleans()) else n for i, n in enumerate(other)
    ]
    places = st.integers(-most, most - 1) if most else st.just(0)
    indices = draw(hnp.arrays(np.int64, tuple(other), elements=places))
    return lambda x: XP.take_along_axis(x, indices, axis=axis)


MADE: dict[str, Callable[[Draw, Any], Function]] = {
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "cumulative_sum": _cumulative_sum,
    "diff": _diff,
    "expand_dims": _expand_dims,
    "flip": _flip,
    "meshgrid": _meshgrid,
    "moveaxis": _moveaxis,
    "permute_dims": _permute_dims,
    "repeat": _repeat,
    "reshape": _reshape,
    "roll": _roll,
    "stack": _stack,
    "sum": _total("sum"),
    "take": _take,
    "take_along_axis": _take_along_axis,
    "tile": _tile,
    "tril": _band("tril"),
    "triu": _band("triu"),
    "unstack": _unstack,
}


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=12, deadline=None)
@given(SHAPES, st.data())
def test_the_way_back_is_the_transpose(name: str, shape: tuple[int, ...], data: Any) -> None:
    function = MADE[name](data.draw, shape)
    whole = st.integers(-9, 9).map(float)
    t = data.draw(hnp.arrays(np.float64, shape, elements=whole))
    y, pullback = bp.vjp(function, t)
    g = data.draw(hnp.arrays(np.float64, y.shape, elements=whole))
    (back,) = pullback(g)
    assert back.shape == shape
    assert np.sum(y * g) == np.sum(t * back)
    _, tangent = bp.jvp(function, (np.zeros(shape),), (t,))
    np.testing.assert_array_equal(tangent, y)


def _others(x: Any, axis: Any) -> Any:
    """Return for each element the product, over the axes, of all but it."""
    y = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        without = x.copy()
        without[place] = 1.0
        y[place] = np.broadcast_to(np.prod(without, axis=axis, keepdims=True), x.shape)[place]
    return y


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.data())
def test_a_product_changes_by_the_product_of_the_others(shape: tuple[int, ...], data: Any) -> None:
    axis, keepdims = _axes(data.draw, shape), data.draw(st.booleans())
    x = data.draw(hnp.arrays(np.float64, shape, elements=st.integers(-2, 2).map(float)))
    y, pullback = bp.vjp(lambda x: XP.prod(x, axis=axis, keepdims=keepdims), x)
    g = data.draw(hnp.arrays(np.float64, y.shape, elements=st.integers(-9, 9).map(float)))
    kept = g if keepdims else np.reshape(g, np.prod(x, axis=axis, keepdims=True).shape)
    np.testing.assert_array_equal(pullback(g)[0], kept * _others(x, axis))


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.data())
def test_a_running_product_changes_by_the_products_of_the_others(shape: tuple[int, ...], data: Any) -> None:
    axis, initial = _axis(data.draw, shape), data.draw(st.booleans())
    x = data.draw(hnp.arrays(np.float64, shape, elements=st.integers(-2, 2).map(float)))
    y, pullback = bp.vjp(lambda x: XP.cumulative_prod(x, axis=axis, include_initial=initial), x)
    g = data.draw(hnp.arrays(np.float64, y.shape, elements=st.integers(-9, 9).map(float)))
    wanted = np.zeros(shape)
    for n in range(shape[axis]):
        first = (slice(None),) * (axis % len(shape)) + (slice(0, n + 1),)
        wanted[first] += np.take(g, [n + initial], axis=axis) * _others(x[first], axis)
    np.testing.assert_array_equal(pullback(g)[0], wanted)
