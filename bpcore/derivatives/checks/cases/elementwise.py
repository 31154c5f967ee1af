"""Sample calls of the element-wise functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import Case, case, complexes, given, mask, numbers
from bpcore.derivatives.checks.cases.families import binary, unary

__all__ = ["CASES"]

_arithmetic = [
    case("hypot", given([[0.0, 1.2]]), given([[1.5, -0.7]])),
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
    case("nextafter", numbers(2, 2), numbers(2, 1, low=3.0, high=4.0)),
    case("nextafter", numbers(2, 1), numbers(1, 2, low=3.0, high=4.0)),
    case("nextafter", numbers(2), numbers(2, 2, low=3.0, high=4.0)),
    case("clip", numbers(2, 3), -1.1, 0.9),
    case("clip", numbers(2, 3), None, 0.9),
    case("clip", numbers(2, 3), -1.1, None),
    case("clip", numbers(2, 3), None, None),
    case("clip", numbers(2, 3), given([-1.1, 0.3, -0.4]), given([[0.9], [1.5]])),
    case("clip", numbers(3), given([[-0.7], [0.6]]), 1.2),
]


def _complex(
    name: str, *others: object, low: float = -2.0, high: float = 2.0, near: float = 0.0
) -> list[Case]:
    """Return cases above and below the real axis, no nearer to it than told."""
    spans = ((near, 2.0), (-2.0, -near)) if near else ((-2.0, 2.0),)
    return [
        case(name, complexes(*shape, low=low, high=high, imag=span), *others)
        for span in spans
        for shape in ((2, 2), ())
    ]


_complex_numbers = [
    *(one for name in ("negative", "positive", "square", "conj", "real", "imag") for one in _complex(name)),
    *(one for name in ("exp", "expm1", "sin", "cos", "sinh", "cosh") for one in _complex(name)),
    *(one for name in ("log", "log2", "log10", "log1p", "sqrt") for one in _complex(name, near=0.6)),
    *(one for name in ("acos", "acosh", "asin", "atanh") for one in _complex(name, near=0.6)),
    *(one for name in ("abs", "reciprocal") for one in _complex(name, near=0.8)),
    *(one for name in ("asinh", "atan") for one in _complex(name, low=0.7, high=2.0)),
    *(one for name in ("asinh", "atan") for one in _complex(name, low=-2.0, high=-0.7)),
    *(case(name, complexes(2, 2, low=-0.6, high=0.6)) for name in ("tan", "tanh")),
    *(case(name, complexes(2, 2), complexes(2)) for name in ("add", "subtract", "multiply")),
    *(case(name, numbers(2, 2), complexes(2)) for name in ("add", "subtract", "multiply")),
    *(case(name, complexes(2), numbers(2, 2)) for name in ("add", "subtract", "multiply")),
    *(case(name, complexes(2, 2), 0.5 - 1.5j) for name in ("add", "multiply", "divide")),
    case("subtract", 0.5 - 1.5j, complexes(2, 2)),
    case("divide", complexes(2, 2), complexes(2, imag=(1.0, 2.0))),
    case("divide", numbers(2, 2), complexes(2, imag=(1.0, 2.0))),
    case("divide", complexes(2, 1), numbers(2, 2, low=1.0, high=2.0)),
    case("divide", 1.5j, complexes(2, 2, imag=(1.0, 2.0))),
    case("pow", complexes(2, 2, imag=(0.8, 1.5)), complexes(2, low=-1.0, high=1.0)),
    case("pow", complexes(2, 2, imag=(0.8, 1.5)), numbers(2, low=-1.5, high=1.5)),
    case("pow", numbers(2, 2, low=-2.0, high=-1.0), complexes(2, low=-1.0, high=1.0, imag=(0.3, 0.9))),
    *(case("pow", complexes(2, 2, imag=(0.8, 1.5)), b) for b in (0, 1, 2, 3, -1, 0.5, 1.5 - 0.5j)),
    *(case("pow", a, complexes(2, 2, low=-1.0, high=1.0)) for a in (1.5, -1.5, 0.5 + 1j)),
    case("where", mask([[True, False]]), complexes(2, 2), complexes(2)),
    case("where", mask([[True, False]]), numbers(2, 2), complexes(2)),
    case("where", mask([[True, False]]), complexes(2, 2), 0.5j),
]

CASES = [*_arithmetic, *_transcendental, *_choosing, *_complex_numbers]
