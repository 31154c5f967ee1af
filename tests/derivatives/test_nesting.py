"""Gradients of gradients, and gradients inside of gradients: each trace keeps to itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad, value_and_grad, vjp
from bpcore.derivatives.transforms.jacobian import jacobian


def value(backend: Any, x: Any) -> float:
    return float(backend.host(x))


@pytest.mark.parametrize(("order", "wanted"), [(1, 48.0), (2, 72.0), (3, 72.0), (4, 36.0), (5, 0.0)])
def test_derivatives_of_a_polynomial(backend: Any, order: int, wanted: float) -> None:
    """Those of ``x**4 + 4 x**2`` ... with only multiplications, at 2."""

    def f(x: Any) -> Any:
        return x * x * x * x * 1.5

    for _ in range(order):
        f = grad(f)
    assert value(backend, backend.run(f, backend.array(2.0))) == wanted


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_functions_that_come_again(backend: Any, order: int) -> None:
    xp = backend.xp
    known: list[tuple[Callable[[Any], Any], float]] = [
        (xp.exp, math.exp(0.5)),
        (xp.sin, (math.cos(0.5), -math.sin(0.5), -math.cos(0.5))[order - 1]),
        (xp.log, (2.0, -4.0, 16.0)[order - 1]),
        (lambda x: x**-1, (-4.0, 16.0, -96.0)[order - 1]),
    ]
    for function, wanted in known:
        f = function
        for _ in range(order):
            f = grad(f)
        assert value(backend, backend.run(f, backend.array(0.5))) == pytest.approx(
            wanted, rel=64 * backend.eps
        )


def test_an_inner_gradient_of_an_outer_variable(backend: Any) -> None:
    """The inner derivative of ``x y**2`` by y is ``2 x y``; with y = 3, x times it has the slope ``12 x``."""

    def outer(x: Any) -> Any:
        return x * grad(lambda y: x * y * y)(backend.array(3.0))

    assert value(backend, backend.run(grad(outer), backend.array(2.0))) == 24.0
    assert value(backend, backend.run(grad(grad(outer)), backend.array(2.0))) == 12.0


def test_perturbations_are_not_confused(backend: Any) -> None:
    """The inner slope of ``x + y`` by y is 1, whatever x is: the outer slope is 1, and never 2."""

    def outer(x: Any) -> Any:
        return x * grad(lambda y: x + y)(backend.array(1.0))

    assert value(backend, backend.run(grad(outer), backend.array(1.0))) == 1.0


def test_an_inner_gradient_at_the_outer_variable(backend: Any) -> None:
    def outer(x: Any) -> Any:
        return grad(lambda y: x * y * y)(x)  # 2 x y at y = x

    assert value(backend, backend.run(grad(outer), backend.array(3.0))) == 12.0


def test_an_inner_gradient_that_ignores_its_variable(backend: Any) -> None:
    def outer(x: Any) -> Any:
        return x + grad(lambda y: x * x)(x)  # the inner one is zero

    assert value(backend, backend.run(outer, backend.array(3.0))) == 3.0
    assert value(backend, backend.run(grad(outer), backend.array(3.0))) == 1.0


def test_an_inner_function_of_the_outer_variable_only(backend: Any) -> None:
    """The outer variable is a constant to the inner trace and is given back by it as it came."""

    def outer(x: Any) -> Any:
        inner, _ = value_and_grad(lambda y: backend.xp.sin(x))(x)
        return x * inner

    wanted = math.sin(0.5) + 0.5 * math.cos(0.5)
    got = value(backend, backend.run(grad(outer), backend.array(0.5)))
    assert got == pytest.approx(wanted, rel=8 * backend.eps)


def test_three_levels(backend: Any) -> None:
    """Of ``x y**2 z**3``: by z, then y, then x, each inside of the next."""

    def by_x(x: Any) -> Any:
        def by_y(y: Any) -> Any:
            return grad(lambda z: x * x * y * y * z * z * z)(y)  # 3 x**2 y**4

        return grad(by_y)(x)  # 12 x**5

    assert value(backend, backend.run(grad(by_x), backend.array(1.5))) == 60 * 1.5**4


def test_the_gradient_of_a_pullback_by_both_of_its_arguments(backend: Any) -> None:
    xp = backend.xp

    def pulled(x: Any, g: Any) -> Any:
        return vjp(lambda x: x * x * x, x)[1](g)[0]  # 3 x**2 g

    x, g, seed = (backend.array(data) for data in ([1.0, 2.0], [0.5, -1.0], [1.0, 10.0]))
    _, back = vjp(pulled, x, g)
    by_x, by_g = back(seed)
    assert backend.host(by_x).tolist() == [3.0, -120.0]  # 6 x g seed
    assert backend.host(by_g).tolist() == [3.0, 120.0]  # 3 x**2 seed
    assert xp.sum(by_x).shape == ()


def test_an_inner_pullback_of_an_outer_variable_with_a_plain_cotangent(backend: Any) -> None:
    """The inner primal and the cotangent are plain arrays; only what is closed over is traced."""
    xp, plain = backend.xp, backend.array([1.0, -1.0])

    def outer(x: Any) -> Any:
        _, pullback = vjp(lambda y: xp.exp(y * x), backend.array([0.0, 0.0]))
        return xp.sum(pullback(plain)[0])  # the sum of x with the signs of the cotangent

    assert backend.host(backend.run(grad(outer), backend.array([2.0, 3.0]))).tolist() == [1.0, -1.0]


def test_a_pullback_is_used_twice_and_later(backend: Any) -> None:
    x = backend.array([1.0, 2.0])
    _, pullback = vjp(lambda x: x * x, x)
    first = backend.host(pullback(backend.array([1.0, 0.0]))[0]).tolist()
    second = backend.host(pullback(backend.array([0.0, 1.0]))[0]).tolist()
    assert (first, second) == ([2.0, 0.0], [0.0, 4.0])


def test_a_pullback_from_outside_inside_of_another_gradient(backend: Any) -> None:
    """Its cotangent is traced; its primal is not."""
    _, pullback = vjp(lambda x: x * x, backend.array([1.0, 2.0]))
    g = grad(lambda g: backend.xp.sum(pullback(g * g)[0]))(backend.array([3.0, 5.0]))
    assert backend.host(g).tolist() == [12.0, 40.0]  # 2 x * 2 g


def _rosenbrock(xp: Any) -> Callable[[Any], Any]:
    return lambda x: xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_the_hessian_is_the_jacobian_of_the_gradient(backend: Any) -> None:
    """Of Rosenbrock's function in three variables, against its formula."""
    a, b, c = 0.5, -1.0, 2.0
    hessian = backend.run(jacobian(grad(_rosenbrock(backend.xp))), backend.array([a, b, c]))
    wanted = [
        [1200 * a * a - 400 * b + 2, -400 * a, 0.0],
        [-400 * a, 202 + 1200 * b * b - 400 * c, -400 * b],
        [0.0, -400 * b, 200.0],
    ]
    got = backend.host(hessian)
    np.testing.assert_allclose(got, np.asarray(wanted, dtype=got.dtype), rtol=64 * backend.eps)


