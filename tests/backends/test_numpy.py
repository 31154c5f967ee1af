"""What is NumPy's alone: its warnings, which compiled code keeps to itself."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp


def test_compiled_code_is_silent_about_overflow() -> None:
    square = bp.compile(lambda x: x * x)
    square(np.asarray([1.0]))  # the first call records, with NumPy's own functions and warnings
    assert np.isinf(square(np.asarray([1e300]))).all()  # a warning would be an error here
    assert "multiply" in square.program(np.asarray([1.0])).function(bp.namespace("numpy")).source


def test_eager_code_warns_as_numpy_does() -> None:
    xp = bp.namespace("numpy")
    with pytest.warns(RuntimeWarning, match="overflow"):
        bp.grad(lambda x: xp.sum(x * x))(np.asarray([1e300]))
