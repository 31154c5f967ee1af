"""The pure step: everything that a training step reads is an argument, everything that it changes a result.

No number is read from an array, nothing branches on a value, and shapes are fixed. So the same step runs
eagerly on any library, is recorded as a Program, replayed, compiled, and captured as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.metrics import accuracy
from bpcore.parts.optimizers import Optimizer
from bpcore.words.protocols import Array, Tree

__all__ = ["Batch", "Step", "make_evaluation", "make_step"]

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

    gradient = value_and_grad(objective, has_aux=True)

    def step(params: Tree, state: Tree, batch: Batch) -> tuple[Tree, Tree, dict[str, Array]]:
        (value, output), grads = gradient(params, *batch)
        params, state = optimizer.update(params, grads, state)
        return params, state, _report(loss, value, output, batch[1])

    return step


def make_evaluation(net: Layer, loss: Loss) -> Callable[[Tree, Batch], dict[str, Array]]:
    """Return ``evaluate(params, (x, y)) -> report``, the step without the step."""

    def evaluate(params: Tree, batch: Batch) -> dict[str, Array]:
        x, y = batch
        output = net(params, x)
        return _report(loss, loss(output, y), output, y)

    return evaluate


def _report(loss: Loss, value: Array, output: Array, target: Array) -> dict[str, Array]:
    share = accuracy(loss, output, target)
    return {"loss": value} if share is None else {"loss": value, "accuracy": share}
