"""Element-wise functions. The formula sheet: one line per input, forward name and way back together.

`g` is the cotangent of the output `y`. Cotangents of broadcast inputs are summed down by the walker.

A cotangent of zero must stay zero even where the derivative is infinite or not a number: `where` sends
exactly zero into the branch that was not taken, and ``0 * inf`` would bring the masked value back. The
rules of functions with poles therefore divide through `_over`, or by `_pole_free` divisors.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import constant, elementwise
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def _zero(xp: Namespace, g: Array) -> Array:
    return xp.equal(g, 0)


def _pole_free(xp: Namespace, g: Array, divisor: Array) -> Array:
    """Return `divisor` with ones where `g` is zero, so that ``g / divisor`` is zero there."""
    return xp.where(_zero(xp, g), xp.ones_like(divisor), divisor)


def _over(xp: Namespace, g: Array, divisor: Array) -> Array:
    return xp.divide(g, _pole_free(xp, g, divisor))


def _share(xp: Namespace, g: Array, y: Array, x: Array, other: Array) -> Array:
    """Give the cotangent to the one that was taken; in a tie, half to each."""
    taken = xp.astype(xp.equal(x, y) if _is_array(x) else xp.equal(y, x), g.dtype)
    also = xp.astype(xp.equal(other, y) if _is_array(other) else xp.equal(y, other), g.dtype)
    return xp.multiply(g, xp.multiply(taken, xp.subtract(1.0, xp.multiply(0.5, also))))


def _is_array(x: Array) -> bool:
    return type(x) not in (float, int, bool)


def _pow_base(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``b a**(b - 1)``, and zero for ``b = 0`` even at ``a = 0``."""
    if not _is_array(b):
        if b == 0:
            return xp.zeros_like(g)
        if b == 1:
            return g
        if b == 2:
            return xp.multiply(g, xp.multiply(2.0, a))
        safe = a if b > 1 and b % 1 == 0 else _pole_free(xp, g, a)  # a negative number has no broken powers
        return xp.multiply(g, xp.multiply(float(b), xp.pow(safe, b - 1)))
    flat = xp.logical_or(xp.equal(b, 0), _zero(xp, g))
    safe = xp.where(flat, xp.ones_like(a), a) if _is_array(a) else a
    return xp.multiply(g, xp.multiply(b, xp.pow(safe, xp.subtract(b, 1))))


