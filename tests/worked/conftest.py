"""Numbers of the worked examples, and how near a result must come to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def numbers() -> Callable[[str], Any]:
    """Return the function that reads the numbers of one example."""
    return lambda name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def same(backend: Any) -> Callable[..., None]:
    """Return the check that an array holds the numbers wanted, each to `relative` of itself.

    With ``whole=True`` to `relative` of the largest among them: for sums of terms that cancel.
    """

    def check(given: Any, wanted: Any, relative: float = 1e-14, *, whole: bool = False) -> None:
        found, expected = np.asarray(backend.host(given)), np.asarray(wanted, dtype=np.float64)
        assert found.shape == expected.shape
        scale = np.max(np.abs(expected)) if whole else np.abs(expected)
        error = np.abs(found - expected)
        assert np.all(error <= relative * scale), f"off by {np.max(error / scale):.3g} of {expected.tolist()}"

    return check
