"""Initializers: where a weight starts.

Each is called as ``initializer(key, shape, dtype=...)`` and draws on the key's device. The fans are
those of a weight of shape (..., inputs, outputs).

The variances carry their authors' names. A frequent confusion: many lessons call ``1 / fan_in`` "Xavier",
which is LeCun's; Glorot's, whose first name is Xavier, is ``2 / (fan_in + fan_out)``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts import keys
from bpcore.words.errors import ShapeError, choose
from bpcore.words.protocols import Array, Dtype, Shape

__all__ = ["Given", "Glorot", "He", "Initializer", "LeCun", "Normal", "Uniform", "Zeros"]


class Initializer(ABC):
    """A function of a key and a shape."""

    @abstractmethod
    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return an array of `shape` on the key's device."""


def _fans(shape: Shape) -> tuple[int, int]:
    *field, inputs, outputs = (1, 1, *shape)[-max(len(shape), 2) :]
    size = math.prod(field)
    return inputs * size, outputs * size


class _Scaled(Initializer):
    """Numbers of mean 0 and a variance that depends on the fans."""

    distribution: str

    def __post_init__(self) -> None:
        choose("distribution", self.distribution, ("normal", "uniform"))

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the numbers."""

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return an array of `shape` on the key's device."""
        deviation = math.sqrt(self.variance(*_fans(shape)))
        if self.distribution == "normal":
            return Normal(deviation)(key, shape, dtype=dtype)
        bound = deviation * math.sqrt(3)
        return Uniform(-bound, bound)(key, shape, dtype=dtype)


@dataclass(frozen=True)
class Glorot(_Scaled):
    """Variance ``2 / (fan_in + fan_out)``: for tanh and the logistic function.

    References
    ----------
    X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks".
    """

    distribution: str = "uniform"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the numbers."""
        return 2.0 / (fan_in + fan_out)


@dataclass(frozen=True)
class He(_Scaled):
    """Variance ``2 / fan_in``: for ReLU and its kin.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2015), "Delving deep into rectifiers".
    """

    distribution: str = "normal"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the numbers."""
        return 2.0 / fan_in


@dataclass(frozen=True)
class LeCun(_Scaled):
    """Variance ``1 / fan_in``.

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr, K.-R. Mueller (1998), "Efficient backprop".
    """

    distribution: str = "normal"

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the numbers."""
        return 1.0 / fan_in


@dataclass(frozen=True)
class Normal(Initializer):
    """Numbers of mean 0 and a given standard deviation."""

    deviation: float = 1.0

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return an array of `shape` on the key's device."""
        return array_namespace(key).multiply(keys.normal(key, shape, dtype=dtype), self.deviation)


@dataclass(frozen=True)
class Uniform(Initializer):
    """Numbers drawn evenly from [low, high)."""

    low: float = 0.0
    high: float = 1.0

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return an array of `shape` on the key's device."""
        xp = array_namespace(key)
        return xp.add(xp.multiply(keys.uniform(key, shape, dtype=dtype), self.high - self.low), self.low)


@dataclass(frozen=True)
class Zeros(Initializer):
    """Zeros: where biases start."""

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return an array of `shape` on the key's device."""
        xp = array_namespace(key)
        return xp.zeros(shape, dtype=dtype or xp.float32, device=device_of(key))


@dataclass(frozen=True, eq=False)
class Given(Initializer):
    """Numbers that are given, as an array of the backend or as nested lists."""

    values: Array

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return a copy of the given numbers on the key's device: what is trained is not what was given."""
        xp = array_namespace(key)
        array = xp.asarray(self.values, dtype=dtype or xp.float32, device=device_of(key), copy=True)
        if tuple(array.shape) != tuple(shape):
            raise ShapeError("Given", f"values of shape {tuple(shape)}", tuple(array.shape))
        return array
