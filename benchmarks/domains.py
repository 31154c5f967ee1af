"""Where each special function is measured, and what mpmath says that it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

__all__ = ["DIGITS", "DOMAINS", "Domain"]

DIGITS = 50
"""Decimal digits of the references."""
POINTS = 400
_random = np.random.default_rng(20261122)

Points = np.ndarray[Any, Any]
Reference = Callable[..., Any]


@dataclass(frozen=True)
class Domain:
    """Points at which a function is measured.

    Attributes
    ----------
    function : str
    text : str
        The domain in words.
    reference : function
        Of the numbers at one point, in mpmath; for a function over an axis, of a row, to one number or a
        list of them.
    inputs : tuple of arrays
        In float64; they are rounded to the dtype that is measured.
    static : mapping
        The options.
    floor : float
        Errors are in units in the last place of the result, or of this where the result is less: not 0
        where the result has zeros that it goes through.
    """

    function: str
    text: str
    reference: Reference
    inputs: tuple[Points, ...]
    static: Mapping[str, Any] = field(default_factory=dict)
    floor: float = 0.0

    @property
    def name(self) -> str:
        """The function, with its options."""
        options = ", ".join(f"{name}={value}" for name, value in self.static.items())
        return f"{self.function}({options})" if options else self.function


def _even(low: float, high: float) -> Points:
    return _random.uniform(low, high, POINTS)


def _powers(low: float, high: float) -> Points:
    """Return numbers from 10**low to 10**high, even in their logarithm."""
    return np.asarray(10.0) ** _random.uniform(low, high, POINTS)


def _around(centre: float) -> Points:
    """Return numbers around another, some of them as close as 1e-12."""
    signs = _random.choice([-1.0, 1.0], POINTS)
    return np.asarray(centre + signs * 10.0 ** _random.uniform(-12, -1, POINTS))


def _logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _log_ndtr(x: Any) -> Any:
    return mp.log(mp.ncdf(x)) if x < 0 else mp.log1p(-mp.ncdf(-x))


def _shares(*row: Any) -> list[Any]:
    total = mp.fsum(mp.exp(x) for x in row)
    return [mp.exp(x) / total for x in row]


def _pointwise() -> list[Domain]:
    """Return the domains of the logistic functions and the normal distribution."""
    wide = (_even(-40, 40),)
    return [
        Domain("expit", "-40 to 40", _logistic, wide),
        Domain("softplus", "-40 to 40", lambda x: mp.log1p(mp.exp(x)), wide),
        Domain("log_expit", "-40 to 40", lambda x: -mp.log1p(mp.exp(-x)), wide),
        *(
            Domain("logit", text, lambda x: mp.log(x) - mp.log1p(-x), (points,))
            for text, points in (
                ("0 to 1", _even(0, 1)),
                ("around 1/2", _around(0.5)),
                ("1e-30 to 0.1", _powers(-30, -1)),
            )
        ),
        Domain("erf", "-6 to 6", mp.erf, (_even(-6, 6),)),
        Domain("erf", "1e-20 to 1", mp.erf, (_powers(-20, 0),)),
        Domain("erfc", "-6 to 6", mp.erfc, (_even(-6, 6),)),
        Domain("erfc", "6 to 26", mp.erfc, (_even(6, 26),)),
        *(
            Domain("erfcx", text, lambda x: mp.exp(x * x) * mp.erfc(x), (points,))
            for text, points in (
                ("-26 to 0", _even(-26, 0)),
                ("0 to 5", _even(0, 5)),
                ("1 to 1e30", _powers(0, 30)),
            )
        ),
        Domain("ndtr", "-6 to 6", mp.ncdf, (_even(-6, 6),)),
        Domain("ndtr", "-37 to -6", mp.ncdf, (_even(-37, -6),)),
        Domain("log_ndtr", "-6 to 6", _log_ndtr, (_even(-6, 6),)),
        Domain("log_ndtr", "-1e18 to -6", _log_ndtr, (-_powers(0.8, 18),)),
        Domain("log_ndtr", "6 to 37", _log_ndtr, (_even(6, 37),)),
    ]


def _gammas() -> list[Domain]:
    """Return the domains of the gamma function's relatives."""

    def log_gamma(x: Any) -> Any:
        return mp.re(mp.loggamma(x))

    tiny, middle, large, left = _powers(-30, 0), _even(3, 12), _powers(0.5, 30), _even(-20, 0)
    return [
        Domain("gammaln", "1e-30 to 1", log_gamma, (tiny,)),
        Domain("gammaln", "0 to 3", log_gamma, (_even(0, 3),)),
        Domain("gammaln", "around 1", log_gamma, (_around(1.0),)),
        Domain("gammaln", "around 2", log_gamma, (_around(2.0),)),
        Domain("gammaln", "3 to 12", log_gamma, (middle,)),
        Domain("gammaln", "3 to 1e30", log_gamma, (large,)),
        Domain("gammaln", "-20 to 0, of 1 at least", log_gamma, (left,), floor=1.0),
        Domain("digamma", "1e-30 to 1", mp.digamma, (tiny,)),
        Domain("digamma", "0 to 3", mp.digamma, (_even(0, 3),)),
        Domain("digamma", "around 1.4616", mp.digamma, (_around(1.4616321449683622),)),
        Domain("digamma", "3 to 12", mp.digamma, (middle,)),
        Domain("digamma", "3 to 1e30", mp.digamma, (large,)),
        Domain("digamma", "-20 to 0, of 1 at least", mp.digamma, (left,), floor=1.0),
        *(
            Domain("polygamma", text, _polygamma(order), (points,), {"order": order}, floor)
            for order in (1, 2, 3)
            for text, points, floor in (
                ("0 to 12", _even(0, 12), 0.0),
                ("1 to 1e8", _powers(0, 8), 0.0),
                ("-20 to 0, of 1 at least", left, 1.0),
            )
        ),
    ]


def _polygamma(order: int) -> Reference:
    return lambda x: mp.polygamma(order, x)


def _products() -> list[Domain]:
    """Return the domains of functions of two arrays, and over an axis: rows of eight."""
    rows = (_random.uniform(-30, 30, (POINTS // 4, 8)),)
    return [
        Domain(
            "xlogy",
            "0 to 10 and 1e-10 to 1e10",
            lambda x, y: x * mp.log(y),
            (_even(0, 10), _powers(-10, 10)),
        ),
        Domain("softmax", "rows of 8, -30 to 30", _shares, rows, {"axis": -1}),
        Domain(
            "logsumexp",
            "rows of 8, -30 to 30, of 1 at least",
            lambda *row: mp.log(mp.fsum(mp.exp(x) for x in row)),
            rows,
            {"axis": -1},
            floor=1.0,
        ),
        Domain(
            "log_softmax",
            "rows of 8, -30 to 30, of 1 at least",
            lambda *row: [mp.log(share) for share in _shares(*row)],
            rows,
            {"axis": -1},
            floor=1.0,
        ),
    ]


DOMAINS = (*_pointwise(), *_gammas(), *_products())
"""Every domain, in the order of the table."""
