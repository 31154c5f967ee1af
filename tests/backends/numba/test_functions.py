"""Functions as native code, against the NumPy backend's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp

XP = bp.namespace("numpy")


def both(f: Any, *args: Any) -> tuple[list[Any], list[Any]]:
    """Return what native code and what NumPy's functions make of the arguments; no falling back."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        native = bp.compile(f, backend="numba")(*args)
    with np.errstate(all="ignore"):
        plain = f(*args)
    return list(native), list(plain)


def same(f: Any, *args: Any, ulps: int = 0) -> None:
    for number, (y, z) in enumerate(zip(*both(f, *args), strict=True)):
        z = np.asarray(z)  # noqa: PLW2901 - NumPy's numbers are no arrays
        assert y.dtype == z.dtype, number
        assert y.shape == z.shape, number
        if ulps and z.dtype.kind == "f":
            np.testing.assert_array_max_ulp(y, z, ulps)
        else:
            np.testing.assert_array_equal(y, z, err_msg=str(number))


FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.7, -3.2, 1e-3, 40.0, np.inf, -np.inf, np.nan, 7.0, -7.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arithmetic_of_floats(dtype: str) -> None:
    x = np.asarray(FLOATS, dtype)
    y = np.asarray(FLOATS[3:] + FLOATS[:3], dtype)

    def f(x: Any, y: Any) -> Any:
        arithmetic = [XP.add(x, y), XP.subtract(x, y), XP.multiply(x, y), XP.divide(x, y)]
        one = [
            XP.negative(x),
            XP.abs(x),
            XP.square(x),
            XP.sqrt(x),
            XP.reciprocal(x),
            XP.sign(x),
            XP.positive(x),
        ]
        rounded = [XP.floor(x), XP.ceil(x), XP.trunc(x), XP.round(x)]
        chosen = [XP.maximum(x, y), XP.minimum(x, y), XP.clip(x, -1.0, 2.0), XP.copysign(x, y), XP.relu(x)]
        asked = [XP.isnan(x), XP.isinf(x), XP.isfinite(x)]
        compared = [
            getattr(XP, name)(x, y) for name in ("equal", "not_equal", "less", "less_equal", "greater")
        ]
        with_numbers = [XP.add(x, 1), XP.multiply(2.5, x), XP.greater_equal(x, 0.0), XP.where(x > 0, y, 0.0)]
        liked = [XP.zeros_like(x), XP.ones_like(x), XP.full_like(x, 2.5)]
        return tuple(arithmetic + one + rounded + chosen + asked + compared + with_numbers + liked)

    same(f, x, y)


def test_whole_numbers_and_truth_values(rng: np.random.Generator) -> None:
    i = rng.integers(-50, 50, (3, 5))
    j = rng.integers(1, 9, 5).astype(np.int32)
    b = i > 0

    def f(i: Any, j: Any, b: Any) -> Any:
        whole = [XP.add(i, j), XP.multiply(j, 3), XP.negative(j), XP.abs(i), XP.square(j), XP.sign(i)]
        whole += [XP.subtract(i, j), XP.maximum(i, 0), XP.minimum(i, j)]
        bits = [XP.bitwise_and(i, 12), XP.bitwise_or(j, 1), XP.bitwise_xor(i, j), XP.bitwise_invert(j)]
        bits += [XP.bitwise_left_shift(j, 3), XP.bitwise_right_shift(i, 2)]
        truth = [XP.logical_and(b, i), XP.logical_or(b, j), XP.logical_not(b), XP.logical_xor(b, True)]
        cast = [
            XP.astype(i, XP.float32),
            XP.astype(b, XP.int64),
            XP.astype(i, XP.int32),
            XP.astype(i, XP.bool),
        ]
        mixed = [XP.divide(i, j), XP.less(i, 0.5), XP.add(XP.astype(j, XP.float64), i), XP.where(b, i, j)]
        return tuple(whole + bits + truth + cast + mixed)

    same(f, i, j, b)


