"""Element by element: what ONNX has an operator for, and what a few of its operators make."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bpcore.doors.export.graphs.call import Call, Writer

__all__ = ["WRITERS"]


def _same(operator: str) -> Writer:
    """Return a writer for an operator whose inputs all have the result's dtype."""
    return lambda call: call.graph.node(operator, *map(call.operand, range(len(call.inputs))))


def _floats(operator: str) -> Writer:
    """Return a writer for what leaves whole numbers as they are."""
    return lambda call: _same(operator)(call) if "float" in call.dtype else call.operand(0)


def _narrow(operator: str) -> Writer:
    """Return a writer for an operator that runtimes have in float32 only."""

    def write(call: Call) -> str:
        found = call.graph.node(operator, call.operand(0, "float32"))
        return call.graph.cast(found, "float32", call.dtype)

    return write


def _compared(operator: str) -> Writer:
    return lambda call: call.graph.node(operator, *(call.operand(i, call.common) for i in (0, 1)))


def _logical(operator: str) -> Writer:
    def write(call: Call) -> str:
        return call.graph.node(operator, *(call.operand(i, "bool") for i in range(len(call.inputs))))

    return write


def _bits(of_truths: str, of_numbers: str) -> Writer:
    return lambda call: _same(of_truths if call.dtype == "bool" else of_numbers)(call)


def _not_equal(call: Call) -> str:
    return call.graph.node("Not", _compared("Equal")(call))


def _where(call: Call) -> str:
    return call.graph.node("Where", call.operand(0, "bool"), call.operand(1), call.operand(2))


def _clip(call: Call) -> str:
    found = call.operand(0)
    for name, place, operator in (("min", 1, "Max"), ("max", 2, "Min")):
        if call.option(name, place) is not None:
            bound = (
                call.operand(place)
                if place < len(call.inputs)
                else call.graph.constant(call.static[name], call.dtype)
            )
            found = call.graph.node(operator, found, bound)
    return found


def _square(call: Call) -> str:
    x = call.operand(0)
    return call.graph.node("Mul", x, x)


def _trunc(call: Call) -> str:
    if "float" not in call.dtype:
        return call.operand(0)
    x, node = call.operand(0), call.graph.node
    return node("Mul", node("Sign", x), node("Floor", node("Abs", x)))


def _reciprocal(call: Call) -> str:
    return call.graph.node("Div", call.number(1.0), call.operand(0))


def _expm1(call: Call) -> str:
    """Write ``tanh(x / 2) (exp(x) + 1)``, which is exact near 0 too."""
    x, node = call.operand(0), call.graph.node
    half = node("Tanh", node("Mul", x, call.number(0.5)))
    return node("Mul", half, node("Add", node("Exp", x), call.number(1.0)))


def log1p(call: Call, x: str) -> str:
    """Write ``log(u) x / (u - 1)`` with ``u = 1 + x``: what u lost is lost in both, and cancels."""
    node, one = call.graph.node, call.number(1.0)
    u = node("Add", x, one)
    lost = node("Sub", u, one)
    none, far = node("Equal", lost, call.number(0.0)), node("Equal", u, x)
    slope = node("Div", x, node("Where", node("Or", none, far), one, lost))
    near = node("Mul", node("Log", u), node("Where", far, one, slope))
    return node("Where", none, x, near)


def _log_base(base: float) -> Writer:
    def write(call: Call) -> str:
        found = call.graph.node("Log", call.operand(0))
        return call.graph.node("Div", found, call.number(math.log(base)))

    return write


def softplus(call: Call, x: str) -> str:
    """Write ``max(x, 0) + log1p(exp(-|x|))``."""
    node = call.graph.node
    small = node("Exp", node("Neg", node("Abs", x)))
    return node("Add", node("Max", x, call.number(0.0)), log1p(call, small))


def _logaddexp(call: Call) -> str:
    a, b, node = call.operand(0), call.operand(1), call.graph.node
    most = node("Max", a, b)
    gap = node("Where", node("Equal", a, b), call.number(0.0), node("Sub", a, b))
    return node("Add", most, log1p(call, node("Exp", node("Neg", node("Abs", gap)))))


def _hypot(call: Call) -> str:
    node = call.graph.node
    a, b = node("Abs", call.operand(0)), node("Abs", call.operand(1))
    long, short = node("Max", a, b), node("Min", a, b)
    ratio = node("Div", short, node("Where", _is(call, long, 0.0), call.number(1.0), long))
    return node("Mul", long, node("Sqrt", node("Add", node("Mul", ratio, ratio), call.number(1.0))))


def _is(call: Call, x: str, number: float) -> str:
    return call.graph.node("Equal", x, call.number(number))


def _atan2(call: Call) -> str:
    """Write the angle by ``atan(y / x)``, turned by pi on the left."""
    y, x, node = call.operand(0), call.operand(1), call.graph.node
    safe = node("Where", _is(call, x, 0.0), call.number(1.0), x)
    ratio = call.graph.cast(node("Div", y, safe), call.dtype, "float32")
    angle = call.graph.cast(node("Atan", ratio), "float32", call.dtype)
    down, left = (_negative_sign(call, part, call.dtype) for part in (y, x))
    half = node("Where", down, call.number(-math.pi), call.number(math.pi))
    turned = node("Where", left, node("Add", angle, half), angle)
    upright = node("Mul", half, call.number(0.5))
    return node("Where", node("And", _is(call, x, 0.0), node("Not", _is(call, y, 0.0))), upright, turned)


