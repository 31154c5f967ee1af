"""Layers that change how others are put together: a way around them, and other shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.layers import Chain, Layer
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = ["Flatten", "Reshape", "Residual"]


@dataclass(frozen=True, init=False)
class Residual(Layer):
    """``y = x + layers(x)``: a way around its layers, which keep the shape.

    Parameters
    ----------
    *layers : Layer

    Notes
    -----
    Parameters and state: lists with one entry for each layer, as a `Chain`'s.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2016), "Deep residual learning for image recognition".
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Layer) -> None:
        object.__setattr__(self, "layers", Chain(*layers).layers)

    def __str__(self) -> str:
        return f"Residual({', '.join(map(str, self.layers))})"

    @property
    def inner(self) -> Chain:
        """Its layers, one after the other."""
        return Chain(*self.layers)

    @property
    def draws(self) -> bool:  # type: ignore[override]  # it depends on its layers
        """Whether one of its layers draws random numbers."""
        return self.inner.draws

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return a list of its layers' parameters."""
        params = self.inner.init(key, shape, dtype=dtype)
        self.output_shape(shape)
        return params

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return `shape`, which its layers must keep."""
        found = self.inner.output_shape(shape)
        if found != tuple(shape):
            raise ShapeError(str(self), f"layers that keep the shape {tuple(shape)}", f"layers to {found}")
        return found

    def init_state(self, shape: Shape, /, *, like: Array) -> Tree:
        """Return a list of what its layers carry."""
        return self.inner.init_state(shape, like=like)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return ``x + layers(x)``."""
        return self._sum(x, self.inner(params, x))

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return ``x + layers(x)``, and what the layers carry on."""
        y, state = self.inner.forward(params, state, x, key=key, training=training)
        return self._sum(x, y), state

    def _sum(self, x: Array, y: Array) -> Array:
        if tuple(x.shape) != tuple(y.shape):  # they might broadcast
            raise ShapeError(
                str(self), f"layers that keep the shape {tuple(x.shape)}", f"layers to {tuple(y.shape)}"
            )
        return array_namespace(x).add(x, y)


@dataclass(frozen=True)
class Flatten(Layer):
    """All axes of a sample in one: ``(batch, *shape)`` becomes (batch, product of shape)."""

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return one length."""
        return (math.prod(shape),)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return a row for each sample."""
        return array_namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))


@dataclass(frozen=True)
class Reshape(Layer):
    """The numbers of each sample in another shape.

    Parameters
    ----------
    shape : tuple of int
        Of a sample, without the batch; one length may be -1, which is then what is left.

    Examples
    --------
    >>> import bpcore as bp
    >>> bp.Reshape((8, 8, 1)).output_shape((64,))
    (8, 8, 1)
    """

    shape: Sequence[int]

    def __post_init__(self) -> None:
        given = tuple(self.shape) if isinstance(self.shape, tuple | list) else (self.shape,)
        if any(type(n) is not int or (n < 1 and n != -1) for n in given) or given.count(-1) > 1:
            raise OptionError(
                "shape of Reshape", self.shape, "whole numbers, 1 or more, one of them perhaps -1"
            )
        object.__setattr__(self, "shape", given)

    def __str__(self) -> str:
        return f"Reshape({self.shape})"

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return the shape that was asked for."""
        numbers, known = math.prod(shape), math.prod(n for n in self.shape if n != -1)
        found = tuple(numbers // known if n == -1 else n for n in self.shape)
        if math.prod(found) != numbers:
            raise ShapeError(
                str(self), f"samples of {known} numbers" + " or a multiple" * (-1 in self.shape), shape
            )
        return found

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the samples in their new shape."""
        return array_namespace(x).reshape(x, (x.shape[0], *self.output_shape(tuple(x.shape[1:]))))
