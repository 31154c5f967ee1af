"""Element-wise functions over special values, as host code of their kernels; no GPU has a part in it.

What IEEE 754 or whole numbers fix is NumPy's to the bit. The mathematical functions are the host library's
here, and CUDA's on a device: of these the test says that the right one is called, with the right argument.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.keys import bits
from tests.backends.cupy.elements.running import compared

XP = bp.namespace("numpy")
pytestmark = pytest.mark.usefixtures("compiler")

FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.7, -3.2, 1e-3, 40.0, np.inf, -np.inf, np.nan, 7.0, -7.0]
EXACT = (
    *("negative", "abs", "square", "sqrt", "reciprocal", "sign", "positive", "floor", "ceil", "trunc"),
    *("round", "isnan", "isinf", "isfinite", "signbit", "relu", "zeros_like", "ones_like"),
)
EXACT_TWO = (
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "copysign", "equal", "not_equal"),
    *("less", "less_equal", "greater", "greater_equal", "floor_divide", "remainder", "nextafter"),
)
MATHEMATICAL = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "tanh", "sin", "cos", "tan", "asin", "acos"),
    *("atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erf", "erfc", "expit", "softplus", "log_expit"),
)


def _bits(x: Any) -> Any:
    return np.where(np.isnan(x), np.inf, np.signbit(x)) if x.dtype.kind == "f" else x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_ieee_fixes(dtype: str) -> None:
    x = np.repeat(np.asarray(FLOATS, dtype), len(FLOATS))
    y = np.tile(np.asarray(FLOATS, dtype), len(FLOATS))

    def f(x: Any, y: Any) -> Any:
        one = [getattr(XP, name)(x) for name in EXACT]
        two = [getattr(XP, name)(x, y) for name in EXACT_TWO]
        given = [XP.add(x, 1), XP.multiply(2.5, x), XP.divide(1, x), XP.greater_equal(x, 0.0)]
        given += [XP.where(x > 0, y, 0.1), XP.clip(x, -1.0, 2.0), XP.full_like(x, 0.1), XP.pow(x, 2)]
        given += [XP.pow(x, -1.0), XP.pow(x, 0), XP.pow(x, 1.0), XP.astype(x, XP.float32)]
        given += [XP.astype(x, XP.bool), XP.astype(x > 0, XP.float64), XP.logical_and(x > 0, y > 0)]
        return tuple(one + two + given)

    found, wanted, kernels = compared(f, x, y)
    assert len(kernels) >= len(found)
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        b = np.asarray(b)  # noqa: PLW2901 - NumPy's numbers are no arrays
        assert a.dtype == b.dtype, number
        np.testing.assert_array_equal(a, b, err_msg=str(number))
        if number not in (len(EXACT) + 4, len(EXACT) + 5):  # of 0.0 and -0.0 NumPy may take either
            np.testing.assert_array_equal(_bits(a), _bits(b), err_msg=str(number))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mathematical_functions(dtype: str, rng: np.random.Generator) -> None:
    x = np.concatenate([np.asarray(FLOATS, dtype), rng.normal(size=200).astype(dtype)])
    y = x[::-1].copy()

    def f(x: Any, y: Any) -> Any:
        one = [getattr(XP, name)(x) for name in MATHEMATICAL]
        size = XP.abs(x)
        return (*one, XP.atan2(x, y), XP.hypot(x, y), XP.logaddexp(x, y), XP.pow(size, y), XP.sqrt(size))

    found, wanted, kernels = compared(f, x, y)
    assert len(kernels) >= len(found)
    for name, a, b in zip((*MATHEMATICAL, "atan2", "hypot", "logaddexp", "pow"), found, wanted, strict=False):
        np.testing.assert_allclose(
            a, b, rtol=4 * np.finfo(dtype).eps, err_msg=name, atol=np.finfo(dtype).tiny
        )


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_whole_numbers_wrap_and_round_down(dtype: str) -> None:
    info = np.iinfo(dtype)
    values = [int(info.min), int(info.max), 0, 1, 2, 7, 100, int(info.max) - 1, int(info.min) + 1]
    values += [-1, -2, -7, -100] if info.min < 0 else []
    x = np.repeat(np.asarray(values, dtype), len(values))
    y = np.tile(np.asarray(values, dtype), len(values))
    by = np.tile(np.arange(len(values)).astype(dtype), len(values))
    one = ["negative", "abs", "square", "sign", "positive", "floor", "round", "isfinite", "isnan"]
    two = ["add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder"]
    two += ["bitwise_and", "bitwise_or", "bitwise_xor", "less", "equal", "greater_equal"]

    def f(x: Any, y: Any, by: Any) -> Any:
        found = [getattr(XP, name)(x) for name in one] + [getattr(XP, name)(x, y) for name in two]
        found += [XP.bitwise_invert(x), XP.bitwise_left_shift(x, by), XP.bitwise_right_shift(x, by)]
        found += [XP.bitwise_left_shift(x, 70), XP.bitwise_right_shift(x, 70), XP.clip(x, 2, 90)]
        found += [XP.astype(x, XP.float32), XP.astype(x, XP.float64), XP.astype(x, XP.bool)]
        found += [XP.astype(x, XP.int8), XP.astype(x, XP.uint16), XP.astype(x, XP.int64), XP.add(x, 3)]
        return tuple(found)

    found, wanted, kernels = compared(f, x, y, by)
    assert len(kernels) >= len(found)
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        assert a.dtype == b.dtype, number
        np.testing.assert_array_equal(a, b, err_msg=str(number))


def test_truth_values() -> None:
    x = np.asarray([True, True, False, False])
    y = np.asarray([True, False, True, False])

    def f(x: Any, y: Any) -> Any:
        logical = [XP.logical_and(x, y), XP.logical_or(x, y), XP.logical_xor(x, y), XP.logical_not(x)]
        bits = [XP.bitwise_and(x, y), XP.bitwise_or(x, y), XP.bitwise_xor(x, y), XP.bitwise_invert(x)]
        return (*logical, *bits, XP.where(x, y, True), XP.equal(x, y), XP.astype(x, XP.int32))

    found, wanted, kernels = compared(f, x, y)
    assert len(kernels) == len(found)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_dtypes_that_meet_are_promoted_as_numpy_promotes_them(rng: np.random.Generator) -> None:
    i = rng.integers(-5, 5, 12).astype("int32")
    j = rng.integers(-5, 5, 12)
    x = rng.normal(size=12).astype("float32")
    z = rng.normal(size=12)

    def f(i: Any, j: Any, x: Any, z: Any) -> Any:
        together = [
            XP.equal(XP.astype(z, XP.float32), z),
            XP.add(i, j),
            XP.multiply(x, z),
            XP.where(i > 0, x, z),
            XP.less(i, j),
            XP.equal(x, z),
        ]
        return (*together, XP.add(x, 0.1), XP.multiply(i, 3), XP.subtract(1, x), XP.maximum(x, 0.1))

    found, wanted, _ = compared(f, i, j, x, z)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_key_functions_give_the_same_bits() -> None:
    """Threefry is whole numbers alone, so dropout stays inside of a kernel."""

    def f(key: Any) -> Any:
        one, other = bp.split(key, 2)
        return bits(one, (3, 5)), bp.uniform(other, (7,)), one, other

    found, wanted, kernels = compared(f, bp.key(7))
    assert len(kernels) > 100
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
