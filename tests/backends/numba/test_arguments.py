"""What native code is called with: NumPy's numbers, its subclasses of array, masked arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def test_numbers_of_numpy_are_arguments() -> None:
    """Where such a number lies is memory that goes at once: it is held as an array."""
    native = bp.compile(lambda x, a, b, c: (x * a, x * b, x * c), backend="numba")
    for _ in range(50):
        found = native(np.ones(2), *(np.float64(number) for number in (1.0, 2.0, 3.0)))
        assert [y.tolist() for y in found] == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]


def test_numbers_of_numpy_beside_what_is_carried() -> None:
    native = bp.compile(lambda s, x, a, b: (s + x * a - b,), carry=1, backend="numba")
    s = np.zeros(2)
    for _ in range(50):
        (s,) = native(s, np.ones(2), np.float64(5.0), np.float64(3.0))
    assert s.tolist() == [100.0, 100.0]
    (total,) = bp.compile(lambda s: (s + 1.0,), carry=1, backend="numba")(np.float64(2.0))
    assert float(total) == 3.0


def test_a_subclass_of_array_is_read_as_one() -> None:
    class Own(np.ndarray):
        """An array by another name."""

    double = bp.compile(lambda x: x * 2.0, backend="numba")
    y = double(np.arange(3.0).view(Own))
    assert type(y) is np.ndarray
    assert y.tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("carry", [0, 1])
def test_a_masked_array_is_refused(carry: int) -> None:
    def f(x: Any) -> Any:
        return (x * 2.0,)

    native = bp.compile(f, carry=carry, backend="numba")
    for _ in range(2):
        with pytest.raises(OptionError, match=r"masked array.*x\.filled"):
            native(np.ma.masked_array([1.0, 2.0], [False, True]))
    assert native(np.asarray([1.0, 2.0]))[0].tolist() == [2.0, 4.0]
