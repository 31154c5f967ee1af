"""Packing: what comes out is what went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.files.packing import packed, unpacked


def back(value: Any) -> Any:
    arrays: dict[str, Any] = {}
    return unpacked(packed(value, arrays), arrays)


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "a", [1, (2,)], {"a": 1, 2: [None]}, (), {}])
def test_what_goes_in_comes_out(value: Any) -> None:
    assert back(value) == value
    assert type(back(value)) is type(value)


def test_a_number_of_numpy_that_is_a_number_of_python_is_that() -> None:
    found = back({"best": np.float64(0.25)})["best"]
    assert (found, type(found)) == (0.25, float)


def test_other_numbers_of_a_library_are_arrays() -> None:
    for number in (np.float32(0.25), np.int64(3), np.asarray([1.0])):
        found = back(number)
        assert (found.shape, found.dtype, (found == number).all()) == (number.shape, number.dtype, True)


def test_what_is_no_value() -> None:
    with pytest.raises(bp.OptionError, match="what a checkpoint keeps must be numbers, text, None, arrays"):
        back({"f": object()})
