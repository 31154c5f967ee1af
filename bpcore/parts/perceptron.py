"""The multilayer perceptron: linear layers with an activation between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bpcore.parts.activations import activation_named
from bpcore.parts.initializers import Glorot, He, Initializer, Zeros
from bpcore.parts.layers import Chain, Layer, Linear
from bpcore.words.errors import OptionError

__all__ = ["MLP"]


def MLP(  # noqa: N802 -- it makes a layer, and is written like one
    sizes: Sequence[int],
    /,
    *,
    activation: str = "relu",
    output: str = "identity",
    bias: bool = True,
    weight_init: Initializer | None = None,
    bias_init: Initializer = Zeros(),
) -> Chain:
    """Return a chain of linear layers with activations between them.

    Parameters
    ----------
    sizes : sequence of two or more int
        The number of inputs, of units in each hidden layer, of outputs.
    activation : str
        After each hidden layer: gelu, identity, relu, sigmoid, softmax or tanh.
    output : str
        After the last layer; identity for losses that take logits.
    bias : bool
        Whether the layers have biases.
    weight_init : Initializer or None
        None: He for relu and gelu, Glorot for the others.
    bias_init : Initializer

    Examples
    --------
    >>> import bpcore as bp
    >>> print(bp.MLP([2, 16, 8, 1], activation="tanh"))
    Chain(Linear(16), Tanh, Linear(8), Tanh, Linear(1))
    """
    if len(sizes) < 2:  # noqa: PLR2004
        raise OptionError("sizes of MLP", list(sizes), "two or more numbers: inputs, hidden units, outputs")
    start = weight_init or (He() if activation in ("relu", "gelu") else Glorot())
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers.append(Linear(outputs, inputs, bias=bias, weight_init=start, bias_init=bias_init))
        layers.append(activation_named(activation))
    layers[-1] = activation_named(output)
    if output == "identity":
        layers.pop()
    return Chain(*layers)
