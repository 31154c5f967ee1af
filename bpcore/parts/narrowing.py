"""Networks that compute in 16 bits, from parameters of float32: layer by layer, and what must not, does not.

A layer with ``wide`` is left to float32: normalisation, whose statistics are means over many numbers;
softmax; embeddings, whose gradients add up row by row. Each layer casts what it is given, so that a network
of both kinds has the casts that it needs, and gradients of parameters come back in float32 through them.

A layer of one's own is cast as a whole, what it is made of included. bpcore's wide layers, wherever they are
called, therefore compute in float32 by themselves, and give 16 bits back where they are given nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.ground.precision import HALVES
from bpcore.parts.floats import as_floats, widened
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.wiring import Residual
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import leaves, tree_map

__all__ = ["Narrowed", "in_precision"]


def in_precision(net: Layer, word: str, /) -> Layer:
    """Return a network that takes the same parameters and computes in a precision.

    Parameters
    ----------
    net : Layer
    word : str
        Of float32 and tf32 it is the network itself: they are no matter of dtypes.

    Returns
    -------
    Layer
        What goes in and what comes out is float32.
    """
    return _narrowed(net, word, last=True) if word in HALVES else net


def _narrowed(net: Layer, word: str, *, last: bool) -> Layer:
    if type(net) is Chain:  # a subclass computes something else with its layers
        end = len(net.layers) - 1
        parts = [_narrowed(layer, word, last=last and i == end) for i, layer in enumerate(net.layers)]
        return Chain(*parts)
    if type(net) is Residual:
        around = Residual(*[_narrowed(layer, word, last=False) for layer in net.layers])
        return Narrowed(around, word, casts=False, widens=last)
    return Narrowed(net, word, casts=True, widens=last)


@dataclass(frozen=True)
class Narrowed(Layer):
    """A layer that computes in 16 bits, or one that is kept from it.

    Parameters
    ----------
    layer : Layer
    word : "bfloat16" or "float16"
    casts : bool
        Whether input and parameters are cast: to 16 bits, or of a wide layer to float32. One that is made of
        others leaves that to them.
    widens : bool
        Whether the output is cast to float32.
    """

    layer: Layer
    word: str
    casts: bool
    widens: bool

    def __str__(self) -> str:
        return str(self.layer)

    @property
    def draws(self) -> bool:  # type: ignore[override]  # it depends on its layer
        """Whether its layer draws random numbers."""
        return self.layer.draws

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return that of its layer."""
        return self.layer.output_shape(shape)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the layer's output."""
        params, x = self._cast(params, x)
        return self._ended(self.layer(params, x))

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return the layer's output, and what it carries on, in the dtype that it had."""
        params, x = self._cast(params, x)
        y, carried = self.layer.forward(params, state, x, key=key, training=training)
        return self._ended(y), tree_map(lambda new, old: as_floats(new, old.dtype), carried, state)

    def _cast(self, params: Tree, x: Array) -> tuple[Tree, Array]:
        if not self.casts:
            return params, x
        space = space_of(*leaves(params), x)
        wide = self.layer.wide
        dtype = space.traced.float32 if wide else space.backend.precision(self.word).dtype
        if not wide:
            params = tree_map(lambda p: as_floats(p, dtype), params)
        return params, as_floats(x, dtype)

    def _ended(self, y: Array) -> Array:
        return widened(y) if self.widens else y
