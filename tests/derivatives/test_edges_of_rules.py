"""What no difference can see: ties, inputs of two dtypes, lists and numbers in an array's place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from bpcore.derivatives.transforms.gradients import grad

Product = Callable[[Any, Any, Any], Any]

PRODUCTS: dict[str, tuple[Product, tuple[int, ...], tuple[int, ...]]] = {
    "tensordot": (lambda xp, a, b: xp.tensordot(a, b, axes=1), (2, 2), (2, 2)),
    "matmul": (lambda xp, a, b: xp.matmul(a, b), (2, 2), (2, 2)),
    "vecdot": (lambda xp, a, b: xp.vecdot(a, b), (2, 2), (2, 2)),
    "concat": (lambda xp, a, b: xp.concat([a, b]), (2, 2), (2, 2)),
    "conv": (lambda xp, a, b: xp.conv(a, b), (1, 1, 3), (1, 1, 2)),
    "conv_input": (lambda xp, a, b: xp.conv_input(a, b, shape=(1, 1, 3)), (1, 1, 2), (1, 1, 2)),
    "conv_weight": (lambda xp, a, b: xp.conv_weight(a, b, shape=(1, 1, 2)), (1, 1, 2), (1, 1, 3)),
}


def _filled(backend: Any, shape: tuple[int, ...], dtype: str) -> Any:
    return backend.backend.namespace.ones(
        shape, dtype=backend.backend.dtype(dtype), device=backend.backend.device
    )


@pytest.mark.needs_float64
@pytest.mark.parametrize("name", PRODUCTS)
def test_each_gradient_has_the_dtype_of_its_input(backend: Any, name: str) -> None:
    product, first, second = PRODUCTS[name]
    a, b = _filled(backend, first, "float32"), _filled(backend, second, "float64")
    for inputs in ((a, b), (_filled(backend, first, "float64"), _filled(backend, second, "float32"))):
        found = grad(lambda a, b: backend.xp.sum(product(backend.xp, a, b)), argnums=(0, 1))(*inputs)
        assert [g.dtype for g in found] == [x.dtype for x in inputs]


TIED = [("maximum", [2.0, 1.0, 3.0]), ("minimum", [2.0, 3.0, 1.0])]


@pytest.mark.parametrize(("name", "others"), TIED)
def test_in_a_tie_each_gets_half(backend: Any, name: str, others: list[float]) -> None:
    function = getattr(backend.xp, name)
    x, other = backend.array([2.0, 2.0, 2.0]), backend.array(others)
    weights = backend.array([3.0, 5.0, 7.0])

    def weighted(x: Any, other: Any) -> Any:
        return backend.xp.sum(backend.xp.multiply(weights, function(x, other)))

    by_x, by_other = (backend.host(g).tolist() for g in grad(weighted, argnums=(0, 1))(x, other))
    assert by_x == [1.5, 5.0, 0.0]
    assert by_other == [1.5, 0.0, 7.0]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize(("bound", "tied"), [(2.0, 0.5), (2, 0.5)])
def test_in_a_tie_with_a_number_half_is_left(backend: Any, name: str, bound: float, tied: float) -> None:
    function, low = getattr(backend.xp, name), float(name == "minimum")
    x = backend.array([2.0, 1.0, 3.0])
    for call in (lambda x: function(x, bound), lambda x: function(bound, x)):
        g = grad(lambda x, call=call: backend.xp.sum(backend.xp.multiply(4.0, call(x))))(x)
        assert backend.host(g).tolist() == [4.0 * tied, 4.0 * low, 4.0 * (1.0 - low)]


NAN, INF = float("nan"), float("inf")

AT_POLES: dict[str, tuple[Callable[[Any, Any], Any], float, float]] = {
    # name: a function, a place where its slope is infinite or no number, and that slope
    "divide by zero": (lambda xp, x: xp.divide(x, xp.zeros_like(x)), 1.0, INF),
    "one over": (lambda xp, x: xp.divide(1.0, x), 0.0, -INF),
    "one over nothing": (lambda xp, x: xp.divide(1.0, x), NAN, NAN),
    "reciprocal": (lambda xp, x: xp.reciprocal(x), 0.0, -INF),
    "sqrt": (lambda xp, x: xp.sqrt(x), 0.0, INF),
    "sqrt of nothing": (lambda xp, x: xp.sqrt(x), NAN, NAN),
    "log": (lambda xp, x: xp.log(x), 0.0, INF),
    "log of nothing": (lambda xp, x: xp.log(x), NAN, NAN),
    "power 0.5": (lambda xp, x: xp.pow(x, 0.5), 0.0, INF),
    "power 0.5 below zero": (lambda xp, x: xp.pow(x, 0.5), -1.0, NAN),
    "power -1": (lambda xp, x: xp.pow(x, -1), 0.0, -INF),
    "power 0.5 in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, 0.5)), 0.0, INF),
    "power below zero in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, 0.5)), -1.0, NAN),
    "power -1 in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, -1.0)), 0.0, -INF),
    "exponent below zero": (lambda xp, x: xp.pow(xp.full_like(x, -2.0), x), 2.0, NAN),
    "exponent of zero": (lambda xp, x: xp.pow(xp.full_like(x, 0.0), x), 2.0, 0.0),
    "exponent of a number below zero": (lambda xp, x: xp.pow(-2.0, x), 2.0, NAN),
    "inverse tanh": (lambda xp, x: xp.atanh(x), 1.0, INF),
    "logit": (lambda xp, x: xp.logit(x), 0.0, INF),
    "x log": (lambda xp, x: xp.xlogy(xp.full_like(x, 2.0), x), 0.0, INF),
    "factor of a log": (lambda xp, x: xp.xlogy(x, xp.full_like(x, 0.0)), 2.0, -INF),
    "factor of no log": (lambda xp, x: xp.xlogy(x, xp.full_like(x, -1.0)), 2.0, NAN),
    "factor zero of no log": (lambda xp, x: xp.xlogy(x, xp.full_like(x, -1.0)), 0.0, 0.0),
    "factor zero of a log": (lambda xp, x: xp.xlogy(x, xp.full_like(x, 0.5)), 0.0, math.log(0.5)),
    "exponent of the number zero": (lambda xp, x: xp.pow(0.0, x), 0.0, 0.0),
    "exponent that is no number": (lambda xp, x: xp.pow(xp.full_like(x, 2.0), x), NAN, NAN),
    "hypotenuse beside zero": (lambda xp, x: xp.hypot(xp.zeros_like(x), x), 3.0, 1.0),
    "hypotenuse over zero": (lambda xp, x: xp.hypot(x, xp.zeros_like(x)), 3.0, 1.0),
    "sign of zero": (lambda xp, x: xp.copysign(x, xp.full_like(x, 2.0)), 0.0, 0.0),
    "remainder of nothing": (lambda xp, x: xp.remainder(x, xp.full_like(x, 2.0)), NAN, 1.0),
}


def _slope(backend: Any, name: str, weight: float) -> float:
    function, place, _ = AT_POLES[name]

    def weighted(x: Any) -> Any:
        return backend.xp.sum(backend.xp.multiply(backend.array([weight]), function(backend.xp, x)))

    (found,) = backend.host(grad(weighted)(backend.array([place]))).tolist()
    return float(found)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", AT_POLES)
def test_a_slope_that_is_no_number_is_not_hidden(backend: Any, name: str) -> None:
    assert _slope(backend, name, 1.0) == pytest.approx(AT_POLES[name][2], nan_ok=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", AT_POLES)
def test_unless_nothing_depends_on_it(backend: Any, name: str) -> None:
    assert _slope(backend, name, 0.0) == 0.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_remainder_by_zero_has_no_slope_unless_nothing_depends_on_it(backend: Any) -> None:
    xp, zero = backend.xp, backend.array([0.0])

    def weighted(weight: float) -> float:
        g = grad(lambda x: xp.sum(xp.multiply(weight, xp.remainder(backend.array([5.0]), x))))(zero)
        return float(backend.host(g)[0])

    assert weighted(0.0) == 0.0
    assert not math.isfinite(weighted(1.0))


SECOND: dict[str, tuple[Callable[[Any, Any], Any], float, float]] = {
    # name: a function, a place, its slope there
    "remainder by": (lambda xp, x: xp.remainder(xp.full_like(x, 5.0), x), 2.0, -2.0),
    "one over": (lambda xp, x: xp.divide(1.0, x), 2.0, -0.25),
    "power": (lambda xp, x: xp.pow(x, 2.5), 4.0, 20.0),
    "power in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, 2.5)), 4.0, 20.0),
    "exponent": (lambda xp, x: xp.pow(xp.full_like(x, 2.0), x), 3.0, 8 * math.log(2.0)),
    "exponent of a number": (lambda xp, x: xp.pow(2.0, x), 3.0, 8 * math.log(2.0)),
    "logit": (lambda xp, x: xp.logit(x), 0.25, 16 / 3),
    "factor of a log": (lambda xp, x: xp.xlogy(x, xp.full_like(x, 2.0)), 3.0, math.log(2.0)),
    "x log": (lambda xp, x: xp.xlogy(xp.full_like(x, 2.0), x), 4.0, 0.5),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_weight_of_zero_has_a_slope(backend: Any, name: str) -> None:
    """A cotangent of zero is a number like any other where the function is smooth."""
    function, place, wanted = SECOND[name]
    xp, x = backend.xp, backend.array([place])

    def slope(weight: Any) -> Any:
        return xp.sum(grad(lambda x: xp.sum(xp.multiply(weight, function(xp, x))))(x))

    (found,) = backend.host(grad(slope)(backend.array([0.0]))).tolist()
    assert found == pytest.approx(wanted, rel=1e-5)


AT_REST: dict[str, tuple[Callable[[Any, Any], Any], list[float], float]] = {
    # name: a function whose way back has a quotient of zeros, the place, how often it counts
    "sqrt": (lambda xp, x: xp.sqrt(x), [0.0, 4.0], 0.0),
    "power": (lambda xp, x: xp.pow(x, 0.5), [0.0, 4.0], 0.0),
    "power in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, 0.5)), [0.0, 4.0], 0.0),
    "exponent": (lambda xp, x: xp.pow(xp.zeros_like(x), x), [1.0, 2.0], 1.0),
    "hypotenuse": (lambda xp, x: xp.hypot(x, xp.zeros_like(x)), [0.0, 0.0], 1.0),
    "arcsine": (lambda xp, x: xp.asin(x), [1.0, -1.0], 0.0),
    "inverse cosh": (lambda xp, x: xp.acosh(x), [1.0, 1.0], 0.0),
    "spread": (lambda xp, x: xp.std(x), [2.0, 2.0], 1.0),
    "norm": (lambda xp, x: xp.linalg.vector_norm(x), [0.0, 0.0], 1.0),
    "norm of order 3": (lambda xp, x: xp.linalg.vector_norm(x, ord=3), [0.0, 0.0], 1.0),
    "norm of order 3 with a zero": (lambda xp, x: xp.linalg.vector_norm(x, ord=3), [0.0, 0.0], 1.0),
    "norm of order 1.5": (lambda xp, x: xp.linalg.vector_norm(x, ord=1.5), [0.0, 0.0], 1.0),
}


@pytest.mark.parametrize("name", AT_REST)
def test_nothing_is_divided_by_zero_on_the_way_back(backend: Any, name: str) -> None:
    """The library would warn, and a warning is an error here."""
    function, place, weight = AT_REST[name]
    xp = backend.xp
    g = grad(lambda x: xp.sum(xp.multiply(weight, function(xp, x))))(backend.array(place))
    assert backend.host(g).tolist() == [0.0, 0.0]


def test_the_spread_of_equal_numbers_is_flat_to_second_order(backend: Any) -> None:
    xp, weights = backend.xp, backend.array([1.0, 3.0])
    second = grad(lambda x: xp.sum(xp.multiply(weights, grad(xp.std)(x))))(backend.array([2.0, 2.0]))
    assert backend.host(second).tolist() == [0.0, 0.0]


def test_windows_apart_need_no_zeros(backend: Any) -> None:
    ones = _filled(backend, (1, 1, 4), backend.float)
    y = backend.xp.conv(ones, ones[:, :, :1], stride=2, padding="same")
    assert tuple(y.shape) == (1, 1, 2)
