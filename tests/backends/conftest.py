"""Calls beside the sample calls of the checks: whole numbers, truth values, what is not a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

Axis = Any
"""What the fixture `backend` of the folder above gives."""


@dataclass(frozen=True, eq=False)
class A:
    """An array of a call, before there is one; floats are of the dtype that is being tested."""

    data: Any
    dtype: str | None = None


@dataclass(frozen=True)
class Here:
    """The device of the axis."""


@dataclass(frozen=True)
class Dtype:
    """A dtype of the axis's library."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function of the table with arguments.

    Attributes
    ----------
    name : str
    args : tuple
        Of `A`, lists of them, numbers and what else the function takes.
    named : dict
    eager : bool
        Whether the result's shape depends on values, or the call names a device: not to be compiled.
    """

    name: str
    args: tuple[Any, ...]
    named: dict[str, Any] = field(default_factory=dict)
    eager: bool = False

    def __str__(self) -> str:
        named = "".join(f"-{key}={value}" for key, value in self.named.items())
        kinds = "".join(
            "a" if isinstance(x, A) else "s" if isinstance(x, float | int) else "." for x in self.args
        )
        return f"{self.name}({kinds}){named}"


X = A([[0.5, -1.5, 2.0], [3.0, -0.25, 1.0]])
Y = A([[2.0, 0.75, -0.5], [1.5, -0.25, -3.0]])
POSITIVE = A([[0.5, 1.5, 2.0], [3.0, 0.25, 1.0]])
INSIDE = A([[0.5, -0.75, 0.0], [0.9, -0.1, 0.25]])
BEYOND = A([[1.0, 1.5, 2.0], [30.0, 4.0, 1.25]])
ODD = A([float("nan"), float("inf"), -float("inf"), 0.0, 1.0])
TRUE = A([[True, False, True], [False, False, True]], "bool")
ALSO = A([[True, True, False], [False, True, False]], "bool")
INTS = A([[5, 0, 3], [1, 7, 2]], "int32")
SMALL = A([[1, 2, 4], [3, 1, 2]], "int32")
PLACES = A([1, 0, 1], "int32")
BACK = A([-1, 0, -2], "int32")
MATRIX = A([[1.0, -2.0], [0.5, 0.25], [3.0, 1.0]])
STACK = A([[[1.0, 2.0, 0.5]], [[-1.0, 0.0, 2.5]]])
IMAGES = A([[[[0.5, 1.0], [2.0, -1.0], [0.25, 3.0]], [[1.5, -0.5], [0.75, 1.0], [-2.0, 0.5]]]])
FILTERS = A([[[[1.0, -0.5], [0.25, 2.0]]], [[[0.5, 1.5], [-1.0, 0.75]]]])
ANSWERS = A([[[[0.5, 1.0, -1.0], [2.0, -1.0, 0.5]], [[1.5, -0.5, 0.25], [0.75, 1.0, -2.0]]]])

UNARY = {
    X: (
        *("negative", "positive", "abs", "square", "reciprocal", "exp", "expm1", "sin", "cos", "tan", "atan"),
        *("sinh", "cosh", "tanh", "asinh", "ceil", "floor", "round", "sign", "trunc", "signbit"),
        *("expit", "softplus", "relu", "erf", "logsumexp", "softmax", "log_softmax", "stop_gradient"),
        *("sum", "mean", "max", "min", "var", "std", "argmax", "argmin", "argsort", "matrix_transpose"),
        *("flip", "zeros_like", "ones_like", "empty_like"),
    ),
    POSITIVE: ("sqrt", "log", "log1p", "log2", "log10"),
    A([[0.6, 1.4, 2.2], [3.1, 0.3, 9.5]]): ("erfc", "gammaln", "digamma", "erfcx", "ndtr", "log_ndtr"),
    A([[0.6, 0.4, 0.2], [0.3, 0.75, 0.9]]): ("logit", "log_expit"),
    INSIDE: ("asin", "acos", "atanh"),
    BEYOND: ("acosh",),
    ODD: ("isfinite", "isinf", "isnan", "max", "sign"),
    TRUE: ("logical_not", "bitwise_invert", "all", "any"),
    INTS: ("bitwise_invert", "count_nonzero", "all", "sum", "max", "abs"),
}
BINARY = {
    (X, Y, 2.0): (
        *("add", "subtract", "multiply", "divide", "remainder", "hypot", "logaddexp", "atan2", "maximum"),
        *("minimum", "copysign", "floor_divide", "equal", "not_equal", "less", "less_equal", "greater"),
        "greater_equal",
    ),
    (POSITIVE, Y, 2.5): ("pow",),
    (X, POSITIVE, 2.0): ("xlogy",),
    (TRUE, ALSO, True): ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or"),
    (INTS, SMALL, 2): (
        *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift", "add"),
        *("multiply", "equal", "less", "remainder", "floor_divide", "maximum"),
    ),
}
SHAPES = (
    Call("broadcast_to", (X, (4, 2, 3))),
    Call("expand_dims", (X,), {"axis": 1}),
    Call("expand_dims", (X,), {"axis": -1}),
    Call("flip", (X,), {"axis": 1}),
    Call("moveaxis", (STACK, 0, 2)),
    Call("permute_dims", (STACK, (2, 0, 1))),
    Call("reshape", (X, (3, -1))),
    Call("roll", (X, 1)),
    Call("roll", (X, (1, 2)), {"axis": (0, 1)}),
    Call("squeeze", (STACK,), {"axis": 1}),
    Call("concat", ([X, Y],)),
    Call("concat", ([X, Y],), {"axis": -1}),
    Call("concat", ([X, MATRIX],), {"axis": None}),
    Call("stack", ([X, Y],), {"axis": -1}),
)
PRODUCTS = (
    Call("matmul", (X, MATRIX)),
    Call("matmul", (A([1.0, 2.0]), X)),
    Call("matmul", (X, A([1.0, 2.0, 3.0]))),
    Call("matmul", (STACK, MATRIX)),
    Call("tensordot", (X, MATRIX), {"axes": 1}),
    Call("tensordot", (X, Y), {"axes": ((0, 1), (0, 1))}),
    Call("vecdot", (X, Y)),
    Call("vecdot", (X, Y), {"axis": -2}),
)
PARTS = (
    Call("getitem", (X,), {"key": (slice(None), 1)}),
    Call("getitem", (STACK,), {"key": (0, Ellipsis, slice(0, 2))}),
    Call("slice_scatter", (X,), {"key": (slice(1, 3), slice(0, 3)), "shape": (4, 5)}),
    Call("slice_scatter", (A(2.0),), {"key": (1,), "shape": (3,)}),
    Call("take", (X, PLACES), {"axis": 0}),
    Call("take", (X, PLACES), {"axis": 1}),
    Call("take", (X, BACK), {"axis": 1}),
    Call("take", (A([1.0, 2.0]), PLACES)),
    Call("index_add", (X, PLACES, A([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5], [4.0, 5.0, 6.0]])), {"axis": 0}),
    Call("index_add", (X, PLACES, A([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]])), {"axis": 1}),
    Call("index_add", (INTS, PLACES, SMALL), {"axis": -1}),
    Call("index_add", (INTS, BACK, SMALL), {"axis": 1}),
    Call("where", (TRUE, X, Y)),
    Call("where", (TRUE, X, 0.0)),
    Call("where", (TRUE, 1.0, Y)),
)
REDUCTIONS = tuple(
    Call(name, (X,), {"axis": axis, "keepdims": keepdims})
    for name in ("sum", "mean", "max", "min", "var", "std", "logsumexp")
    for axis, keepdims in ((None, True), (0, False), (1, True), ((0, 1), False))
)
OTHERS = (
    Call("var", (X,), {"axis": 0, "correction": 1.0}),
    Call("std", (X,), {"correction": 1.0}),
    Call("polygamma", (POSITIVE,), {"order": 1}),
    *(Call("einsum", (text, X, Y)) for text in ("ij,kj->ik", "ij,ij->", "ij,ij->ji", "ij,kl->lijk")),
    Call("einsum", ("ii->i", A([[1.0, 2.0], [3.0, 4.0]]))),
    Call("einsum", ("...ij,jk,k", STACK, MATRIX, A([0.5, 2.0]))),
    *(Call("pad", (X, ((1, 0), (4, 2))), {"mode": mode}) for mode in ("constant", "edge", "reflect", "wrap")),
    Call("pad", (INTS, 1), {"mode": "symmetric"}),
    Call("pad", (X, (0, 1)), {"constant_values": 2.5}),
    *(Call("top_k", (X, 2), {"axis": axis, "largest": bool(axis)}) for axis in (0, -1)),
    *(
        Call(name, arrays, {"stride": (2, 1), "padding": 1, "groups": 2} | more)
        for name, arrays, more in (
            ("conv", (IMAGES, FILTERS), {"dilation": 1}),
            ("conv", (IMAGES, FILTERS), {"padding": "same", "stride": 1, "dilation": (1, 2)}),
            ("conv", (IMAGES, FILTERS), {"padding": ((2, 0), (0, 1))}),
            ("conv_input", (ANSWERS, FILTERS), {"shape": (1, 2, 3, 2)}),
            ("conv_weight", (ANSWERS, IMAGES), {"shape": (2, 1, 2, 2)}),
        )
    ),
    Call("softmax", (X,), {"axis": 0}),
    Call("log_softmax", (X,), {"axis": 0}),
    Call("argmax", (X,), {"axis": 1}),
    Call("argsort", (X,), {"axis": 0}),
    Call("any", (TRUE,), {"axis": 0}),
    Call("searchsorted", (A([1.0, 2.0, 4.0]), A([0.5, 2.0, 5.0]))),
    Call("nonzero", (INTS,), eager=True),
    Call("full_like", (X, 2.5)),
    Call("astype", (X, Dtype("float32"))),
    Call("astype", (TRUE, Dtype("float32"))),
    Call("to_device", (X, Here()), eager=True),
)


def _calls() -> Iterator[Call]:
    for x, names in UNARY.items():
        yield from (Call(name, (x,)) for name in names)
    for (x, y, number), names in BINARY.items():
        for name in names:
            yield from (Call(name, pair) for pair in ((x, y), (x, number), (number, y)))
    yield from (*SHAPES, *PRODUCTS, *PARTS, *REDUCTIONS, *OTHERS)


@pytest.fixture(scope="session")
def calls() -> dict[str, list[Call]]:
    """Return every call, by the function's name."""
    found: dict[str, list[Call]] = {}
    for call in _calls():
        found.setdefault(call.name, []).append(call)
    return found


@pytest.fixture(scope="session")
def build() -> Callable[[Axis, Any, str], Any]:
    """Return the function that makes an argument of a call on an axis, floats in the dtype of that name."""

    def argument(axis: Axis, value: Any, dtype: str) -> Any:
        if isinstance(value, A):
            return axis.array(value.data, value.dtype or dtype)
        if isinstance(value, Here):
            return axis.array(0.0).device
        if isinstance(value, Dtype):
            return axis.backend.dtype(value.name)
        if isinstance(value, list):
            return [argument(axis, x, dtype) for x in value]
        return value

    return argument


@pytest.fixture(scope="session")
def host() -> Callable[[Any, str], Any]:
    """Return the function that makes the same argument for NumPy, the referee of values."""

    def argument(value: Any, dtype: str) -> Any:
        if isinstance(value, A):
            return np.asarray(value.data, dtype=value.dtype or dtype)
        if isinstance(value, Here):
            return "cpu"
        if isinstance(value, Dtype):
            return np.dtype(value.name)
        if isinstance(value, list):
            return [argument(x, dtype) for x in value]
        return value

    return argument
