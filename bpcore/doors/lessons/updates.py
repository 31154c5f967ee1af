"""One update of a lesson's network, in either order."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.machine.layer_gradients import layer_gradients
from bpcore.parts.layers import Chain
from bpcore.parts.losses import Loss
from bpcore.words.protocols import Array, Tree

__all__ = ["Move", "update"]

Move = Callable[[Tree, Tree], Tree]
"""Of a layer's parameters and their gradient, to its new parameters."""


def update(net: Chain, loss: Loss, move: Move, *, order: str) -> Callable[..., Tree]:
    """Return the function ``(params, x, y) -> new params`` of one update.

    Parameters
    ----------
    net : Chain
    loss : Loss
    move : Move
    order : "simultaneous" or "sequential"
    """

    def step(params: Tree, x: Array, y: Array) -> Tree:
        new = list(params)
        walk = layer_gradients(net, new if order == "sequential" else params, x, y, loss=loss)
        for index, gradient in walk:
            new[index] = move(params[index], gradient)
        return new

    return step
