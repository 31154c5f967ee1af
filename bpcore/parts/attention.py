"""Attention: each place of a sequence takes from all others what fits its question."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts.floats import as_floats, widened
from bpcore.parts.initializers import Glorot, Initializer, Zeros
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer, Linear
from bpcore.parts.sizes import check_size
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Dtype, Namespace, Shape, Tree

__all__ = ["MultiHeadAttention"]

PARTS = ("query", "key", "value", "output")


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    """Self-attention, ``softmax(Q K' / sqrt(width)) V`` in several heads side by side.

    Parameters
    ----------
    heads : int >= 1
        They share the features evenly.
    causal : bool
        Whether a place sees only itself and what came before.
    bias : bool
    weight_init, bias_init : Initializer

    Notes
    -----
    It maps (batch, length, features) to the same shape. Parameters: ``query``, ``key``, ``value`` and
    ``output``, each a dict of ``weight`` (features, features) and ``bias`` (features,), as of `Linear`.

    References
    ----------
    A. Vaswani et al. (2017), "Attention is all you need".
    """

    heads: int
    causal: bool = False
    bias: bool = True
    weight_init: Initializer = Glorot()
    bias_init: Initializer = Zeros()

    def __post_init__(self) -> None:
        check_size("heads of MultiHeadAttention", self.heads)

    def __str__(self) -> str:
        return f"MultiHeadAttention({self.heads})"

    def _linear(self, features: int) -> Linear:
        return Linear(features, bias=self.bias, weight_init=self.weight_init, bias_init=self.bias_init)

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return the parameters of the four products."""
        linear = self._linear(self.output_shape(shape)[-1])
        return {
            name: linear.init(its_key, shape, dtype=dtype)
            for name, its_key in zip(PARTS, split(key, len(PARTS)), strict=True)
        }

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return `shape`, whose features the heads must share evenly."""
        if len(shape) != 2 or shape[1] % self.heads:  # noqa: PLR2004
            wanted = f"inputs of shape (batch, length, features), the features a multiple of {self.heads}"
            raise ShapeError(str(self), wanted, ("batch", *shape))
        return shape

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return, for each place, a mean of values weighted by how keys fit its query."""
        features = params["query"]["weight"].shape[0]
        if x.ndim != 3 or x.shape[2] != features:  # noqa: PLR2004
            raise ShapeError(str(self), f"inputs of shape (batch, length, {features})", tuple(x.shape))
        self.output_shape(tuple(x.shape[1:]))
        xp = array_namespace(x)
        linear = self._linear(features)
        query, key, value = (self._split(xp, linear(params[name], x)) for name in PARTS[:3])
        query = xp.multiply(query, 1 / math.sqrt(features // self.heads))
        scores = xp.matmul(query, xp.matrix_transpose(key))
        if self.causal:
            scores = _seen(xp, scores)
        shares = xp.softmax(widened(scores), axis=-1)
        mixed = xp.matmul(as_floats(shares, value.dtype), value)
        return linear(params["output"], xp.reshape(xp.permute_dims(mixed, (0, 2, 1, 3)), tuple(x.shape)))

    def _split(self, xp: Namespace, x: Array) -> Array:
        """Return (batch, heads, length, width) of (batch, length, features)."""
        batch, length, features = x.shape
        parted = xp.reshape(x, (batch, length, self.heads, features // self.heads))
        return xp.permute_dims(parted, (0, 2, 1, 3))


def _seen(xp: Namespace, scores: Array) -> Array:
    """Return the scores, minus infinity where a key comes after its query."""
    places = xp.arange(scores.shape[-1], dtype=xp.int32, device=device_of(scores))
    before = xp.less_equal(places, xp.expand_dims(places, axis=-1))
    return xp.where(before, scores, xp.full_like(scores, -math.inf))
