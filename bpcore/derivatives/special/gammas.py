"""The logarithm of the gamma function and its derivatives."""

from __future__ import annotations

from bpcore.derivatives.special.own import own
from bpcore.words.protocols import Array

__all__ = ["digamma", "gammaln", "polygamma"]


def gammaln(x: Array, /) -> Array:
    """Return ``log(abs(gamma(x)))``.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        For positive x within 8 units in the last place, near the zeros at 1 and 2 as well. For negative x
        within 6 units in the last place of the result, or of 1 where the result is less: its zeros there
        are not treated. Infinite at zero, the negative whole numbers and both infinities.

    Notes
    -----
    Stirling's series from 8.5 on (Abramowitz and Stegun, 6.1.41); from 1.5 to 2.5 a Chebyshev expansion
    made for bpcore; between, the recurrence; to the left, the reflection formula (6.1.17).
    """
    return own(x).gammaln(x)


def digamma(x: Array, /) -> Array:
    """Return the derivative of `gammaln`.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        For positive x within 4 units in the last place, near the zero at 1.4616 as well. For negative x
        within 6 units in the last place of the result, or of 1 where the result is less. At zero infinite,
        against the sign of the zero; NaN at the negative whole numbers and at minus infinity.

    Notes
    -----
    The asymptotic series from 8.5 on (Abramowitz and Stegun, 6.3.18); from 1 to 2.25 a Chebyshev expansion
    made for bpcore; between, the recurrence; to the left, the reflection formula (6.3.7).
    """
    return own(x).digamma(x)


def polygamma(x: Array, /, *, order: int) -> Array:
    """Return the derivative of `digamma` of an order.

    Parameters
    ----------
    x : array, real floating
    order : int
        0 or more; 0 is `digamma` itself, 1 the trigamma function.

    Returns
    -------
    array of the shape and dtype of `x`
        For positive x and orders up to 3 within 12 units in the last place. For negative x the reflection
        formula adds two terms: in order 1 both are positive, and the result is within 6 units; in order 2
        they have two signs, and near its zeros it is within 60 units in the last place of 1. At zero and the
        negative whole numbers infinite in odd orders and NaN in even ones.

    Notes
    -----
    A sum of ten inverse powers and the formula of Euler and Maclaurin for the rest (Abramowitz and Stegun,
    6.4.10 and 3.6.28).
    """
    return own(x).polygamma(x, order=order)
