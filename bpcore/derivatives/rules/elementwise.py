"""Element-wise functions. The formula sheet: one line per input, forward name and way back together.

`g` is the cotangent of the output `y`. Cotangents of broadcast inputs are summed down by the walker.

A cotangent of zero must stay zero at a pole: `where` sends exactly zero into the branch that was not taken,
and ``0 / 0`` would bring the masked value back as NaN. Division, powers, roots and logarithms therefore mask
what is zero over zero, and only that: elsewhere a cotangent of zero is a number like any other, whose own
derivative counts. A product that overflows, ``0 * inf`` as in ``where(x > 0, x * log(x), 0)`` at 0, is not
masked: choose the argument of the function with `where` as well. To mask it, every product and exponential
would pay (measured on 4 x 4 floats in NumPy: 13 us where the product takes 0.4).
"""

from __future__ import annotations

import cmath
import math

from bpcore.derivatives.rules.complex_numbers import is_complex
from bpcore.derivatives.rules.function import constant, elementwise
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def _masked(xp: Namespace, g: Array, *doubtful: Array) -> Array:
    """Return where `g` is zero and one of `doubtful` is not a number."""
    broken = xp.isnan(doubtful[0])
    for x in doubtful[1:]:
        broken = xp.logical_or(broken, xp.isnan(x))
    return xp.logical_and(xp.equal(g, 0), broken)


def _unless(xp: Namespace, condition: Array, x: Array, other: float) -> Array:
    """Return `x`, and a number where the condition holds."""
    return xp.where(condition, xp.full_like(x, other), x)


def _over(xp: Namespace, g: Array, divisor: Array) -> Array:
    """Return ``g / divisor``, and zero where that is zero over zero, or over what is not a number."""
    pole = xp.logical_and(xp.equal(g, 0), xp.logical_or(xp.equal(divisor, 0), xp.isnan(divisor)))
    return _unless(xp, pole, xp.divide(g, _unless(xp, pole, divisor, 1.0)), 0.0)


def _share(xp: Namespace, g: Array, y: Array, x: Array, other: Array) -> Array:
    """Give the cotangent to the one that was taken; in a tie, half to each."""
    taken = xp.astype(xp.equal(x, y) if _is_array(x) else xp.equal(y, x), g.dtype)
    also = xp.astype(xp.equal(other, y) if _is_array(other) else xp.equal(y, other), g.dtype)
    return xp.multiply(g, xp.multiply(taken, xp.subtract(1.0, xp.multiply(0.5, also))))


def _is_array(x: Array) -> bool:
    return type(x) not in (float, int, bool, complex)


