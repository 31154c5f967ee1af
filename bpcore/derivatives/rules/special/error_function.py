"""The error function and the normal distribution: each tail has its digits, by way of the scaled complement.

What all of them rest on are two things. ``exp(x**2) erfc(x)``, the scaled complement, is a rational
function to the last place and never small. And ``exp(-x**2)`` keeps its digits where the square is large when
it is taken in two steps, through the nearest multiple of 1/16, whose square is exact.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import elementwise
from bpcore.derivatives.rules.special.polynomials import ratio
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]

SPLIT = 0.46875
"""Below, the approximation of erf; from here on, that of the scaled complement."""
LARGEST = 40.0
"""``exp(-x**2 / 2)`` is zero from here on."""

# Coefficients of the rational approximations, highest power first.
_ERF_NEAR = (
    (
        0.185777706184603153,
        3.16112374387056560,
        113.864154151050156,
        377.485237685302021,
        3209.37758913846947,
    ),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)
_SCALED_MIDDLE = (
    (
        *(2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295),
        *(298.635138197400131, 881.952221241769090, 1712.04761263407058, 2051.07837782607147),
        1230.33935479799725,
    ),
    (
        *(1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019),
        *(3290.79923573345963, 4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
    ),
)
_SCALED_FAR = (
    (
        *(1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1),
        *(1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    ),
    (
        *(1.0, 2.56852019228982242, 1.87295284992346725),
        *(5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3),
    ),
)


def _near(xp: Namespace, x: Array) -> Array:
    """Return erf(x) for sizes up to 1/2."""
    return xp.multiply(x, ratio(xp, xp.square(x), *_ERF_NEAR))


def _bell(xp: Namespace, x: Array, factor: float) -> Array:
    """Return ``exp(factor x**2)``, in two steps: ``x**2 - a**2`` is ``(x - a) (x + a)``.

    The second step is below 16 at all sizes up to 40. That is said because XLA would make one exponential
    of a product of two, and lose what the two are for.
    """
    exact = xp.divide(xp.round(xp.multiply(x, 16.0)), 16.0)
    left = xp.multiply(xp.subtract(x, exact), xp.add(x, exact))
    whole = xp.exp(xp.multiply(factor, xp.square(exact)))
    return xp.multiply(whole, xp.minimum(xp.exp(xp.multiply(factor, left)), 16.0))


def _beyond(xp: Namespace, x: Array) -> Array:
    """Return ``1/sqrt(pi) - x exp(x**2) erfc(x)`` for x from 4 on, which falls like ``1 / x**2``."""
    q = xp.square(xp.divide(1.0, x))
    return xp.multiply(q, ratio(xp, q, *_SCALED_FAR))


def _scaled(xp: Namespace, size: Array) -> Array:
    """Return ``exp(x**2) erfc(x)`` for x from 0.46875 on; below, its value there."""
    far = xp.greater_equal(size, 4.0)
    middle = xp.maximum(xp.minimum(size, 4.0), SPLIT)
    large = xp.maximum(size, 4.0)
    return xp.where(
        far,
        xp.divide(xp.subtract(1 / math.sqrt(math.pi), _beyond(xp, large)), large),
        ratio(xp, middle, *_SCALED_MIDDLE),
    )


def erf(xp: Namespace, x: Array, /) -> Array:
    """Return the error function ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

    References
    ----------
    W. J. Cody (1969), "Rational Chebyshev approximations for the error function", Mathematics of
    Computation 23, 631-637: the first two of its three ranges. The second one, made for x up to 4,
    serves up to 6 here: from 4 on the result is 1 less 1.6e-8 or less, and what the approximation
    errs in that is below the last place. Its polynomials are beyond float16, for which they are computed in
    float32.
    """
    if x.dtype not in (xp.float32, xp.float64) and xp.isdtype(x.dtype, "real floating"):
        return xp.astype(erf(xp, xp.astype(x, xp.float32)), x.dtype)
    size = xp.abs(x)
    inner = xp.minimum(size, 0.5)
    near = xp.multiply(xp.sign(x), _near(xp, inner))
    outer = xp.minimum(xp.maximum(size, SPLIT), 6.0)
    complement = xp.multiply(xp.exp(xp.negative(xp.square(outer))), ratio(xp, outer, *_SCALED_MIDDLE))
    far = xp.multiply(xp.sign(x), xp.subtract(1.0, complement))
    return xp.where(xp.less(size, SPLIT), near, far)


def erfc(xp: Namespace, x: Array, /) -> Array:
    """Return ``1 - erf(x)``, with all its digits where that is small."""
    size = xp.abs(x)
    tail = xp.multiply(_bell(xp, xp.minimum(size, LARGEST), -1.0), _scaled(xp, size))
    far = xp.where(xp.less(x, 0.0), xp.subtract(2.0, tail), tail)
    inner = xp.less(size, SPLIT)
    return xp.where(inner, xp.subtract(1.0, _near(xp, xp.where(inner, x, 0.0))), far)


def erfcx(xp: Namespace, x: Array, /) -> Array:
    """Return the scaled complement ``exp(x**2) erfc(x)``; below -26.6 it is too large for a float64."""
    size = xp.abs(x)
    low = xp.less(x, 0.0)
    bell = _bell(xp, xp.where(xp.greater_equal(x, SPLIT), 0.0, xp.maximum(x, -LARGEST)), 1.0)
    inner = xp.less(size, SPLIT)
    near = xp.multiply(bell, xp.subtract(1.0, _near(xp, xp.where(inner, x, 0.0))))
    far = _scaled(xp, size)
    return xp.where(inner, near, xp.where(low, xp.subtract(xp.multiply(2.0, bell), far), far))


def _tail(xp: Namespace, size: Array) -> Array:
    """Return the part of the normal distribution beyond `size`, from 0.67 on."""
    bell = _bell(xp, xp.minimum(size, LARGEST), -0.5)
    return xp.multiply(0.5, xp.multiply(bell, _scaled(xp, xp.multiply(size, math.sqrt(0.5)))))


def ndtr(xp: Namespace, x: Array, /) -> Array:
    """Return the normal distribution's share below x."""
    z = xp.multiply(x, math.sqrt(0.5))
    tail = _tail(xp, xp.abs(x))
    inner = xp.less(xp.abs(z), SPLIT)
    near = xp.multiply(0.5, xp.add(1.0, _near(xp, xp.where(inner, z, 0.0))))
    return xp.where(inner, near, xp.where(xp.less(x, 0.0), tail, xp.subtract(1.0, tail)))


