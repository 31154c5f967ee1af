"""Embeddings: a row of numbers for each token, and what tells a token's place in a sequence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts.floats import as_given, widened
from bpcore.parts.initializers import Initializer, Normal
from bpcore.parts.layers import Layer
from bpcore.parts.sizes import check_size
from bpcore.words.errors import DataError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = ["Embedding", "PositionalEncoding"]


@dataclass(frozen=True)
class Embedding(Layer):
    """A learnt row of numbers for each token.

    Parameters
    ----------
    tokens : int >= 1
        How many there are: inputs are whole numbers from 0 to ``tokens - 1``.
    outputs : int >= 1
        The length of a row.
    weight_init : Initializer

    Notes
    -----
    Parameters: ``weight`` (tokens, outputs). It maps whole numbers ``(batch, *shape)`` to
    ``(batch, *shape, outputs)``. As the first layer of a network it makes `fit` bring samples as int32, and
    refuse those out of range. By itself it does not look: what a library does with a token that is none is
    its own.
    """

    tokens: int
    outputs: int
    weight_init: Initializer = Normal()
    integers: ClassVar[bool] = True
    wide: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_size("tokens of Embedding", self.tokens)
        check_size("outputs of Embedding", self.outputs)

    def __str__(self) -> str:
        return f"Embedding({self.tokens}, {self.outputs})"

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return ``{"weight": ...}``."""
        return {"weight": self.weight_init(key, (self.tokens, self.outputs), dtype=dtype)}

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return ``(*shape, outputs)``."""
        return (*shape, self.outputs)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the rows of the tokens in `x`."""
        xp = array_namespace(params["weight"], x)
        if not xp.isdtype(x.dtype, "integral"):
            raise DataError(f"{self} wants whole numbers, was given an array of dtype {x.dtype}.")
        rows = xp.take(widened(params["weight"]), xp.reshape(x, (-1,)), axis=0)
        return as_given(xp.reshape(rows, (*x.shape, self.outputs)), params["weight"])

    def check_samples(self, x: Array, /) -> None:
        """Want tokens from 0 to ``tokens - 1``."""
        if not math.prod(x.shape):
            return
        xp = array_namespace(x)
        low, high = int(xp.min(x)), int(xp.max(x))
        if low < 0 or high >= self.tokens:
            raise DataError(f"{self} wants tokens from 0 to {self.tokens - 1}, was given {low} to {high}.")


@dataclass(frozen=True)
class PositionalEncoding(Layer):
    """Adds sines and cosines of the place in the sequence: attention does not see order by itself.

    To feature 2i of the sample at place t it adds ``sin(t / 10000**(2i / features))``, to feature 2i + 1 the
    cosine. It learns nothing, and takes sequences of any length.

    Notes
    -----
    It maps (batch, length, features) to the same shape.

    References
    ----------
    A. Vaswani et al. (2017), "Attention is all you need", section 3.5.
    """

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return `x` with its places added."""
        if x.ndim != 3:  # noqa: PLR2004
            raise ShapeError(str(self), "inputs of shape (batch, length, features)", tuple(x.shape))
        xp = array_namespace(x)
        places = _places(x.shape[1], x.shape[2])
        return xp.add(x, xp.asarray(places, dtype=x.dtype, device=device_of(x)))


@cache
def _places(length: int, features: int) -> list[list[float]]:
    """Return the numbers that are added, computed once on the host."""
    return [
        [(math.sin, math.cos)[i % 2](t / 10000 ** ((i - i % 2) / features)) for i in range(features)]
        for t in range(length)
    ]
