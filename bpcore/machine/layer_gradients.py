"""Gradients layer by layer, for update loops of one's own: forward once, then back from the last layer.

Who changes parameters on the way chooses the order of the updates. Written into a copy, every gradient is
that of the old weights: *simultaneous*, gradient descent. Written into the list that was given, a layer's
gradient comes through the new weights of the layers above it: *sequential*, output layer first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bpcore.derivatives.transforms.gradients import value_and_grad, vjp
from bpcore.parts.layers import Chain, Layer, at_layer
from bpcore.parts.losses import Loss
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["LayerGradients", "layer_gradients"]

Pullback = Callable[[Array], tuple[Tree, ...]]


def layer_gradients(
    net: Chain, params: Sequence[Tree], x: Array, y: Array, /, *, loss: Loss
) -> LayerGradients:
    """Run a chain forward once, and return the walk back over its layers, last layer first.

    Parameters
    ----------
    net : Chain
        Of pure functions, as every layer of bpcore is.
    params : list of trees
        One for each layer, as ``net.init`` makes them. It may be written into during the walk.
    x : array
        Of shape ``(batch, *features)``.
    y : array
        The targets that `loss` wants.
    loss : Loss
        Or a function of output and target to an array of shape ().

    Returns
    -------
    LayerGradients
        Iterated over, it yields ``(index, gradient)``: the place of a layer that has parameters, and the
        gradient of the loss by them, a tree like ``params[index]``. It has the ``loss`` and the ``output``
        of the forward pass.

    Raises
    ------
    OptionError
        When `net` is no chain.
    ShapeError
        When the parameters, the samples or the targets do not fit.

    Notes
    -----
    The cotangent is brought through layer ``index`` when the next item is asked for, with ``params[index]``
    as it is then, and at the layer's input of the forward pass. For this the layer is computed once more.
    Layers that draw or carry something are run as they are where they answer, by ``layer(params, x)``. No
    value is read: the walk may stand inside `compile` and `record`.

    Examples
    --------
    Gradient descent with the output layer first, as in svpino's network of 2021:

    >>> import bpcore as bp, numpy as np
    >>> net = bp.Chain(bp.Linear(1, bias=False), bp.Linear(1, bias=False))
    >>> params = [{"weight": np.asarray([[2.0]])}, {"weight": np.asarray([[0.5]])}]
    >>> x, y = np.asarray([[2.0]]), np.asarray([[20.0]])
    >>> walk = bp.layer_gradients(net, params, x, y, loss=bp.SquaredError(half=True))
    >>> for index, gradient in walk:
    ...     params[index] = {"weight": params[index]["weight"] - 0.01 * gradient["weight"]}
    >>> float(walk.loss), [layer["weight"].item() for layer in params]
    (162.0, [2.4392, 1.22])
    """
    _check(net, params)
    inputs, pullbacks = [x], []
    for index, layer in enumerate(net.layers):
        try:
            output, pullback = _forward(layer, params[index], inputs[index])
        except ShapeError as error:
            raise at_layer(index, layer, error) from error
        inputs.append(output)
        pullbacks.append(pullback)
    output = inputs.pop()
    value, cotangent = value_and_grad(loss)(output, y)
    return LayerGradients(value, output, net.layers, params, inputs, pullbacks, cotangent)


def _check(net: Chain, params: Sequence[Tree]) -> None:
    if not isinstance(net, Chain):
        raise OptionError("net of layer_gradients", net, "a chain, as in Chain(Linear(8), Tanh(), Linear(1))")
    if len(params) != len(net.layers):
        raise ShapeError(str(net), f"parameters of {len(net.layers)} layers", f"{len(params)}")


def _forward(layer: Layer, params: Tree, x: Array) -> tuple[Array, Pullback]:
    """Return the output, and its pull-back: to the parameters where there are any, else to the input."""
    if leaves(params):
        return vjp(lambda params: layer(params, x), params)
    return vjp(lambda x: layer(params, x), x)


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """One forward pass through a chain, and the walk back over its layers.

    Attributes
    ----------
    loss : array of shape ()
        Of the forward pass, before any update.
    output : array
        The last layer's, of the same pass.
    """

    loss: Array
    output: Array
    _layers: tuple[Layer, ...]
    _params: Sequence[Tree]
    _inputs: list[Array]
    _pullbacks: list[Pullback]
    _cotangent: Array

    def __iter__(self) -> Iterator[tuple[int, Tree]]:
        """Yield ``(index, gradient)`` for each layer with parameters, the last one first."""
        g = self._cotangent
        learning = [index for index, params in enumerate(self._params) if leaves(params)]
        for index in reversed(range(min(learning, default=len(self._layers)), len(self._layers))):
            (pulled,) = self._pullbacks[index](g)
            if index not in learning:
                g = pulled
                continue
            yield index, pulled
            if index > learning[0]:
                g = self._into(index, g)

    def _into(self, index: int, g: Array) -> Array:
        """Return the cotangent of a layer's input, through its parameters as they are now."""
        layer, params = self._layers[index], self._params[index]
        _, pullback = vjp(lambda x: layer(params, x), self._inputs[index])
        (g,) = pullback(g)
        return g
