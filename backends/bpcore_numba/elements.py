"""What each element-wise function of the standard is for one element."""

from __future__ import annotations

import math
from collections.abc import Callable

from bpcore_numba.division import floor_divide, remainder
from bpcore_numba.writing import REGISTER, SIZE, Code, Value, literal

__all__ = ["COMPARING", "ELEMENTS", "LOGICAL", "cast", "is_float"]

Element = Callable[..., Value]


def is_float(kind: str) -> bool:
    """Tell floats from the other dtypes."""
    return kind.startswith("float")


def cast(code: Code, x: Value, kind: str) -> Value:
    """Return a number in another dtype, as NumPy casts it."""
    if x.kind == kind:
        return x
    if kind == "bool":
        compare = f"fcmp une {x.typed}, 0.0" if is_float(x.kind) else f"icmp ne {x.typed}, 0"
        return code.let(kind, compare)
    if is_float(x.kind) and is_float(kind):
        word = "fpext" if SIZE[kind] > SIZE[x.kind] else "fptrunc"
    elif is_float(kind):
        word = "uitofp" if x.kind == "bool" else "sitofp"
    elif is_float(x.kind):
        word = "fptosi"
    elif x.kind == "bool":
        word = "zext"
    else:
        word = "sext" if SIZE[kind] > SIZE[x.kind] else "trunc"
    return code.let(kind, f"{word} {x.typed} to {REGISTER[kind]}")


def _two(of_floats: str, of_ints: str) -> Element:
    def element(code: Code, a: Value, b: Value) -> Value:
        word = of_floats if is_float(a.kind) else of_ints
        return code.let(a.kind, f"{word} {a.typed}, {b.text}")

    return element


def _compare(of_floats: str, of_ints: str) -> Element:
    def element(code: Code, a: Value, b: Value) -> Value:
        word = f"fcmp {of_floats}" if is_float(a.kind) else f"icmp {of_ints}"
        return code.let("bool", f"{word} {a.typed}, {b.text}")

    return element


def select(code: Code, condition: Value, a: Value, b: Value) -> Value:
    """Return `a` where the condition holds, else `b`."""
    return code.let(a.kind, f"select i1 {condition.text}, {a.typed}, {b.typed}")


def _extreme(of_floats: str, of_ints: str) -> Element:
    compare = _compare(of_floats, of_ints)

    def element(code: Code, a: Value, b: Value) -> Value:
        taken = select(code, compare(code, a, b), a, b)
        return select(code, isnan(code, a), a, taken) if is_float(a.kind) else taken

    return element


def isnan(code: Code, x: Value) -> Value:
    """Tell what is not a number."""
    return code.let("bool", f"fcmp uno {x.typed}, 0.0") if is_float(x.kind) else literal("bool", 0)


def _of_size(code: Code, x: Value, comparison: str) -> Value:
    size = intrinsic("fabs")(code, x)
    return code.let("bool", f"fcmp {comparison} {size.typed}, {literal(x.kind, float('inf')).text}")


def intrinsic(name: str) -> Element:
    """Return a function of floats that LLVM has; of whole numbers, which it leaves as they are, nothing."""

    def element(code: Code, *args: Value) -> Value:
        suffix = "f32" if args[0].kind == "float32" else "f64"
        return code.call(f"llvm.{name}.{suffix}", args[0].kind, *args)

    return element


def rounding(name: str) -> Element:
    """Return a function that leaves whole numbers as they are."""
    own = intrinsic(name)
    return lambda code, x: own(code, x) if is_float(x.kind) else x


def library(name: str) -> Element:
    """Return a function of the C library."""

    def element(code: Code, *args: Value) -> Value:
        return code.call(name + ("f" if args[0].kind == "float32" else ""), args[0].kind, *args)

    return element


def own(name: str) -> Element:
    """Return a function of bpcore's own, from `mathematics`."""

    def element(code: Code, x: Value) -> Value:
        return code.call(f"bp_{name}_{'f32' if x.kind == 'float32' else 'f64'}", x.kind, x)

    return element


def _negative(code: Code, x: Value) -> Value:
    return code.let(x.kind, f"fneg {x.typed}" if is_float(x.kind) else f"sub {REGISTER[x.kind]} 0, {x.text}")


def _abs(code: Code, x: Value) -> Value:
    if is_float(x.kind):
        return intrinsic("fabs")(code, x)
    return select(code, _compare("", "slt")(code, x, literal(x.kind, 0)), _negative(code, x), x)


def _sign(code: Code, x: Value) -> Value:
    zero, one = literal(x.kind, 0), literal(x.kind, 1)
    y = select(code, _compare("ogt", "sgt")(code, x, zero), one, zero)
    y = select(code, _compare("olt", "slt")(code, x, zero), literal(x.kind, -1), y)
    return select(code, isnan(code, x), x, y) if is_float(x.kind) else y


def _shift(word: str, *, keeps_sign: bool) -> Element:
    def element(code: Code, x: Value, by: Value) -> Value:
        most = SIZE[x.kind] * 8 - 1
        fits = code.let("bool", f"icmp ule {by.typed}, {most}")
        safe = select(code, fits, by, literal(x.kind, most))
        shifted = code.let(x.kind, f"{word} {x.typed}, {safe.text}")
        return shifted if keeps_sign else select(code, fits, shifted, literal(x.kind, 0))

    return element