def test_division_that_rounds_down() -> None:
    x = np.asarray([7.0, -7.0, 7.5, -7.5, 0.0, -0.0, np.inf, np.nan, 6.0, 1e300, 5.0, -5.0])
    y = np.asarray([2.0, 2.0, -2.0, -2.0, 3.0, 3.0, 2.0, 1.0, -3.0, 3.0, 0.0, 0.0])
    i = np.asarray([7, -7, 7, -7, 0, -(2**63), 2**63 - 1, 6])
    j = np.asarray([2, 2, -2, -2, 5, -1, -1, -3])

    def f(x: Any, y: Any, i: Any, j: Any) -> Any:
        floats = [XP.floor_divide(x, y), XP.remainder(x, y), XP.signbit(x), XP.remainder(x, 2.5)]
        infinite = [XP.logaddexp(x, y), XP.logaddexp(x, x), XP.logaddexp(x, -np.inf)]
        return (*floats, XP.floor_divide(i, j), XP.remainder(i, j), XP.signbit(x - y), *infinite)

    *exact, a, b, c = zip(*both(f, x, y, i, j), strict=True)
    for found, wanted in exact:
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
    for found, wanted in (a, b, c):
        np.testing.assert_allclose(found, wanted, rtol=1e-15)


def test_a_cast_to_whole_numbers_cuts_off() -> None:
    same(lambda x: (XP.astype(x, XP.int64), XP.astype(x, XP.int32)), np.asarray([1.9, -1.9, 0.0, 77.5]))


def test_functions_of_the_c_library_and_composed_ones(rng: np.random.Generator) -> None:
    x = rng.uniform(0.1, 0.9, 64)

    def f(x: Any) -> Any:
        circular = [getattr(XP, name)(x) for name in ("sin", "cos", "tan", "asin", "acos", "atan")]
        hyperbolic = [getattr(XP, name)(x) for name in ("sinh", "cosh", "asinh", "atanh")]
        other = [XP.acosh(XP.add(x, 1.0)), XP.log2(x), XP.log10(x), XP.hypot(x, 2.0), XP.pow(x, 1.7)]
        composed = [XP.expit(x), XP.softplus(x), XP.log_expit(x), XP.logit(x), XP.erf(x), XP.xlogy(x, x)]
        return tuple(circular + hyperbolic + other + composed)

    same(f, x, ulps=16)


@pytest.mark.parametrize("shape", [(7,), (5, 9), (3, 4, 17), (2, 300), (6, 1)])
def test_reductions_add_in_the_order_of_numpy(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape)

    def f(x: Any, single: Any) -> Any:
        return _reduced(x) + _reduced(single)

    def _reduced(x: Any) -> Any:
        last = [getattr(XP, name)(x, axis=-1) for name in ("sum", "mean", "max", "min", "argmax", "argmin")]
        first = [getattr(XP, name)(x, axis=0) for name in ("sum", "mean", "max", "min", "argmax")]
        total = [XP.sum(x), XP.mean(x), XP.max(x), XP.any(XP.greater(x, 2.0)), XP.all(XP.less(x, 9.0))]
        kept = [XP.sum(x, axis=-1, keepdims=True), XP.cumulative_sum(x, axis=-1), XP.sum(XP.greater(x, 0.0))]
        return tuple(last + first + total + kept)

    same(f, x, x.astype(np.float32))


def test_a_long_sum_is_halved_as_numpy_halves_it(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 5003))
    same(lambda x: (XP.sum(x, axis=1), XP.sum(x), XP.mean(x, axis=1), XP.prod(XP.abs(x[:, :5]), axis=1)), x)


def test_what_is_no_number_is_the_greatest(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 6))
    x[1, 2], x[1, 4], x[3, 0] = np.nan, np.nan, np.inf
    same(lambda x: (XP.max(x, axis=1), XP.min(x, axis=0), XP.argmax(x, axis=1), XP.argmin(x, axis=1)), x)


