"""Families of sample calls: each kind of shape, of broadcasting, of naming an axis."""

from __future__ import annotations

from bpcore.derivatives.checks.case import Case, case, numbers

__all__ = ["Span", "binary", "reduced", "unary"]

Span = tuple[float, float]


def unary(name: str, low: float = -2.0, high: float = 2.0) -> list[Case]:
    """Return cases of three shapes, one of them a number."""
    return [case(name, numbers(*shape, low=low, high=high)) for shape in ((2, 3), (1, 2, 2), ())]


def binary(name: str, a: Span = (-2.0, 2.0), b: Span = (-2.0, 2.0)) -> list[Case]:
    """Return cases of equal shapes, each kind of broadcasting, and Python numbers on either side."""
    pairs = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 2)), ((), (2, 2)), ((2,), (2, 1, 1)))
    x, y = (round(low + 0.6 * (high - low), 1) for low, high in (a, b))
    return [
        *(
            case(name, numbers(*left, low=a[0], high=a[1]), numbers(*right, low=b[0], high=b[1] + 0.3))
            for left, right in pairs
        ),
        case(name, numbers(2, 2, low=a[0], high=a[1]), y),
        case(name, x, numbers(2, 2, low=b[0], high=b[1])),
    ]


def reduced(name: str, **static: object) -> list[Case]:
    """Return cases of every way to name an axis."""
    return [
        case(name, numbers(2, 3), **static),
        case(name, numbers(2, 3), axis=0, **static),
        case(name, numbers(2, 3), axis=-1, keepdims=True, **static),
        case(name, numbers(2, 2, 2), axis=(0, 2), **static),
        case(name, numbers(2, 2, 2), axis=(-1, 0), keepdims=True, **static),
        case(name, numbers(3, 1), axis=0, keepdims=True, **static),
        case(name, numbers(2, 2), keepdims=True, **static),
    ]
