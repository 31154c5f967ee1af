"""A cotangent of zero is a number like any other: what it is multiplied with counts in second derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules.elementwise import FUNCTIONS

ONE = {"clip", "copysign", "maximum", "minimum", "where"}  # they choose: nothing of theirs could be masked
RULES = {f.name: len(f.backward) for f in FUNCTIONS if f.backward is not None and f.name not in ONE}


def points(name: str) -> tuple[float, float]:
    return (1.5, 0.75) if name == "acosh" else (0.5, 0.75)


@pytest.mark.parametrize(("name", "index"), [(name, i) for name, n in RULES.items() for i in range(n)])
def test_the_slope_is_there_at_a_weight_of_zero(backend: Any, name: str, index: int) -> None:
    """d/dw of d/dx of w f(x) is f'(x), at w = 0 too."""
    inputs = [backend.array(x, backend.float) for x in points(name)[: RULES[name]]]
    function = getattr(backend.xp, name)

    def slope(w: Any) -> Any:
        return bp.grad(lambda *x: backend.xp.multiply(w, function(*x)), argnums=index)(*inputs)

    zero, one = (backend.array(w, backend.float) for w in (0.0, 1.0))
    at_zero, plain = (backend.host(backend.run(f, w)) for f, w in ((bp.grad(slope), zero), (slope, one)))
    np.testing.assert_allclose(at_zero, plain, rtol=1e-6 if backend.float == "float32" else 1e-12)


@pytest.mark.parametrize(
    ("f", "x", "second"),
    [
        (lambda xp, x: xp.square(xp.sqrt(x) - 2), 4.0, 0.125),
        (lambda xp, x: xp.square(1 / x - 0.5), 2.0, 0.125),
        (lambda xp, x: xp.square(x**1.5 - 8), 4.0, 18.0),
        (lambda xp, x: xp.square(xp.atan2(x, 2.0)), 0.0, 0.5),
    ],
)
def test_a_squared_residual_at_its_solution(f: Any, x: float, second: float) -> None:
    """The second derivative of r^2 where r = 0 is 2 r'^2: what Gauss and Newton step by."""
    xp = bp.namespace("numpy")
    assert float(bp.grad(bp.grad(lambda x: f(xp, x)))(x)) == pytest.approx(second, rel=1e-14)


def test_a_real_input_gets_the_real_part_of_what_went_through_complex_numbers() -> None:
    xp = bp.namespace("numpy")
    g = bp.grad(lambda x: xp.sum(xp.real(x * 1j * x * 1j)))(np.asarray([1.0, 3.0]))
    assert g.tolist() == [-2.0, -6.0]
    assert g.dtype == np.float64
