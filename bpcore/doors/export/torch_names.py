"""A chain's parameters under the names, and in the layout, that a torch.nn.Sequential of its layers has.

A weight is turned: ours is (inputs, outputs), torch's (outputs, inputs). Images are another matter: ours have
their channels last, torch's first. So the kernels of convolutions are turned, and where an image is flattened
the order of its numbers is another one; the weights that read them are put into that order.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bpcore.ground.registry import backend as find_backend
from bpcore.parts.activations import Activation
from bpcore.parts.convolution import Conv1D, Conv2D
from bpcore.parts.dropout import Dropout
from bpcore.parts.embedding import Embedding
from bpcore.parts.layers import Chain, Layer, Linear, computes_as
from bpcore.parts.normalization import BatchNorm, LayerNorm
from bpcore.parts.pooling import AvgPool1D, AvgPool2D, GlobalAvgPool, MaxPool1D, MaxPool2D
from bpcore.parts.wiring import Flatten, Reshape
from bpcore.words.errors import ExportError
from bpcore.words.protocols import Array, Shape

__all__ = ["PLAIN", "Place", "places"]

POOLS = (AvgPool1D, AvgPool2D, GlobalAvgPool, MaxPool1D, MaxPool2D)
PLAIN = (Activation, Dropout)
"""Layers without parameters that keep the shape."""
KINDS = (Linear, Conv1D, Conv2D, BatchNorm, LayerNorm, Embedding, Flatten, Reshape, *POOLS)
"""The others that have a counterpart; what a subclass computes otherwise has none."""
Turn = Callable[[Array], Array]


class Place(NamedTuple):
    """One tensor of a state dict.

    Attributes
    ----------
    name : str
        In torch, as ``0.weight``.
    path : tuple
        Where the array lies in the parameters, or in the state.
    carried : bool
        Whether it is in the state.
    out, back : functions
        To torch's layout, and from it.
    """

    name: str
    path: tuple[Any, ...]
    carried: bool
    out: Turn
    back: Turn


def places(net: Layer, features: Shape) -> tuple[Place, ...]:
    """Return the tensors of a network's state dict, in order.

    Raises
    ------
    ExportError
        When a layer has no counterpart in a torch.nn.Sequential.
    """
    if not computes_as(net, Chain):
        raise ExportError(f"{net} is no chain of layers", "Put it into one: bpcore.Chain(layer).")
    walk = _Walk(tuple(features))
    return tuple(walk.chain(net, "", ()))


def _same(x: Array) -> Array:
    return x


def _permuted(order: Sequence[int]) -> tuple[Turn, Turn]:
    """Return the turn of axes, and its inverse."""
    xp = find_backend("numpy").namespace
    back = sorted(range(len(order)), key=order.__getitem__)
    return lambda x: xp.permute_dims(x, tuple(order)), lambda x: xp.permute_dims(x, tuple(back))


@dataclass
class _Walk:
    """What is known between two layers.

    Attributes
    ----------
    shape : tuple of int
        Of a sample.
    image : bool
        Whether its last axis is channels, which torch has first.
    order : list of int or None
        Of a flattened image: where each number of torch's stands in ours.
    """

    shape: Shape
    image: bool = False
    order: list[int] | None = None

    def chain(self, net: Chain, prefix: str, path: tuple[Any, ...]) -> Iterator[Place]:
        for index, layer in enumerate(net.layers):
            name, inner = f"{prefix}{index}.", (*path, index)
            if computes_as(layer, Chain):
                yield from self.chain(layer, name, inner)
                continue
            for part, carried, turns in self._parts(layer):
                yield Place(name + part, (*inner, part), carried, *turns)
            self.shape = layer.output_shape(self.shape)

    def _parts(self, layer: Layer) -> Iterator[tuple[str, bool, tuple[Turn, Turn]]]:
        """Yield the parts of a layer: the name, whether it is carried, and the turns."""
        if not isinstance(layer, PLAIN) and not computes_as(layer, *KINDS):
            raise self._refused(layer)
        if isinstance(layer, Linear):
            yield "weight", False, self._weight(layer)
            yield from [("bias", False, (_same, _same))] if layer.bias else []
            self.order = None
        elif isinstance(layer, Conv1D | Conv2D):
            self._begin_image(layer)
            yield "weight", False, _permuted((layer.axes + 1, layer.axes, *range(layer.axes)))
            yield from [("bias", False, (_same, _same))] if layer.bias else []
        elif isinstance(layer, BatchNorm | LayerNorm):
            yield from self._normalized(layer)
        elif isinstance(layer, Embedding):
            yield "weight", False, (_same, _same)
        else:
            self._without_parameters(layer)

    def _weight(self, layer: Layer) -> tuple[Turn, Turn]:
        if self.image:
            raise self._refused(layer, "on an image")
        out, back = _permuted((1, 0))
        if self.order is None:
            return out, back
        order, inverse = self.order, _inverse(self.order)
        return lambda x: out(x[order, :]), lambda x: back(x)[inverse, :]

    def _normalized(self, layer: BatchNorm | LayerNorm) -> Iterator[tuple[str, bool, tuple[Turn, Turn]]]:
        if isinstance(layer, LayerNorm) and (self.image or self.order):
            raise self._refused(layer, "on an image")
        if isinstance(layer, BatchNorm) and len(self.shape) > 1:
            self.image = True
        turns = (_same, _same)
        if self.order is not None:
            order, inverse = self.order, _inverse(self.order)
            turns = (lambda x: x[order], lambda x: x[inverse])
        yield "weight", False, turns
        yield "bias", False, turns
        if isinstance(layer, BatchNorm):
            yield "running_mean", True, turns
            yield "running_var", True, turns

    def _without_parameters(self, layer: Layer) -> None:
        if isinstance(layer, Flatten):
            self._flatten()
        elif isinstance(layer, Reshape):
            goal = layer.output_shape(self.shape)
            if self.order or self.image or (len(goal) > 1 and goal[-1] > 1):
                raise self._refused(layer, "of an image")
            self.image = len(goal) > 1
        elif isinstance(layer, POOLS):
            self._begin_image(layer)
            self.image = not isinstance(layer, GlobalAvgPool)
        elif not isinstance(layer, PLAIN):
            raise self._refused(layer)

    def _begin_image(self, layer: Layer) -> None:
        if self.order:
            raise self._refused(layer, "of a flattened image")
        if not isinstance(layer, GlobalAvgPool):
            self._check_padding(layer)  # type: ignore[arg-type]
        self.image = True

    def _check_padding(self, layer: Conv1D | Conv2D | AvgPool1D | AvgPool2D | MaxPool1D | MaxPool2D) -> None:
        """Refuse what torch pads otherwise; say what its mean of a window must be told."""
        padding = layer.windows(self.shape).padding
        strides = layer.stride if isinstance(layer.stride, Sequence) else (layer.stride,)
        as_there = isinstance(layer, Conv1D | Conv2D) and layer.padding == "same" and set(strides) == {1}
        if any(before != after for before, after in padding) and not as_there:
            raise self._refused(layer, "with more padding on one side than on the other")
        if isinstance(layer, AvgPool1D | AvgPool2D) and any(map(any, padding)):
            its = type(layer).__name__.replace("D", "d")
            told = f"{layer} with padding is torch.nn.{its}(..., count_include_pad=False): say so there."
            warnings.warn(told, UserWarning, stacklevel=2)

    def _flatten(self) -> None:
        """Torch's numbers go through the channels slowest, ours fastest."""
        *spatial, channels = self.shape
        if self.image and channels > 1:
            count = math.prod(spatial)
            self.order = [place * channels + channel for channel in range(channels) for place in range(count)]
        self.image = False

    def _refused(self, layer: Layer, case: str = "") -> ExportError:
        what = f"{layer}{' ' + case if case else ''} has no counterpart in a torch.nn.Sequential here"
        return ExportError(what, "Export it to ONNX, or save it with bpcore.save.")


def _inverse(order: Sequence[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)
