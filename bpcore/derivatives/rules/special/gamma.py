"""The logarithm of the gamma function and its derivatives, over the whole line.

To the left of zero each is reflected. Between, each is one polynomial on an interval about as long as 1,
which the recurrence ``gamma(x + 1) = x gamma(x)`` leads to; and to the right, Stirling's series.

The polynomials are Chebyshev expansions, cut off below 1e-17 and written out in powers. The one of the
logarithm has its zero at 2 as a factor, the one of its derivative the zero at 1.4616, in three parts so that
no digit is lost there.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import Function, elementwise
from bpcore.derivatives.rules.special.polygamma import polygamma
from bpcore.derivatives.rules.special.polynomials import polynomial
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]

SERIES_FROM = 8.5
"""Where Stirling's series with eight terms is right to 1e-16."""
WHOLE_FROM = -(2.0**52)
"""Below, every float64 is a whole number; every float32 is long before."""

# log(gamma(2 + d)) / d for d from -1/2 to 1/2, highest power first
_LOG_GAMMA = (
    *(6.473973449314896e-08, -1.341570273460026e-07, 2.0192169921430407e-07, -4.303234692956732e-07),
    *(9.584290249224467e-07, -2.044935323180052e-06, 4.374221208333783e-06, -9.438454884054723e-06),
    *(2.0507292365464966e-05, -4.492635166770342e-05, 9.945750665169756e-05, -0.00022315475069647703),
    *(0.0005096695250262799, -0.0011927539120033873, 0.0028905103307343394, -0.007385551028668096),
    *(0.02058080842778463, -0.06735230105319814, 0.3224670334241132, 0.42278433509846713),
)
_LOG_SERIES = (-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)

# digamma(1.625 + d) / (1.625 + d - zero) for d from -0.625 to 0.625, highest power first
_DIGAMMA = (
    *(-1.5893203678456268e-05, 2.4833182970559613e-05, -3.1043580832010403e-06, 7.275907475032328e-06),
    *(-5.001943887326873e-05, 7.910447940250861e-05, -0.00010605065446724661, 0.00017355677155160942),
    *(-0.0002904643878318406, 0.0004716613410993772, -0.0007645885701397559, 0.0012431126738292285),
    *(-0.002021877686829885, 0.0032894520323802994, -0.005355729061841344, 0.008730866189339865),
    *(-0.014262521426922534, 0.02338043999840527, -0.03855782679360984, 0.06426251743227836),
    *(-0.10919698588599211, 0.19272012460147322, -0.36977496445741076, 0.9015925158282158),
)
_DIGAMMA_ZERO = (1.461632251739501953125, -1.0677113948531769e-07, -1.2654465062537432e-16)
_DIGAMMA_SERIES = (-3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)


def _fraction(xp: Namespace, x: Array, reflected: Array) -> Array:
    """Return how far x is from the nearest whole number, where it is reflected; elsewhere 1/4."""
    whole = xp.less(x, WHOLE_FROM)
    some = xp.where(xp.logical_and(reflected, xp.logical_not(whole)), x, 0.0)
    return xp.where(reflected, xp.subtract(some, xp.round(some)), 0.25)


def gammaln(xp: Namespace, x: Array, /) -> Array:
    """Return ``log(abs(gamma(x)))``: infinite at zero and the negative whole numbers."""
    reflected = xp.less(x, -0.5)
    z = xp.where(reflected, xp.subtract(1.0, x), x)
    large = xp.greater_equal(z, SERIES_FROM)
    y = _log_gamma_right(xp, xp.where(xp.equal(z, 0.0), 1.0, z), large)
    fraction = _fraction(xp, x, reflected)
    pole = xp.logical_or(xp.equal(z, 0.0), xp.equal(fraction, 0.0))
    sine = xp.abs(xp.sin(xp.multiply(math.pi, xp.where(pole, 0.25, fraction))))
    y = xp.where(reflected, xp.subtract(xp.log(xp.divide(math.pi, sine)), y), y)
    return xp.where(pole, math.inf, y)


