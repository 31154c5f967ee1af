"""Element by element: what ONNX has an operator for."""

from __future__ import annotations

from collections.abc import Mapping

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


def _kept(call: Call) -> str:
    return call.operand(0)


WRITERS: Mapping[str, Writer] = {
    **{
        name: _same(name.capitalize()) for name in ("abs", "cos", "exp", "log", "sign", "sin", "sqrt", "tanh")
    },
    **{name: _floats(name.capitalize()) for name in ("ceil", "floor", "round")},
    **{name: _narrow(name.capitalize()) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    **{f"logical_{name}": _logical(name.capitalize()) for name in ("and", "not", "or", "xor")},
    **{
        f"bitwise_{name}": _bits(name.capitalize(), f"Bitwise{name.capitalize()}")
        for name in ("and", "or", "xor")
    },
    **dict.fromkeys(("astype", "conj", "copy", "positive", "real", "stop_gradient", "to_device"), _kept),
    "add": _same("Add"),
    "bitwise_invert": _bits("Not", "BitwiseNot"),
    "clip": _clip,
    "divide": _same("Div"),
    "equal": _compared("Equal"),
    "expit": _same("Sigmoid"),
    "greater": _compared("Greater"),
    "greater_equal": _compared("GreaterOrEqual"),
    "less": _compared("Less"),
    "less_equal": _compared("LessOrEqual"),
    "maximum": _same("Max"),
    "minimum": _same("Min"),
    "multiply": _same("Mul"),
    "negative": _same("Neg"),
    "not_equal": _not_equal,
    "pow": _same("Pow"),
    "relu": lambda call: call.graph.node("Max", call.operand(0), call.number(0)),
    "square": _square,
    "subtract": _same("Sub"),
    "where": _where,
}
