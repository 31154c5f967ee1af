"""Poles: what a cotangent of zero does where a slope is infinite, or no number.

A cotangent of zero must stay zero at a pole: `where` sends exactly zero into the branch that was not taken,
and ``0 / 0`` would bring the masked value back as NaN. Division, powers, roots and logarithms therefore mask
what is zero over zero, and only that: elsewhere a cotangent of zero is a number like any other, whose own
derivative counts. A product that overflows, ``0 * inf`` as in ``where(x > 0, x * log(x), 0)`` at 0, is not
masked: choose the argument of the function with `where` as well. To mask it, every product and exponential
would make seven calls where it makes one.
"""

from __future__ import annotations

from bpcore.words.protocols import Array, Namespace

__all__ = ["is_array", "masked", "over", "unless"]


def is_array(x: Array) -> bool:
    """Return whether an input is an array, and no Python number."""
    return type(x) not in (float, int, bool, complex)


def masked(xp: Namespace, g: Array, y: Array) -> Array:
    """Return where `g` is zero and `y` is not a number."""
    return xp.logical_and(xp.equal(g, 0), xp.isnan(y))


def unless(xp: Namespace, condition: Array, x: Array, other: float) -> Array:
    """Return `x`, and a number where the condition holds."""
    return xp.where(condition, xp.full_like(x, other), x)


def over(xp: Namespace, g: Array, divisor: Array) -> Array:
    """Return ``g / divisor``, and zero where that is zero over zero, or over what is not a number."""
    pole = xp.logical_and(xp.equal(g, 0), xp.logical_or(xp.equal(divisor, 0), xp.isnan(divisor)))
    return unless(xp, pole, xp.divide(g, unless(xp, pole, divisor, 1.0)), 0.0)