def _square(code: Code, x: Value) -> Value:
    return MULTIPLY(code, x, x)


def _reciprocal(code: Code, x: Value) -> Value:
    return DIVIDE(code, literal(x.kind, 1), x)


def _clip(code: Code, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    x = x if low is None else ELEMENTS["maximum"](code, x, low)
    return x if high is None else ELEMENTS["minimum"](code, x, high)


def _signbit(code: Code, x: Value) -> Value:
    if not is_float(x.kind):
        return _compare("", "slt")(code, x, literal(x.kind, 0))
    whole = "int32" if x.kind == "float32" else "int64"
    bits = code.let(whole, f"bitcast {x.typed} to {REGISTER[whole]}")
    return code.let("bool", f"icmp slt {bits.typed}, 0")


def _logaddexp(code: Code, a: Value, b: Value) -> Value:
    """Return the greater and ``log1p(exp(-|a - b|))``; equal infinities are themselves, as in NumPy."""
    away = intrinsic("fabs")(code, _two("fsub", "sub")(code, a, b))
    more = own("log1p")(code, own("exp")(code, _negative(code, away)))
    greater = ELEMENTS["maximum"](code, a, b)
    y = _two("fadd", "add")(code, greater, more)
    both = _compare("oeq", "eq")(code, a, b)
    twice = _two("fadd", "add")(code, a, literal(a.kind, math.log(2)))
    return select(code, both, twice, y)


def _pow(code: Code, x: Value, exponent: Value) -> Value:
    """Return the power; for a few exponents that are written out, by the function that NumPy takes."""
    for number, element in POWERS.items():
        if exponent.text == literal(x.kind, number).text:
            return element(code, x)
    return library("pow")(code, x, exponent)


POWERS: dict[float, Element] = {
    -1.0: _reciprocal,
    0.0: lambda code, x: literal(x.kind, 1),
    0.5: intrinsic("sqrt"),
    1.0: lambda code, x: x,
    2.0: _square,
}

MULTIPLY, DIVIDE = _two("fmul", "mul"), _two("fdiv", "sdiv")

LOGICAL: dict[str, Element] = {
    "logical_and": lambda code, a, b: code.let("bool", f"and i1 {a.text}, {b.text}"),
    "logical_or": lambda code, a, b: code.let("bool", f"or i1 {a.text}, {b.text}"),
    "logical_xor": lambda code, a, b: code.let("bool", f"xor i1 {a.text}, {b.text}"),
    "logical_not": lambda code, x: code.let("bool", f"xor i1 {x.text}, true"),
}
"""Their inputs are cast to bool first."""

COMPARING: dict[str, Element] = {
    "equal": _compare("oeq", "eq"),
    "not_equal": _compare("une", "ne"),
    "less": _compare("olt", "slt"),
    "less_equal": _compare("ole", "sle"),
    "greater": _compare("ogt", "sgt"),
    "greater_equal": _compare("oge", "sge"),
    "isnan": isnan,
    "signbit": _signbit,
    "isinf": lambda code, x: _of_size(code, x, "oeq") if is_float(x.kind) else literal("bool", 0),
    "isfinite": lambda code, x: _of_size(code, x, "olt") if is_float(x.kind) else literal("bool", 1),
}
"""Their inputs are cast to one dtype, and the result is a bool."""

ELEMENTS: dict[str, Element] = {
    "add": _two("fadd", "add"),
    "subtract": _two("fsub", "sub"),
    "multiply": MULTIPLY,
    "divide": DIVIDE,
    "negative": _negative,
    "positive": lambda code, x: x,
    "abs": _abs,
    "square": _square,
    "reciprocal": _reciprocal,
    "sign": _sign,
    "maximum": _extreme("ogt", "sgt"),
    "minimum": _extreme("olt", "slt"),
    "clip": _clip,
    "pow": _pow,
    "atan2": library("atan2"),
    "hypot": library("hypot"),
    "copysign": intrinsic("copysign"),
    "nextafter": library("nextafter"),
    "floor_divide": floor_divide,
    "remainder": remainder,
    "logaddexp": _logaddexp,
    "bitwise_and": _two("", "and"),
    "bitwise_or": _two("", "or"),
    "bitwise_xor": _two("", "xor"),
    "bitwise_invert": lambda code, x: code.let(x.kind, f"xor {x.typed}, -1"),
    "bitwise_left_shift": _shift("shl", keeps_sign=False),
    "bitwise_right_shift": _shift("ashr", keeps_sign=True),
    **{name: own(name) for name in ("exp", "expm1", "log", "log1p", "tanh")},
    **{name: intrinsic(name) for name in ("sqrt",)},
    **{name: rounding(name) for name in ("floor", "ceil", "trunc")},
    "round": rounding("roundeven"),
    **{
        name: library(name)
        for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh")
    },
    **{name: library(name) for name in ("log2", "log10")},
}
"""Their inputs are cast to the dtype of the result."""
