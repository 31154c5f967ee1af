"""Exponentials and their sum over an axis, shifted so that nothing overflows."""

from __future__ import annotations

from bpcore.derivatives.rules.broadcast import Axis, spread
from bpcore.derivatives.rules.function import Forward, Function, function
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def logsumexp(xp: Namespace, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return ``log(sum(exp(x)))`` over `axis`, shifted by the maximum so that nothing overflows."""
    top = xp.max(x, axis=axis, keepdims=True)
    lowest = _lowest(xp, x)
    finite = xp.minimum(xp.maximum(top, lowest), -lowest)  # for infinity less infinity is no number
    total = xp.sum(xp.exp(xp.subtract(x, finite)), axis=axis, keepdims=True)
    # the greatest adds 1: less is there only where all are minus infinity, and so is the greatest
    y = xp.add(xp.log(xp.maximum(total, 1.0)), top)
    return y if keepdims else xp.reshape(y, _reduced(x.shape, axis))


def _lowest(xp: Namespace, x: Array) -> float:
    """Return the lowest finite number of an array's dtype."""
    return float(xp.finfo(x.dtype).min)


def _reduced(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return ()
    gone = {i % len(shape) for i in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(n for i, n in enumerate(shape) if i not in gone)


def softmax(xp: Namespace, x: Array, /, *, axis: int = -1) -> Array:
    """Return ``exp(x) / sum(exp(x))`` over `axis`, shifted by the maximum so that nothing overflows."""
    powers = xp.exp(xp.subtract(x, xp.max(x, axis=axis, keepdims=True)))
    return xp.divide(powers, xp.sum(powers, axis=axis, keepdims=True))


def log_softmax(xp: Namespace, x: Array, /, *, axis: int = -1) -> Array:
    """Return ``x - logsumexp(x)`` over `axis`."""
    shifted = xp.subtract(x, xp.max(x, axis=axis, keepdims=True))
    return xp.subtract(shifted, xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True)))


def _logsumexp_back(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, keepdims: bool = False
) -> Array:
    top = xp.maximum(y, _lowest(xp, y))  # of nothing, nothing has a share
    weights = xp.exp(xp.subtract(x, spread(xp, top, x, axis, keepdims)))
    return xp.multiply(spread(xp, g, x, axis, keepdims), weights)


def _softmax_back(xp: Namespace, g: Array, y: Array, x: Array, *, axis: int = -1) -> Array:
    return xp.multiply(y, xp.subtract(g, xp.sum(xp.multiply(g, y), axis=axis, keepdims=True)))


def _log_softmax_back(xp: Namespace, g: Array, y: Array, x: Array, *, axis: int = -1) -> Array:
    return xp.subtract(g, xp.multiply(xp.exp(y), xp.sum(g, axis=axis, keepdims=True)))


FUNCTIONS = (
    function("logsumexp", _logsumexp_back, compute=logsumexp),
    Function("softmax", (_softmax_back,), compute=softmax, forward=Forward.DIAGONAL),  # J is its transpose
    function("log_softmax", _log_softmax_back, compute=log_softmax),
)
