"""Views of memory: what NumPy's own arrays have, in shape, strides and offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bpcore.program.plan.strided import Strided, contiguous_strides

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def strided(x: Any, memory: Any) -> Strided:
    """Return how an array of NumPy lies in memory."""
    start = x.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return Strided(x.shape, tuple(s // x.itemsize for s in x.strides), start // x.itemsize if x.size else 0)


def seen(view: Strided, memory: Any) -> Any:
    """Return what NumPy sees at a view, which must lie inside of the memory."""
    index = np.full(view.shape, view.offset)
    for axis, stride in enumerate(view.strides):
        steps = stride * np.arange(view.shape[axis])
        index += steps.reshape([-1 if i == axis else 1 for i in range(len(view.shape))])
    assert np.all((index >= 0) & (index < memory.size))
    return memory[index]


@st.composite
def looks(draw: Any) -> tuple[Any, Any]:
    """Draw memory and an array of NumPy that looks at it: cut, backwards, with new axes, turned, wider."""
    shape = draw(SHAPES)
    memory = np.arange(np.prod(shape, dtype=int))
    key = draw(arrays.basic_indices(shape, allow_ellipsis=False, allow_newaxis=True, max_dims=5))
    x = memory.reshape(shape)[(*key, ...) if isinstance(key, tuple) else (key, ...)]
    x = np.transpose(x, draw(st.permutations(range(x.ndim))))
    if draw(st.booleans()):
        x = np.broadcast_to(x, _wider(draw, x.shape))
    return x, memory


def _wider(draw: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """Draw a shape that one of a given shape can be broadcast to."""
    front = draw(st.lists(st.integers(0, 3), max_size=2))
    return (*front, *(draw(st.integers(0, 3)) if n == 1 else n for n in shape))


def _other_shape(draw: Any, count: int) -> tuple[int, ...]:
    """Draw a shape of so many elements, or of none in any number of axes."""
    if not count:
        shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
        return tuple(shape) if 0 in shape else (*shape, 0)
    found: list[int] = []
    while count > 1:
        found.append(draw(st.sampled_from([n for n in range(2, count + 1) if count % n == 0])))
        count //= found[-1]
    return tuple(draw(st.permutations([*found, *[1] * draw(st.integers(0, 2))])))


@given(looks())
def test_it_is_contiguous_where_numpy_s_is(look: tuple[Any, Any]) -> None:
    x, memory = look
    view = strided(x, memory)
    assert view.count == x.size
    assert view.is_contiguous == x.flags.c_contiguous
    np.testing.assert_array_equal(seen(view, memory), x)


@given(SHAPES)
def test_the_strides_of_a_new_array(shape: tuple[int, ...]) -> None:
    x = np.empty(shape, np.int8)
    assert Strided(shape, contiguous_strides(shape)).is_contiguous
    assert contiguous_strides(shape) == x.strides or not x.size


@given(st.data(), looks())
def test_a_shape_is_a_view_where_numpy_takes_no_copy(data: Any, look: tuple[Any, Any]) -> None:
    x, memory = look
    shape = _other_shape(data.draw, x.size)
    view = strided(x, memory).reshaped(shape)
    wanted = x.reshape(shape)
    if view is not None:
        assert view.shape == shape
        np.testing.assert_array_equal(seen(view, memory), wanted)
    if x.size:
        assert (view is not None) == np.shares_memory(wanted, memory)


@given(looks())
def test_a_collapsed_view_has_the_same_elements_in_order(look: tuple[Any, Any]) -> None:
    x, memory = look
    view = strided(x, memory).collapsed()
    assert 1 not in view.shape
    np.testing.assert_array_equal(seen(view, memory).reshape(-1), x.reshape(-1))
    if x.size:
        pairs = zip(view.strides, view.shape[1:], view.strides[1:], strict=False)
        assert all(outer != n * inner for outer, n, inner in pairs)


@given(st.data(), looks())
def test_axes_in_another_order_wider_and_backwards(data: Any, look: tuple[Any, Any]) -> None:
    x, memory = look
    view = strided(x, memory)
    axes = data.draw(st.permutations(range(x.ndim)))
    np.testing.assert_array_equal(seen(view.permuted(axes), memory), np.transpose(x, axes))
    shape = _wider(data.draw, x.shape)
    np.testing.assert_array_equal(seen(view.broadcast(shape), memory), np.broadcast_to(x, shape))
    some = data.draw(st.lists(st.sampled_from(range(x.ndim)), unique=True)) if x.ndim else []
    np.testing.assert_array_equal(seen(view.flipped(some), memory), np.flip(x, tuple(some)))


@given(st.data(), looks().filter(lambda look: look[0].ndim > 0))
def test_some_of_an_axis(data: Any, look: tuple[Any, Any]) -> None:
    x, memory = look
    view, axis = strided(x, memory), data.draw(st.integers(0, x.ndim - 1))
    part = data.draw(st.slices(x.shape[axis]))
    which = range(x.shape[axis])[part]
    found = view.sliced(axis, which.start, which.step, len(which))
    np.testing.assert_array_equal(seen(found, memory), x[(slice(None),) * axis + (part,)])
    if x.shape[axis]:
        np.testing.assert_array_equal(seen(view.dropped(axis), memory), np.take(x, 0, axis))


@pytest.mark.parametrize(("shape", "strides", "wanted", "found"), [
    ((2, 3), (3, 1), (6,), (1,)),
    ((2, 3), (6, 2), (3, 2), (4, 2)),
    ((2, 3), (1, 2), (6,), None),
    ((2, 3), (-3, -1), (6,), (-1,)),
    ((2, 3), (0, 0), (6,), (0,)),
    ((2, 3), (0, 1), (6,), None),
    ((4, 3, 2), (6, 2, 1), (2, 2, 6), (12, 6, 1)),
    ((4, 3), (10, 1), (2, 2, 3), (20, 10, 1)),
    ((4, 3), (10, 1), (12,), None),
    ((4, 1, 3), (10, 7, 1), (1, 4, 3, 1), (40, 10, 1, 0)),
    ((1, 1), (5, 7), (), ()),
    ((0, 3), (7, 5), (2, 0), (1, 1)),
])  # fmt: skip
def test_strides_of_another_shape(shape: Any, strides: Any, wanted: Any, found: Any) -> None:
    view = Strided(shape, strides, 4).reshaped(wanted)
    assert view == (None if found is None else Strided(wanted, found, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Strided):
    """A view of memory that has a name."""

    name: str


def test_a_view_of_memory_is_one_of_the_same_memory() -> None:
    view = Named((2, 3), (3, 1), 5, name="a").sliced(0, 1, 1, 1).reshaped((3,))
    assert view == Named((3,), (1,), 8, name="a")
