"""Units of weight 1 one after the other, from 0.5: the derivative of the last by the first."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp

pytestmark = pytest.mark.needs_float64

UNIT = {"logistic": bp.Sigmoid(), "tanh": bp.Tanh()}


@pytest.mark.parametrize("kind", UNIT)
def test_derivative_through_many_layers(backend: Any, numbers: Any, same: Any, kind: str) -> None:
    wanted = numbers("vanishing_chain")[kind]
    one = backend.array([[1.0]])
    for length in (1, 2, 3, 10, 20):
        net = bp.Chain(*(bp.Linear(1, bias=False), UNIT[kind]) * length)
        params = [{"weight": one}, {}] * length
        gradient = bp.grad(lambda x, net=net, params=params: backend.xp.sum(net(params, x)))
        same(backend.run(gradient, backend.array([[0.5]])), [[wanted[length - 1]]])


def test_ten_logistic_units_leave_a_third_of_a_millionth(numbers: Any) -> None:
    known = numbers("vanishing_chain")
    assert f"{known['logistic'][9]:.2e}" == "3.48e-07"
    assert f"{known['tanh'][9]:.3f}" == "0.223"
