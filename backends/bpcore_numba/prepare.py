"""What is done to a Program before it is lowered: functions composed of others are written out.

Element-wise ones are not: `apply` writes their bodies inside the loops.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bpcore.derivatives.namespaces.namespace import namespace
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.passes.prune import prune
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.words.errors import BpcoreError
from bpcore_numba.apply import is_elementwise
from bpcore_numba.lower import HANDLERS
from bpcore_numba.refusal import Refused

__all__ = ["prepared"]


def prepared(program: Program) -> Program:
    """Return `program` in functions that the lowering knows, as far as it can be written in them."""
    writer = _Writer(program)
    for equation in program.equations:
        writer.write(equation)
    outputs = tuple(writer.renamed(output) for output in program.outputs)
    found = replace(
        program,
        equations=tuple(writer.equations),
        types=writer.types,
        constants=writer.constants,
        outputs=outputs,
    )
    return prune(found)


def _is_known(equation: Equation) -> bool:
    function = equation.function
    return function.name in HANDLERS or is_elementwise(function) or function.compute is None


class _Writer:
    """A Program that grows by an equation, or by a whole body in its place."""

    def __init__(self, program: Program) -> None:
        self.equations: list[Equation] = []
        self.types = dict(program.types)
        self.constants = dict(program.constants)
        self._names: dict[Slot, Any] = {}
        self._next = 1 + max(program.types, default=Slot(0))

    def renamed(self, operand: Any) -> Any:
        """Return what stands for an operand now."""
        return self._names.get(operand, operand) if isinstance(operand, Slot) else operand

    def write(self, equation: Equation) -> None:
        """Append an equation, or what it is made of."""
        inputs = tuple(self.renamed(x) for x in equation.inputs)
        equation = replace(equation, inputs=inputs)
        if _is_known(equation) or equation.function.several or equation.function is ITEM:
            self.equations.append(equation)
            return
        body = self._body(equation)
        if any(inner.function is equation.function for inner in body.equations):
            raise Refused(f"the function {equation.function.name}")
        names = dict(zip(body.inputs, [x for x in inputs if isinstance(x, Slot | Constant)], strict=True))
        for inner in body.equations:
            self.write(self._own(inner, body, names))
        (output,) = body.outputs
        self._names[equation.output] = self._of(output, body, names)

    def _body(self, equation: Equation) -> Program:
        function, static = equation.function, equation.static
        arrays = [self._example(x) for x in equation.inputs if isinstance(x, Slot | Constant)]

        def call(*given: Any) -> Any:
            rest = iter(given)
            args = [next(rest) if isinstance(x, Slot | Constant) else x for x in equation.inputs]
            compute: Any = function.compute
            return compute(_NUMPY, *([args] if function.takes_list else args), **static)

        try:
            return record(call, *arrays)
        except (BpcoreError, AttributeError, TypeError, ValueError) as error:
            raise Refused(f"the function {function.name}") from error

    def _example(self, x: Any) -> Any:
        array = self.constants[x] if isinstance(x, Constant) else self.types[x]
        return np.ones(array.shape, array.dtype)

    def _own(self, inner: Equation, body: Program, names: dict[Slot, Any]) -> Equation:
        """Return an equation of a body with slots that are free here."""
        inputs = tuple(self._of(x, body, names) for x in inner.inputs)
        names[inner.output] = output = Slot(self._next)
        self._next += 1
        self.types[output] = body.types[inner.output]
        return replace(inner, inputs=inputs, output=output)

    def _of(self, x: Any, body: Program, names: dict[Slot, Any]) -> Any:
        if isinstance(x, Slot):
            return names[x]
        if isinstance(x, Constant):
            name = Constant(f"c{len(self.constants)}")
            while name in self.constants:
                name = Constant(name + "_")
            self.constants[name] = body.constants[x]
            return name
        return x


_NUMPY = namespace("numpy")