def log_ndtr(xp: Namespace, x: Array, /) -> Array:
    """Return the logarithm of `ndtr`; to the left, ``-x**2 / 2`` and the logarithm of a ratio.

    To the right, ``log1p`` of the other part, which is below 0.28: XLA's has an error of 100 units in the
    last place in float64 from -0.42 to -0.29.
    """
    low = xp.less(x, -0.75)
    size = xp.where(low, xp.negative(x), 1.0)
    share = xp.multiply(0.5, _scaled(xp, xp.minimum(xp.multiply(size, math.sqrt(0.5)), 1e30)))
    left = xp.subtract(xp.log(share), xp.multiply(0.5, xp.square(size)))
    middle = xp.less(x, 0.6)
    part = ndtr(xp, xp.where(middle, xp.where(low, 0.0, x), xp.negative(x)))
    near = xp.log(xp.where(middle, part, 1.0))
    right = xp.log1p(xp.negative(xp.where(middle, 0.0, part)))
    return xp.where(low, left, xp.where(middle, near, right))


def _erfcx_back(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    """``2 x y - 2 / sqrt(pi)``; from 4 on, where the two are nearly equal, their difference itself."""
    far = xp.greater_equal(x, 4.0)
    near = xp.subtract(xp.multiply(2.0, xp.multiply(xp.where(far, 0.0, x), y)), 2 / math.sqrt(math.pi))
    beyond = xp.multiply(-2.0, _beyond(xp, xp.where(far, x, 4.0)))
    return xp.multiply(g, xp.where(far, beyond, near))


def _log_ndtr_back(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    """Density over share; to the left by way of the scaled complement, in which neither is small."""
    low = xp.less(x, 0.0)
    left = xp.where(low, x, 0.0)
    right = xp.where(low, 0.0, x)
    ratio_left = xp.divide(math.sqrt(2 / math.pi), xp.erfcx(xp.multiply(left, -math.sqrt(0.5))))
    ratio_right = xp.divide(_density(xp, right), xp.ndtr(right))
    return xp.multiply(g, xp.where(low, ratio_left, ratio_right))


def _density(xp: Namespace, x: Array) -> Array:
    return xp.multiply(1 / math.sqrt(2 * math.pi), xp.exp(xp.multiply(-0.5, xp.square(x))))


def _slope(xp: Namespace, g: Array, x: Array, factor: float) -> Array:
    """``factor exp(-x**2)``."""
    return xp.multiply(xp.multiply(g, factor), xp.exp(xp.negative(xp.square(x))))


FUNCTIONS = (
    elementwise("erf", lambda xp, g, y, x: _slope(xp, g, x, 2 / math.sqrt(math.pi)), compute=erf),
    elementwise("erfc", lambda xp, g, y, x: _slope(xp, g, x, -2 / math.sqrt(math.pi)), compute=erfc),
    elementwise("erfcx", _erfcx_back, compute=erfcx),
    elementwise("ndtr", lambda xp, g, y, x: xp.multiply(g, _density(xp, x)), compute=ndtr),
    elementwise("log_ndtr", _log_ndtr_back, compute=log_ndtr),
)
