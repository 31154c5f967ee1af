"""Layers: shapes, parameters, and errors that say where in the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.layers import Layer
from bpcore.words.errors import OptionError, ShapeError


def test_linear_is_a_weighted_sum(backend: Any) -> None:
    params = {
        "weight": backend.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        "bias": backend.array([0.5, -0.5]),
    }
    x = backend.array([[1.0, 0.0, -1.0], [2.0, 2.0, 2.0]])
    y = backend.run(bp.Linear(2), params, x)
    assert backend.host(y).tolist() == [[-3.5, -4.5], [18.5, 23.5]]
    y = backend.run(bp.Linear(2, bias=False), {"weight": params["weight"]}, x)
    assert backend.host(y).tolist() == [[-4.0, -4.0], [18.0, 24.0]]


def test_linear_maps_the_last_axis(backend: Any) -> None:
    weight = backend.array([[1.0], [10.0]])
    layer = bp.Linear(1, bias=False)
    assert layer.output_shape((5, 2)) == (5, 1)
    y = layer({"weight": weight}, backend.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
    assert backend.host(y).tolist() == [[[21.0]], [[43.0]]]
    y = layer({"weight": weight}, backend.array([1.0, 2.0]))  # one sample by itself
    assert backend.host(y).tolist() == [21.0]


def test_gradients_of_linear(backend: Any) -> None:
    params = {"weight": backend.array([[1.0, 2.0]]), "bias": backend.array([0.0, 0.0])}
    x = backend.array([[3.0], [4.0]])
    grads = backend.run(bp.grad(lambda params: backend.xp.sum(bp.Linear(2)(params, x))), params)
    assert backend.host(grads["weight"]).tolist() == [[7.0, 7.0]]
    assert backend.host(grads["bias"]).tolist() == [2.0, 2.0]


def test_parameters_are_where_the_key_is(backend: Any) -> None:
    key = bp.key(0, backend=backend.backend)
    params = bp.MLP([3, 4, 2]).init(key, (3,), dtype=backend.backend.dtype(backend.float))
    assert [sorted(layer) for layer in params] == [["bias", "weight"], [], ["bias", "weight"]]
    shapes = [tuple(array.shape) for layer in params for array in layer.values()]
    assert shapes == [(3, 4), (4,), (4, 2), (2,)]
    for layer in params:
        for array in layer.values():
            assert array.device == key.device
            assert str(backend.host(array).dtype) == backend.float
    assert backend.host(params[0]["bias"]).tolist() == [0.0] * 4


def test_layers_start_from_keys_of_their_own() -> None:
    params = bp.Chain(bp.Linear(3), bp.Linear(3)).init(bp.key(0), (3,))
    assert params[0]["weight"].tolist() != params[1]["weight"].tolist()
    biased = bp.Linear(3, bias_init=bp.Normal()).init(bp.key(0), (3,))
    assert biased["bias"].tolist() != biased["weight"][0].tolist()
    again = bp.Chain(bp.Linear(3), bp.Linear(3)).init(bp.key(0), (3,))
    assert again[0]["weight"].tolist() == params[0]["weight"].tolist()


def test_a_missing_bias_is_none_at_all() -> None:
    assert sorted(bp.Linear(3, bias=False).init(bp.key(0), (2,))) == ["weight"]


def test_a_chain_of_nothing_and_of_chains() -> None:
    x = np.ones((2, 3))
    assert bp.Chain()([], x) is x
    assert bp.Chain().output_shape((3,)) == (3,)
    inner = bp.Chain(bp.Linear(4), bp.Tanh())
    net = bp.Chain(inner, bp.Linear(1))
    params = net.init(bp.key(0), (3,))
    assert net.output_shape((3,)) == (1,)
    by_hand = np.tanh(x @ params[0][0]["weight"]) @ params[1]["weight"]
    np.testing.assert_allclose(net(params, x), by_hand, rtol=1e-6)
    assert str(net) == "Chain(Chain(Linear(4), Tanh), Linear(1))"


def test_errors_say_which_layer() -> None:
    net = bp.Chain(bp.Linear(4), bp.Tanh(), bp.Linear(10))
    params = net.init(bp.key(0), (3,))
    with pytest.raises(ShapeError) as caught:
        net(params, np.ones((5, 2)))
    assert str(caught.value) == "net[0] Linear(4) wants inputs of shape (batch, 3), was given (5, 2)."
    params[2] = {"weight": np.ones((7, 10)), "bias": np.ones(10)}
    with pytest.raises(ShapeError) as caught:
        net(params, np.ones((5, 3)))
    assert str(caught.value) == "net[2] Linear(10) wants inputs of shape (batch, 7), was given (5, 4)."
    with pytest.raises(ShapeError) as caught:
        bp.Chain(net, bp.Relu())([params, {}], np.ones((5, 3)))
    assert str(caught.value).startswith(
        "net[0] Chain(Linear(4), Tanh, Linear(10)) net[2] Linear(10) wants inputs"
    )


def test_errors_say_which_layer_at_the_start() -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.Linear(4), bp.Linear(2, 5)).init(bp.key(0), (3,))
    assert str(caught.value) == "net[1] Linear(2) wants inputs of shape (batch, 5), was given ('batch', 4)."
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.Linear(4, weight_init=bp.Given(np.ones((3, 3))))).init(bp.key(0), (3,))
    assert str(caught.value) == "net[0] Linear(4) Given wants values of shape (3, 4), was given (3, 3)."


def test_errors_under_a_gradient_say_the_same(backend: Any) -> None:
    net = bp.Chain(bp.Linear(4), bp.Linear(1))
    params = net.init(bp.key(0, backend=backend.backend), (3,))
    x = backend.array([[1.0, 2.0]], "float32")
    with pytest.raises(
        ShapeError, match=r"^net\[0\] Linear\(4\) wants inputs of shape \(batch, 3\), was given"
    ):
        bp.grad(lambda params: backend.xp.sum(net(params, x)))(params)


def test_parameters_of_another_number_of_layers() -> None:
    net = bp.Chain(bp.Linear(4), bp.Tanh())
    with pytest.raises(ShapeError, match="wants parameters of 2 layers, was given 1"):
        net([{}], np.ones((1, 2)))


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"])
def test_sizes_are_whole_numbers(size: Any) -> None:
    with pytest.raises(OptionError, match="outputs of Linear must be a whole number, 1 or more, was given"):
        bp.Linear(size)
    with pytest.raises(OptionError, match="inputs of Linear must be"):
        bp.Linear(3, size)


def test_a_chain_holds_layers() -> None:
    with pytest.raises(OptionError, match="layer 1 of Chain must be a layer"):
        bp.Chain(bp.Linear(2), np.tanh)


def test_equal_configurations_are_equal() -> None:
    assert bp.Chain(bp.Linear(2), bp.Tanh()) == bp.Chain(bp.Linear(2), bp.Tanh())
    assert bp.Linear(2) != bp.Linear(2, bias=False)
    assert issubclass(bp.Linear, Layer)
