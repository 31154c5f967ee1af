"""Norms of vectors. Norms of matrices are made of these and of singular values.

Where a norm has a corner the gradient is 0 in the directions that are flat to both sides: at the zero vector
whatever the order, and by an element that is 0. Among elements that share the greatest or least size, the
cotangent is shared.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.adjoint import is_complex
from bpcore.derivatives.rules.broadcast import Axis, axes_of
from bpcore.derivatives.rules.function import function
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def _over(xp: Namespace, x: Array, divisor: Array, flat: Array) -> Array:
    """Return ``x / divisor``, and 0 where `flat` holds, without dividing there."""
    quotient = xp.divide(x, xp.where(flat, xp.ones_like(divisor), divisor))
    return xp.where(flat, xp.zeros_like(quotient), quotient)


def _direction(xp: Namespace, x: Array, size: Array) -> Array:
    """Return the derivative of ``abs(x)``: the sign, or for a complex number ``conj(x) / abs(x)``; 0 at 0."""
    if not is_complex(xp, x):
        return xp.sign(x)
    return _over(xp, xp.conj(x), size, xp.equal(size, 0))


def _euclidean(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    slope = _over(xp, g, y, xp.equal(y, 0))
    return xp.multiply(slope, xp.conj(x) if is_complex(xp, x) else x)


def _extreme(xp: Namespace, g: Array, y: Array, x: Array, axis: Axis) -> Array:
    size = xp.abs(x)
    reached = xp.astype(xp.equal(size, y), y.dtype)
    share = xp.divide(g, xp.sum(reached, axis=axis, keepdims=True))
    return xp.multiply(xp.multiply(reached, share), _direction(xp, x, size))


def _general(xp: Namespace, g: Array, y: Array, x: Array, order: float) -> Array:
    """``(abs(x) / y)**(order - 1)``, in the direction of x."""
    size = xp.abs(x)
    flat = xp.logical_or(xp.equal(size, 0), xp.equal(y, 0))
    ratio = _over(xp, size, y, flat)
    slope = xp.pow(xp.where(flat, xp.ones_like(ratio), ratio), order - 1)
    slope = xp.where(flat, xp.zeros_like(slope), slope)
    return xp.multiply(xp.multiply(g, slope), _direction(xp, x, size))


def _vector_norm(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, keepdims: bool = False,
    ord: float = 2,
) -> Array | None:  # fmt: skip
    if ord == 0:
        return None  # a count
    if not keepdims:
        gone = axes_of(axis, x.ndim)
        shape = tuple(1 if i in gone else n for i, n in enumerate(x.shape))
        g, y = xp.reshape(g, shape), xp.reshape(y, shape)
    if ord == 2:
        return _euclidean(xp, g, y, x)
    if ord == 1:
        return xp.multiply(g, _direction(xp, x, xp.abs(x)))
    if math.isinf(ord):
        return _extreme(xp, g, y, x, axis)
    return _general(xp, g, y, x, ord)


FUNCTIONS = (function("linalg.vector_norm", _vector_norm),)
