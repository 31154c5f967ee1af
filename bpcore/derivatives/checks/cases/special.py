"""Sample calls of the functions beyond the standard."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, given, numbers
from bpcore.derivatives.checks.cases.families import binary, reduced, unary

__all__ = ["CASES"]

CASES = [
    *unary("expit"),
    *unary("softplus"),
    *unary("relu"),
    case("relu", given(0.7)),
    *unary("log_expit"),
    *unary("logit", 0.35, 0.65),
    *unary("erf"),
    *unary("erfc"),
    *unary("erfcx", -1.0, 6.0),
    *unary("ndtr"),
    *unary("log_ndtr"),
    case("log_ndtr", numbers(2, 3, low=-14.0, high=-5.0)),
    *unary("gammaln", 1.4, 4.0),
    case("gammaln", numbers(2, 2, low=9.0, high=12.0)),
    *unary("digamma", 1.6, 4.0),
    *(case("polygamma", numbers(2, 2, low=1.6, high=4.0), order=order) for order in (0, 1, 2)),
    *binary("xlogy", b=(0.7, 2.0)),
    *reduced("logsumexp"),
    *(case(name, numbers(2, 3)) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 3), axis=0) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 1, 2), axis=-3) for name in ("softmax", "log_softmax")),
]
