"""The step of an optimizer that searches: driven from Python, over compiled functions."""

from __future__ import annotations

from bpcore.ground.backend import Backend
from bpcore.machine.step import LAYERS, Batch, Step, penalised, report_of
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS
from bpcore.parts.penalties import Penalty
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Tree

__all__ = ["make_searched_step"]


def make_searched_step(
    net: Layer,
    loss: Loss,
    optimizer: LBFGS,
    *,
    penalty: Penalty | None = None,
    compiled: bool = True,
    backend: str | Backend | None = None,
) -> Step:
    """Return the training step ``step(params, state, batch) -> (params, state, report)``.

    Its batches must be the same from step to step: all samples. Parameters are those of `make_step`.

    Raises
    ------
    OptionError
        For a network that draws random numbers or carries something from step to step: a search asks for
        the same function again and again. The step says it of what is carried.
    """
    if net.draws:
        raise _unsteady(net, "draws random numbers")

    def objective(params: Tree, *batch: Array) -> tuple[Array, Tree]:
        x, *wanted = batch
        output = net(params, x)
        value = penalised(loss(output, *wanted), params, penalty)
        return value, report_of(loss, value, output, *wanted)

    stepper = optimizer.stepper(objective, compiled=compiled, backend=backend)

    def step(params: Tree, state: Tree, batch: Batch) -> tuple[Tree, Tree, dict[str, Array]]:
        if LAYERS in state:
            raise _unsteady(net, "carries something from step to step")
        return stepper(params, state, *batch)

    return step


def _unsteady(net: Layer, why: str) -> OptionError:
    do = "Take bpcore.Adam, or leave such layers out."
    return OptionError(
        "the network of LBFGS", str(net), f"one function of its parameters; this one {why}", do
    )
