"""What each element-wise function of the standard is for one element, in CUDA C++ with NumPy's values."""

from __future__ import annotations

import math
from collections.abc import Callable

from bpcore_cupy.elements.kinds import SIZE, ctype, is_float, literal, unsigned
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["COMPARING", "ELEMENTS", "FLOATS", "LOGICAL", "cast", "select"]

Element = Callable[..., Value]


def cast(code: Code, x: Value, kind: str) -> Value:
    """Return a number in another dtype."""
    if x.kind == kind:
        return x
    if kind == "bool":
        return code.let(kind, f"{x.text} != {literal(x.kind, 0)}")
    return code.let(kind, f"({ctype(kind)}){x.text}")


def select(code: Code, condition: Value, a: Value, b: Value) -> Value:
    """Return `a` where the condition holds, else `b`."""
    return code.let(a.kind, f"{condition.text} ? {a.text} : {b.text}")


def _two(sign: str) -> Element:
    """Return an operator; whole numbers wrap around."""

    def element(code: Code, a: Value, b: Value) -> Value:
        if is_float(a.kind):
            return code.let(a.kind, f"{a.text} {sign} {b.text}")
        word, wide = ctype(a.kind), unsigned(a.kind)
        return code.let(a.kind, f"({word})(({wide}){a.text} {sign} ({wide}){b.text})")

    return element


def _compare(sign: str) -> Element:
    return lambda code, a, b: code.let("bool", f"{a.text} {sign} {b.text}")


def _library(name: str) -> Element:
    """Return a function of CUDA's mathematical library."""

    def element(code: Code, *args: Value) -> Value:
        word = name if args[0].kind == "float64" else name + "f"
        return code.let(args[0].kind, f"{word}({', '.join(x.text for x in args)})")

    return element


def _own(name: str) -> Element:
    """Return a function of the prelude."""

    def element(code: Code, *args: Value) -> Value:
        kind = ctype(args[0].kind)
        return code.let(args[0].kind, f"{code.need(name)}<{kind}>({', '.join(x.text for x in args)})")

    return element


def _either(of_floats: Element, of_ints: Element) -> Element:
    return lambda code, *args: (of_floats if is_float(args[0].kind) else of_ints)(code, *args)


def _rounding(name: str) -> Element:
    """Return a function that leaves whole numbers as they are."""
    return _either(_library(name), lambda code, x: x)


def _negative(code: Code, x: Value) -> Value:
    if is_float(x.kind):
        return code.let(x.kind, f"-{x.text}")
    return code.let(x.kind, f"({ctype(x.kind)})(({unsigned(x.kind)})0 - ({unsigned(x.kind)}){x.text})")


def _abs(code: Code, x: Value) -> Value:
    if x.kind.startswith("u"):
        return x
    y = _negative(code, x)
    return code.let(x.kind, f"{x.text} < 0 ? {y.text} : {x.text}")


def _square(code: Code, x: Value) -> Value:
    return MULTIPLY(code, x, x)


def _reciprocal(code: Code, x: Value) -> Value:
    return code.let(x.kind, f"{literal(x.kind, 1)} / {x.text}")