def _log_gamma_right(xp: Namespace, z: Array, large: Array) -> Array:
    """Return the logarithm for z from -1/2 on."""
    tiny, small = xp.less(z, 0.5), xp.less(z, 1.5)
    inner = xp.where(large, 2.0, z)
    steps = xp.maximum(xp.floor(xp.subtract(inner, 1.5)), 0.0)
    start = xp.subtract(inner, steps)
    product = xp.ones_like(z)
    for k in range(int(SERIES_FROM - 1.5)):
        product = xp.multiply(product, xp.where(xp.greater(steps, float(k)), xp.add(start, float(k)), 1.0))
    d = xp.where(tiny, z, xp.where(small, xp.subtract(z, 1.0), xp.subtract(start, 2.0)))
    below = xp.where(tiny, xp.multiply(xp.abs(d), xp.add(1.0, d)), z)
    log = xp.log(xp.where(large, z, xp.where(small, below, product)))
    near = xp.multiply(d, polynomial(xp, d, _LOG_GAMMA))
    near = xp.where(small, xp.subtract(near, log), xp.add(near, log))
    return xp.where(large, _stirling(xp, xp.where(large, z, SERIES_FROM), log), near)


def _stirling(xp: Namespace, z: Array, log: Array) -> Array:
    """``(z - 1/2) (log(z) - 1) + (log(2 pi) - 1) / 2`` and the series: no term is close to minus another."""
    inverse = xp.divide(1.0, z)
    series = xp.multiply(inverse, polynomial(xp, xp.square(inverse), _LOG_SERIES))
    leading = xp.multiply(xp.subtract(z, 0.5), xp.subtract(log, 1.0))
    return xp.add(leading, xp.add(series, 0.5 * (math.log(2 * math.pi) - 1)))


def digamma(xp: Namespace, x: Array, /) -> Array:
    """Return the derivative of `gammaln`; NaN at the negative whole numbers, infinite at zero."""
    reflected = xp.less_equal(x, 0.0)
    z = xp.where(reflected, xp.subtract(1.0, x), x)
    large = xp.greater_equal(z, SERIES_FROM)
    y = xp.where(large, _digamma_series(xp, xp.where(large, z, SERIES_FROM)), _digamma_between(xp, z, large))
    fraction = _fraction(xp, x, reflected)
    pole = xp.equal(fraction, 0.0)
    slope = xp.divide(math.pi, xp.tan(xp.multiply(math.pi, xp.where(pole, 0.25, fraction))))
    y = xp.where(reflected, xp.subtract(y, slope), y)
    y = xp.where(pole, math.nan, y)
    return xp.where(xp.equal(x, 0.0), xp.copysign(xp.full_like(x, math.inf), xp.negative(x)), y)


def _digamma_between(xp: Namespace, z: Array, large: Array) -> Array:
    """Return digamma for z from 0 to 8.5."""
    small = xp.less(z, 1.0)
    inner = xp.where(large, 1.5, z)
    steps = xp.maximum(xp.floor(xp.subtract(inner, 1.25)), 0.0)
    start = xp.where(small, xp.add(inner, 1.0), xp.subtract(inner, steps))
    away = start
    for part in _DIGAMMA_ZERO:  # `where` because XLA would add the three up
        away = xp.where(large, 0.0, xp.subtract(away, part))
    y = xp.multiply(away, polynomial(xp, xp.subtract(start, 1.625), _DIGAMMA))
    for k in range(int(SERIES_FROM - 1.25)):
        term = xp.divide(1.0, xp.add(start, float(k)))
        y = xp.add(y, xp.where(xp.greater(steps, float(k)), term, 0.0))
    return xp.subtract(y, xp.where(small, xp.divide(1.0, xp.where(small, z, 1.0)), 0.0))


def _digamma_series(xp: Namespace, z: Array) -> Array:
    inverse = xp.divide(1.0, z)
    square = xp.square(inverse)
    series = xp.multiply(square, polynomial(xp, square, _DIGAMMA_SERIES))
    return xp.subtract(xp.log(z), xp.add(xp.multiply(0.5, inverse), series))


FUNCTIONS: tuple[Function, ...] = (
    elementwise("gammaln", lambda xp, g, y, x: xp.multiply(g, xp.digamma(x)), compute=gammaln),
    elementwise("digamma", lambda xp, g, y, x: xp.multiply(g, xp.polygamma(x, order=1)), compute=digamma),
    elementwise(
        "polygamma",
        lambda xp, g, y, x, *, order: xp.multiply(g, xp.polygamma(x, order=order + 1)),
        compute=polygamma,
    ),
)
