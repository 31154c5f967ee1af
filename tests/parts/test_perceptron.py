"""MLP: linear layers with activations between them."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def test_layers_of_a_perceptron() -> None:
    assert str(bp.MLP([2, 16, 8, 1])) == "Chain(Linear(16), Relu, Linear(8), Relu, Linear(1))"
    assert str(bp.MLP([2, 3], output="softmax")) == "Chain(Linear(3), Softmax)"
    assert str(bp.MLP([4, 5, 3], activation="tanh", output="sigmoid")) == (
        "Chain(Linear(5), Tanh, Linear(3), Sigmoid)"
    )


@pytest.mark.parametrize(
    ("activation", "kind"), [("relu", bp.He), ("gelu", bp.He), ("tanh", bp.Glorot), ("sigmoid", bp.Glorot)]
)
def test_the_start_fits_the_activation(activation: str, kind: Any) -> None:
    layers = bp.MLP([2, 3, 1], activation=activation).layers
    assert [layer.weight_init for layer in layers if isinstance(layer, bp.Linear)] == [kind(), kind()]


def test_the_start_can_be_chosen() -> None:
    net = bp.MLP([2, 3, 1], weight_init=bp.LeCun(), bias_init=bp.Normal(0.1), bias=True)
    assert (net.layers[0].weight_init, net.layers[2].bias_init) == (bp.LeCun(), bp.Normal(0.1))
    assert all(not layer.bias for layer in bp.MLP([2, 3, 1], bias=False).layers[::2])


def test_inputs_are_checked() -> None:
    net = bp.MLP([2, 3, 1])
    assert [layer.inputs for layer in net.layers[::2]] == [2, 3]


def test_a_misspelt_activation() -> None:
    with pytest.raises(OptionError) as caught:
        bp.MLP([2, 3, 1], activation="rleu")
    assert str(caught.value) == (
        "activation must be one of gelu, identity, relu, sigmoid, softmax, tanh, was given 'rleu'. "
        'Did you mean "relu"?'
    )
    with pytest.raises(OptionError, match="activation must be one of"):
        bp.MLP([2, 3, 1], output="step")


@pytest.mark.parametrize("sizes", [[], [3]])
def test_too_few_sizes(sizes: Any) -> None:
    with pytest.raises(OptionError, match="sizes of MLP must be two or more numbers"):
        bp.MLP(sizes)


@pytest.mark.parametrize("sizes", [[2, 0, 1], [2, 3.0, 1], [0, 1]])
def test_sizes_that_are_none(sizes: Any) -> None:
    with pytest.raises(OptionError, match="of Linear must be a whole number, 1 or more"):
        bp.MLP(sizes)