def _pow_exponent(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``log(a) y``, and zero where ``a = 0``, where the function is flat in the exponent."""
    if not _is_array(a):
        return xp.multiply(g, xp.multiply(y, _log(a)))
    flat = xp.logical_or(xp.equal(a, 0), _zero(xp, g))
    log_a = xp.log(xp.where(flat, xp.ones_like(a), a))
    return xp.multiply(g, xp.multiply(xp.where(flat, xp.zeros_like(y), y), log_a))


def _log(a: float) -> float:
    """Return log(a); 0 for 0, where the power is flat in its exponent, and NaN below."""
    return math.log(a) if a > 0 else 0.0 if a == 0 else math.nan


def _where_taken(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, g, xp.zeros_like(g))


def _where_other(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, xp.zeros_like(g), g)


def _quotient_below(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    safe_b, safe_y = (xp.where(_zero(xp, g), xp.ones_like(z), z) for z in (b, y))
    return xp.negative(xp.multiply(g, xp.divide(safe_y, safe_b)))


def _squares(xp: Namespace, a: Array, b: Array) -> Array:
    a, b = (xp.square(x) if _is_array(x) else x * x for x in (a, b))
    return xp.add(a, b)


def _one_minus_square(xp: Namespace, x: Array) -> Array:
    return xp.subtract(1.0, xp.square(x))


FUNCTIONS = (
    # arithmetic
    elementwise("add", lambda xp, g, y, a, b: g, lambda xp, g, y, a, b: g),
    elementwise("subtract", lambda xp, g, y, a, b: g, lambda xp, g, y, a, b: xp.negative(g)),
    elementwise(
        "multiply",
        lambda xp, g, y, a, b: xp.multiply(g, b),
        lambda xp, g, y, a, b: xp.multiply(g, a),
    ),
    elementwise(
        "divide",
        lambda xp, g, y, a, b: _over(xp, g, b) if _is_array(b) else xp.divide(g, b),
        _quotient_below,
    ),
    elementwise("pow", _pow_base, _pow_exponent),
    elementwise(
        "remainder",
        lambda xp, g, y, a, b: g,
        lambda xp, g, y, a, b: xp.negative(xp.multiply(g, xp.floor(xp.divide(a, b)))),
    ),
    elementwise("negative", lambda xp, g, y, x: xp.negative(g)),
    elementwise("positive", lambda xp, g, y, x: g),
    elementwise("abs", lambda xp, g, y, x: xp.multiply(g, xp.sign(x))),
    elementwise("square", lambda xp, g, y, x: xp.multiply(g, xp.multiply(2.0, x))),
    elementwise(
        "reciprocal",
        lambda xp, g, y, x: xp.negative(_over(xp, g, xp.square(x))),
    ),
    elementwise("sqrt", lambda xp, g, y, x: _over(xp, g, xp.multiply(2.0, y))),
    elementwise(
        "hypot",
        lambda xp, g, y, a, b: xp.multiply(g, xp.divide(a, xp.where(xp.equal(y, 0), xp.ones_like(y), y))),
        lambda xp, g, y, a, b: xp.multiply(g, xp.divide(b, xp.where(xp.equal(y, 0), xp.ones_like(y), y))),
    ),
    # exponentials and logarithms
    elementwise("exp", lambda xp, g, y, x: xp.multiply(g, y)),
    elementwise("expm1", lambda xp, g, y, x: xp.multiply(g, xp.add(y, 1.0))),
    elementwise("log", lambda xp, g, y, x: _over(xp, g, x)),
    elementwise("log1p", lambda xp, g, y, x: _over(xp, g, xp.add(x, 1.0))),
    elementwise("log2", lambda xp, g, y, x: xp.multiply(_over(xp, g, x), 1 / math.log(2))),
    elementwise("log10", lambda xp, g, y, x: xp.multiply(_over(xp, g, x), 1 / math.log(10))),
    elementwise(
        "logaddexp",
        lambda xp, g, y, a, b: xp.multiply(g, xp.exp(xp.subtract(a, y))),
        lambda xp, g, y, a, b: xp.multiply(g, xp.exp(xp.subtract(b, y))),
    ),
    # trigonometric and hyperbolic
    elementwise("sin", lambda xp, g, y, x: xp.multiply(g, xp.cos(x))),
    elementwise("cos", lambda xp, g, y, x: xp.negative(xp.multiply(g, xp.sin(x)))),
    elementwise("tan", lambda xp, g, y, x: xp.multiply(g, xp.add(1.0, xp.square(y)))),
    elementwise("asin", lambda xp, g, y, x: _over(xp, g, xp.sqrt(_one_minus_square(xp, x)))),
    elementwise("acos", lambda xp, g, y, x: xp.negative(_over(xp, g, xp.sqrt(_one_minus_square(xp, x))))),
    elementwise("atan", lambda xp, g, y, x: xp.divide(g, xp.add(1.0, xp.square(x)))),
    elementwise(
        "atan2",
        lambda xp, g, y, a, b: _over(xp, xp.multiply(g, b), _squares(xp, a, b)),
        lambda xp, g, y, a, b: xp.negative(_over(xp, xp.multiply(g, a), _squares(xp, a, b))),
    ),
    elementwise("sinh", lambda xp, g, y, x: xp.multiply(g, xp.cosh(x))),
    elementwise("cosh", lambda xp, g, y, x: xp.multiply(g, xp.sinh(x))),
    elementwise("tanh", lambda xp, g, y, x: xp.multiply(g, _one_minus_square(xp, y))),
    elementwise("asinh", lambda xp, g, y, x: xp.divide(g, xp.sqrt(xp.add(1.0, xp.square(x))))),
    elementwise(
        "acosh", lambda xp, g, y, x: _over(xp, g, xp.sqrt(xp.multiply(xp.subtract(x, 1.0), xp.add(x, 1.0))))
    ),
    elementwise("atanh", lambda xp, g, y, x: _over(xp, g, _one_minus_square(xp, x))),
    # choosing
    elementwise(
        "maximum",
        lambda xp, g, y, a, b: _share(xp, g, y, a, b),
        lambda xp, g, y, a, b: _share(xp, g, y, b, a),
    ),
    elementwise(
        "minimum",
        lambda xp, g, y, a, b: _share(xp, g, y, a, b),
        lambda xp, g, y, a, b: _share(xp, g, y, b, a),
    ),
    elementwise("where", None, _where_taken, _where_other),
    elementwise(
        "copysign",
        lambda xp, g, y, a, b: xp.multiply(g, xp.multiply(xp.sign(a), xp.sign(y))),
        None,
    ),
    # flat
    *constant("is piecewise constant", "ceil", "floor", "round", "sign", "trunc", "floor_divide"),
    *constant(
        "its result is not a real number",
        *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
        *("isfinite", "isinf", "isnan", "signbit"),
        *("logical_and", "logical_not", "logical_or", "logical_xor"),
        *("bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift"),
        "bitwise_xor",
    ),
)
