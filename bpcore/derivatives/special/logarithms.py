"""The logistic function, sums of exponentials, and their logarithms."""

from __future__ import annotations

from bpcore.derivatives.rules.broadcast import Axis
from bpcore.derivatives.special.own import own
from bpcore.words.protocols import Array

__all__ = [
    "expit",
    "log_expit",
    "log_softmax",
    "logit",
    "logsumexp",
    "relu",
    "softmax",
    "softplus",
    "xlogy",
]


def expit(x: Array, /) -> Array:
    """Return the logistic function ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        From 0 to 1; within 3 units in the last place.
    """
    return own(x).expit(x)


def logit(x: Array, /) -> Array:
    """Return ``log(x / (1 - x))``, the inverse of `expit`, with its digits near 1/2 as well.

    Parameters
    ----------
    x : array, real floating
        From 0, where the result is minus infinity, to 1, where it is infinite; NaN outside.

    Returns
    -------
    array of the shape and dtype of `x`
        Within 4 units in the last place.
    """
    return own(x).logit(x)


def log_expit(x: Array, /) -> Array:
    """Return ``log(expit(x))``, which is ``-softplus(-x)``.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        Within 3 units in the last place.
    """
    return own(x).log_expit(x)


def softplus(x: Array, /) -> Array:
    """Return ``log(1 + exp(x))``, which is close to x where that is large.

    Parameters
    ----------
    x : array, real floating

    Returns
    -------
    array of the shape and dtype of `x`
        Within 3 units in the last place.
    """
    return own(x).softplus(x)


def relu(x: Array, /) -> Array:
    """Return ``max(x, 0)``; the derivative at 0 is 0.

    Parameters
    ----------
    x : array, real floating
    """
    return own(x).relu(x)


def xlogy(x: Array, y: Array, /) -> Array:
    """Return ``x log(y)``, and 0 where x is 0 and y is a number.

    Parameters
    ----------
    x, y : arrays, real floating, or one of them a number
        They are broadcast.

    Notes
    -----
    The derivative by x is ``log(y)``, and 0 where x is 0 and y is not above 0: there is no slope to give.
    The derivative by y is ``x / y``, and 0 where both are 0.
    """
    return own(x, y).xlogy(x, y)


def logsumexp(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return ``log(sum(exp(x)))``, which never overflows.

    Parameters
    ----------
    x : array, real floating
    axis : int, tuple of int or None
        None means all axes.
    keepdims : bool
        Whether the axes that were summed over stay, with length 1.

    Notes
    -----
    What is minus infinity adds nothing, and has derivative 0; where all are, so is the result, and the
    derivatives are 0.
    """
    return own(x).logsumexp(x, axis=axis, keepdims=keepdims)


def softmax(x: Array, /, *, axis: int = -1) -> Array:
    """Return ``exp(x) / sum(exp(x))``.

    Parameters
    ----------
    x : array, real floating
    axis : int
        The axis over which the results sum to 1.

    Notes
    -----
    What is minus infinity is masked: its share is 0, and so is its derivative. Where all are, there are no
    shares, and the results are NaN. The error of a share grows with the distance d of its score from the
    greatest, by about d / 2 units in the last place: so coarse is the distance itself.
    """
    return own(x).softmax(x, axis=axis)


def log_softmax(x: Array, /, *, axis: int = -1) -> Array:
    """Return ``log(softmax(x))``, with its digits where the share is small.

    Parameters
    ----------
    x : array, real floating
    axis : int
        The axis over which the shares sum to 1.
    """
    return own(x).log_softmax(x, axis=axis)
