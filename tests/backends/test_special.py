"""The functions beyond the standard against references in decimal arithmetic, in units in the last place.

Each library has its own for some, and bpcore's body for the rest: the bound holds for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.rules import TABLE

Axis = Any
NEAR = [i / 20 for i in range(-120, 121)]
FAR = [sign * size for sign in (-1.0, 1.0) for size in (12.5, 20.5, 25.0, 33.0, 39.0, 41.0, 60.0, 80.0)]


def digits(f: Callable[[Decimal], Decimal], points: Iterable[float]) -> list[float]:
    """Return f at the points, from 120 decimal digits."""
    with localcontext() as context:
        context.prec = 120
        return [float(f(Decimal(x))) for x in points]


def logistic(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def softplus(x: Decimal) -> Decimal:
    return (1 + x.exp()).ln()


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(x - max(row)) for x in row)
    return [math.exp(x - max(row)) / total for x in row]


def ulps(found: np.ndarray, right: list[float]) -> float:
    """Return the greatest distance, in the spacing of the found dtype at the right value."""
    wanted = np.asarray(right)
    spacing = np.spacing(np.abs(wanted).astype(found.dtype)).astype(float)
    return float(np.max(np.abs(found.astype(float) - wanted) / spacing))


@pytest.fixture
def bodies(backend: Axis) -> Callable[[str], list[Callable[..., Any]]]:
    """Return the function that gives, by name, the backend's own function and bpcore's body of it."""

    def both(name: str) -> list[Callable[..., Any]]:
        body = TABLE[name].compute
        assert body is not None
        return [getattr(backend.functions, name), partial(body, backend.functions)]

    return both


def points(backend: Axis, values: list[float], dtype: str) -> tuple[Any, list[float]]:
    """Return the values as an array, and as they are after rounding to its dtype."""
    rounded = np.asarray(values, dtype=dtype)
    return backend.array(rounded, dtype), rounded.astype(float).tolist()


@pytest.mark.parametrize("dtype", ["float32", "widest"])
@pytest.mark.parametrize(
    ("name", "reference", "values", "bound"),
    [
        ("erf", math.erf, NEAR, 5),
        ("expit", logistic, NEAR + FAR, 3),
        ("softplus", softplus, NEAR + FAR, 3),
    ],
)
def test_elementwise(
    backend: Axis, bodies: Any, name: str, reference: Any, values: list[float], bound: float, dtype: str
) -> None:
    x, exact = points(backend, values, backend.float if dtype == "widest" else dtype)
    right = [math.erf(number) for number in exact] if name == "erf" else digits(reference, exact)
    for function in bodies(name):
        found = backend.host(backend.run(function, x))
        assert ulps(found, right) <= bound


def test_erf_of_bpcore_between_the_ranges_of_its_approximations(backend: Axis, bodies: Any) -> None:
    edges = [edge + step * 2.0**-20 for edge in (0.46875, 0.5, 4.0, 6.0) for step in range(-8, 9)]
    x, exact = points(backend, [*edges, *(-edge for edge in edges), 1e-30, 9.0, -30.0], backend.float)
    for function in bodies("erf"):
        assert ulps(backend.host(backend.run(function, x)), list(map(math.erf, exact))) <= 5


def test_nothing_overflows(backend: Axis, bodies: Any) -> None:
    inf = float("inf")
    x = backend.array([-inf, -1e4, 0.0, 1e4, inf])
    for name, right in (
        ("erf", [-1.0, -1.0, 0.0, 1.0, 1.0]),
        ("expit", [0.0, 0.0, 0.5, 1.0, 1.0]),
        ("softplus", [0.0, 0.0, math.log(2), 1e4, inf]),
        ("relu", [0.0, 0.0, 0.0, 1e4, inf]),
    ):
        for function in bodies(name):
            np.testing.assert_allclose(backend.host(backend.run(function, x)), right, rtol=4 * backend.eps)


def test_not_a_number_stays_one(backend: Axis, bodies: Any) -> None:
    x = backend.array([float("nan")])
    for name in ("erf", "expit", "softplus", "relu"):
        for function in bodies(name):
            assert math.isnan(backend.host(backend.run(function, x))[0])


ROWS = [[0.5, -1.25, 3.0], [1000.0, 1001.0, 999.5], [-1000.0, -1000.0, -1003.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("dtype", ["float32", "widest"])
def test_over_an_axis(backend: Axis, bodies: Any, dtype: str) -> None:
    x, _ = points(backend, ROWS, backend.float if dtype == "widest" else dtype)
    shares = [softmax(row) for row in ROWS]
    sums = [max(row) - math.log(max(share)) for row, share in zip(ROWS, shares, strict=True)]
    for function in bodies("softmax"):
        y = backend.host(backend.run(partial(function, axis=-1), x))
        assert ulps(y.ravel(), [part for share in shares for part in share]) <= 4
    for function in bodies("logsumexp"):
        for axis in (-1, (1,)):
            assert ulps(backend.host(backend.run(partial(function, axis=axis), x)), sums) <= 2
    for function in bodies("log_softmax"):
        y = backend.host(backend.run(partial(function, axis=-1), x))
        right = [math.log(part) for share in shares for part in share]
        np.testing.assert_allclose(y.ravel(), right, rtol=0, atol=4 * np.finfo(y.dtype).eps)


def test_logsumexp_of_nothing_and_of_infinities(backend: Axis, bodies: Any) -> None:
    inf = float("inf")
    x = backend.array([[-inf, -inf], [-inf, 0.0], [inf, 1.0]])
    for function in bodies("logsumexp"):
        with np.errstate(divide="ignore"):  # the logarithm of no probability at all is minus infinity
            y = backend.run(partial(function, axis=1), x)
        assert backend.host(y).tolist() == [-inf, 0.0, inf]
        assert backend.host(backend.run(function, backend.array([1.0]))).shape == ()
        assert backend.host(backend.run(function, backend.array(1.0))).tolist() == 1.0
