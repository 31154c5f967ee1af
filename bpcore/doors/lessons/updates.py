"""Many updates of a lesson's network, in either order, with the states at chosen counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bpcore.machine.layer_gradients import layer_gradients
from bpcore.parts.layers import Chain
from bpcore.parts.losses import Loss
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Tree

__all__ = ["Move", "states", "update"]

Move = Callable[[Tree, Tree], Tree]
"""Of a layer's parameters and their gradient, to its new parameters."""


def update(net: Chain, loss: Loss, move: Move, *, order: str) -> Callable[..., Tree]:
    """Return the function ``(params, x, y) -> (loss before, new params)`` of one update.

    Parameters
    ----------
    net : Chain
    loss : Loss
    move : Move
    order : "simultaneous" or "sequential"
    """

    def step(params: Tree, x: Array, y: Array) -> tuple[Array, Tree]:
        new = list(params)
        walk = layer_gradients(net, new if order == "sequential" else params, x, y, loss=loss)
        for index, gradient in walk:
            new[index] = move(params[index], gradient)
        return walk.loss, new

    return step


def states(
    step: Callable[..., Tree], params: Tree, x: Array, y: Array, counts: Iterable[int]
) -> Iterator[tuple[int, Tree]]:
    """Yield the parameters after so many updates, for each count."""
    wanted = sorted(set(counts))
    compiled = compile(step)
    for n in range(wanted[-1] + 1):
        if n in wanted:
            yield n, params
        if n < wanted[-1]:
            _, params = compiled(params, x, y)
