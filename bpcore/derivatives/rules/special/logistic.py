"""The logistic function and its relatives: none overflows, and none loses digits near 0 or 1."""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import elementwise
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


WHOLE, WHOLE_HALF = 40.0, 11.0
"""From here on the logistic function is 1 to the last digit; the second of numbers of 16 bits."""


def expit(xp: Namespace, x: Array, /) -> Array:
    """Return the logistic function ``1 / (1 + exp(-x))``, with no overflow at any x.

    It is ``exp(x) / (1 + exp(x))``, which keeps all digits far to the left too, and is 1 from `WHOLE` on.
    """
    odds = xp.exp(xp.minimum(x, WHOLE if x.dtype in (xp.float64, xp.float32) else WHOLE_HALF))
    return xp.divide(odds, xp.add(1.0, odds))


def softplus(xp: Namespace, x: Array, /) -> Array:
    """Return ``log(1 + exp(x))``, with no overflow at any x."""
    return xp.add(xp.maximum(x, 0.0), xp.log1p(xp.exp(xp.negative(xp.abs(x)))))


def log_expit(xp: Namespace, x: Array, /) -> Array:
    """Return ``log(expit(x))``, with no overflow at any x."""
    return xp.subtract(xp.minimum(x, 0.0), xp.log1p(xp.exp(xp.negative(xp.abs(x)))))


def logit(xp: Namespace, x: Array, /) -> Array:
    """Return ``log(x / (1 - x))``.

    Around 1/2, where that is close to ``log(1)``, it is ``log1p((1 - 2 s) / s)``, or minus that, with s the
    less of ``x`` and ``1 - x``: there ``1 - 2 s`` has no rounding error.
    """
    near = xp.logical_and(xp.greater(x, 0.3), xp.less(x, 0.7))
    low = xp.less(x, 0.5)
    rest = xp.subtract(1.0, x)
    less = xp.where(near, xp.where(low, x, rest), 0.5)
    middle = xp.log1p(xp.divide(xp.subtract(1.0, xp.multiply(2.0, less)), less))
    middle = xp.where(low, xp.negative(middle), middle)
    zero, one = xp.equal(x, 0.0), xp.equal(rest, 0.0)
    odds = xp.divide(xp.where(zero, 1.0, x), xp.where(one, 1.0, rest))
    y = xp.where(near, middle, xp.log(odds))
    return xp.where(zero, -math.inf, xp.where(one, math.inf, y))


def relu(xp: Namespace, x: Array, /) -> Array:
    """Return ``max(x, 0)``; the derivative at 0 is 0."""
    return xp.maximum(x, 0.0)


def _logit_back(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    """``1 / (x (1 - x))``; where g is zero at an end, zero."""
    slope = xp.multiply(x, xp.subtract(1.0, x))
    pole = xp.logical_and(xp.equal(g, 0.0), xp.equal(slope, 0.0))
    return xp.divide(g, xp.where(pole, xp.ones_like(slope), slope))


FUNCTIONS = (
    elementwise(
        "expit",
        lambda xp, g, y, x: xp.multiply(g, xp.multiply(y, xp.subtract(1.0, y))),
        compute=expit,
    ),
    elementwise("softplus", lambda xp, g, y, x: xp.multiply(g, xp.expit(x)), compute=softplus),
    elementwise("log_expit", lambda xp, g, y, x: xp.multiply(g, xp.expit(xp.negative(x))), compute=log_expit),
    elementwise("logit", _logit_back, compute=logit),
    elementwise(
        "relu", lambda xp, g, y, x: xp.multiply(g, xp.astype(xp.greater(y, 0.0), g.dtype)), compute=relu
    ),
)
