"""What was not computed with must not reach the gradient: branches not taken, and places at a pole."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from bpcore.derivatives.checks.checking import check_grad
from bpcore.derivatives.transforms.gradients import grad, value_and_grad

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the branch not taken is computed too

Function = Callable[[Any, Any], Any]

MASKED: dict[str, tuple[Function, list[float], list[float]]] = {
    # name: the branch that is taken at the last place only, the places, its derivative there
    "sqrt": (lambda xp, x: xp.sqrt(x), [-1.0, 0.0, 4.0], [0.25]),
    "log": (lambda xp, x: xp.log(x), [-1.0, 0.0, 4.0], [0.25]),
    "log2": (lambda xp, x: xp.log2(x), [-1.0, 0.0, 4.0], [0.25 / math.log(2)]),
    "log10": (lambda xp, x: xp.log10(x), [-1.0, 0.0, 4.0], [0.25 / math.log(10)]),
    "log1p": (lambda xp, x: xp.log1p(x), [-2.0, -1.0, 3.0], [0.25]),
    "reciprocal": (lambda xp, x: xp.reciprocal(x), [0.0, 0.0, 2.0], [-0.25]),
    "one over x": (lambda xp, x: xp.divide(1.0, x), [0.0, 0.0, 2.0], [-0.25]),
    "x over x": (lambda xp, x: xp.divide(x, x), [0.0, 0.0, 2.0], [0.0]),
    "sine over x": (lambda xp, x: xp.divide(xp.sin(x), x), [0.0, 0.0, math.pi], [-1 / math.pi]),
    "power 0.5": (lambda xp, x: xp.pow(x, 0.5), [-1.0, 0.0, 4.0], [0.25]),
    "power 1.5": (lambda xp, x: xp.pow(x, 1.5), [-1.0, 0.0, 4.0], [3.0]),
    "power -1": (lambda xp, x: xp.pow(x, -1), [0.0, 0.0, 2.0], [-0.25]),
    "power 2.5 in an array": (
        lambda xp, x: xp.pow(x, xp.full_like(x, 2.5)), [-1.0, -2.0, 4.0], [20.0],
    ),
    "power of no number": (
        lambda xp, x: xp.pow(x, xp.where(xp.greater(x, 3.0), 2.5, xp.full_like(x, math.nan))),
        [1.5, 2.0, 4.0],
        [20.0],
    ),
    "x to the x": (lambda xp, x: xp.pow(x, x), [-0.5, -1.5, 1.0], [1.0]),
    "arcsine": (lambda xp, x: xp.asin(x), [-1.0, 2.0, 0.6], [1.25]),
    "arccosine": (lambda xp, x: xp.acos(x), [1.0, 2.0, 0.6], [-1.25]),
    "inverse tanh": (lambda xp, x: xp.atanh(x), [-1.0, 1.0, 0.5], [4 / 3]),
    "inverse cosh": (lambda xp, x: xp.acosh(x), [0.0, 1.0, 1.25], [4 / 3]),
    "remainder": (lambda xp, x: xp.remainder(5.0, x), [0.0, 0.0, 2.0], [-2.0]),
    "hypotenuse": (lambda xp, x: xp.hypot(x, 0.0), [0.0, 0.0, 3.0], [1.0]),
    "angle": (lambda xp, x: xp.atan2(x, x), [0.0, 0.0, 3.0], [0.0]),
    "norm": (lambda xp, x: xp.sqrt(xp.multiply(x, x)), [0.0, 0.0, 3.0], [1.0]),
}  # fmt: skip


def _taken_last(backend: Any, branch: Function) -> Callable[[Any], Any]:
    xp = backend.xp

    def masked(x: Any) -> Any:
        last = xp.equal(xp.arange(x.shape[0], device=backend.backend.device), x.shape[0] - 1)
        return xp.sum(xp.where(last, branch(xp, x), 0.0))

    return masked


@pytest.mark.parametrize("name", MASKED)
def test_a_branch_that_was_not_taken_leaves_zeros(backend: Any, name: str) -> None:
    branch, places, wanted = MASKED[name]
    g = backend.run(grad(_taken_last(backend, branch)), backend.array(places))
    got = backend.host(g).tolist()
    assert got[:-1] == [0.0, 0.0]
    assert got[-1:] == pytest.approx(wanted, rel=8 * backend.eps, abs=8 * backend.eps)


@pytest.mark.parametrize("name", MASKED)
def test_nor_does_it_reach_the_second_gradient(backend: Any, name: str) -> None:
    xp, (branch, places, _) = backend.xp, MASKED[name]
    masked = _taken_last(backend, branch)
    second = grad(lambda x: xp.sum(xp.multiply(grad(masked)(x), backend.array([3.0, 2.0, 1.0]))))
    got = backend.host(backend.run(second, backend.array(places))).tolist()
    assert got[:-1] == [0.0, 0.0]
    assert math.isfinite(got[-1])


COMPLEX: dict[str, tuple[Function, complex]] = {
    # name: the branch that is taken at 2 and not at 0, its derivative at 2
    "sqrt": (lambda xp, x: xp.sqrt(x), 0.5 / math.sqrt(2.0)),
    "log": (lambda xp, x: xp.log(x), 0.5),
    "reciprocal": (lambda xp, x: xp.reciprocal(x), -0.25),
    "x over x": (lambda xp, x: xp.divide(x, x), 0.0),
    "power 0.5": (lambda xp, x: xp.pow(x, 0.5), 0.5 / math.sqrt(2.0)),
    "power -1": (lambda xp, x: xp.pow(x, -1), -0.25),
    "power 1j": (lambda xp, x: xp.pow(x, 1j), 0.5j * 2.0**1j),
    "x to the x": (lambda xp, x: xp.pow(x, x), 4.0 * (math.log(2.0) + 1.0)),
    "size": (lambda xp, x: xp.abs(x), 1.0),
    "direction": (lambda xp, x: xp.sign(x), 0.0),
}


@pytest.mark.needs_float64
@pytest.mark.parametrize("name", COMPLEX)
def test_complex_branches_that_were_not_taken_leave_zeros(backend: Any, name: str) -> None:
    branch, slope = COMPLEX[name]
    x = backend.array([0.0, 2.0], "complex128")
    g = backend.run(grad(lambda x: backend.xp.real(_taken_last(backend, branch)(x))), x)
    got = backend.host(g).tolist()
    assert got[0] == 0.0
    assert got[1] == pytest.approx(complex(slope).conjugate(), rel=1e-14, abs=1e-15)


TAKEN: dict[str, tuple[Function, float, float]] = {
    # name: the function, a place where it has no slope, what stands there for one
    "sqrt": (lambda xp, x: xp.sqrt(x), 0.0, math.inf),
    "sqrt below zero": (lambda xp, x: xp.sqrt(x), -1.0, math.nan),
    "log": (lambda xp, x: xp.log(x), 0.0, math.inf),
    "reciprocal": (lambda xp, x: xp.reciprocal(x), 0.0, -math.inf),
    "one over x": (lambda xp, x: xp.divide(xp.ones_like(x), x), 0.0, -math.inf),
    "x over zero": (lambda xp, x: xp.divide(x, xp.zeros_like(x)), 1.0, math.inf),
    "power 0.5": (lambda xp, x: xp.pow(x, 0.5), 0.0, math.inf),
    "power 0.5 below zero": (lambda xp, x: xp.pow(x, 0.5), -1.0, math.nan),
    "power 0.5 in an array": (lambda xp, x: xp.pow(x, xp.full_like(x, 0.5)), 0.0, math.inf),
    "power 0.5 in an array, below zero": (lambda xp, x: xp.pow(x, xp.full_like(x, 0.5)), -1.0, math.nan),
    "exponent of -2": (lambda xp, x: xp.pow(xp.full_like(x, -2.0), x), 2.0, math.nan),
    "exponent of no number": (lambda xp, x: xp.pow(xp.full_like(x, math.nan), x), 2.0, math.nan),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_pole_that_is_computed_with_shows(backend: Any, name: str) -> None:
    """Nothing is masked there: a finite number would be a wrong one."""
    function, place, wanted = TAKEN[name]
    g = backend.run(grad(lambda x: backend.xp.sum(function(backend.xp, x))), backend.array([place]))
    assert backend.host(g).tolist() == pytest.approx([wanted], nan_ok=True)


POWERS = [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (2.0, 0.0), (0.0, 0.0), (1.0, 1.0), (2.5, 0.0)]


@pytest.mark.parametrize(("exponent", "wanted"), POWERS)
def test_powers_at_zero(backend: Any, exponent: float, wanted: float) -> None:
    xp, x = backend.xp, backend.array([0.0])
    by_number = grad(lambda x: xp.sum(xp.pow(x, exponent)))
    by_array = grad(lambda x: xp.sum(xp.pow(x, backend.array([exponent]))))
    for gradient in (by_number, by_array):
        assert backend.host(backend.run(gradient, x)).tolist() == [wanted]


def test_the_exponent_of_zero_has_no_slope(backend: Any) -> None:
    xp = backend.xp
    both = grad(lambda a, b: xp.sum(xp.pow(a, b)), argnums=(0, 1))
    by_base, by_exponent = backend.run(both, backend.array([0.0, 0.0, 0.0]), backend.array([2.0, 1.0, 0.0]))
    assert backend.host(by_base).tolist() == [0.0, 1.0, 0.0]
    assert backend.host(by_exponent).tolist() == [0.0, 0.0, 0.0]
    of_a_number = grad(lambda b: xp.sum(xp.pow(0.0, b)))
    assert backend.host(backend.run(of_a_number, backend.array([2.0, 1.0]))).tolist() == [0.0, 0.0]


def test_a_negative_base_has_no_slope_by_its_exponent_and_says_so_in_numbers(backend: Any) -> None:
    xp = backend.xp
    g = backend.run(grad(lambda b: xp.sum(xp.pow(-2.0, b))), backend.array([2.0]))
    assert math.isnan(backend.host(g).tolist()[0])


def test_the_norm_of_zeros(backend: Any) -> None:
    """The usual guard: where there is nothing, the norm is 0, and so is its gradient."""
    xp = backend.xp

    def norm(x: Any) -> Any:
        square = xp.sum(xp.square(x))
        return xp.where(xp.greater(square, 0.0), xp.sqrt(square), 0.0)

    assert backend.host(backend.run(grad(norm), backend.array([0.0, 0.0]))).tolist() == [0.0, 0.0]
    assert backend.host(backend.run(grad(norm), backend.array([3.0, 4.0]))).tolist() == pytest.approx(
        [0.6, 0.8]
    )


@pytest.mark.parametrize("name", ["hypot", "atan2"])
def test_two_zeros(backend: Any, name: str) -> None:
    xp, function = backend.xp, getattr(backend.xp, name)
    zeros, cotangent = backend.array([0.0, 3.0]), backend.array([0.0, 1.0])
    both = grad(lambda a, b: xp.sum(xp.multiply(cotangent, function(a, b))), argnums=(0, 1))
    for g in backend.run(both, zeros, backend.array([0.0, 4.0])):
        assert backend.host(g).tolist()[0] == 0.0
        assert math.isfinite(backend.host(g).tolist()[1])


def test_the_deviation_of_equal_numbers(backend: Any) -> None:
    g = backend.run(grad(backend.xp.std), backend.array([2.0, 2.0, 2.0]))
    assert backend.host(g).tolist() == [0.0, 0.0, 0.0]


def test_division_by_an_array_with_zeros_by_either_side(backend: Any) -> None:
    xp = backend.xp

    def guarded(a: Any, b: Any) -> Any:
        return xp.sum(xp.where(xp.equal(b, 0.0), 0.0, xp.divide(a, b)))

    above, below = backend.run(
        grad(guarded, argnums=(0, 1)), backend.array([1.0, 0.0, 6.0]), backend.array([0.0, 0.0, 2.0])
    )
    assert backend.host(above).tolist() == [0.0, 0.0, 0.5]
    assert backend.host(below).tolist() == [0.0, 0.0, -1.5]


EXTREMES = ("softplus", "expit", "tanh", "erf", "logsumexp", "softmax", "log_softmax")


@pytest.mark.parametrize("name", EXTREMES)
def test_large_numbers_do_not_overflow(backend: Any, name: str) -> None:
    xp, function = backend.xp, getattr(backend.xp, name)
    weights = backend.array([1.0, 2.0, 3.0, 4.0])
    g = backend.run(
        grad(lambda x: xp.sum(xp.multiply(weights, function(x)))), backend.array([-1e4, -200.0, 200.0, 1e4])
    )
    assert all(math.isfinite(value) for value in backend.host(g).tolist())


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_a_place_that_is_masked_by_minus_infinity(backend: Any, name: str) -> None:
    xp, function = backend.xp, getattr(backend.xp, name)
    kept = backend.array([1.0, 2.0, 0.0])

    def masked(x: Any) -> Any:
        y = function(xp.where(xp.greater(kept, 0.0), x, -math.inf))
        return xp.sum(xp.where(xp.greater(kept, 0.0), xp.multiply(kept, y), 0.0))

    g = backend.host(backend.run(grad(masked), backend.array([0.5, 1.0, 7.0]))).tolist()
    assert g[2] == 0.0
    assert all(math.isfinite(value) for value in g)


def test_a_sum_of_nothing_but_minus_infinity(backend: Any) -> None:
    value, g = backend.run(value_and_grad(backend.xp.logsumexp), backend.array([-math.inf, -math.inf]))
    assert float(backend.host(value)) == -math.inf
    assert backend.host(g).tolist() == [0.0, 0.0]


def test_a_sum_of_two_infinities(backend: Any) -> None:
    xp = backend.xp
    both = grad(lambda a, b: xp.sum(xp.where(xp.isinf(a), 0.0, xp.logaddexp(a, b))), argnums=(0, 1))
    a, b = backend.array([-math.inf, math.inf, 0.0]), backend.array([-math.inf, math.inf, 0.0])
    for g in backend.run(both, a, b):
        assert backend.host(g).tolist() == pytest.approx([0.0, 0.0, 0.5])
    g, _ = backend.run(grad(lambda a, b: xp.sum(xp.logaddexp(a, b)), argnums=(0, 1)), a, b)
    assert backend.host(g).tolist() == pytest.approx([0.0, 1.0, 0.5])


def test_ties_share(backend: Any) -> None:
    """The gradient of a maximum at a tie: it is shared, and its parts are one."""
    xp = backend.xp
    whole = backend.run(grad(xp.max), backend.array([2.0, 1.0, 2.0]))
    assert backend.host(whole).tolist() == [0.5, 0.0, 0.5]
    a, b = backend.run(
        grad(lambda a, b: xp.sum(xp.maximum(a, b)), argnums=(0, 1)),
        backend.array([2.0, 1.0]),
        backend.array([2.0, 0.0]),
    )
    assert backend.host(a).tolist() == [0.5, 1.0]
    assert backend.host(b).tolist() == [0.5, 0.0]


def test_a_masked_function_passes_check_grad(backend: Any) -> None:
    xp = backend.xp
    check_grad(lambda x: xp.where(xp.greater(x, 0.0), xp.sqrt(x), 0.0), backend.array([-2.0, 1.5]), order=2)
