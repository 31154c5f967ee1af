"""Signs in the layers: units that answer nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend_of
from bpcore.parts.activations import Relu, Sigmoid, Tanh
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.wiring import Residual
from bpcore.run.feeding.pieces import in_pieces, piece_of
from bpcore.run.trouble.advice import Advice, threshold
from bpcore.words.protocols import Array, Tree

__all__ = ["layers_of", "signs_in_units", "walked"]

See = Callable[[str, Layer, Array], Array]
"""Is told a layer's name, the layer and its output; what it returns goes on."""


def signs_in_units(net: Layer, params: Tree, x: Array, *, state: Tree = None) -> Iterator[Advice]:
    """Yield what is to be said of the units of each hidden layer, for the samples `x`, piece by piece."""
    counted: dict[str, _Counted] = {}
    for (piece,) in in_pieces((x,), piece_of(net, tuple(x.shape[1:]))):
        hidden = layers_of(net, params, state, piece)[:-1]  # the last one's are the answers
        for name, layer, output in hidden:
            if isinstance(layer, Relu | Sigmoid | Tanh):
                found = _counted(layer, output)
                counted[name] = counted[name].with_more(found) if name in counted else found
    for name, found in counted.items():
        told = f"{name} {found.layer}"
        yield from _dead(told, found) if isinstance(found.layer, Relu) else _saturated(told, found)


def layers_of(net: Layer, params: Tree, state: Tree, x: Array) -> list[tuple[str, Layer, Array]]:
    """Return each layer that has no layers in it, with its name and its output, in order."""
    found: list[tuple[str, Layer, Array]] = []

    def see(name: str, layer: Layer, output: Array) -> Array:
        found.append((name, layer, output))
        return output

    walked(net, params, state, x, see)
    return found


def walked(net: Layer, params: Tree, state: Tree, x: Array, see: See, name: str = "net") -> Array:
    """Return a network's output; on the way `see` is told of each layer, of those in chains and residuals."""
    own = type(net) not in {Chain, Residual}  # it may be made of these, and compute something else
    if own or not isinstance(net, Chain | Residual):
        return see(name, net, net(params, x) if state is None else net.forward(params, state, x)[0])
    y = x
    for i, layer in enumerate(net.layers):
        y = walked(layer, params[i], None if state is None else state[i], y, see, f"{name}[{i}]")
    return array_namespace(x).add(x, y) if isinstance(net, Residual) else y


class _Counted(NamedTuple):
    """Of a layer: for how many rows each unit is flagged, and how many rows there were."""

    layer: Layer
    flagged: list[int]
    rows: int

    def with_more(self, other: _Counted) -> _Counted:
        """Return both together."""
        flagged = [a + b for a, b in zip(self.flagged, other.flagged, strict=True)]
        return self._replace(flagged=flagged, rows=self.rows + other.rows)

    def units(self, least: float) -> int:
        """Return how many units have a share of their rows flagged."""
        return sum(count >= least * self.rows for count in self.flagged)


def _counted(layer: Layer, output: Array) -> _Counted:
    """Count the zeros of a ReLU, and what is at the ends of a sigmoid or a tanh."""
    xp, end = array_namespace(output), threshold("saturated")
    if isinstance(layer, Relu):
        flags = xp.equal(output, 0.0)
    elif isinstance(layer, Sigmoid):
        flags = xp.greater(xp.abs(xp.subtract(xp.multiply(output, 2.0), 1.0)), 2 * end - 1)
    else:
        flags = xp.greater(xp.abs(output), end)
    rows = xp.reshape(xp.astype(flags, xp.int32), (-1, flags.shape[-1]))
    counts = backend_of(rows).to_host(xp.sum(rows, axis=0, dtype=xp.int32)).tolist()
    return _Counted(layer, counts, rows.shape[0])


def _dead(name: str, found: _Counted) -> Iterator[Advice]:
    dead, units = found.units(1.0), len(found.flagged)
    if dead > threshold("dead units") * units:
        yield Advice(
            kind="dead_relu",
            words=f"{name}: {dead} of {units} units are 0 for all samples, and learn nothing any more",
            what_to_do="Start anew with weights from bp.He(), at a lower rate, or take bp.Gelu().",
            option="activation",
        )


def _saturated(name: str, found: _Counted) -> Iterator[Advice]:
    count, units = found.units(threshold("saturated samples")), len(found.flagged)
    if count > threshold("saturated units") * units:
        yield Advice(
            kind="saturated",
            words=f"{name}: {count} of {units} units are at the end of their range for nearly all samples",
            what_to_do="Start with smaller weights, as bp.Glorot(), on features of mean 0 and deviation 1.",
            option="weight_init",
        )
