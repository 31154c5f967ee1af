"""What is NumPy's alone: its warnings, which compiled code keeps to itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_numpy.lowering import lower
from bpcore_numpy.lowering.writing import written


def test_compiled_code_is_silent_about_overflow() -> None:
    square = bp.compile(lambda x: x * x)
    square(np.asarray([1.0]))  # the first call records, with NumPy's own functions and warnings
    assert np.isinf(square(np.asarray([1e300]))).all()  # a warning would be an error here
    assert "multiply" in square.program(np.asarray([1.0])).function(bp.namespace("numpy")).source


def test_eager_code_warns_as_numpy_does() -> None:
    xp = bp.namespace("numpy")
    with pytest.warns(RuntimeWarning, match="overflow"):
        bp.grad(lambda x: xp.sum(x * x))(np.asarray([1e300]))


def test_one_call_and_many_share_a_text_and_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(lower, "written", lambda *args: made.append(args) or written(*args))
    step = bp.compile(lambda s, x: (s + x, s * x), carry=1)
    s, _ = step(np.asarray(1.0), np.asarray(2.0))
    s, products = step.scan(s, np.asarray([1.0, 2.0]))
    s, product = step(s, np.asarray(0.5))
    assert (float(s), products.tolist(), float(product)) == (6.5, [3.0, 8.0], 3.0)
    assert len(made) == 1
