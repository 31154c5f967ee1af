"""Sample calls of the element-wise functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, given, mask, numbers
from bpcore.derivatives.checks.cases.families import binary, unary

__all__ = ["CASES"]

_arithmetic = [
    *binary("add"),
    *binary("subtract"),
    *binary("multiply"),
    *binary("divide", b=(1.0, 2.5)),
    *binary("divide", b=(-2.5, -1.0)),
    *binary("pow", a=(0.9, 2.0), b=(-1.5, 2.5)),
    *(case("pow", numbers(2, 2, low=0.9, high=2.0), b) for b in (0.5, -1.5, 2.5, 0, 1)),
    *(case("pow", numbers(2, 2), b) for b in (2, 3, 2.0, 0.0, 4.0)),
    case("pow", given([[-1.5, -2.0]]), -1),
    *(
        case("remainder", a, b)
        for a, b in (
            (given([[5.3, -4.4], [7.1, 3.5]]), given([[2.0, 3.0], [-3.0, -2.2]])),
            (given([[5.3, -4.4]]), given([[2.0], [3.1]])),
            (given([[5.3, -4.4]]), 3.1),
            (5.3, given([[2.0, -2.2]])),
        )
    ),
    *unary("negative"),
    *unary("positive"),
    *unary("abs"),
    case("abs", given(0.7)),
    *unary("square"),
    *unary("reciprocal", 1.0, 2.5),
    *unary("reciprocal", -2.5, -1.0),
    *unary("sqrt", 0.8, 3.0),
    *binary("hypot", a=(1.0, 2.0)),
]

_complex_parts = [*unary("conj")]

_transcendental = [
    *unary("exp"),
    *unary("expm1"),
    *unary("log", 0.8, 3.0),
    *unary("log1p", -0.2, 2.0),
    *unary("log2", 0.8, 3.0),
    *unary("log10", 0.8, 3.0),
    *binary("logaddexp"),
    *unary("sin"),
    *unary("cos"),
    *unary("tan", -0.7, 0.7),
    *unary("asin", -0.6, 0.6),
    *unary("acos", -0.6, 0.6),
    *unary("atan"),
    *binary("atan2", a=(1.0, 2.0)),
    *unary("sinh"),
    *unary("cosh"),
    *unary("tanh"),
    *unary("asinh"),
    *unary("acosh", 1.7, 3.0),
    *unary("atanh", -0.5, 0.5),
]

_choosing = [
    *binary("maximum", b=(-1.1, 0.9)),
    *binary("minimum", b=(-1.1, 0.9)),
    case("where", mask([[True, False, True], [False, False, True]]), numbers(2, 3), numbers(2, 3)),
    case("where", mask([True, False]), numbers(2, 2), numbers(2, 1)),
    case("where", mask([[True], [False]]), numbers(), numbers(2)),
    case("where", mask([[True, False]]), numbers(2, 2), 0.5),
    case("where", mask([[True, False]]), 0.5, numbers(2, 2)),
    case("copysign", numbers(2, 2), numbers(2, 2, low=-2.0, high=2.5)),
    case("copysign", numbers(2, 2), numbers(2)),
    case("copysign", numbers(2), numbers(2, 1)),
    case("copysign", numbers(2, 2), -1.5),
]

CASES = [*_arithmetic, *_complex_parts, *_transcendental, *_choosing]
