"""Activations: layers without parameters, element by element (softmax: row by row)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.floats import as_given, widened
from bpcore.parts.layers import Layer
from bpcore.words.errors import choose
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Gelu",
    "Identity",
    "Relu",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "activation_named",
]


class Activation(Layer):
    """A layer without parameters that keeps the shape."""

    def __str__(self) -> str:
        return type(self).__name__

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return no parameters."""
        return {}

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return `shape`."""
        return shape

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the activation of `x`."""
        return self.apply(x)

    @abstractmethod
    def apply(self, x: Array, /) -> Array:
        """Return the activation of `x`."""


@dataclass(frozen=True)
class Identity(Activation):
    """``y = x``."""

    def apply(self, x: Array, /) -> Array:
        """Return `x`."""
        return x


@dataclass(frozen=True)
class Sigmoid(Activation):
    """The logistic function ``1 / (1 + exp(-x))``, with no overflow at any x."""

    def apply(self, x: Array, /) -> Array:
        """Return numbers from 0 to 1."""
        return array_namespace(x).expit(x)


@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent."""

    def apply(self, x: Array, /) -> Array:
        """Return numbers from -1 to 1."""
        return array_namespace(x).tanh(x)


@dataclass(frozen=True)
class Relu(Activation):
    """``max(x, 0)``; its derivative at 0 is taken to be 0."""

    def apply(self, x: Array, /) -> Array:
        """Return numbers from 0 on."""
        return array_namespace(x).relu(x)


@dataclass(frozen=True)
class Gelu(Activation):
    """``x Phi(x)``, with the normal distribution function Phi, exact and not its tanh approximation.

    References
    ----------
    D. Hendrycks, K. Gimpel (2016), "Gaussian error linear units".
    """

    def apply(self, x: Array, /) -> Array:
        """Return ``x (1 + erf(x / sqrt(2))) / 2``."""
        xp = array_namespace(x)
        return xp.multiply(xp.multiply(x, 0.5), xp.add(xp.erf(xp.multiply(x, 1 / math.sqrt(2))), 1.0))


@dataclass(frozen=True)
class Softmax(Activation):
    """``exp(x) / sum(exp(x))`` over the last axis."""

    wide: ClassVar[bool] = True

    def apply(self, x: Array, /) -> Array:
        """Return rows of numbers from 0 to 1 that sum to 1."""
        return as_given(array_namespace(x).softmax(widened(x), axis=-1), x)


ACTIVATIONS: Mapping[str, type[Activation]] = MappingProxyType(
    {kind.__name__.lower(): kind for kind in (Gelu, Identity, Relu, Sigmoid, Softmax, Tanh)}
)


def activation_named(name: str) -> Activation:
    """Return the activation of that name, as ``"relu"``."""
    return ACTIVATIONS[choose("activation", name, ACTIVATIONS)]()
