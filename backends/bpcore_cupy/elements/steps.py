"""Equations written one after the other for one element."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot
from bpcore_cupy.elements.apply import LIKES, applied
from bpcore_cupy.elements.reading import Body
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["RESHAPING", "operands", "written"]

RESHAPING = frozenset(("reshape", "expand_dims", "squeeze"))
"""Functions that leave the elements in their order."""


def operands(equation: Equation) -> list[Slot | Constant]:
    """Return the arrays whose elements an equation reads."""
    if equation.function.name in LIKES:
        return []
    return [x for x in equation.inputs if isinstance(x, Slot | Constant)]


def written(
    code: Code,
    body: Body,
    equations: Iterable[Equation],
    values: dict[Slot, Value],
    load: Callable[[Slot | Constant, tuple[int, ...]], Value],
) -> None:
    """Write equations, and put their values into `values`.

    Parameters
    ----------
    code : Code
    body : Body
    equations : iterable of Equation
    values : dict of Slot to Value
        What is known already.
    load : function
        Of an input and of the shape that it is broadcast to: the element.
    """
    for equation in equations:
        name, kind = equation.function.name, body.kinds[equation.output]
        shape = body.shapes[equation.output]

        def operand(x: Any, shape: tuple[int, ...] = shape, name: str = name) -> Any:
            if not isinstance(x, Slot | Constant):
                return x
            if isinstance(x, Slot) and x in values:
                return values[x]
            return load(x, body.shapes[x] if name in RESHAPING else shape)

        if name in RESHAPING:
            values[equation.output] = operand(equation.inputs[0])
        elif name in LIKES:
            args = (None, *equation.inputs[1:])
            values[equation.output] = applied(code, equation.function, args, {}, kind)
        else:
            args = tuple(operand(x) for x in equation.inputs[: 1 if name == "broadcast_to" else None])
            values[equation.output] = applied(code, equation.function, args, equation.static, kind)
