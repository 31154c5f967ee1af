"""Layers that bring numbers to mean 0 and variance 1: over the batch, or within each sample.

Features are the last axis, as everywhere in bpcore. Parameters are ``weight`` and ``bias``, one of each for a
feature; they start at 1 and 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts.floats import as_given, widened
from bpcore.parts.layers import Layer
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = ["BatchNorm", "LayerNorm"]


def _check_epsilon(kind: str, epsilon: object) -> None:
    if type(epsilon) not in {int, float} or not 0 < epsilon < math.inf:  # type: ignore[operator]
        raise OptionError(f"epsilon of {kind}", epsilon, "a number above 0")


def _ones_and_zeros(key: Array, shape: Shape, dtype: Dtype) -> tuple[Array, Array]:
    xp = array_namespace(key)
    how = {"dtype": dtype or xp.float32, "device": device_of(key)}
    return xp.ones((shape[-1],), **how), xp.zeros((shape[-1],), **how)


def _check_features(layer: Layer, x: Array, weight: Array) -> None:
    if x.ndim < 1 or x.shape[-1] != weight.shape[0]:
        raise ShapeError(str(layer), f"inputs of shape (batch, ..., {weight.shape[0]})", tuple(x.shape))


def _scaled(params: Tree, x: Array, away: Array, variance: Array, epsilon: float) -> Array:
    """Return what is away from the mean, scaled; in 16 bits where `x` and the parameters are."""
    xp = array_namespace(away)
    weight, bias = params["weight"], params["bias"]
    scale = xp.divide(widened(weight), xp.sqrt(xp.add(variance, epsilon)))
    return as_given(xp.add(xp.multiply(away, scale), widened(bias)), x, weight, bias)


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Each sample's features to mean 0 and variance 1, then a weight and a bias for each feature.

    Parameters
    ----------
    epsilon : float > 0
        Added to the variance.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton (2016), "Layer normalization".
    """

    epsilon: float = 1e-5
    wide: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_epsilon("LayerNorm", self.epsilon)

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return ``{"weight": ones, "bias": zeros}``."""
        weight, bias = _ones_and_zeros(key, shape, dtype)
        return {"weight": weight, "bias": bias}

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return `x`, normalised over the last axis."""
        _check_features(self, x, params["weight"])
        xp = array_namespace(x)
        wide = widened(x)
        away = xp.subtract(wide, xp.mean(wide, axis=-1, keepdims=True))
        variance = xp.mean(xp.square(away), axis=-1, keepdims=True)
        return _scaled(params, x, away, variance, self.epsilon)


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Each feature to mean 0 and variance 1, then a weight and a bias for it.

    While it learns by the mean and variance of the batch, over all axes but the last; when it has learnt by
    those that it kept.

    Parameters
    ----------
    momentum : float, 0 < momentum <= 1
        How far the kept mean and variance go to those of a batch: ``kept + momentum * (seen - kept)``.
    epsilon : float > 0
        Added to the variance.

    Notes
    -----
    State: ``running_mean`` and ``running_var``, which start at 0 and 1. As in PyTorch the batch is
    normalised by the mean of the squares, and what is kept is the unbiased variance, n / (n - 1) times that.

    References
    ----------
    S. Ioffe, C. Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal
    covariate shift".
    """

    momentum: float = 0.1
    epsilon: float = 1e-5
    wide: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_epsilon("BatchNorm", self.epsilon)
        if type(self.momentum) not in {int, float} or not 0 < self.momentum <= 1:
            raise OptionError("momentum of BatchNorm", self.momentum, "a number above 0, up to 1")

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return ``{"weight": ones, "bias": zeros}``."""
        weight, bias = _ones_and_zeros(key, shape, dtype)
        return {"weight": weight, "bias": bias}

    def init_state(self, shape: Shape, /, *, like: Array) -> Tree:
        """Return ``{"running_mean": zeros, "running_var": ones}``."""
        ones, zeros = _ones_and_zeros(like, shape, like.dtype)
        return {"running_mean": zeros, "running_var": ones}

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Refuse: without what is carried there is no answer."""
        raise OptionError(
            "state of BatchNorm", None, "what init_state makes", "Call forward(params, state, x)."
        )

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return `x`, normalised, and the kept mean and variance."""
        _check_features(self, x, params["weight"])
        xp = array_namespace(x)
        wide = widened(x)
        if not training:
            away, variance = xp.subtract(wide, widened(state["running_mean"])), widened(state["running_var"])
            return _scaled(params, x, away, variance, self.epsilon), state
        count = math.prod(x.shape[:-1])
        if count < 2:  # noqa: PLR2004
            do = "One has no variance: choose a batch_size that leaves no sample alone."
            raise ShapeError(
                str(self), "two numbers or more of each feature while it learns", tuple(x.shape), do
            )
        axes = tuple(range(x.ndim - 1))
        mean = xp.mean(wide, axis=axes)
        away = xp.subtract(wide, mean)
        variance = xp.mean(xp.square(away), axis=axes)
        unbiased = xp.multiply(variance, count / (count - 1))
        carried = {
            "running_mean": self._moved(state["running_mean"], mean),
            "running_var": self._moved(state["running_var"], unbiased),
        }
        return _scaled(params, x, away, variance, self.epsilon), carried

    def _moved(self, kept: Array, seen: Array) -> Array:
        xp, wide = array_namespace(seen), widened(kept)
        moved = xp.add(wide, xp.multiply(xp.subtract(xp.stop_gradient(seen), wide), self.momentum))
        return as_given(moved, kept)
