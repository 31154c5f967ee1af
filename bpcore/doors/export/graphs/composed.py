"""Element by element: what ONNX lacks, or runtimes have in float32 only, made of what they have.

Each is written so that it is right at the edges too: near 0, at infinity, for zeros with a minus.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bpcore.doors.export.graphs.call import Call, Writer

__all__ = ["WRITERS"]


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


WRITERS: Mapping[str, Writer] = {
    "atan2": _atan2,
    "copysign": _copysign,
    "cosh": _own_or("Cosh", _hyperbolic("Add")),
    "expm1": _expm1,
    "floor_divide": _floor_divide,
    "hypot": _hypot,
    "isfinite": _finite,
    "isinf": _odd("IsInf"),
    "isnan": _odd("IsNaN"),
    "log10": _log_base(10.0),
    "log1p": lambda call: log1p(call, call.operand(0)),
    "log2": _log_base(2.0),
    "log_expit": lambda call: call.graph.node("Neg", softplus(call, call.graph.node("Neg", call.operand(0)))),
    "logaddexp": _logaddexp,
    "reciprocal": _reciprocal,
    "remainder": _remainder,
    "signbit": _signbit,
    "sinh": _own_or("Sinh", _hyperbolic("Sub")),
    "softplus": lambda call: softplus(call, call.operand(0)),
    "tan": _own_or("Tan", _tan),
    "trunc": _trunc,
}
