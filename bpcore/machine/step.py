"""The pure step: everything that a training step reads is an argument, everything that it changes a result.

No number is read from an array, nothing branches on a value, and shapes are fixed. So the same step runs
eagerly on any library, is recorded as a Program, replayed, compiled, and captured as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.metrics import accuracy
from bpcore.parts.optimizers import Optimizer
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import leaves

__all__ = ["KEY", "LAYERS", "Batch", "Step", "init_step_state", "make_evaluation", "make_step"]

Batch = tuple[Array, Array]
Step = Callable[[Tree, Tree, Batch], tuple[Tree, Tree, dict[str, Array]]]


def make_step(net: Layer, loss: Loss, optimizer: Optimizer) -> Step:
    """Return the training step ``step(params, state, (x, y)) -> (params, state, report)``.

    Parameters
    ----------
    net : Layer
    loss : Loss
    optimizer : Optimizer

    Returns
    -------
    function
        Pure. The report holds ``loss``, and ``accuracy`` where the loss is one of classes: arrays of
        shape (), seen before the update.
    """

    def objective(params: Tree, x: Array, y: Array) -> tuple[Array, Array]:
        output = net(params, x)
        return loss(output, y), output

    def carrying(
        params: Tree, x: Array, y: Array, layers: Tree, key: Array
    ) -> tuple[Array, tuple[Array, Tree]]:
        output, layers = net.forward(params, layers, x, key=key, training=True)
        return loss(output, y), (output, layers)

    gradient = value_and_grad(objective, has_aux=True)
    carrying_gradient = value_and_grad(carrying, has_aux=True)

    def step(params: Tree, state: Tree, batch: Batch) -> tuple[Tree, Tree, dict[str, Array]]:
        if LAYERS not in state:
            (value, output), grads = gradient(params, *batch)
            params, state = optimizer.update(params, grads, state)
            return params, state, _report(loss, value, output, batch[1])
        key, now = split(state[KEY], 2)
        (value, (output, layers)), grads = carrying_gradient(params, *batch, state[LAYERS], now)
        params, state = optimizer.update(params, grads, state)
        return params, {**state, LAYERS: layers, KEY: key}, _report(loss, value, output, batch[1])

    return step


LAYERS, KEY = "layers", "key"
"""Where the step's state holds what layers carry, and the key that they draw from."""


def init_step_state(net: Layer, optimizer: Optimizer, params: Tree, shape: Shape, key: Array, /) -> Tree:
    """Return the state that a training step starts from.

    Parameters
    ----------
    net : Layer
    optimizer : Optimizer
    params : tree of arrays
    shape : tuple of int
        Of one sample.
    key : key
        Where layers draw from.

    Returns
    -------
    dict
        The optimizer's state; of a network that carries something or draws, with ``layers`` and ``key``.
    """
    state = optimizer.init(params)
    layers = net.init_state(shape, like=leaves(params)[0])
    if not leaves(layers) and not net.draws:
        return state
    return {**state, LAYERS: layers, KEY: key}


def make_evaluation(net: Layer, loss: Loss) -> Callable[..., dict[str, Array]]:
    """Return ``evaluate(params, (x, y), layers=None) -> report``, the step without the step.

    `layers` is what the network carries; None for one that carries nothing.
    """

    def evaluate(params: Tree, batch: Batch, layers: Tree = None) -> dict[str, Array]:
        x, y = batch
        output = net(params, x) if layers is None else net.forward(params, layers, x)[0]
        return _report(loss, loss(output, y), output, y)

    return evaluate


def _report(loss: Loss, value: Array, output: Array, target: Array) -> dict[str, Array]:
    share = accuracy(loss, output, target)
    return {"loss": value} if share is None else {"loss": value, "accuracy": share}