def _pow_base(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``b a**(b - 1)``, and zero for ``0**0``."""
    if not _is_array(b):
        return _scalar_power(xp, g, y, a, b)
    flat = xp.logical_and(xp.equal(a, 0), xp.logical_or(xp.equal(b, 0), xp.equal(g, 0)))
    flat = xp.logical_or(flat, _masked(xp, g, y))
    slope = xp.multiply(b, xp.pow(_unless(xp, flat, a, 1.0) if _is_array(a) else a, xp.subtract(b, 1)))
    return _unless(xp, flat, xp.multiply(g, slope), 0.0)


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
    flat = xp.logical_or(xp.logical_and(xp.equal(g, 0), xp.equal(a, 0)), _masked(xp, g, y))
    slope = xp.multiply(b, xp.pow(_unless(xp, flat, a, 1.0), b - 1))
    return _unless(xp, flat, xp.multiply(g, slope), 0.0)


def _pow_exponent(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``log(a) y``, and zero where ``a = 0``, where the function is flat in the exponent."""
    if not _is_array(a):
        return xp.multiply(g, xp.multiply(y, _log(a, is_complex(xp, y))))
    broken = xp.isnan(y)
    if not is_complex(xp, y):
        broken = xp.logical_or(xp.less(a, 0), broken)
    elif not is_complex(xp, a):
        a = xp.astype(a, y.dtype)  # negative numbers have a logarithm there
    flat = xp.logical_or(xp.equal(a, 0), xp.logical_and(xp.equal(g, 0), broken))
    log_a = xp.log(_unless(xp, flat, a, 1.0))
    return _unless(xp, flat, xp.multiply(g, xp.multiply(_unless(xp, flat, y, 0.0), log_a)), 0.0)


def _log(a: Array, in_complex: bool) -> complex:
    """Return log(a); 0 for 0, where the power is flat in its exponent, and NaN below for real numbers."""
    if a == 0:
        return 0.0
    if in_complex:
        return cmath.log(a)
    return math.log(a) if a > 0 else math.nan


def _where_taken(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, g, xp.zeros_like(g))


def _where_other(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, xp.zeros_like(g), g)


def _quotient_below(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``-y / b``."""
    pole = xp.logical_and(xp.equal(g, 0), xp.logical_or(xp.equal(b, 0), xp.isnan(y)))
    slope = xp.divide(_unless(xp, pole, y, 0.0), _unless(xp, pole, b, 1.0))
    return _unless(xp, pole, xp.negative(xp.multiply(g, slope)), 0.0)


def _modulus(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """Minus how often `b` was taken from `a`."""
    if _is_array(b):
        b = _unless(xp, xp.logical_and(xp.equal(g, 0), xp.equal(b, 0)), b, 1.0)
    return xp.negative(xp.multiply(g, xp.floor_divide(a, b)))


def _size(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    direction = xp.sign(x)
    return xp.multiply(g, xp.conj(direction) if is_complex(xp, x) else direction)


def _inside(xp: Namespace, g: Array, y: Array, x: Array, low: Array, high: Array) -> Array:
    """Cut what was clipped; on a bound itself `x` keeps the whole cotangent."""
    for beyond, bound in ((xp.less, low), (xp.greater, high)):
        if bound is not None:
            g = xp.where(beyond(x, bound), xp.zeros_like(g), g)
    return g


def _below(xp: Namespace, g: Array, y: Array, x: Array, low: Array, high: Array) -> Array:
    return xp.where(xp.less(x, low), g, xp.zeros_like(g))


def _above(xp: Namespace, g: Array, y: Array, x: Array, low: Array, high: Array) -> Array:
    return xp.where(xp.greater(x, high), g, xp.zeros_like(g))


def _part_of_sum(xp: Namespace, y: Array, x: Array) -> Array:
    """``exp(x - y)``; where both are one infinity, 1 for plus and 0 for minus, as in `logsumexp`."""
    away = xp.subtract(x, y)
    return xp.exp(xp.where(xp.isnan(away), xp.minimum(y, 0.0), away))


def _squares(xp: Namespace, a: Array, b: Array) -> Array:
    a, b = (xp.square(x) if _is_array(x) else x * x for x in (a, b))
    return xp.add(a, b)


def _one_minus_square(xp: Namespace, x: Array) -> Array:
    return xp.subtract(1.0, xp.square(x))


def _root_of_square_minus_one(xp: Namespace, x: Array) -> Array:
    """Of complex numbers the product of two roots: the root of the product is on another branch."""
    below, above = xp.subtract(x, 1.0), xp.add(x, 1.0)
    if is_complex(xp, x):
        return xp.multiply(xp.sqrt(below), xp.sqrt(above))
    return xp.sqrt(xp.multiply(below, above))


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
    elementwise("remainder", lambda xp, g, y, a, b: g, _modulus),
    elementwise("negative", lambda xp, g, y, x: xp.negative(g)),
    elementwise("positive", lambda xp, g, y, x: g),
    elementwise("abs", _size),
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
        lambda xp, g, y, a, b: xp.multiply(g, _part_of_sum(xp, y, a)),
        lambda xp, g, y, a, b: xp.multiply(g, _part_of_sum(xp, y, b)),
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
    elementwise("acosh", lambda xp, g, y, x: _over(xp, g, _root_of_square_minus_one(xp, x))),
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
    elementwise("clip", _inside, _below, _above),
    elementwise("where", None, _where_taken, _where_other),
    elementwise(
        "copysign",
        lambda xp, g, y, a, b: xp.multiply(g, xp.multiply(xp.sign(a), xp.sign(y))),
        None,
    ),
    elementwise("nextafter", lambda xp, g, y, a, b: g, None),
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
