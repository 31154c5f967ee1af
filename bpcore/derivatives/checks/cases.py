"""Sample calls of every differentiable function, by chapter.

The values keep away from edges, kinks and ties by more than the steps that differences take in float32:
0.08 of the value, and of 1 near zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType

from bpcore.derivatives.checks.case import OWN_DEVICE, Case, DtypeName, case, given, mask, numbers, places

__all__ = ["CASES"]

Span = tuple[float, float]


def _unary(name: str, low: float = -2.0, high: float = 2.0) -> list[Case]:
    return [case(name, numbers(*shape, low=low, high=high)) for shape in ((2, 3), (1, 2, 2), ())]


def _binary(name: str, a: Span = (-2.0, 2.0), b: Span = (-2.0, 2.0)) -> list[Case]:
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


def _reduced(name: str, **static: object) -> list[Case]:
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


_data_types = [
    case("astype", numbers(2, 3), DtypeName("float32")),
    case("astype", numbers(2), DtypeName("float32"), copy=False),
    case("to_device", numbers(2, 3), OWN_DEVICE),
]

_arithmetic = [
    *_binary("add"),
    *_binary("subtract"),
    *_binary("multiply"),
    *_binary("divide", b=(1.0, 2.5)),
    *_binary("divide", b=(-2.5, -1.0)),
    *_binary("pow", a=(0.9, 2.0), b=(-1.5, 2.5)),
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
    *_unary("negative"),
    *_unary("positive"),
    *_unary("abs"),
    case("abs", given(0.7)),
    *_unary("square"),
    *_unary("reciprocal", 1.0, 2.5),
    *_unary("reciprocal", -2.5, -1.0),
    *_unary("sqrt", 0.8, 3.0),
    *_binary("hypot", a=(1.0, 2.0)),
]

_transcendental = [
    *_unary("exp"),
    *_unary("expm1"),
    *_unary("log", 0.8, 3.0),
    *_unary("log1p", -0.2, 2.0),
    *_unary("log2", 0.8, 3.0),
    *_unary("log10", 0.8, 3.0),
    *_binary("logaddexp"),
    *_unary("sin"),
    *_unary("cos"),
    *_unary("tan", -0.7, 0.7),
    *_unary("asin", -0.6, 0.6),
    *_unary("acos", -0.6, 0.6),
    *_unary("atan"),
    *_binary("atan2", a=(1.0, 2.0)),
    *_unary("sinh"),
    *_unary("cosh"),
    *_unary("tanh"),
    *_unary("asinh"),
    *_unary("acosh", 1.7, 3.0),
    *_unary("atanh", -0.5, 0.5),
]

_choosing = [
    *_binary("maximum", b=(-1.1, 0.9)),
    *_binary("minimum", b=(-1.1, 0.9)),
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

_indexing = [
    *(
        case("getitem", numbers(2, 3), key=key)
        for key in (
            0,
            -1,
            (1, 2),
            (slice(None), 1),
            (Ellipsis, slice(1, None)),
            (0, slice(0, 3, 2)),
            Ellipsis,
        )
    ),
    case("getitem", numbers(2, 2, 2), key=(1, ..., 0)),
    case("getitem", numbers(2, 3), key=(None, slice(None), None, 0)),
    case("getitem", numbers(2, 3), key=(slice(1, 1), slice(None))),
    case("slice_scatter", numbers(3), key=(0, ...), shape=(2, 3)),
    case("slice_scatter", numbers(2, 2), key=(slice(None), slice(0, 3, 2)), shape=(2, 3)),
    case("take", numbers(3), places(2, 0, 2)),
    case("take", numbers(2, 3), places(2, 0, 2, 1), axis=1),
    case("take", numbers(3, 2), places(1, 1), axis=0),
    case("take", numbers(2, 2, 2), places(1, 0, 1), axis=-2),
    case("index_add", numbers(3), places(2, 0, 2), numbers(3), axis=0),
    case("index_add", numbers(2, 3), places(1, 1), numbers(2, 2), axis=1),
    case("index_add", numbers(3, 2), places(2, 0), numbers(2, 2), axis=-2),
]

_linear_algebra = [
    *(
        case("matmul", numbers(*a), numbers(*b))
        for a, b in (
            ((2, 3), (3, 2)),
            ((2, 2), (2, 2)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((2, 2, 3), (3, 2)),
            ((2, 2), (2, 2, 1)),
            ((2, 1, 1, 2), (3, 2, 1)),
            ((3,), (2, 3, 2)),
            ((2, 2, 3), (3,)),
        )
    ),
    case("matrix_transpose", numbers(2, 3)),
    case("matrix_transpose", numbers(2, 2, 2)),
    *(
        case("tensordot", numbers(*a), numbers(*b), axes=axes)
        for a, b, axes in (
            ((2, 3), (3, 2), 1),
            ((2, 2, 3), (2, 3), 2),
            ((2,), (3,), 0),
            ((2, 3), (2, 3), ((1,), (1,))),
            ((2, 3), (3, 2), ((0, 1), (1, 0))),
            ((2, 3, 2), (2, 2, 3), ((0, 1), (1, 2))),
            ((2, 3), (3, 2), ((-1,), (-2,))),
        )
    ),
    case("tensordot", numbers(2, 2, 2), numbers(2, 2)),
    case("vecdot", numbers(2, 3), numbers(2, 3)),
    case("vecdot", numbers(3), numbers(2, 3)),
    case("vecdot", numbers(2, 1, 2), numbers(2, 2), axis=-1),
    case("vecdot", numbers(2, 3), numbers(2, 1), axis=-2),
]

_manipulation = [
    *(
        case("broadcast_to", numbers(*before), after)
        for before, after in (((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 2)), ((2, 2), (2, 2)))
    ),
    *(case("expand_dims", numbers(2, 3), axis=axis) for axis in (0, 1, -1)),
    *(case("flip", numbers(2, 3), axis=axis) for axis in (None, 0, -1, (0, 1))),
    case("moveaxis", numbers(2, 3), 0, -1),
    case("moveaxis", numbers(2, 1, 3), (0, 1), (-1, 0)),
    case("permute_dims", numbers(2, 3), (1, 0)),
    case("permute_dims", numbers(2, 1, 3), (2, 0, 1)),
    case("reshape", numbers(2, 3), (3, 2)),
    case("reshape", numbers(2, 3), (-1,)),
    case("reshape", numbers(1), ()),
    case("roll", numbers(2, 3), 2),
    case("roll", numbers(2, 3), 1, axis=-1),
    case("roll", numbers(2, 3), (1, -1), axis=(0, 1)),
    case("squeeze", numbers(1, 2), 0),
    case("squeeze", numbers(1, 2, 1), (0, -1)),
    case("concat", numbers(2, 2), numbers(1, 2)),
    case("concat", numbers(2, 1), numbers(2, 2), numbers(2, 1), axis=-1),
    case("concat", numbers(2, 2), numbers(3), axis=None),
    case("concat", numbers(2, 2)),
    case("stack", numbers(2), numbers(2)),
    case("stack", numbers(2, 2), numbers(2, 2), numbers(2, 2), axis=1),
    case("stack", numbers(2, 1), numbers(2, 1), axis=-1),
]

_special = [
    *_unary("expit"),
    *_unary("softplus"),
    *_unary("relu"),
    case("relu", given(0.7)),
    *_unary("erf"),
    *_reduced("logsumexp"),
    *(case(name, numbers(2, 3)) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 3), axis=0) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 1, 2), axis=-3) for name in ("softmax", "log_softmax")),
]

_statistical = [
    *_reduced("sum"),
    case("sum", numbers(2, 3), axis=1, dtype=DtypeName("float32")),
    *_reduced("mean"),
    *_reduced("max"),
    *_reduced("min"),
    *_reduced("var"),
    *_reduced("std"),
    *_reduced("var", correction=1)[:6],
    *_reduced("std", correction=1)[:6],
    *(case(name, numbers()) for name in ("sum", "mean", "max", "min")),
]

CASES: Mapping[str, tuple[Case, ...]] = MappingProxyType(
    {
        name: tuple(cases)
        for name, cases in groupby(
            sorted(
                [
                    *(*_data_types, *_arithmetic, *_transcendental, *_choosing),
                    *(*_indexing, *_linear_algebra, *_manipulation, *_special, *_statistical),
                ],
                key=lambda one: one.function,
            ),
            key=lambda one: one.function,
        )
    }
)
"""The cases of each function, by its name in the table of rules."""
