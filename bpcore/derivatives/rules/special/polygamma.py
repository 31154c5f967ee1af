"""The derivatives of digamma, of any order: sums of inverse powers."""

from __future__ import annotations

import math

from bpcore.derivatives.rules.special.polynomials import polynomial
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Namespace

__all__ = ["polygamma"]

BERNOULLI = (
    *(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510),
    *(43867 / 798, -174611 / 330),
)
"""The Bernoulli numbers of even index, from 2 on."""
TERMS = 10
"""How many terms are summed before the rest is an integral and the corrections to it."""
WHOLE_FROM = -(2.0**52)


def polygamma(xp: Namespace, x: Array, /, *, order: int) -> Array:
    """Return the derivative of digamma of that order; to the left of zero by the reflection formula.

    At zero and the negative whole numbers it is infinite for odd orders and NaN for even ones.
    """
    if type(order) is not int or order < 0:
        raise OptionError("order", order, "a whole number, 0 or more")
    if order == 0:
        return xp.digamma(x)
    reflected = xp.less_equal(x, 0.0)
    z = xp.where(reflected, xp.subtract(1.0, x), x)
    y = xp.multiply((-1.0) ** (order + 1) * math.factorial(order), zeta(xp, z, order + 1))
    some = xp.where(xp.logical_and(reflected, xp.greater_equal(x, WHOLE_FROM)), x, 0.0)
    fraction = xp.where(reflected, xp.subtract(some, xp.round(some)), 0.25)
    pole = xp.equal(fraction, 0.0)
    angle = xp.multiply(math.pi, xp.where(pole, 0.25, fraction))
    slope = polynomial(xp, xp.divide(1.0, xp.tan(angle)), _cotangent(order))
    other = xp.subtract(xp.multiply((-1.0) ** order, y), xp.multiply(math.pi ** (order + 1), slope))
    return xp.where(pole, math.inf if order % 2 else math.nan, xp.where(reflected, other, y))


def zeta(xp: Namespace, z: Array, power: int) -> Array:
    """Return the sum of ``(z + k)**-power`` over k = 0, 1, ..., for z above 0.

    Ten terms, and for the rest the formula of Euler and Maclaurin; all is positive, so nothing cancels.
    """
    last = xp.add(z, float(TERMS))
    inverse = xp.divide(1.0, last)
    factors = [BERNOULLI[0] / 2 * power]
    for j in range(1, len(BERNOULLI)):
        rising = (power + 2 * j - 1) * (power + 2 * j) / ((2 * j + 1) * (2 * j + 2))
        factors.append(factors[-1] * rising * BERNOULLI[j] / BERNOULLI[j - 1])
    corrections = xp.multiply(inverse, polynomial(xp, xp.square(inverse), tuple(reversed(factors))))
    rest = xp.add(xp.divide(last, float(power - 1)), xp.add(0.5, corrections))
    total = xp.multiply(xp.pow(last, -float(power)), rest)
    for k in reversed(range(TERMS)):
        total = xp.add(total, xp.pow(xp.add(z, float(k)), -float(power)))
    return total


def _cotangent(order: int) -> tuple[float, ...]:
    """Return the derivative of the cotangent as a polynomial in it, by ``c -> -(1 + c**2)``."""
    rising = [0, 1]
    for _ in range(order):
        slope = [i * a for i, a in enumerate(rising)][1:]
        rising = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(float(a) for a in reversed(rising))
