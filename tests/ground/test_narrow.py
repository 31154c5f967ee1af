"""Devices without 64-bit numbers: what is refused, what is rounded, what must fit."""

from __future__ import annotations

import numpy as np
import pytest

from bpcore.ground.narrow import HALF, check_dtype, narrowed
from bpcore.words.errors import OptionError


def test_a_dtype_that_is_not_there_is_refused_in_one_line() -> None:
    with pytest.raises(OptionError) as caught:
        check_dtype("float64", HALF, "jax", "Switch it on. ")
    assert str(caught.value) == (
        "dtype on jax must be one that the device has, was given 'float64'. Switch it on. Or ask for float32."
    )


def test_a_dtype_that_is_there_passes() -> None:
    check_dtype("float32", HALF, "jax")
    check_dtype("float64", (), "jax")


@pytest.mark.parametrize(("name", "half"), HALF.items())
def test_wide_data_becomes_half_as_wide_where_it_must(name: str, half: str) -> None:
    data = np.asarray([0, 1, 100], dtype=name)
    assert narrowed(data, HALF, "here").dtype == half
    assert narrowed(data, (), "here") is data


@pytest.mark.parametrize(
    "data", [np.asarray([2**31]), np.asarray([-(2**31) - 1]), np.asarray([2**32], "uint64")]
)
def test_whole_numbers_that_do_not_fit_are_refused(data: np.ndarray) -> None:
    with pytest.raises(OptionError, match=r"data on here must be whole numbers that fit into 32 bits"):
        narrowed(data, HALF, "here")


def test_what_is_narrow_already_is_left_alone() -> None:
    data = np.asarray([1.0], dtype="float16")
    assert narrowed(data, HALF, "here") is data