def test_views_and_joins(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(4, 6)), rng.normal(size=(2, 6))

    def f(x: Any, y: Any) -> Any:
        turned = [XP.matrix_transpose(x), XP.permute_dims(x, (1, 0)), XP.flip(x, axis=1), XP.flip(x)]
        shaped = [
            XP.reshape(XP.matrix_transpose(x), (3, 8)),
            XP.expand_dims(x, axis=1),
            x[1:3, ::2],
            x[-1, ...],
        ]
        shaped += [XP.squeeze(XP.expand_dims(x, axis=0), axis=0), XP.moveaxis(XP.reshape(x, (2, 2, 6)), 0, 2)]
        spread = [XP.add(XP.broadcast_to(y[:1, :], (4, 6)), x), XP.broadcast_to(y[0, :], (3, 6))]
        joined = [
            XP.concat([x, y]),
            XP.concat([x, x], axis=1),
            XP.stack([y, y], axis=1),
            XP.concat([x, y], axis=None),
        ]
        again = [XP.add(XP.reshape(x * 2.0, (6, 4)), XP.matrix_transpose(x * 3.0)), XP.sum(x.T, axis=0)]
        return tuple(turned + shaped + spread + joined + again)

    same(f, x, y)


def test_another_shape_of_a_part_is_added_as_numpy_adds_it(rng: np.random.Generator) -> None:
    x = rng.normal(size=(12, 10))

    def f(x: Any) -> Any:
        parts = [XP.reshape(part, (4, 3, -1)) for part in (x[:, 2:7], x[:, ::-2], XP.flip(x, axis=0))]
        sums = [XP.sum(y, axis=axis) for y in parts for axis in (0, 1, 2, (1, 2), None)]
        return (XP.reshape(x[:, 3], (3, 1, 4)), XP.reshape(XP.flip(x), (8, 15)), *parts, *sums)

    same(f, x)


def test_loops_are_not_joined_over_a_view_of_what_they_make(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 5))

    def f(x: Any) -> Any:
        y = XP.multiply(x, 2.0)
        z = XP.add(XP.matrix_transpose(y), y)
        return (XP.add(z, XP.flip(z)), XP.subtract(XP.sum(z, axis=0), z))

    same(f, x)


def test_elements_by_index(rng: np.random.Generator) -> None:
    x, g = rng.normal(size=(5, 7)), rng.normal(size=(3, 7))
    at, columns = np.asarray([4, -1, 2]), rng.integers(0, 7, (5, 2))

    def f(x: Any, g: Any, at: Any, columns: Any) -> Any:
        taken = [
            XP.take(x, at, axis=0),
            XP.take(x, at, axis=1),
            x[at],
            XP.take_along_axis(x, columns, axis=1),
        ]
        grads = [
            bp.grad(lambda x: XP.sum(XP.take(x, at, axis=0) * g))(x),
            bp.grad(lambda x: XP.sum(x[at] * g))(x),
        ]
        grads += [bp.grad(lambda x: XP.sum(XP.square(XP.take_along_axis(x, columns, axis=1))))(x)]
        grads += [bp.grad(lambda x: XP.sum(x[1:3, ::2] * 2.0))(x)]
        return tuple(taken + grads)

    same(f, x, g, at, columns)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_products_of_any_shape_and_orientation(data: st.DataObject) -> None:
    m, k, n = (data.draw(st.sampled_from([1, 2, 5, 8, 17, 33, 70])) for _ in range(3))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    left, right = data.draw(st.booleans()), data.draw(st.booleans())
    rng = np.random.default_rng(m * k * n)
    a = rng.normal(size=(k, m) if left else (m, k)).astype(dtype)
    b = rng.normal(size=(n, k) if right else (k, n)).astype(dtype)

    def f(a: Any, b: Any) -> Any:
        a = XP.matrix_transpose(a) if left else a
        b = XP.matrix_transpose(b) if right else b
        return (XP.matmul(a, b), XP.matmul(a, b[:, 0]), XP.matmul(a[0, :], b))

    (found, *others), (wanted, *more) = both(f, a, b)
    scale = np.abs(a).max() * np.abs(b).max() * k * np.finfo(dtype).eps
    for y, z in zip([found, *others], [wanted, *more], strict=True):
        assert np.abs(y - z).max() <= 4 * scale


