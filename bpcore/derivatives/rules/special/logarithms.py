"""Products with a logarithm that are zero where the factor is."""

from __future__ import annotations

from bpcore.derivatives.rules.function import elementwise
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def xlogy(xp: Namespace, x: Array, y: Array, /) -> Array:
    """Return ``x log(y)``, and zero where x is zero and y is a number."""
    nothing = xp.logical_and(xp.equal(x, 0.0), xp.logical_not(xp.isnan(y)))
    return xp.where(nothing, 0.0, xp.multiply(x, xp.log(_unless(xp, nothing, y))))


def _unless(xp: Namespace, condition: Array, x: Array) -> Array:
    """Return `x`, and 1 where the condition holds."""
    return xp.where(condition, 1.0, x)


def _factor(xp: Namespace, g: Array, z: Array, x: Array, y: Array) -> Array:
    """``log(y)``; zero where x or `g` is zero and y is no positive number: there is no slope to give."""
    nothing = xp.logical_or(xp.equal(x, 0.0), xp.equal(g, 0.0))
    flat = xp.logical_and(nothing, xp.logical_not(xp.greater(y, 0.0)))
    return xp.multiply(g, xp.log(_unless(xp, flat, y)))


def _argument(xp: Namespace, g: Array, z: Array, x: Array, y: Array) -> Array:
    """``x / y``; zero where both are zero."""
    nothing = xp.logical_or(xp.equal(x, 0.0), xp.equal(g, 0.0))
    flat = xp.logical_and(nothing, xp.equal(y, 0.0))
    return xp.multiply(g, xp.divide(x, _unless(xp, flat, y)))


def _lifted(xp: Namespace, x: Array, y: Array) -> tuple[Array, Array]:
    """Return both as arrays: `equal` and `isnan` want one, and one of them may be a number."""
    if not hasattr(x, "dtype"):
        return xp.full_like(y, x), y
    return (x, y) if hasattr(y, "dtype") else (x, xp.full_like(x, y))


FUNCTIONS = (
    elementwise(
        "xlogy",
        lambda xp, g, z, x, y: _factor(xp, g, z, *_lifted(xp, x, y)),
        lambda xp, g, z, x, y: _argument(xp, g, z, *_lifted(xp, x, y)),
        compute=lambda xp, x, y, /: xlogy(xp, *_lifted(xp, x, y)),
    ),
)
