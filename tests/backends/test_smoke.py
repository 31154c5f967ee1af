"""The fixture itself."""

from __future__ import annotations

from typing import Any

import pytest

from bpcore.derivatives.transforms import grad


def test_a_gradient_on_every_axis(backend: Any) -> None:
    x = backend.array([1.0, 2.0, 3.0])
    g = backend.run(grad(lambda x: backend.xp.sum(backend.xp.square(x))), x)
    assert backend.host(g).tolist() == [2.0, 4.0, 6.0]


def test_reading_is_caught(backend: Any) -> None:
    x = backend.array(1.0)
    if backend.name == "strict:strictest":
        with pytest.raises(AssertionError, match="__float__"):
            float(x)
    with backend.reading():
        assert float(x) == 1.0
