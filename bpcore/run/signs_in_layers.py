"""Signs in the layers: units that answer nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend_of
from bpcore.parts.activations import Relu, Sigmoid, Tanh
from bpcore.parts.layers import Chain, Layer
from bpcore.run.advice import Advice, threshold
from bpcore.words.protocols import Array, Tree

__all__ = ["layers_of", "signs_in_units"]


def signs_in_units(net: Layer, params: Tree, x: Array, *, state: Tree = None) -> Iterator[Advice]:
    """Yield what is to be said of the units of each hidden layer, for the samples `x`."""
    hidden = list(layers_of(net, params, state, x, "net"))[:-1]  # the last one's are the answers
    for name, layer, output in hidden:
        if isinstance(layer, Relu):
            yield from _dead(f"{name} {layer}", output)
        elif isinstance(layer, Sigmoid | Tanh):
            yield from _saturated(f"{name} {layer}", layer, output)


def layers_of(
    net: Layer,
    params: Tree,
    state: Tree,
    x: Array,
    name: str,
    added: Mapping[int, Array] = MappingProxyType({}),
) -> Iterator[tuple[str, Layer, Array]]:
    """Yield each layer of a chain, and of chains in it, with its name and its output.

    `added` is what to add to the outputs of some of them, by their number in this order.
    """
    for number, (place, layer, its_params, its_state) in enumerate(_flat(net, params, state, name)):
        x = layer(its_params, x) if its_state is None else layer.forward(its_params, its_state, x)[0]
        if number in added:
            x = array_namespace(x).add(x, added[number])
        yield place, layer, x


def _flat(layer: Layer, params: Tree, state: Tree, name: str) -> Iterator[tuple[str, Layer, Tree, Tree]]:
    if not isinstance(layer, Chain):
        yield name, layer, params, state
        return
    for i, one in enumerate(layer.layers):
        yield from _flat(one, params[i], None if state is None else state[i], f"{name}[{i}]")


def _dead(name: str, output: Array) -> Iterator[Advice]:
    xp = array_namespace(output)
    dead, units = _share(xp.equal(output, 0.0), 1.0)
    if dead > threshold("dead units") * units:
        yield Advice(
            kind="dead_relu",
            words=f"{name}: {dead} of {units} units are 0 for all samples, and learn nothing any more",
            what_to_do="Start anew with weights from bp.He(), at a lower rate, or take bp.Gelu().",
            option="activation",
        )


def _saturated(name: str, layer: Layer, output: Array) -> Iterator[Advice]:
    xp = array_namespace(output)
    size = (
        xp.abs(xp.subtract(xp.multiply(output, 2.0), 1.0)) if isinstance(layer, Sigmoid) else xp.abs(output)
    )
    end = threshold("saturated")
    at_end = xp.greater(size, 2 * end - 1 if isinstance(layer, Sigmoid) else end)
    count, units = _share(at_end, threshold("saturated samples"))
    if count > threshold("saturated units") * units:
        yield Advice(
            kind="saturated",
            words=f"{name}: {count} of {units} units are at the end of their range for nearly all samples",
            what_to_do="Start with smaller weights, as bp.Glorot(), on features of mean 0 and deviation 1.",
            option="weight_init",
        )


def _share(flags: Array, least: float) -> tuple[int, int]:
    """Return how many units have a share of their samples flagged, and how many units there are."""
    xp = array_namespace(flags)
    units = flags.shape[-1]
    rows = xp.reshape(xp.astype(flags, xp.int32), (-1, units))
    counts = backend_of(rows).to_host(xp.sum(rows, axis=0, dtype=xp.int32)).tolist()
    return sum(count >= least * rows.shape[0] for count in counts), units
