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


def betaln(xp: Namespace, a: Array, b: Array, /) -> Array:
    """Return the logarithm of the beta function, of positive numbers."""
    return xp.subtract(xp.add(xp.gammaln(a), xp.gammaln(b)), xp.gammaln(xp.add(a, b)))


def entr(xp: Namespace, x: Array, /) -> Array:
    """Return ``-x log(x)``; minus infinity where `x` is negative."""
    kept = xp.where(xp.less(x, 0.0), 1.0, x)
    return xp.where(xp.less(x, 0.0), -math.inf, xp.negative(xp.xlogy(kept, kept)))


def kl_div(xp: Namespace, x: Array, y: Array, /) -> Array:
    """Return ``x log(x / y) - x + y``."""
    return xp.add(xp.subtract(xp.xlogy(x, xp.divide(x, y)), x), y)


MADE: dict[str, Callable[..., Array]] = {
    "betaln": betaln,
    "entr": entr,
    "exp2": lambda xp, x: xp.pow(2.0, x),
    "exp10": lambda xp, x: xp.pow(10.0, x),
    "kl_div": kl_div,
}
