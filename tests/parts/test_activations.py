"""Activations against references, at the ends of the number line and in between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.parts.activations import ACTIVATIONS, activation_named

NUMBERS = [-1e4, -500.0, -40.0, -5.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 40.0, 500.0, 1e4]


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x) if x > -745 else 0.0


def phi(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def cumulative(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


REFERENCES = {
    "identity": (lambda x: x, lambda x: 1.0),
    "sigmoid": (logistic, lambda x: logistic(x) * logistic(-x)),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "gelu": (lambda x: x * cumulative(x), lambda x: cumulative(x) + x * phi(x)),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_values_and_slopes(backend: Any, name: str) -> None:
    f, slope = REFERENCES[name]
    layer = activation_named(name)
    x = backend.array([NUMBERS])
    y = backend.host(backend.run(lambda x: layer({}, x), x))
    g = backend.host(backend.run(bp.grad(lambda x: backend.xp.sum(layer({}, x))), x))
    wanted = np.asarray([[f(number) for number in NUMBERS]])
    steep = np.asarray([[slope(number) for number in NUMBERS]])
    assert y.shape == wanted.shape
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(g))
    np.testing.assert_allclose(y, wanted, rtol=8 * backend.eps, atol=8 * backend.eps)
    np.testing.assert_allclose(g, steep, rtol=8 * backend.eps, atol=8 * backend.eps)


def test_the_logistic_function_at_the_ends(backend: Any) -> None:
    y = backend.host(bp.Sigmoid()({}, backend.array([-1e4, -500.0, 0.0, 500.0, 1e4]))).tolist()
    small = math.exp(-500) if backend.float == "float64" else 0.0
    assert y == [0.0, pytest.approx(small, rel=1e-13, abs=0), 0.5, 1.0, 1.0]


def test_the_slope_of_relu_at_0_is_0(backend: Any) -> None:
    x = backend.array([-0.0, 0.0, -1.0, 1.0])
    g = backend.run(bp.grad(lambda x: backend.xp.sum(bp.Relu()({}, x))), x)
    assert backend.host(g).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_gelu_is_exact_and_not_its_tanh_form(backend: Any) -> None:
    y = backend.host(bp.Gelu()({}, backend.array([2.0])))[0]
    near = 1.0 * (1 + math.tanh(math.sqrt(2 / math.pi) * (2.0 + 0.044715 * 8)))
    assert abs(y - 2 * cumulative(2.0)) <= 4 * backend.eps
    assert abs(near - 2 * cumulative(2.0)) > 9e-5


def test_softmax(backend: Any) -> None:
    rows = [[1.0, 2.0, 3.0], [1e4, 0.0, -1e4], [5.0, 5.0, 5.0], [-1e4, -1e4, -1e4]]
    y = backend.host(backend.run(lambda x: bp.Softmax()({}, x), backend.array(rows)))
    powers = [math.exp(i) for i in (1, 2, 3)]
    wanted = [[p / sum(powers) for p in powers], [1.0, 0.0, 0.0], [1 / 3] * 3, [1 / 3] * 3]
    np.testing.assert_allclose(y, wanted, rtol=4 * backend.eps, atol=0)
    np.testing.assert_allclose(y.sum(axis=-1), 1.0, rtol=4 * backend.eps)


def test_the_slope_of_softmax(backend: Any) -> None:
    x = backend.array([0.5, -1.0, 2.0])
    y = backend.host(bp.Softmax()({}, x))
    found = backend.host(backend.run(bp.jacobian(lambda x: bp.Softmax()({}, x)), x))
    np.testing.assert_allclose(found, np.diag(y) - np.outer(y, y), atol=4 * backend.eps)


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_what_holds_for_all_numbers(numbers: list[float]) -> None:
    x = np.asarray(numbers)
    s = bp.Sigmoid()({}, x)
    np.testing.assert_allclose(s + bp.Sigmoid()({}, -x), 1.0, rtol=1e-15)
    np.testing.assert_allclose(s, [logistic(number) for number in numbers], rtol=1e-13)
    np.testing.assert_array_equal(bp.Relu()({}, x) - bp.Relu()({}, -x), x)
    np.testing.assert_allclose(bp.Gelu()({}, x) - bp.Gelu()({}, -x), x, rtol=1e-15, atol=1e-15)
    p = bp.Softmax()({}, x)
    np.testing.assert_allclose(p.sum(), 1.0, rtol=1e-14)
    np.testing.assert_allclose(bp.Softmax()({}, x + 3.0), p, rtol=1e-11, atol=1e-300)


def test_activations_keep_the_shape_and_have_no_parameters() -> None:
    for name in ACTIVATIONS:
        layer = activation_named(name)
        assert layer.init(bp.key(0), (3,)) == {}
        assert layer.output_shape((4, 3)) == (4, 3)
        assert layer({}, np.ones((2, 4, 3), dtype=np.float32)).dtype == np.float32
        assert str(layer).lower() == name
