"""The text of a lowered Program: one line of NumPy for each equation that costs anything."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from bpcore.derivatives.namespaces.plain import bound
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.source import argument, call, identifier, released
from bpcore_numpy.lowering.layout import Layout
from bpcore_numpy.lowering.ways import REDUCTIONS, Way

__all__ = ["written"]


BY_NAME = ("maximum", "minimum")
"""Functions that NumPy wants to be told their output by name; by position it is some 30 ns cheaper."""


class _Writer:
    """What has been written so far, and the names that it uses."""

    def __init__(self, plan: Layout, functions: Any) -> None:
        self.plan = plan
        self.types = plan.program.types
        self.functions = functions
        self.names: dict[str, Any] = {"copyto": np.copyto, "concatenate": np.concatenate}
        self.numbers: dict[tuple[str, str], str] = {}

    def lines(self) -> Iterator[str]:
        """Yield the lines of the equations."""
        done = released(self.plan.program)
        for number, equation, way in self.plan.steps():
            yield from self._equation(number, equation, way)
            gone = [name for name in done.get(number, ()) if name in self._locals]
            if gone:
                yield f"del {', '.join(gone)}"

    _locals: frozenset[str] = frozenset()

    def _equation(self, number: int, equation: Equation, way: Way) -> Iterator[str]:
        out = repr(equation.output)
        if way is Way.CALL:
            self.names[identifier(equation.function)] = bound(equation.function, self.functions)
            self._locals |= {out}
            yield f"{out} = {call(equation, self.names)}"
        elif way in (Way.UFUNC, Way.PRODUCT):
            name = identifier(equation.function)
            self.names[name] = bound(equation.function, self.functions)
            into = f"out={out}" if equation.function.name in BY_NAME else out
            yield f"{name}({', '.join(self._operands(equation))}, {into})"
        elif way is Way.REDUCTION:
            yield from self._reduction(equation, out)
        elif way is Way.ARGUMENT:
            name = equation.function.name
            self.names[name] = getattr(np, name)
            more = ", keepdims=True" if equation.static.get("keepdims") else ""
            source = argument(equation.inputs[0], self.names)
            yield f"{name}({source}, {equation.static.get('axis')!r}, {out}{more})"
        elif way is Way.CAST:
            yield f'copyto({out}, {self._operand(equation, equation.inputs[0])}, "unsafe")'
        elif way is Way.CHOICE:
            condition, *either = self._operands(equation)
            yield f"copyto({out}, {either[1]})"
            yield f'copyto({out}, {either[0]}, "same_kind", {condition})'
        elif way is Way.CONCAT and number not in self.plan.settled:
            parts = ", ".join(self._operands(equation))
            yield f"concatenate(({parts}, ), {equation.static.get('axis', 0)}, {out})"

    def _reduction(self, equation: Equation, out: str) -> Iterator[str]:
        name = equation.function.name
        reduce = REDUCTIONS[name]
        self.names[f"{reduce.__self__.__name__}_reduce"] = reduce
        axis, keepdims = equation.static.get("axis"), equation.static.get("keepdims", False)
        more = ", True" if keepdims else ""
        source: Any = equation.inputs[0]
        yield f"{reduce.__self__.__name__}_reduce({source!r}, {axis!r}, None, {out}{more})"
        if name == "mean":
            kind = self.types[equation.output]
            count = math.prod(self.types[source].shape) // max(1, math.prod(kind.shape))
            self.names["divide"] = np.divide
            yield f"divide({out}, {self._number(max(1, count), kind.dtype)}, {out})"

    def _operands(self, equation: Equation) -> list[str]:
        return [self._operand(equation, operand) for operand in equation.inputs]

    def _operand(self, equation: Equation, operand: Any) -> str:
        if isinstance(operand, Slot | Constant):
            return repr(operand)
        if type(operand) not in (int, float, bool, complex):
            return argument(operand, self.names)
        kinds = [self._dtype(x) for x in equation.inputs if isinstance(x, Slot | Constant)]
        try:
            dtype = np.result_type(*kinds, operand)
            return self._number(operand, dtype)
        except (OverflowError, TypeError):
            return argument(operand, self.names)

    def _dtype(self, operand: Slot | Constant) -> Any:
        return (
            self.types[operand].dtype if type(operand) is Slot else self.plan.program.constants[operand].dtype
        )

    def _number(self, value: complex, dtype: Any) -> str:
        """Return the name of a number as an array of no axes, which NumPy takes in a third of the time."""
        key = (repr(value), np.dtype(dtype).str)
        if key not in self.numbers:
            self.numbers[key] = f"k{len(self.numbers)}"
            self.names[self.numbers[key]] = np.asarray(value, dtype)
        return self.numbers[key]


def written(plan: Layout, functions: Any) -> tuple[str, dict[str, Any]]:
    """Return the text, as a function of the inputs that are not carried, and the names that it uses."""
    program = plan.program
    writer = _Writer(plan, functions)
    lines = list(writer.lines())
    carried = {j for _, j in program.carried}
    returned = []
    for j, output in enumerate(program.outputs):
        if j not in carried:
            ours = type(output) is Slot and plan.sources.get(output)
            returned.append(f"{output!r}.copy()" if ours else argument(output, writer.names))
    lines += _last_lines(plan, returned)
    inputs = [repr(slot) for i, slot in enumerate(program.inputs) if i not in {i for i, _ in program.carried}]
    body = "".join(f"    {line}\n" for line in lines)
    return f"def program({', '.join(inputs)}):\n{body}", writer.names


def _last_lines(plan: Layout, returned: list[str]) -> Iterator[str]:
    """Yield the lines that copy home what was not written there, and return the rest."""
    values = f"({''.join(f'{value}, ' for value in returned)})"
    if plan.stays:
        yield f"results = {values}"
        values = "results"
        outputs = [
            (f"h{place}", plan.program.outputs[plan.program.carried[place][1]]) for place in plan.stays
        ]
        for home, output in outputs:
            if _is_at_home(plan, output):  # it may be written over by the copy of another
                yield f"of_{home} = {output!r}.copy()"
        for home, output in outputs:
            yield f"copyto({home}, {f'of_{home}' if _is_at_home(plan, output) else repr(output)})"
    yield f"return {values}"


def _is_at_home(plan: Layout, output: Any) -> bool:
    return type(output) is Slot and any(plan.parts[x].memory.home for x in plan.sources.get(output, ()))
