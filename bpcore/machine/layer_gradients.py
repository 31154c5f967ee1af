"""Gradients layer by layer, for update loops of one's own: forward once, then back from the last layer.

Who changes parameters on the way chooses the order of the updates. Written into a copy, every gradient is
that of the old weights: *simultaneous*, gradient descent. Written into the list that was given, a layer's
gradient comes through the new weights of the layers above it: *sequential*, output layer first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bpcore.derivatives.transforms.gradients import value_and_grad, vjp
from bpcore.machine.mode import Mode, mode_of
from bpcore.parts.keys import fold_in
from bpcore.parts.layers import Chain, Layer, at_layer
from bpcore.parts.losses import Loss
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["LayerGradients", "layer_gradients"]

Pullback = Callable[[Array], tuple[Tree, ...]]
Call = Callable[[Tree, Array], tuple[Array, Tree]]


def layer_gradients(
    net: Chain,
    params: Sequence[Tree],
    x: Array,
    y: Array,
    /,
    *,
    loss: Loss,
    state: Tree = None,
    training: bool | None = None,
    key: Array | None = None,
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
    state : tree of arrays, or None
        What layers carry, as a Run has it; None for those that carry nothing, or to run them as they learn.
    training : bool or None
        Whether the network is run as it learns: by the statistics of `x`, and with some of it dropped. None:
        where it carries something and no `state` is given.
    key : key or None
        Where it draws from while it learns: another one in every step.

    Returns
    -------
    LayerGradients
        Iterated over, it yields ``(index, gradient)``: the place of a layer that has parameters, and the
        gradient of the loss by them, a tree like ``params[index]``. It has the ``loss`` and the ``output``
        of the forward pass, and as ``state`` what the layers carry on.

    Raises
    ------
    OptionError
        When `net` is no chain; when it is to learn, draws, and has no key; or with ``training=False``, when
        what it carries is not given.
    ShapeError
        When the parameters, the samples or the targets do not fit.

    Notes
    -----
    The cotangent is brought through layer ``index`` when the next item is asked for, with ``params[index]``
    as it is then, and at the layer's input of the forward pass. For this the layer is computed once more.
    No value is read: the walk may stand inside `compile` and `record`.

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
    mode = mode_of(net, params, x, state=state, key=key, training=training)
    calls = [_call(index, layer, mode) for index, layer in enumerate(net.layers)]
    inputs, pullbacks, states = [x], [], []
    for index, call in enumerate(calls):
        try:
            output, pullback, carried = _forward(call, params[index], inputs[index])
        except ShapeError as error:
            raise at_layer(index, net.layers[index], error) from error
        inputs.append(output)
        pullbacks.append(pullback)
        states.append(carried)
    output = inputs.pop()
    value, cotangent = value_and_grad(loss)(output, y)
    carried = None if mode is None else states
    return LayerGradients(value, output, carried, calls, params, inputs, pullbacks, cotangent)


def _check(net: Chain, params: Sequence[Tree]) -> None:
    if type(net) is not Chain:  # a subclass computes something else with its layers
        raise OptionError("net of layer_gradients", net, "a chain, as in Chain(Linear(8), Tanh(), Linear(1))")
    if len(params) != len(net.layers):
        raise ShapeError(str(net), f"parameters of {len(net.layers)} layers", f"{len(params)}")


def _call(index: int, layer: Layer, mode: Mode | None) -> Call:
    """Return the function of a layer's parameters and input to its output and what it carries on."""
    if mode is None:
        return lambda params, x: (layer(params, x), {})
    state, training = mode.state[index], mode.training
    key = fold_in(mode.key, index) if layer.draws and mode.key is not None else None  # as `Chain` has it
    return lambda params, x: layer.forward(params, state, x, key=key, training=training)


def _forward(call: Call, params: Tree, x: Array) -> tuple[Array, Pullback, Tree]:
    """Return output, pull-back to the parameters where there are any or else to the input, and the state."""
    if leaves(params):
        return vjp(lambda params: call(params, x), params, has_aux=True)
    return vjp(lambda x: call(params, x), x, has_aux=True)


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """One forward pass through a chain, and the walk back over its layers.

    Attributes
    ----------
    loss : array of shape ()
        Of the forward pass, before any update.
    output : array
        The last layer's, of the same pass.
    state : list of trees, or None
        What the layers carry on; None where they carry nothing, and neither draw.
    """

    loss: Array
    output: Array
    state: Tree
    _calls: Sequence[Call]
    _params: Sequence[Tree]
    _inputs: list[Array]
    _pullbacks: list[Pullback]
    _cotangent: Array

    def __iter__(self) -> Iterator[tuple[int, Tree]]:
        """Yield ``(index, gradient)`` for each layer with parameters, the last one first."""
        g = self._cotangent
        learning = [index for index, params in enumerate(self._params) if leaves(params)]
        for index in reversed(range(min(learning, default=len(self._calls)), len(self._calls))):
            (pulled,) = self._pullbacks[index](g)
            if index not in learning:
                g = pulled
                continue
            yield index, pulled
            if index > learning[0]:
                g = self._into(index, g)

    def _into(self, index: int, g: Array) -> Array:
        """Return the cotangent of a layer's input, through its parameters as they are now."""
        call, params = self._calls[index], self._params[index]
        _, pullback = vjp(lambda x: call(params, x)[0], self._inputs[index])
        (g,) = pullback(g)
        return g
