"""`bpcore.special`: differentiable functions beyond the standard, of plain and of traced arrays.

Each goes to the library of its own array: to a function of that library's where it is exact, and to bpcore's
body in functions of the standard where it is not, or where there is none. Every one has a derivative, whose
derivative is right as well. The namespaces have them under the same names: ``bp.namespace("numpy").erf``.

Accuracy is said in units in the last place, of float64 and float32 alike, for bpcore's bodies over NumPy, as
measured against mpmath; docs/accuracy.md has the ranges, and the other libraries.
"""

from __future__ import annotations

from bpcore.derivatives.special.arrays import conv, einsum, index_add, pad, top_k
from bpcore.derivatives.special.distributions import erf, erfc, erfcx, log_ndtr, ndtr
from bpcore.derivatives.special.gammas import digamma, gammaln, polygamma
from bpcore.derivatives.special.logarithms import (
    expit,
    log_expit,
    log_softmax,
    logit,
    logsumexp,
    relu,
    softmax,
    softplus,
    xlogy,
)

__all__ = [
    "conv",
    "digamma",
    "einsum",
    "erf",
    "erfc",
    "erfcx",
    "expit",
    "gammaln",
    "index_add",
    "log_expit",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "pad",
    "polygamma",
    "relu",
    "softmax",
    "softplus",
    "top_k",
    "xlogy",
]
