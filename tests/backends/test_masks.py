"""Products of numbers and truth values on NumPy: what a cast copy would have given, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp

XP = bp.namespace("numpy")
SPECIAL = [0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan]


def slope(g: Any, x: Any) -> Any:
    return XP.multiply(g * 1.0, XP.astype(x > 0.0, g.dtype)) - 0.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("f", [slope, lambda g, x: XP.multiply(XP.astype(x > 0.0, g.dtype), g * 1.0) - 0.0])
def test_the_bits_are_those_of_a_cast(f: Any, dtype: Any) -> None:
    g, x = (np.repeat(SPECIAL, 7).astype(dtype), np.tile(SPECIAL, 7).astype(dtype))
    with np.errstate(invalid="ignore"):
        wanted = f(g, x)
    got = bp.compile(f)(g, x)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got.view(f"u{dtype().itemsize}"), wanted.view(f"u{dtype().itemsize}"))


def test_nothing_is_cast() -> None:
    assert "unsafe" not in bp.compile(slope).source(np.ones(300, np.float32), np.ones(300, np.float32))


@pytest.mark.parametrize(
    "f",
    [
        lambda g, x: XP.multiply(g * 1.0, XP.astype(x > 0.0, XP.float64)) + 0.0,  # another dtype comes of it
        lambda g, x: XP.multiply(XP.astype(x > 0.0, XP.float32), XP.astype(g > 0.0, XP.float32)) + 0.0,
        lambda g, x: XP.multiply(XP.astype(x > 0.0, XP.float32), 2.0) + 0.0,
        lambda g, x: XP.astype(x > 0.0, XP.float32) + g,  # nothing but products
    ],
)
def test_what_would_come_out_in_another_dtype_is_cast(f: Any) -> None:
    g, x = np.asarray(SPECIAL[:4], np.float32), np.asarray(SPECIAL[3:], np.float32)
    got, wanted = bp.compile(f)(g, x), f(g, x)
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)
