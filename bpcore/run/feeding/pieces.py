"""Samples in pieces, where they are only looked at: what is made of them on the way must fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpcore.machine.step import Batch
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.wiring import Residual
from bpcore.words.errors import BpcoreError
from bpcore.words.protocols import Shape

__all__ = ["in_pieces", "piece_of"]

NUMBERS = 2**20
"""How many the outputs of the widest layer have for one piece: 4 MiB in float32."""


def piece_of(net: Layer, features: Shape, *, least: int = 1) -> int:
    """Return how many samples are looked at at once.

    Parameters
    ----------
    net : Layer
    features : tuple of int
        Of one sample.
    least : int
        So many in any case, as those of a batch that the network was trained on.
    """
    return max(least, NUMBERS // max(1, _widest(net, tuple(features))))


def in_pieces(data: Batch, size: int) -> Iterator[Batch]:
    """Yield the samples in order, so many at a time; all of them as they are where there are no more."""
    samples = data[0].shape[0]
    if samples <= size:
        yield data
        return
    for first in range(0, samples, size):
        yield tuple(part[first : min(first + size, samples), ...] for part in data)


def _widest(layer: Layer, shape: Shape) -> int:
    """Return how many numbers a sample has where it has the most."""
    if not isinstance(layer, Chain | Residual):
        return max(math.prod(shape), math.prod(_output(layer, shape)))
    most = math.prod(shape)
    for part in layer.layers:
        most, shape = max(most, _widest(part, shape)), _output(part, shape)
    return most


def _output(layer: Layer, shape: Shape) -> Shape:
    try:
        return tuple(layer.output_shape(shape))
    except BpcoreError:  # that it does not fit is said where it is run
        return shape