def _negative_sign(call: Call, x: str, dtype: str) -> str:
    """Write whether a number, a zero too, has a minus."""
    node, zero = call.graph.node, call.graph.constant(0.0, dtype)
    turned = node("Div", call.graph.constant(1.0, dtype), x)
    return node("Or", node("Less", x, zero), node("Less", turned, zero))


def _signbit(call: Call) -> str:
    return _negative_sign(call, call.operand(0, call.common), call.common)


def _copysign(call: Call) -> str:
    node = call.graph.node
    size = node("Abs", call.operand(0))
    return node("Where", _negative_sign(call, call.operand(1), call.dtype), node("Neg", size), size)


def _finite(call: Call) -> str:
    if "float" not in call.common:
        return call.graph.node("Equal", call.x.name, call.x.name)
    node, x = call.graph.node, call.operand(0, call.common)
    return node("Not", node("Or", node("IsInf", x), node("IsNaN", x)))


def _odd(operator: str) -> Writer:
    """Return a writer for isinf and isnan, which no whole number is."""

    def write(call: Call) -> str:
        if "float" not in call.common:
            return call.graph.node("Not", call.graph.node("Equal", call.x.name, call.x.name))
        return call.graph.node(operator, call.operand(0, call.common))

    return write


def _remainder(call: Call) -> str:
    """Write the remainder with the divisor's sign."""
    a, b, node = call.operand(0), call.operand(1), call.graph.node
    if "float" not in call.dtype:
        return node("Mod", a, b)
    zero, rest = call.number(0.0), node("Mod", a, b, fmod=1)
    differ = node("Xor", node("Less", rest, zero), node("Less", b, zero))
    wrong = node("And", node("Not", _is(call, rest, 0.0)), differ)
    return node("Where", wrong, node("Add", rest, b), rest)


def _floor_divide(call: Call) -> str:
    a, b, node = call.operand(0), call.operand(1), call.graph.node
    if "float" in call.dtype:
        return node("Floor", node("Div", a, b))
    return node("Div", node("Sub", a, node("Mod", a, b)), b)


def _own_or(operator: str, wide: Callable[[Call, str], str]) -> Writer:
    """Return a writer for an operator in float32, and of what it is made elsewhere."""

    def write(call: Call) -> str:
        x = call.operand(0)
        return call.graph.node(operator, x) if call.dtype == "float32" else wide(call, x)

    return write


def _hyperbolic(sign: str) -> Callable[[Call, str], str]:
    def write(call: Call, x: str) -> str:
        node = call.graph.node
        return node("Mul", node(sign, node("Exp", x), node("Exp", node("Neg", x))), call.number(0.5))

    return write


def _tan(call: Call, x: str) -> str:
    return call.graph.node("Div", call.graph.node("Sin", x), call.graph.node("Cos", x))


def _kept(call: Call) -> str:
    return call.operand(0)


WRITERS: Mapping[str, Writer] = {
    **{
        name: _same(name.capitalize()) for name in ("abs", "sqrt", "exp", "log", "sin", "cos", "tanh", "sign")
    },
    "add": _same("Add"),
    "subtract": _same("Sub"),
    "multiply": _same("Mul"),
    "divide": _same("Div"),
    "pow": _same("Pow"),
    "negative": _same("Neg"),
    "maximum": _same("Max"),
    "minimum": _same("Min"),
    **{name: _floats(name.capitalize()) for name in ("ceil", "floor", "round")},
    **{name: _narrow(name.capitalize()) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    "sinh": _own_or("Sinh", _hyperbolic("Sub")),
    "cosh": _own_or("Cosh", _hyperbolic("Add")),
    "tan": _own_or("Tan", _tan),
    "equal": _compared("Equal"),
    "less": _compared("Less"),
    "less_equal": _compared("LessOrEqual"),
    "greater": _compared("Greater"),
    "greater_equal": _compared("GreaterOrEqual"),
    "not_equal": _not_equal,
    **{f"logical_{name}": _logical(name.capitalize()) for name in ("and", "or", "xor", "not")},
    **{
        f"bitwise_{name}": _bits(name.capitalize(), f"Bitwise{name.capitalize()}")
        for name in ("and", "or", "xor")
    },
    "bitwise_invert": _bits("Not", "BitwiseNot"),
    "where": _where,
    "clip": _clip,
    "square": _square,
    "trunc": _trunc,
    "reciprocal": _reciprocal,
    "expm1": _expm1,
    "log1p": lambda call: log1p(call, call.operand(0)),
    "log2": _log_base(2.0),
    "log10": _log_base(10.0),
    "logaddexp": _logaddexp,
    "hypot": _hypot,
    "atan2": _atan2,
    "signbit": _signbit,
    "copysign": _copysign,
    "isfinite": _finite,
    "isinf": _odd("IsInf"),
    "isnan": _odd("IsNaN"),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    **dict.fromkeys(("astype", "positive", "copy", "conj", "real", "stop_gradient", "to_device"), _kept),
    "expit": _same("Sigmoid"),
    "relu": lambda call: call.graph.node("Max", call.operand(0), call.number(0)),
    "softplus": lambda call: softplus(call, call.operand(0)),
    "log_expit": lambda call: call.graph.node("Neg", softplus(call, call.graph.node("Neg", call.operand(0)))),
}
