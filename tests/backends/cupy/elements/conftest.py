"""Tests of kernels as text: nothing here is a GPU run. They are compiled, and run as host code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends.cupy.elements.host import COMPILER


@pytest.fixture
def compiler() -> str:
    """Return the C++ compiler that makes host code of a kernel's text."""
    if COMPILER is None:
        pytest.skip("no C++ compiler: the kernels' texts are not run as host code")
    return COMPILER


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _all_close(found: Any, wanted: Any, ulps: float) -> None:
    """Compare with what some units in the last place of a result's largest finite number are."""
    assert len(found) == len(wanted)
    for number, (y, z) in enumerate(zip(found, wanted, strict=True)):
        z = np.asarray(z)  # noqa: PLW2901 - NumPy's numbers are no arrays
        assert (y.shape, y.dtype) == (z.shape, z.dtype), number
        if z.dtype.kind != "f" or not ulps:
            np.testing.assert_array_equal(y, z, err_msg=str(number))
            continue
        finite = np.isfinite(z)
        np.testing.assert_array_equal(y[~finite], z[~finite], err_msg=str(number))
        if finite.any():
            most = ulps * np.spacing(np.abs(z[finite]).max())
            worst = np.abs(y[finite] - z[finite]).max()
            assert worst <= most, (number, worst / np.spacing(np.abs(z[finite]).max()))


@pytest.fixture
def close() -> Any:
    """Return the comparison of results with NumPy's, in units in the last place; 0 is equality."""
    return _all_close
