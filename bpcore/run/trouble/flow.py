"""Gradient flow: how large the gradient is that reaches each layer, beside the layer's weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.ground.registry import backend_of
from bpcore.machine.mode import mode_of
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Loss
from bpcore.parts.wiring import Residual
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import named_leaves

__all__ = ["LayerFlow", "gradient_flow"]


@dataclass(frozen=True, kw_only=True)
class LayerFlow:
    """What reaches one layer.

    Attributes
    ----------
    name : str
        Where it stands and what it is, as in errors: ``net[2] Linear(8)``.
    weight, gradient : float
        Frobenius norms of its weight and of the loss's gradient by it.
    ratio : float
        ``gradient / weight``: the relative step of descent at rate 1. Infinite for a weight of zeros.
    """

    name: str
    weight: float
    gradient: float
    ratio: float


def gradient_flow(
    net: Layer,
    params: Tree,
    x: Array,
    y: Array,
    loss: Loss,
    *,
    state: Tree = None,
    training: bool | None = None,
    key: Array | None = None,
) -> tuple[LayerFlow, ...]:
    """Return the norms of each layer's weight and gradient, from the first layer to the last.

    Parameters
    ----------
    net : Layer
    params : tree of arrays
    x : array (samples, features)
    y : array
        As the loss takes it. Both are arrays of the parameters' library, on their device.
    loss : Loss
    state : tree of arrays, or None
        What layers carry, as a Run has it; None for those that carry nothing, or to run them as they learn.
    training : bool or None
        Whether the network is run as it learns: by the statistics of `x`, and with some of it dropped. None:
        where it carries something and no `state` is given.
    key : key or None
        Where it draws from while it learns.

    Returns
    -------
    tuple of LayerFlow
        One for each parameter that is called ``weight``; biases and layers without one are left out.

    Raises
    ------
    ShapeError, MixedArrays
        When network, parameters, data and loss do not fit together.
    """
    mode = mode_of(net, params, x, state=state, key=key, training=training)

    def objective(params: Tree) -> Array:
        return loss(net(params, x) if mode is None else mode.output(net, params, x), y)

    _, grads = value_and_grad(objective)(params)
    weights, gradients = dict(_weights(params)), dict(_weights(grads))
    if not weights:
        return ()
    norms = [_norm(array) for path in weights for array in (weights[path], gradients[path])]
    xp = array_namespace(norms[0])
    numbers = backend_of(norms[0]).to_host(xp.stack(norms)).tolist()
    pairs = zip(weights, numbers[::2], numbers[1::2], strict=True)
    return tuple(_flow(_name(net, path), weight, gradient) for path, weight, gradient in pairs)


def _flow(name: str, weight: float, gradient: float) -> LayerFlow:
    ratio = gradient / weight if weight else float("inf")
    return LayerFlow(name=name, weight=weight, gradient=gradient, ratio=ratio)


def _weights(tree: Tree) -> Iterator[tuple[str, Array]]:
    """Yield the weights, with their paths in the tree, as in ``0.weight``."""
    for path, array in named_leaves(tree):
        if path.rpartition(".")[2] == "weight":
            yield path, array


def _norm(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.sqrt(xp.sum(xp.square(x)))


def _name(net: Layer, path: str) -> str:
    """Return the name of the layer that a weight belongs to, by the weight's path."""
    words = path.split(".")[:-1]
    place, layer = "net", net
    for i, word in enumerate(words):
        if not isinstance(layer, Chain | Residual):  # a layer of the user's, with a tree of its own
            return f"{place} {layer} {'.'.join(words[i:])}"
        place, layer = f"{place}[{word}]", layer.layers[int(word)]
    return f"{place} {layer}"