def _clip(code: Code, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    x = x if low is None else ELEMENTS["maximum"](code, x, low)
    return x if high is None else ELEMENTS["minimum"](code, x, high)


def _signbit(code: Code, x: Value) -> Value:
    if x.kind == "float64":
        return code.let("bool", f"__double_as_longlong({x.text}) < 0")
    return code.let("bool", f"__float_as_int({x.text}) < 0" if is_float(x.kind) else f"{x.text} < 0")


def _isnan(code: Code, x: Value) -> Value:
    return code.let("bool", f"{x.text} != {x.text}")


def _of_size(sign: str, *, of_whole: bool) -> Element:
    def element(code: Code, x: Value) -> Value:
        if not is_float(x.kind):
            return code.number("bool", of_whole)
        size = _library("fabs")(code, x)
        return code.let("bool", f"{size.text} {sign} {literal(x.kind, math.inf)}")

    return element


def _pow(code: Code, x: Value, exponent: Value) -> Value:
    """Return the power; for a few exponents that are written out, by the function that NumPy takes."""
    for number, element in POWERS.items():
        if exponent.text == literal(x.kind, number):
            return element(code, x)
    return _library("pow")(code, x, exponent)


def _invert(code: Code, x: Value) -> Value:
    return code.let(x.kind, f"!{x.text}" if x.kind == "bool" else f"({ctype(x.kind)})~{x.text}")


def _bits(sign: str) -> Element:
    return lambda code, a, b: code.let(a.kind, f"({ctype(a.kind)})({a.text} {sign} {b.text})")


def _nextafter(code: Code, a: Value, b: Value) -> Value:
    if SIZE[a.kind] < SIZE["float32"]:
        raise ValueError(a.kind)
    return _library("nextafter")(code, a, b)


POWERS: dict[float, Element] = {
    -1.0: _reciprocal,
    0.0: lambda code, x: code.number(x.kind, 1),
    0.5: _library("sqrt"),
    1.0: lambda code, x: x,
    2.0: _square,
}

MULTIPLY = _two("*")

LOGICAL: dict[str, Element] = {
    "logical_and": lambda code, a, b: code.let("bool", f"{a.text} && {b.text}"),
    "logical_or": lambda code, a, b: code.let("bool", f"{a.text} || {b.text}"),
    "logical_xor": _compare("!="),
    "logical_not": lambda code, x: code.let("bool", f"!{x.text}"),
}
"""Their inputs are cast to bool first."""

COMPARING: dict[str, Element] = {
    "equal": _compare("=="),
    "not_equal": _compare("!="),
    "less": _compare("<"),
    "less_equal": _compare("<="),
    "greater": _compare(">"),
    "greater_equal": _compare(">="),
    "isnan": _isnan,
    "signbit": _signbit,
    "isinf": _of_size("==", of_whole=False),
    "isfinite": _of_size("<", of_whole=True),
}
"""Their inputs are cast to one dtype, and the result is a bool."""

FLOATS: dict[str, Element] = {
    "divide": lambda code, a, b: code.let(a.kind, f"{a.text} / {b.text}"),
    "reciprocal": _reciprocal,
    "pow": _pow,
    "logaddexp": _own("bp_logaddexp"),
    "nextafter": _nextafter,
    **{name: _library(name) for name in ("sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "tanh")},
    **{name: _library(name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")},
    **{name: _library(name) for name in ("asinh", "acosh", "atanh", "atan2", "hypot", "copysign")},
    **{name: _library(name) for name in ("erf", "erfc")},
}
"""Functions of floats alone."""

ELEMENTS: dict[str, Element] = {
    "add": _two("+"),
    "subtract": _two("-"),
    "multiply": MULTIPLY,
    "negative": _negative,
    "positive": lambda code, x: x,
    "abs": _either(_library("fabs"), _abs),
    "square": _square,
    "sign": _own("bp_sign"),
    "maximum": _own("bp_maximum"),
    "minimum": _own("bp_minimum"),
    "clip": _clip,
    "floor_divide": _either(_own("bp_float_divide"), _own("bp_whole_divide")),
    "remainder": _either(_own("bp_float_remainder"), _own("bp_whole_remainder")),
    "bitwise_and": _bits("&"),
    "bitwise_or": _bits("|"),
    "bitwise_xor": _bits("^"),
    "bitwise_invert": _invert,
    "bitwise_left_shift": _own("bp_shift_left"),
    "bitwise_right_shift": _own("bp_shift_right"),
    **{name: _rounding(name) for name in ("floor", "ceil", "trunc")},
    "round": _rounding("rint"),
    **FLOATS,
}
"""Their inputs are cast to the dtype of the result."""
