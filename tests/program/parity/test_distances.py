"""Distances between numbers, in units in the last place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpcore.program.parity.distances import distance


@given(
    st.sampled_from(["float16", "float32", "float64"]),
    st.integers(-12, 12),
    st.floats(-100, 100),
    st.integers(0, 5),
)
def test_a_number_and_the_one_after_next_are_two_apart(
    dtype: str, steps: int, start: float, place: int
) -> None:
    wanted = np.full((2, 3), 1.5, dtype)
    wanted.reshape(-1)[place] = start
    given_ = wanted.copy()
    one = np.asarray(start, dtype)
    power = one * 0 + 2.0 ** math.floor(math.log2(abs(float(one)))) if float(one) else one
    for _ in range(abs(steps)):
        one = np.nextafter(one, np.asarray(math.copysign(math.inf, steps), dtype))
    tiny = np.finfo(dtype).smallest_normal
    if (
        min(abs(float(one)), abs(float(wanted.reshape(-1)[place]))) < tiny
        or abs(float(one)) < abs(float(power))
        or abs(float(one)) >= 2 * abs(float(power))
    ):
        return  # the last place is worth something else there
    given_.reshape(-1)[place] = one
    found = distance(given_, wanted)
    assert found is not None
    assert found.ulp == abs(steps)
    if steps:
        assert found.element == np.unravel_index(place, (2, 3))
        assert (found.given, found.wanted) == (float(one), float(wanted.reshape(-1)[place]))


@pytest.mark.parametrize(
    ("given_", "wanted", "ulp"),
    [
        (math.nan, math.nan, 0.0), (math.inf, math.inf, 0.0), (math.inf, -math.inf, math.inf),
        (math.nan, 1.0, math.inf), (1.0, math.nan, math.inf), (0.0, -0.0, 0.0), (1.0, math.inf, math.inf),
        (5e-324, 0.0, 0.0), (1.7976931348623157e308, 1.7976931348623155e308, 1.0),
    ],
)  # fmt: skip
def test_numbers_that_are_none(given_: float, wanted: float, ulp: float) -> None:
    found = distance(np.asarray([1.0, given_]), np.asarray([1.0, wanted]))
    assert found is not None
    assert found.ulp == ulp


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_whole_numbers_differ_or_not(dtype: Any) -> None:
    ones, other = np.ones(3, dtype), np.asarray([1, 0, 1], dtype)
    assert distance(ones, ones).ulp == 0.0  # type: ignore[union-attr]
    found = distance(other, ones)
    assert found is not None
    assert (found.ulp, found.element) == (math.inf, (1,))


def test_nothing_has_no_distance_and_sizes_tell_another_last_place() -> None:
    assert distance(np.ones((0, 2)), np.ones((0, 2))) is None
    found = distance(np.asarray(1.0 + 2.0**-50), np.asarray(1.0), np.asarray(4.0))
    assert found is not None
    assert found.ulp == 1.0
    assert found.element == ()
    both = distance(np.asarray([1.0 + 1j]), np.asarray([1.0 + 2j]))
    assert both is not None
    assert both.wanted == 1.0 + 2.0j


def test_complex_numbers_by_their_size_and_sizes_that_are_infinite() -> None:
    near = distance(np.asarray([1.0 + 2.0**-53 * 1j]), np.asarray([1.0 + 0j]))
    assert near is not None
    assert near.ulp == 0.5
    sums = distance(np.asarray([1e308]), np.asarray([1.1e308]), np.asarray([np.inf]))
    assert sums is not None
    assert sums.ulp < 1e16


def test_numbers_that_some_libraries_flush_to_zero_count_as_equal() -> None:
    flushed = distance(np.asarray([0.0, 1.0], "float32"), np.asarray([1e-40, 1.0], "float32"))
    assert flushed is not None
    assert flushed.ulp == 0.0
    lost = distance(np.asarray([0.0], "float32"), np.asarray([1e-37], "float32"))
    assert lost is not None
    assert lost.ulp > 0.0
