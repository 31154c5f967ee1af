"""Properties over shapes and values that nobody chose: broadcasting, reductions, products, joins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp
from bpcore.derivatives.checks.checking import check_grad
from bpcore.derivatives.rules.broadcast import axes_of, spread, sum_to
from bpcore.derivatives.transforms.gradients import grad, vjp

XP = bp.namespace("numpy")
PAIRED = ["add", "subtract", "multiply", "hypot", "atan2", "logaddexp"]
quick = settings(max_examples=40, deadline=None)
PAIRS = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)
NUMBERS = st.floats(-2.0, 2.0).map(lambda x: round(x, 3))


def arrays(shape: tuple[int, ...]) -> Any:
    return hnp.arrays(np.float64, shape, elements=NUMBERS)


@quick
@given(PAIRS, st.data())
def test_sum_to_is_the_transpose_of_broadcasting(pair: Any, data: Any) -> None:
    """The product of a broadcast array with another is that of the array with the other summed down."""
    (shape, _), result = pair.input_shapes, pair.result_shape
    x, g = data.draw(arrays(shape)), data.draw(arrays(result))
    summed = sum_to(np, g, shape)
    assert summed.shape == shape
    np.testing.assert_allclose(np.sum(np.broadcast_to(x, result) * g), np.sum(x * summed), atol=1e-12)


@st.composite
def reductions(draw: Any) -> tuple[tuple[int, ...], Any, bool]:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    some = hnp.valid_tuple_axes(len(shape), min_size=1)
    return shape, draw(st.none() | st.integers(-len(shape), len(shape) - 1) | some), draw(st.booleans())


@quick
@given(reductions(), st.data())
def test_spread_is_the_transpose_of_summing(reduction: Any, data: Any) -> None:
    shape, axis, keepdims = reduction
    x = data.draw(arrays(shape))
    total = np.sum(x, axis=axis, keepdims=keepdims)
    g = data.draw(arrays(total.shape))
    back = spread(np, g, x, axis, keepdims)
    assert back.shape == shape
    np.testing.assert_allclose(np.sum(total * g), np.sum(x * back), atol=1e-12)
    count = math.prod(shape[i] for i in axes_of(axis, len(shape)))
    np.testing.assert_allclose(np.sum(back, axis=axis, keepdims=keepdims), g * count, atol=1e-12)


@quick
@given(PAIRS, st.data(), st.sampled_from(PAIRED))
def test_gradients_of_broadcast_pairs(pair: Any, data: Any, name: str) -> None:
    """Shapes are the inputs', inputs stay as they are, and slopes along a direction are differences."""
    a, b = (data.draw(arrays(shape)) + 3.0 for shape in pair.input_shapes)
    f, before = getattr(XP, name), (a.copy(), b.copy())
    y, pullback = vjp(f, a, b)
    g = data.draw(arrays(y.shape))
    by_a, by_b = pullback(g)
    assert (by_a.shape, by_b.shape) == pair.input_shapes
    assert np.array_equal(a, before[0])
    assert np.array_equal(b, before[1])
    da, db = np.cos(a * 5), np.sin(b * 7)
    h = 1e-5
    change = (f(a + h * da, b + h * db) - f(a - h * da, b - h * db)) / (2 * h)
    np.testing.assert_allclose(
        np.sum(by_a * da) + np.sum(by_b * db), np.sum(change * g), rtol=1e-7, atol=1e-7
    )


@quick
@given(reductions(), st.data(), st.sampled_from(["sum", "mean", "var", "std", "logsumexp", "max", "min"]))
def test_gradients_of_reductions(reduction: Any, data: Any, name: str) -> None:
    shape, axis, keepdims = reduction
    order = data.draw(st.permutations(range(math.prod(shape))))
    x = np.asarray(order, dtype=np.float64).reshape(shape) * 0.7  # no ties
    one_each = math.prod(shape[i] for i in axes_of(axis, len(shape))) == 1
    if name == "std" and one_each:
        return  # it is flat there, with a kink
    check_grad(lambda x: getattr(XP, name)(x, axis=axis, keepdims=keepdims), x, atol=1e-6)


@st.composite
def products(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    pair = draw(hnp.mutually_broadcastable_shapes(signature="(i?,j),(j,k?)->(i?,k?)", max_dims=2, max_side=3))
    return tuple(pair.input_shapes)  # type: ignore[return-value]


@quick
@given(products(), st.data())
def test_gradients_of_products(shapes: Any, data: Any) -> None:
    a, b = (data.draw(arrays(shape)) for shape in shapes)
    y, pullback = vjp(XP.matmul, a, b)
    g = data.draw(arrays(np.shape(y)))
    by_a, by_b = pullback(g)
    assert (by_a.shape, by_b.shape) == (a.shape, b.shape)
    # bilinear: each gradient times its input is the same number, the output times the cotangent
    for one in (np.sum(by_a * a), np.sum(by_b * b)):
        np.testing.assert_allclose(one, np.sum(y * g), atol=1e-10)
    other = data.draw(arrays(a.shape))
    np.testing.assert_allclose(np.sum(by_a * other), np.sum(np.matmul(other, b) * g), atol=1e-10)


@quick
@given(SHAPES.filter(len), st.data())
def test_joining_and_cutting_are_transposes(shape: Any, data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = [data.draw(arrays(shape)) for _ in range(data.draw(st.integers(1, 3)))]
    for join in (XP.concat, XP.stack):
        y, pullback = vjp(lambda parts, join=join: join(parts, axis=axis), parts)
        g = data.draw(arrays(y.shape))
        (back,) = pullback(g)
        assert np.array_equal(join(back, axis=axis), g)


def _keys(shape: tuple[int, ...]) -> Any:
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


@quick
@given(SHAPES.filter(len), st.data())
def test_reading_with_any_basic_key(shape: Any, data: Any) -> None:
    x = data.draw(arrays(shape))
    key = data.draw(_keys(shape))
    y, pullback = vjp(lambda x: x[key], x)
    assert np.array_equal(y, x[key])
    g = data.draw(arrays(np.shape(y)))
    wanted = np.zeros(shape)
    wanted[key] = g
    assert np.array_equal(pullback(g)[0], wanted)


@quick
@given(SHAPES, st.data())
def test_a_gradient_is_linear_in_its_function(shape: Any, data: Any) -> None:
    x, c = data.draw(arrays(shape)), data.draw(NUMBERS)

    def f(x: Any) -> Any:
        return XP.sum(XP.sin(x) * XP.exp(x))

    def g(x: Any) -> Any:
        return XP.mean(XP.tanh(x) ** 2)

    both = grad(lambda x: f(x) + c * g(x))(x)
    np.testing.assert_allclose(both, grad(f)(x) + c * grad(g)(x), atol=1e-12)
