"""Reductions as host code, threads and barriers included: values, orders, stages. No GPU has a part in it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp
from bpcore_cupy.elements import grouped
from tests.backends.cupy.elements.running import compared

XP = bp.namespace("numpy")
pytestmark = pytest.mark.usefixtures("compiler")


def _all(x: Any, axis: Any, *, keepdims: bool) -> list[Any]:
    found = [getattr(XP, n)(x, axis=axis, keepdims=keepdims) for n in ("sum", "mean", "max", "min", "prod")]
    return [*found, XP.any(x > 1, axis=axis), XP.all(x > -1, axis=axis)]


@settings(max_examples=4, deadline=None)
@given(
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=40),
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 99),
)
def test_any_axes(shape: tuple[int, ...], dtype: str, seed: int) -> None:
    x = np.asarray(np.random.default_rng(seed).normal(size=shape), dtype)
    rank = len(shape)
    axes = [None, *range(rank), *((a, b) for a in range(rank) for b in range(a))]

    def f(x: Any) -> Any:
        found = [y for i, axis in enumerate(axes) for y in _all(x, axis, keepdims=i % 2 == 0)]
        arguments = [XP.argmax(x, axis=axis) for axis in (None, *range(rank))]
        return tuple(found + arguments + [XP.argmin(x, axis=axis) for axis in (None, *range(rank))])

    found, wanted, kernels = compared(f, x)
    assert len(kernels) >= len(found)
    eps = 8 * np.finfo(dtype).eps * max(1.0, float(np.abs(x).sum()))
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        b = np.asarray(b)  # noqa: PLW2901 - NumPy's numbers are no arrays
        assert (a.shape, a.dtype) == (b.shape, b.dtype), number
        if b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=1e-4 if dtype == "float32" else 1e-12, atol=eps)
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(700, 40), (2, 20000), (1200, 3), (3, 1025)])
def test_whole_numbers_are_exact_however_they_are_split(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    x = rng.integers(-1000, 1000, shape).astype("int32")

    def f(x: Any) -> Any:
        sums = [XP.sum(x, axis=axis) for axis in (None, 0, 1)]
        most = [XP.max(x), XP.min(x, axis=0), XP.max(x, axis=1), XP.argmax(x, axis=0), XP.argmin(x, axis=1)]
        return (*sums, *most, XP.argmax(x))

    found, wanted, kernels = compared(f, x)
    assert shape == (3, 1025) or any(len(kernel.stages) == 2 for kernel in kernels.values())
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_and_infinities() -> None:
    x = np.asarray([[1.0, np.nan, 3.0], [np.inf, 2.0, -np.inf], [-np.inf] * 3, [-0.0] * 3, [np.nan] * 3])

    def f(x: Any) -> Any:
        named = [getattr(XP, n) for n in ("max", "min", "sum", "argmax", "argmin")]
        return tuple(function(x, axis=axis) for function in named for axis in (None, 0, 1))

    found, wanted, _ = compared(f, x)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0,)])
def test_nothing_is_reduced(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, "float32")

    def f(x: Any) -> Any:
        return (XP.sum(x), XP.sum(x, axis=0), XP.prod(x, axis=-1), XP.mean(x), XP.any(x > 0), XP.all(x > 0))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found, wanted, kernels = compared(f, x)
    assert len(kernels) >= len(found)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rows", [1, 7, 130, 2100])
def test_a_chain_that_ends_in_a_sum_of_columns(rows: int, rng: np.random.Generator) -> None:
    """What a bias' gradient is: the masked cotangent is written, and its columns are summed up."""
    g, y = (rng.normal(size=(rows, 33)).astype("float32") for _ in range(2))

    def f(g: Any, y: Any) -> Any:
        masked = XP.multiply(g, XP.astype(XP.greater(y, 0.0), g.dtype))
        return masked, XP.sum(masked, axis=0)

    found, wanted, kernels = compared(f, g, y, passes=grouped)
    (kernel,) = kernels.values()
    assert len(kernel.stages) == (2 if rows > 512 else 1)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5, atol=1e-4)


def test_halves_are_summed_up_in_float32(rng: np.random.Generator) -> None:
    x = rng.uniform(size=(64, 3000)).astype("float16")
    found, _, kernels = compared(lambda x: (XP.sum(x, axis=1), XP.mean(x, axis=0), XP.max(x, axis=1)), x)
    assert len(kernels) == 3
    for a, axis in zip(found, (1, 0), strict=False):
        wanted = (x.sum(axis, dtype="float64") if axis else x.mean(axis, dtype="float64")).astype("float16")
        np.testing.assert_array_max_ulp(a, wanted, 1)
    np.testing.assert_array_equal(found[2], x.max(axis=1))