def test_a_large_product_is_that_of_numpy(rng: np.random.Generator) -> None:
    """Threads take pieces of rows, or of columns."""
    a, b = rng.normal(size=(300, 210)), rng.normal(size=(250, 210))
    results = both(
        lambda a, b: (XP.matmul(a, XP.matrix_transpose(b)), XP.matmul(b, a.T), XP.matmul(a.T, a)), a, b
    )
    for y, z in zip(*results, strict=True):
        np.testing.assert_allclose(y, z, rtol=0, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_random_element_wise_programs(data: st.DataObject) -> None:
    """Broadcasts, casts and reductions between loops that are joined, or must not be."""
    n, m = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 40))
    rng = np.random.default_rng(n * 100 + m)
    arrays = [rng.normal(size=(n, m)), rng.normal(size=(m,)).astype(np.float32), rng.normal(size=(n, 1))]
    steps = data.draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=25
        )
    )

    def f(*xs: Any) -> Any:
        values = list(xs)
        for kind, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(_combined(kind, a, b))
        return tuple(values[3:])

    same(f, *arrays)


def _combined(kind: int, a: Any, b: Any) -> Any:
    if kind in (0, 1, 2):
        return (XP.add, XP.multiply, XP.maximum)[kind](a, b)
    if kind == 3:
        return XP.where(XP.greater(a, b), a, 0.5)
    if kind == 4:
        return XP.sum(a, axis=0, keepdims=True)
    if kind == 5:
        return XP.astype(XP.less(a, b), XP.float32)
    if kind == 6:
        return XP.mean(a, axis=-1, keepdims=True)
    return XP.negative(XP.abs(a))


def test_arrays_that_a_function_makes_of_the_namespace_of_its_argument(rng: np.random.Generator) -> None:
    outside = rng.normal(size=3)

    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        joined = xp.concat([x, xp.zeros((2,))])
        return joined, xp.zeros((2000,)), x + xp.arange(3.0), xp.asarray(outside) * x, xp.asarray(outside)

    same(f, rng.normal(size=3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_that_numpy_does_in_another_way(rng: np.random.Generator, dtype: str) -> None:
    """For these exponents NumPy takes reciprocal, one, itself, square and sqrt: of -0.0 and -inf too."""
    x = np.concatenate([np.asarray(FLOATS, dtype), rng.normal(size=500).astype(dtype) * 10])
    exponents = (-1, -1.0, 0, 0.0, 1, 1.0, 2, 2.0, 0.5)
    for y, z in zip(*both(lambda x: tuple(XP.pow(x, e) for e in exponents), x), strict=True):
        np.testing.assert_array_equal(y, z)
        known = ~np.isnan(z)
        np.testing.assert_array_equal(np.signbit(y[known]), np.signbit(z[known]))


def test_a_long_chain_is_cut_into_kernels_of_bounded_size(rng: np.random.Generator) -> None:
    """LLVM's time for one kernel grows with its square: 1000 steps in one took 20 s."""

    def f(x: Any) -> Any:
        ys = [x]
        for _ in range(150):
            ys.append(XP.tanh(XP.add(ys[-1], 0.1)))
        return XP.multiply(ys[-1], ys[40]), XP.sum(ys[-1])  # one is read far from where it is made

    x = rng.normal(size=(3, 5))
    same(f, x, ulps=64)
    kernels = bp.compile(f, backend="numba").source(x).split("define internal void @kernel")[1:]
    counts = [text.count("@bp_tanh_f64(") for text in kernels]
    assert sum(counts) > 0
    assert max(counts) <= 64
