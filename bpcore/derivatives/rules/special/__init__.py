"""Beyond the standard: one file per idea, each function with a body in functions of the standard.

A backend that has a native one offers it as a kernel of the same name.
"""

from __future__ import annotations

from bpcore.derivatives.rules.function import Function, constant
from bpcore.derivatives.rules.special import (
    contraction,
    convolution,
    error_function,
    gamma,
    logarithms,
    logistic,
    padding,
    ranking,
    softmax,
)

__all__ = ["FUNCTIONS"]

FUNCTIONS: tuple[Function, ...] = (
    *logistic.FUNCTIONS,
    *error_function.FUNCTIONS,
    *gamma.FUNCTIONS,
    *logarithms.FUNCTIONS,
    *softmax.FUNCTIONS,
    *contraction.FUNCTIONS,
    *padding.FUNCTIONS,
    *ranking.FUNCTIONS,
    *convolution.FUNCTIONS,
    *constant("that is its purpose", "stop_gradient", compute=lambda xp, x: x),
)
