"""Statistical functions: reductions, and the way back that spreads the cotangent over what was reduced."""

from __future__ import annotations

import math

from bpcore.derivatives.rules.broadcast import Axis, axes_of, spread
from bpcore.derivatives.rules.function import function, linear
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]


def _sum(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, dtype: Dtype = None,
    keepdims: bool = False,
) -> Array:  # fmt: skip
    return spread(xp, g, x, axis, keepdims)


def _count(x: Array, axis: Axis) -> int:
    return math.prod(x.shape[a] for a in axes_of(axis, x.ndim))


def _mean(xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return spread(xp, xp.divide(g, max(_count(x, axis), 1)), x, axis, keepdims)


def _extreme(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, keepdims: bool = False
) -> Array:
    """Share the cotangent among the places where the extreme was reached."""
    reached = xp.astype(xp.equal(x, spread(xp, y, x, axis, keepdims)), g.dtype)
    places = xp.sum(reached, axis=axis, keepdims=keepdims)
    return xp.multiply(reached, spread(xp, xp.divide(g, places), x, axis, keepdims))


def _var(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, correction: float = 0.0,
    keepdims: bool = False,
) -> Array:  # fmt: skip
    away = xp.subtract(x, xp.mean(x, axis=axis, keepdims=True))
    freedom = _count(x, axis) - correction
    scale = 2.0 / freedom if freedom else math.nan
    return xp.multiply(spread(xp, xp.multiply(g, scale), x, axis, keepdims), away)


def _std(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, correction: float = 0.0,
    keepdims: bool = False,
) -> Array:  # fmt: skip
    """Go through the variance; where the spread is zero, so is the gradient."""
    flat = xp.equal(y, 0)
    g = xp.divide(xp.where(flat, xp.zeros_like(g), g), xp.multiply(2.0, xp.where(flat, xp.ones_like(y), y)))
    return _var(xp, g, y, x, axis=axis, correction=correction, keepdims=keepdims)


FUNCTIONS = (
    linear("sum", _sum),
    linear("mean", _mean),
    function("max", _extreme),
    function("min", _extreme),
    function("var", _var),
    function("std", _std),
)
