"""What `fit` is given: brought to its place, looked at, and parted into learnt from and held out."""

from __future__ import annotations

from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.checks import check_data, check_params
from bpcore.run.feeding.batches import select, split_order
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.weights import ClassWeight, class_weighted, taken_apart, weighted
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import tree_map

__all__ = ["parted", "start_of"]


def parted(
    place: Place,
    net: Layer,
    loss: Loss,
    data: Batch,
    validation: float | Batch | None,
    key: Array,
    *,
    sample_weight: Array | None = None,
    class_weight: ClassWeight | None = None,
) -> tuple[Batch, Batch | None, Array | None]:
    """Return the samples to learn from and those that are held out, as ``(x, y)`` or ``(x, y, weights)``.

    With them which of the samples that were given the former are; None for all of them, in their order.

    Parameters are those of `bpcore.fit`; `key` says which samples are held out. The first piece of a stream
    may have its weights with it.
    """
    data, own = taken_apart(data, "data")
    train = place.data(data, loss, integers=net.integers)
    check_data(train, net, loss)
    train = weighted(place, train, sample_weight)
    train = weighted(place, train, own, "weights of the stream", some=False)
    features = tuple(train[0].shape[1:])
    held: Batch | None = None
    numbers: Array | None = None
    if isinstance(validation, float | int):
        numbers, apart = split_order(train[0].shape[0], validation, key)
        train, held = select(train, numbers), select(train, apart)
    elif validation is not None:
        validation, weights = taken_apart(validation, "validation")
        held = place.data(validation, loss, "validation data", integers=net.integers)
        check_data(held, net, loss, "validation data", features)
        held = weighted(place, held, weights, "weights of the validation data")
    return class_weighted(place, train, loss, net.output_shape(features)[-1], class_weight), held, numbers


def start_of(place: Place, net: Layer, features: Shape, params: Tree, key: Array) -> Tree:
    """Return the parameters to start from: those that were given, or those that the network makes."""
    if params is None:
        return net.init(key, features, dtype=place.dtype)
    check_params(net, params, features, key)
    return tree_map(lambda p: place.array(p, place.dtype), params)
