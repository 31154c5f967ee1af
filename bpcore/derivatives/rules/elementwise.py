"""Element-wise functions. The formula sheet: one line per input, forward name and way back together.

`g` is the cotangent of the output `y`. Cotangents of broadcast inputs are summed down by the walker. What a
cotangent of zero does at a pole is written in `poles`.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.complex_numbers import is_complex
from bpcore.derivatives.rules.function import constant, elementwise
from bpcore.derivatives.rules.poles import is_array, over, unless
from bpcore.derivatives.rules.powers import by_base, by_exponent
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


def _share(xp: Namespace, g: Array, y: Array, x: Array, other: Array) -> Array:
    """Give the cotangent to the one that was taken; in a tie, half to each."""
    taken, also = (xp.astype(xp.equal(y, z), g.dtype) for z in (x, other))
    return xp.multiply(g, xp.multiply(taken, xp.subtract(1.0, xp.multiply(0.5, also))))


def _where_taken(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, g, xp.zeros_like(g))


def _where_other(xp: Namespace, g: Array, y: Array, condition: Array, a: Array, b: Array) -> Array:
    return xp.where(condition, xp.zeros_like(g), g)


def _quotient_below(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``-y / b``."""
    pole = xp.logical_and(xp.equal(g, 0), xp.logical_or(xp.equal(b, 0), xp.isnan(y)))
    slope = xp.divide(unless(xp, pole, y, 0.0), unless(xp, pole, b, 1.0))
    return unless(xp, pole, xp.negative(xp.multiply(g, slope)), 0.0)


def _modulus(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """Minus how often `b` was taken from `a`."""
    b = unless(xp, xp.logical_and(xp.equal(g, 0), xp.equal(b, 0)), b, 1.0)
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
    a, b = (xp.square(x) if is_array(x) else x * x for x in (a, b))
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
        lambda xp, g, y, a, b: over(xp, g, b) if is_array(b) else xp.divide(g, b),
        _quotient_below,
    ),
    elementwise("pow", by_base, by_exponent),
    elementwise("remainder", lambda xp, g, y, a, b: g, _modulus),
    elementwise("negative", lambda xp, g, y, x: xp.negative(g)),
    elementwise("positive", lambda xp, g, y, x: g),
    elementwise("abs", _size),
    elementwise("square", lambda xp, g, y, x: xp.multiply(g, xp.multiply(2.0, x))),
    elementwise(
        "reciprocal",
        lambda xp, g, y, x: xp.negative(over(xp, g, xp.square(x))),
    ),
    elementwise("sqrt", lambda xp, g, y, x: over(xp, g, xp.multiply(2.0, y))),
    elementwise(
        "hypot",
        lambda xp, g, y, a, b: xp.multiply(g, xp.divide(a, xp.where(xp.equal(y, 0), xp.ones_like(y), y))),
        lambda xp, g, y, a, b: xp.multiply(g, xp.divide(b, xp.where(xp.equal(y, 0), xp.ones_like(y), y))),
    ),
    # exponentials and logarithms
    elementwise("exp", lambda xp, g, y, x: xp.multiply(g, y)),
    elementwise("expm1", lambda xp, g, y, x: xp.multiply(g, xp.add(y, 1.0))),
    elementwise("log", lambda xp, g, y, x: over(xp, g, x)),
    elementwise("log1p", lambda xp, g, y, x: over(xp, g, xp.add(x, 1.0))),
    elementwise("log2", lambda xp, g, y, x: xp.multiply(over(xp, g, x), 1 / math.log(2))),
    elementwise("log10", lambda xp, g, y, x: xp.multiply(over(xp, g, x), 1 / math.log(10))),
    elementwise(
        "logaddexp",
        lambda xp, g, y, a, b: xp.multiply(g, _part_of_sum(xp, y, a)),
        lambda xp, g, y, a, b: xp.multiply(g, _part_of_sum(xp, y, b)),
    ),
    # trigonometric and hyperbolic
    elementwise("sin", lambda xp, g, y, x: xp.multiply(g, xp.cos(x))),
    elementwise("cos", lambda xp, g, y, x: xp.negative(xp.multiply(g, xp.sin(x)))),
    elementwise("tan", lambda xp, g, y, x: xp.multiply(g, xp.add(1.0, xp.square(y)))),
    elementwise("asin", lambda xp, g, y, x: over(xp, g, xp.sqrt(_one_minus_square(xp, x)))),
    elementwise("acos", lambda xp, g, y, x: xp.negative(over(xp, g, xp.sqrt(_one_minus_square(xp, x))))),
    elementwise("atan", lambda xp, g, y, x: xp.divide(g, xp.add(1.0, xp.square(x)))),
    elementwise(
        "atan2",
        lambda xp, g, y, a, b: over(xp, xp.multiply(g, b), _squares(xp, a, b)),
        lambda xp, g, y, a, b: xp.negative(over(xp, xp.multiply(g, a), _squares(xp, a, b))),
    ),
    elementwise("sinh", lambda xp, g, y, x: xp.multiply(g, xp.cosh(x))),
    elementwise("cosh", lambda xp, g, y, x: xp.multiply(g, xp.sinh(x))),
    elementwise("tanh", lambda xp, g, y, x: xp.multiply(g, _one_minus_square(xp, y))),
    elementwise("asinh", lambda xp, g, y, x: xp.divide(g, xp.sqrt(xp.add(1.0, xp.square(x))))),
    elementwise("acosh", lambda xp, g, y, x: over(xp, g, _root_of_square_minus_one(xp, x))),
    elementwise("atanh", lambda xp, g, y, x: over(xp, g, _one_minus_square(xp, x))),
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
