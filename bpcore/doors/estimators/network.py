"""The network of an estimator: its layers, how it starts, and its weights as lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.parts.layers import Chain
from bpcore.parts.perceptron import MLP
from bpcore.words.protocols import Array, Dtype, Tree

__all__ = ["as_lists", "as_tree", "chain", "copied", "dtype_name", "start"]

NAMES = {"logistic": "sigmoid"}


def chain(sizes: Sequence[int], activation: str) -> Chain:
    """Return linear layers with an activation between them; scikit-learn's names of activations."""
    return MLP(sizes, activation=NAMES.get(activation, activation))


def start(sizes: Sequence[int], activation: str, random: Any) -> tuple[list[Array], list[Array]]:
    """Return weights and biases drawn evenly from ``+-sqrt(f / (inputs + outputs))``, on the host.

    `f` is 6, and 2 for the logistic function. They are drawn as in scikit-learn's perceptrons, which start
    from the same numbers for the same `random`, a RandomState.

    References
    ----------
    X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks".
    """
    factor = 2.0 if activation == "logistic" else 6.0
    coefs, intercepts = [], []
    for inputs, outputs in pairwise(sizes):
        bound = math.sqrt(factor / (inputs + outputs))
        coefs.append(random.uniform(-bound, bound, (inputs, outputs)))
        intercepts.append(random.uniform(-bound, bound, outputs))
    return coefs, intercepts


def as_tree(coefs: Sequence[Array], intercepts: Sequence[Array], dtype: Dtype) -> Tree:
    """Return a copy of weights and biases as the chain's parameters, which a step may overwrite."""
    params: list[dict[str, Array]] = []
    for weight, bias in zip(coefs, intercepts, strict=True):
        xp = space_of(weight).functions
        params += [{"weight": xp.astype(weight, dtype), "bias": xp.astype(bias, dtype)}, {}]
    return params[:-1]


def as_lists(params: Tree) -> tuple[list[Array], list[Array]]:
    """Return copies of the chain's parameters as the weights and the biases, which no step overwrites."""
    layers = [layer for layer in params if layer]
    copies = [[copied(layer[name]) for layer in layers] for name in ("weight", "bias")]
    return copies[0], copies[1]


def dtype_name(x: Array) -> str:
    """Return the name of an array's dtype, as ``"float32"``."""
    return str(x.dtype).rpartition(".")[2]


def copied(x: Array) -> Array:
    """Return a copy, which no step overwrites."""
    return space_of(x).functions.asarray(x, copy=True)
