"""SciPy's names for functions beyond the standard.

SciPy asks a namespace that it does not know for ``special``, and calls what it finds there in place of its
compiled functions. Those that bpcore has under another name, or that are made of such, are here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

from bpcore.words.protocols import Array, Namespace

__all__ = ["special"]

SAME = (
    *("digamma", "erf", "erfc", "erfcx", "expit", "gammaln", "log_expit", "log_ndtr", "logit", "ndtr"),
    "xlogy",
)
"""Functions that are called by the same name here and there."""


def special(xp: Namespace) -> Namespace:
    """Return SciPy's names, of those functions that the differentiable namespace `xp` has."""
    ours = vars(xp)
    functions = {name: ours[name] for name in SAME if name in ours}
    functions["psi"] = ours["digamma"]
    return SimpleNamespace(**functions, **{name: partial(made, xp) for name, made in MADE.items()})


# Written with operators: SciPy passes numbers as they are, and the standard has no function of numbers alone.


def betaln(xp: Namespace, a: Array, b: Array, /) -> Array:
    """Return the logarithm of the beta function, of positive numbers."""
    return xp.gammaln(a) + xp.gammaln(b) - xp.gammaln(a + b)


def cosm1(xp: Namespace, x: Array, /) -> Array:
    """Return ``cos(x) - 1``, without its rounding near zero."""
    return -2.0 * xp.square(xp.sin(0.5 * x))


def entr(xp: Namespace, x: Array, /) -> Array:
    """Return ``-x log(x)``; minus infinity where `x` is negative."""
    kept = xp.where(x < 0, 1.0, x)
    return xp.where(x < 0, -math.inf, -xp.xlogy(kept, kept))


def huber(xp: Namespace, delta: Array, r: Array, /) -> Array:
    """Return ``r**2 / 2``, and ``delta (abs(r) - delta / 2)`` beyond `delta`, which is not negative."""
    size = xp.abs(r)
    return xp.where(size <= delta, 0.5 * (r * r), delta * (size - 0.5 * delta))


def kl_div(xp: Namespace, x: Array, y: Array, /) -> Array:
    """Return ``x log(x / y) - x + y``, of numbers that are not negative."""
    return xp.xlogy(x, x / y) - x + y


def pseudo_huber(xp: Namespace, delta: Array, r: Array, /) -> Array:
    """Return ``delta**2 (sqrt(1 + (r / delta)**2) - 1)``, without the rounding of the difference."""
    ratio = xp.square(r / delta)
    return delta * delta * (ratio / (1.0 + xp.sqrt(1.0 + ratio)))


def xlog1py(xp: Namespace, x: Array, y: Array, /) -> Array:
    """Return ``x log(1 + y)``; zero where `x` is zero and ``log(1 + y)`` infinite."""
    pole = xp.logical_and(x == 0, y == -1)
    return x * xp.log1p(xp.where(pole, 0.0, y))


MADE: dict[str, Callable[..., Array]] = {
    "betaln": betaln,
    "cbrt": lambda xp, x: xp.multiply(xp.sign(x), xp.pow(xp.abs(x), 1 / 3)),
    "cosm1": cosm1,
    "entr": entr,
    "exp2": lambda xp, x: xp.pow(2.0, x),
    "exp10": lambda xp, x: xp.pow(10.0, x),
    "huber": huber,
    "kl_div": kl_div,
    "pseudo_huber": pseudo_huber,
    "xlog1py": xlog1py,
}
