"""The error function and the normal distribution."""

from __future__ import annotations

from bpcore.derivatives.special.own import own
from bpcore.words.protocols import Array

__all__ = ["erf", "erfc", "erfcx", "log_ndtr", "ndtr"]

# The bodies are rational approximations by W. J. Cody (1969), "Rational Chebyshev approximations for the
# error function", Mathematics of Computation 23, 631-637.


def erf(x: Array, /) -> Array:
    """Return the error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        From -1 to 1; within 4 units in the last place.
    """
    return own(x).erf(x)


def erfc(x: Array, /) -> Array:
    """Return the complement of the error function, ``1 - erf(x)``, with its digits where it is small.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        From 2 to 0; within 7 units in the last place down to the smallest normal number.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.special.erfc(np.asarray([10.0]))
    array([2.08848758e-45])
    """
    return own(x).erfc(x)


def erfcx(x: Array, /) -> Array:
    """Return the scaled complement, ``exp(x**2) erfc(x)``, which falls like ``1 / (sqrt(pi) x)``.

    Parameters
    ----------
    x : array, real floating
        Below -26.6 in float64, and -9.3 in float32, the result overflows to infinity.

    Returns
    -------
    array of the shape and dtype of `x`
        Within 7 units in the last place.
    """
    return own(x).erfcx(x)


def ndtr(x: Array, /) -> Array:
    """Return the share of the standard normal distribution below x.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        From 0 to 1; within 9 units in the last place down to the smallest normal number.
    """
    return own(x).ndtr(x)


def log_ndtr(x: Array, /) -> Array:
    """Return the logarithm of `ndtr`, with its digits in both tails.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        Within 9 units in the last place from -1e18 to where it is no normal number.

    Notes
    -----
    The derivative, density over share, is taken from `erfcx` on the left, where both are too small for a
    number; it stays near ``-x``.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.special.log_ndtr(np.asarray([-1e8, 0.0]))
    array([-5.00000000e+15, -6.93147181e-01])
    >>> bp.grad(bp.special.log_ndtr)(np.asarray(-1e8))
    array(1.e+08)
    """
    return own(x).log_ndtr(x)
