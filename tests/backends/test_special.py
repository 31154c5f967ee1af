"""The functions beyond the standard against mpmath, in units in the last place, and at their edges.

Each library has its own for some, and bpcore's body for the rest: the bound holds for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from bpcore.derivatives.rules import TABLE

Axis = Any
NEAR = [i / 20 for i in range(-120, 121)]
FAR = [sign * size for sign in (-1.0, 1.0) for size in (12.5, 20.5, 25.0, 33.0, 39.0, 41.0, 60.0, 80.0)]
TAIL = [-6.0 - i / 7 for i in range(45)]
POSITIVE = [1e-30, 1e-9, *(i / 16 for i in range(1, 200)), 20.5, 171.0, 1e5, 3e8, 1e20]
ABOUT = [1.0 + d for d in (-1e-3, 1e-6, 2e-4)] + [2.0 + d for d in (1e-6, -1e-3)]
ZERO = 1.4616321449683623
LEFT = [-i / 11 for i in range(1, 120) if i % 11]


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def log_ndtr(x: Any) -> Any:
    return mp.log(mp.ncdf(x)) if x < 0 else mp.log1p(-mp.ncdf(-x))


@cache
def exactly(reference: Callable[[Any], Any], x: float) -> Any:
    """Return what is right at a number; every axis asks for the same."""
    return reference(mp.mpf(x))


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(x - max(row)) for x in row)
    return [math.exp(x - max(row)) / total for x in row]


def ulps(found: np.ndarray, right: list[Any], floor: float = 0.0) -> float:
    """Return the greatest distance, in units in the last place of the right value, or of the floor."""
    spacing = [np.spacing(found.dtype.type(max(abs(float(y)), floor))) for y in right]
    assert np.isfinite(found).all()
    pairs = zip(found.astype(float).ravel().tolist(), right, spacing, strict=True)
    return max(float(abs(mp.mpf(a) - b) / mp.mpf(float(unit))) for a, b, unit in pairs)


@pytest.fixture(autouse=True)
def digits() -> Iterator[None]:
    """Give the references more digits than a float64 has."""
    with mp.workdps(40):
        yield


@pytest.fixture
def bodies(backend: Axis) -> Callable[[str], list[Callable[..., Any]]]:
    """Return the function that gives, by name, the backend's own function and bpcore's body of it."""

    def both(name: str) -> list[Callable[..., Any]]:
        body = TABLE[name].compute
        assert body is not None
        native = getattr(backend.functions, name)
        again = isinstance(native, partial) and native.func is body
        return [native] if again else [native, partial(body, backend.functions)]

    return both


def points(backend: Axis, values: list[float], dtype: str) -> tuple[Any, list[float]]:
    """Return the values as an array, and as they are after rounding to its dtype."""
    rounded = np.asarray(values, dtype=dtype)
    return backend.array(rounded, dtype), rounded.astype(float).tolist()


POINTWISE = [
    ("erf", mp.erf, NEAR, 5),
    ("erfc", mp.erfc, [*NEAR, 6.5, 7.3, 8.9], 7),
    ("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), [*NEAR, -8.5, 9.0, 40.0, 1e5, 1e20], 7),
    ("ndtr", mp.ncdf, [*NEAR, *TAIL], 9),
    ("log_ndtr", log_ndtr, [*NEAR, *TAIL, -40.0, -1e3, -1e9, 7.7, 9.3, 12.1], 9),
    ("expit", logistic, NEAR + FAR, 3),
    ("softplus", lambda x: mp.log1p(mp.exp(x)), NEAR + FAR, 3),
    ("log_expit", lambda x: -mp.log1p(mp.exp(-x)), NEAR + FAR, 3),
    ("logit", lambda x: mp.log(x) - mp.log1p(-x), [i / 256 for i in range(1, 256)] + [1e-30, 0.5001], 4),
    ("gammaln", mp.loggamma, [*POSITIVE, *ABOUT], 8),
    ("digamma", mp.digamma, [*POSITIVE, ZERO, ZERO + 1e-9, ZERO - 1e-5], 4),
]


@pytest.mark.parametrize("dtype", ["float32", "widest"])
@pytest.mark.parametrize(("name", "reference", "values", "bound"), POINTWISE)
def test_elementwise(
    backend: Axis, bodies: Any, name: str, reference: Any, values: list[float], bound: float, dtype: str
) -> None:
    x, exact = points(backend, values, backend.float if dtype == "widest" else dtype)
    sound = [abs(float(exactly(reference, number))) > 1e-37 for number in exact]  # a normal float32
    right = [exactly(reference, number) for number, good in zip(exact, sound, strict=True) if good]
    for function in bodies(name):
        found = backend.host(backend.run(function, x))
        assert ulps(found[sound], right) <= bound


@pytest.mark.parametrize(
    ("name", "reference", "static", "bound"),
    [
        ("gammaln", lambda x: mp.re(mp.loggamma(x)), {}, 6),
        ("digamma", mp.digamma, {}, 6),
        ("polygamma", partial(mp.polygamma, 1), {"order": 1}, 6),
        ("polygamma", partial(mp.polygamma, 3), {"order": 3}, 12),
    ],
)
def test_left_of_zero(
    backend: Axis, bodies: Any, name: str, reference: Any, static: dict[str, int], bound: float
) -> None:
    x, exact = points(backend, LEFT, backend.float)
    right = [exactly(reference, number) for number in exact]
    for function in bodies(name):
        assert ulps(backend.host(backend.run(partial(function, **static), x)), right, floor=1.0) <= bound


@pytest.mark.parametrize("order", [1, 2, 3])
def test_polygamma(backend: Axis, bodies: Any, order: int) -> None:
    x, exact = points(backend, [1e-6, *(i / 16 for i in range(1, 200)), 1e4], backend.float)
    right = [exactly(POLYGAMMA[order], number) for number in exact]
    for function in bodies("polygamma"):
        assert ulps(backend.host(backend.run(partial(function, order=order), x)), right) <= 12


def test_erf_of_bpcore_between_the_ranges_of_its_approximations(backend: Axis, bodies: Any) -> None:
    edges = [edge + step * 2.0**-20 for edge in (0.46875, 0.5, 4.0, 6.0) for step in range(-8, 9)]
    x, exact = points(backend, [*edges, *(-edge for edge in edges), 1e-30, 9.0, -30.0], backend.float)
    for function in bodies("erf"):
        assert ulps(backend.host(backend.run(function, x)), list(map(math.erf, exact))) <= 5


POLYGAMMA = {order: partial(mp.polygamma, order) for order in (1, 2, 3)}
INF, NAN = float("inf"), float("nan")
EDGES = [
    ("erf", [-INF, -1e4, 0.0, 1e4, INF], [-1.0, -1.0, 0.0, 1.0, 1.0]),
    ("erfc", [-INF, -1e4, 0.0, 1e4, INF], [2.0, 2.0, 1.0, 0.0, 0.0]),
    ("erfcx", [0.0, 1e30, INF], [1.0, 1e-30 / math.sqrt(math.pi), 0.0]),
    ("ndtr", [-INF, -1e4, 0.0, 1e4, INF], [0.0, 0.0, 0.5, 1.0, 1.0]),
    ("log_ndtr", [-INF, -1e4, 0.0, 1e4, INF], [-INF, -5.0000010e7, math.log(0.5), 0.0, 0.0]),
    ("expit", [-INF, -1e4, 0.0, 1e4, INF], [0.0, 0.0, 0.5, 1.0, 1.0]),
    ("softplus", [-INF, -1e4, 0.0, 1e4, INF], [0.0, 0.0, math.log(2), 1e4, INF]),
    ("log_expit", [-INF, -1e4, 0.0, 1e4, INF], [-INF, -1e4, -math.log(2), 0.0, 0.0]),
    ("relu", [-INF, -1e4, 0.0, 1e4, INF], [0.0, 0.0, 0.0, 1e4, INF]),
    ("logit", [0.0, 0.5, 1.0], [-INF, 0.0, INF]),
    ("gammaln", [-INF, -3.0, -0.0, 0.0, 1.0, 2.0, INF], [INF, INF, INF, INF, 0.0, 0.0, INF]),
    ("digamma", [-3.0, 0.0, -0.0, INF], [NAN, -INF, INF, INF]),
]


@pytest.mark.parametrize(("name", "values", "right"), EDGES)
def test_at_the_edges_no_warning_and_the_limit(
    backend: Axis, bodies: Any, name: str, values: list[float], right: list[float]
) -> None:
    for function in bodies(name):
        y = backend.host(backend.run(function, backend.array(values)))
        np.testing.assert_allclose(y, right, rtol=8 * backend.eps if name != "log_ndtr" else 1e-6)


def test_polygamma_at_its_poles(backend: Axis, bodies: Any) -> None:
    for function in bodies("polygamma"):
        for order, pole in ((1, INF), (2, NAN)):
            y = backend.host(backend.run(partial(function, order=order), backend.array([0.0, -2.0, -2.5])))
            np.testing.assert_array_equal(y[:2], [pole, pole])
            assert np.isfinite(y[2])


def test_not_a_number_stays_one(backend: Axis, bodies: Any) -> None:
    x = backend.array([NAN])
    for name, *_ in EDGES:
        for function in bodies(name):
            assert math.isnan(backend.host(backend.run(function, x))[0]), name


def test_xlogy_is_zero_where_its_factor_is(backend: Axis, bodies: Any) -> None:
    x, y = backend.array([0.0, 0.0, 2.0, 0.0, NAN]), backend.array([0.0, -1.0, 3.0, NAN, 1.0])
    for function in bodies("xlogy"):
        np.testing.assert_allclose(
            backend.host(backend.run(function, x, y)), [0.0, 0.0, 2 * math.log(3), NAN, NAN], rtol=1e-6
        )


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
    x = backend.array([[-INF, -INF], [-INF, 0.0], [INF, 1.0]])
    for function in bodies("logsumexp"):
        y = backend.run(partial(function, axis=1), x)
        assert backend.host(y).tolist() == [-INF, 0.0, INF]
        assert backend.host(backend.run(function, backend.array([1.0]))).shape == ()
        assert backend.host(backend.run(function, backend.array(1.0))).tolist() == 1.0


def test_what_is_masked_by_minus_infinity_has_no_share(backend: Axis, bodies: Any) -> None:
    x = backend.array([[0.0, -INF, 0.0]])
    for function in bodies("softmax"):
        assert backend.host(backend.run(function, x)).tolist() == [[0.5, 0.0, 0.5]]
    for function in bodies("log_softmax"):
        np.testing.assert_allclose(
            backend.host(backend.run(function, x)), [[-math.log(2), -INF, -math.log(2)]], rtol=1e-6
        )
