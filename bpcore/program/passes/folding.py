"""Pass: what is the same in every run is computed once, when the Program is compiled. It keeps the bits.

An array that holds one number everywhere, such as the cotangent that a mean spreads, is that number: it
stands in its place in equations that would broadcast it anyway.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

from bpcore.derivatives.namespaces.plain import bound
from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.constants import Constants
from bpcore.program.passes.rewriting import broadcast, elementwise, shape_of
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["fold"]

SMALL = 1024
"""Elements of the largest array that is kept in place of the equation that makes it."""

FILLING = {"ones_like": 1, "zeros_like": 0}
"""Functions that look at the shape and the dtype of their argument, and nothing else."""

FILLED = {*FILLING, "full_like"}
"""And one that is told what to fill with."""

SPREADING = ("broadcast_to", "expand_dims", "flip", "matrix_transpose", "permute_dims", "reshape", "squeeze")
"""Functions that put elements elsewhere: what is one number everywhere stays so."""


def fold(program: Program, xp: Namespace) -> Program:
    """Return `program` with everything computed that depends on constants alone.

    Parameters
    ----------
    program : Program
    xp : module-like
        The plain functions of the backend, which make new arrays where the Program's are.
    """
    folding = _Folding(program, xp)
    with warnings.catch_warnings():  # a number that is not finite is said when the Program runs, or never
        warnings.simplefilter("ignore", RuntimeWarning)
        equations = [found for equation in program.equations if (found := folding.seen(equation)) is not None]
    outputs = tuple(folding.whole.get(y, y) if isinstance(y, Slot) else y for y in program.outputs)
    return replace(program, equations=tuple(equations), outputs=outputs, constants=folding.constants)


class _Folding:
    """What is known so far.

    Attributes
    ----------
    whole : dict of Slot to Constant
        Arrays that are known, element by element.
    number : dict of Slot to Constant
        Arrays that hold one number everywhere, and that number, of no axes.
    """

    def __init__(self, program: Program, xp: Namespace) -> None:
        self.program, self.xp = program, xp
        self.constants = Constants(program.constants, xp)
        self.whole: dict[Slot, Constant] = {}
        self.number: dict[Slot, Constant] = {}

    def seen(self, equation: Equation) -> Equation | None:
        """Return the equation with what is known put in; None where its result is."""
        if equation.function.name not in FILLED and not self._knows(equation):
            return equation
        inputs = tuple(self.whole.get(x, x) if isinstance(x, Slot) else x for x in equation.inputs)
        kind = self.program.types[equation.output]
        ours = TABLE.get(equation.function.name) is equation.function and not equation.function.reads
        if isinstance(kind, ArrayType) and ours:
            number = self._number_of(equation, inputs, kind)
            if number is not None:
                self.number[equation.output] = self.constants.made(number, kind.dtype)
                if not kind.shape:
                    self.whole[equation.output] = self.number[equation.output]
            elif math.prod(kind.shape) <= SMALL and not any(isinstance(x, Slot) for x in inputs):
                self.whole[equation.output] = self.constants.made(self._value(equation, inputs), kind.dtype)
        if equation.output in self.whole:
            return None
        inputs = self._with_numbers(equation, inputs)
        return equation if inputs == equation.inputs else replace(equation, inputs=inputs)

    def _knows(self, equation: Equation) -> bool:
        """Return whether an operand is known, or all are no slots."""
        slots = [x for x in equation.inputs if type(x) is Slot]
        return not slots or any(x in self.number or x in self.whole for x in slots)

    def _number_of(self, equation: Equation, inputs: tuple[Static, ...], kind: ArrayType) -> Array | None:
        """Return the number that the result holds everywhere, if it holds but one."""
        name = equation.function.name
        if name in FILLING:
            return self.xp.full((), FILLING[name], dtype=kind.dtype)
        if name == "full_like":
            return self._filled(inputs[1], kind)
        numbers = [self._number(x) for x in inputs]
        if name in SPREADING:
            return None if numbers[0] is None else self.constants[numbers[0]]
        if not elementwise(equation) or any(number is None for number in numbers):
            return None
        return self._value(equation, tuple(numbers))

    def _filled(self, operand: Static, kind: ArrayType) -> Array | None:
        number = self._number(operand)
        if number is None or isinstance(number, Constant):
            return None if number is None else self.xp.astype(self.constants[number], kind.dtype)
        return self.xp.full((), number, dtype=kind.dtype)

    def _number(self, operand: Static) -> Static:
        """Return a number for an operand that holds but one, and None for others."""
        if isinstance(operand, Slot):
            return self.number.get(operand)
        if isinstance(operand, Constant):
            return operand if not self.constants[operand].shape else None
        return operand

    def _with_numbers(self, equation: Equation, inputs: tuple[Static, ...]) -> tuple[Static, ...]:
        """Put numbers in place of arrays that hold one, where others bring the shape of the result."""
        if not elementwise(equation):
            return inputs
        shape = shape_of(self.program, equation.output)
        for place, operand in enumerate(inputs):
            number = self.number.get(operand) if isinstance(operand, Slot) else None
            if number is None:
                continue
            others = (*inputs[:place], *inputs[place + 1 :])
            if broadcast(shape_of(self.program, x, self.constants) for x in others) == shape:
                inputs = (*inputs[:place], number, *inputs[place + 1 :])
        return inputs

    def _value(self, equation: Equation, inputs: tuple[Static, ...]) -> Array:
        arrays = [self.constants[x] if isinstance(x, Constant) else x for x in inputs]
        function = bound(equation.function, self.xp)
        return (
            function(arrays, **equation.static)
            if equation.function.takes_list
            else function(*arrays, **equation.static)
        )
