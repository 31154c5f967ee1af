"""Powers: the rules of ``a**b``, by the base and by the exponent, for numbers and arrays on either side."""

from __future__ import annotations

import cmath
import math

from bpcore.derivatives.rules.complex_numbers import is_complex
from bpcore.derivatives.rules.poles import is_array, masked, unless
from bpcore.words.protocols import Array, Namespace

__all__ = ["by_base", "by_exponent"]


def by_base(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``b a**(b - 1)``, and zero for ``0**0``."""
    if not is_array(b):
        return _scalar_power(xp, g, y, a, b)
    flat = xp.logical_and(xp.equal(a, 0), xp.logical_or(xp.equal(b, 0), xp.equal(g, 0)))
    flat = xp.logical_or(flat, masked(xp, g, y))
    slope = xp.multiply(b, xp.pow(unless(xp, flat, a, 1.0), xp.subtract(b, 1)))
    return unless(xp, flat, xp.multiply(g, slope), 0.0)


def _scalar_power(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    if b == 0:
        return xp.zeros_like(g)
    if b == 1:
        return g
    if b == 2:
        return xp.multiply(g, xp.multiply(2.0, a))
    if type(b) is not complex:
        if b > 1 and b % 1 == 0:
            return xp.multiply(g, xp.multiply(float(b), xp.pow(a, b - 1)))
        b = float(b)
    flat = xp.logical_or(xp.logical_and(xp.equal(g, 0), xp.equal(a, 0)), masked(xp, g, y))
    slope = xp.multiply(b, xp.pow(unless(xp, flat, a, 1.0), b - 1))
    return unless(xp, flat, xp.multiply(g, slope), 0.0)


def by_exponent(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``log(a) y``, and zero where ``a = 0``, where the function is flat in the exponent."""
    if not is_array(a):
        log_a = _log(a, is_complex(xp, y))
        if log_a != log_a:  # noqa: PLR0124 - not a number: there is a slope nowhere
            return unless(xp, xp.not_equal(g, 0), xp.zeros_like(g), math.nan)
        return xp.multiply(g, xp.multiply(y, log_a))
    broken = xp.isnan(y)
    if not is_complex(xp, y):
        broken = xp.logical_or(xp.less(a, 0), broken)
    elif not is_complex(xp, a):
        a = xp.astype(a, y.dtype)  # negative numbers have a logarithm there
    flat = xp.logical_or(xp.equal(a, 0), xp.logical_and(xp.equal(g, 0), broken))
    log_a = xp.log(unless(xp, flat, a, 1.0))
    return unless(xp, flat, xp.multiply(g, xp.multiply(unless(xp, flat, y, 0.0), log_a)), 0.0)


def _log(a: Array, in_complex: bool) -> complex:
    """Return log(a); 0 for 0, where the power is flat in its exponent, and NaN below for real numbers."""
    if a == 0:
        return 0.0
    if in_complex:
        return cmath.log(a)
    return math.log(a) if a > 0 else math.nan
