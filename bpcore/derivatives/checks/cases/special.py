"""Sample calls of the functions beyond the standard."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, given, numbers
from bpcore.derivatives.checks.cases.families import reduced, unary

__all__ = ["CASES"]

CASES = [
    *unary("expit"),
    *unary("softplus"),
    *unary("relu"),
    case("relu", given(0.7)),
    *unary("erf"),
    *reduced("logsumexp"),
    *(case(name, numbers(2, 3)) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 3), axis=0) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 1, 2), axis=-3) for name in ("softmax", "log_softmax")),
]
