"""Signs in the gradients: those that do not arrive at the first layer, or arrive there too large.

Two things are measured on the way from the last layer to the first: the gradient by each weight beside the
weight, and the gradient by each layer's output. The second tells what the first hides: where all weights are
too small, the outputs shrink on the way up as the gradients do on the way down, and their products agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Loss
from bpcore.parts.wiring import Residual
from bpcore.run.trouble.advice import Advice, threshold
from bpcore.run.trouble.flow import gradient_flow
from bpcore.run.trouble.signs_in_layers import layers_of, walked
from bpcore.words.protocols import Array, Tree

__all__ = ["signs_in_gradients"]


class _Ratio(NamedTuple):
    """The first layer's gradient beside the last one's."""

    value: float
    first: str
    last: str
    by: str

    def words(self, of: str) -> str:
        """Return it as a sentence."""
        return f"the gradient at {self.first} is {self.value:.1e} {of} that at {self.last}, by {self.by}"


def signs_in_gradients(
    net: Layer, params: Tree, data: Batch, loss: Loss, *, state: Tree = None
) -> Iterator[Advice]:
    """Yield what is to be said of the gradient's way from the last layer to the first."""
    least = threshold("gradient ratio")
    flows = gradient_flow(net, params, data[0], data[1], loss, state=state)
    if len(flows) < threshold("weights in a row") or not isinstance(net, Chain | Residual):
        return
    ratios = [*_by_outputs(net, params, data, loss, state)]
    first, last = flows[0], flows[-1]
    if first.weight and last.weight and last.gradient:
        ratios.append(_Ratio(first.ratio / last.ratio, first.name, last.name, "weights, beside their size"))
    small = min((one for one in ratios if one.value < least), default=None)
    large = max((one for one in ratios if one.value > 1 / least), default=None)
    if small is not None:
        yield Advice(
            kind="vanishing",
            words=small.words("of"),
            what_to_do="Take bp.Relu(), weights from bp.He(), bp.LayerNorm(), or fewer layers.",
            option="activation",
        )
    if large is not None:
        yield Advice(
            kind="exploding",
            words=large.words("times"),
            what_to_do="Take weights from bp.He() or bp.Glorot(), or clip=bp.clip_by_global_norm(1.0).",
            option="weight_init",
        )


def _by_outputs(net: Layer, params: Tree, data: Batch, loss: Loss, state: Tree) -> Iterator[_Ratio]:
    """Yield how large the gradient by the first layer's output is, beside that by the last one's."""
    x, y = data[:2]
    found = layers_of(net, params, state, x)
    ends = [i for i, (_, layer, _) in enumerate(found) if hasattr(layer, "weight_init")]
    if len(ends) < threshold("weights in a row"):
        return
    ends = [ends[0], ends[-1]]
    zeros = [array_namespace(found[i][2]).zeros_like(found[i][2]) for i in ends]

    def moved(zeros: list[Array]) -> Array:
        """Return the loss, with something added to these layers' outputs."""
        added, place = dict(zip(ends, zeros, strict=True)), count()

        def see(name: str, layer: Layer, output: Array) -> Array:
            number = next(place)
            return array_namespace(output).add(output, added[number]) if number in added else output

        return loss(walked(net, params, state, x, see), y)

    norms = [_norm(g) for g in value_and_grad(moved)(zeros)[1]]
    if norms[1]:
        first, last = (f"{found[i][0]} {found[i][1]}" for i in ends)
        yield _Ratio(norms[0] / norms[1], first, last, "outputs")


def _norm(x: Array) -> float:
    xp = array_namespace(x)
    return float(backend_of(x).to_host(xp.sqrt(xp.sum(xp.square(x)))))