def test_a_hessian_is_symmetric_in_a_network(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[0.5, -1.0], [1.5, 0.25], [0.1, 0.9]])

    def loss(w: Any) -> Any:
        return xp.mean(xp.square(xp.tanh(xp.matmul(x, xp.reshape(w, (2, 2))))))

    hessian = backend.host(backend.run(jacobian(grad(loss)), backend.array([0.1, -0.2, 0.3, 0.4])))
    np.testing.assert_allclose(hessian, hessian.T, atol=8 * backend.eps)
    assert abs(hessian).max() > 0.1


def test_the_gradient_of_one_training_step(backend: Any) -> None:
    """By the learning rate, through a step down a gradient: minus the product of two gradients."""
    xp = backend.xp
    x = backend.array([1.0, -2.0])

    def loss(w: Any) -> Any:
        return xp.sum(xp.square(w * x - 1.0))

    w = backend.array([0.5, 0.25])

    def after(rate: Any) -> Any:
        return loss(xp.subtract(w, rate * grad(loss)(w)))  # strict's own arrays refuse ours on their right

    at = w - 0.1 * grad(loss)(w)
    wanted = -xp.sum(grad(loss)(at) * grad(loss)(w))
    got = backend.run(grad(after), backend.array(0.1))
    assert value(backend, got) == pytest.approx(value(backend, wanted), rel=64 * backend.eps)


def test_inner_indexing_joining_and_reducing(backend: Any) -> None:
    xp = backend.xp

    def outer(x: Any) -> Any:
        inner = grad(lambda y: xp.sum(xp.concat([x, y * y])[1:] * xp.stack([x[0], x[1], y[0]])))
        return xp.sum(xp.square(inner(x)))

    bp.check_grad(outer, backend.array([0.5, 1.5]), order=2)


def test_a_function_may_be_differentiated_inside_of_itself() -> None:
    def f(x: Any, depth: int) -> Any:
        return x * x if depth == 0 else grad(lambda y: f(y, depth - 1) * y)(x)

    # x**2 -> 3 x**2 -> 9 x**2 -> 27 x**2
    assert float(f(2.0, 3)) == 108.0
