"""Pass: the same result for less.

==============================================  ==============================  =========
what is written                                 becomes                         bits
==============================================  ==============================  =========
``x * 1``, ``x / 1``, ``x - 0``, ``x ** 1``     ``x``                           kept
``-(-x)``                                       ``x``                           kept
``astype(x, dtype of x)``                       ``x``                           kept
``reshape(reshape(x, s), t)``                   ``reshape(x, t)``               kept
``reshape(x, shape of x)``                      ``x``                           kept
``broadcast_to(x, shape of x)``                 ``x``                           kept
``mT(mT(x))``                                   ``x``                           kept
``f(broadcast_to(x, s), y)``, f element-wise,   ``f(x, y)``                     kept
y of shape s
``a * (b * x)``, a or b a power of two          ``(a b) * x``                   kept (1)
``x / a``, a a power of two                     ``x * (1 / a)``                 kept
``x / a``                                       ``x * (1 / a)``                 not kept
``a * (b * x)``                                 ``(a b) * x``                   not kept
==============================================  ==============================  =========

a and b are numbers, x and y arrays, all of one real floating dtype. (1) Where nothing becomes
subnormal or infinite on the way. ``x + 0`` is not ``x``, for ``-0 + 0`` is 0.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.constants import Constants
from bpcore.program.passes.rewriting import broadcast, elementwise, renamed, shape_of, with_operands
from bpcore.program.program import Program
from bpcore.words.protocols import Dtype, Namespace, Static

__all__ = ["simplify"]

NEUTRAL: dict[str, tuple[int, ...]] = {"multiply": (0, 1), "divide": (0,), "subtract": (0,), "pow": (0,)}
"""Functions that change nothing where the other operand is neutral, and the place of the one operand."""

SMALLEST_EXPONENT = 14
"""Of float16's normal numbers, from 2**-14."""


def simplify(program: Program, xp: Namespace, *, keep_bits: bool = True) -> Program:
    """Return `program` with the replacements of the table above; without `keep_bits`, with all of them.

    Parameters
    ----------
    program : Program
    xp : module-like
        The plain functions of the backend that the constants belong to.
    keep_bits : bool
    """
    return _Simplifying(program, xp, keep_bits=keep_bits).simplified()


class _Simplifying:
    def __init__(self, program: Program, xp: Namespace, *, keep_bits: bool) -> None:
        self.program, self.keep_bits = program, keep_bits
        self.constants = Constants(program.constants, xp)
        self.names: dict[Slot, Slot | Constant | Static] = {}
        self.made: dict[Slot, Equation] = {}
        self.real: dict[Dtype, bool] = {}

    def simplified(self) -> Program:
        put = renamed(self.names)
        equations = []
        for equation in self.program.equations:
            found = self._narrowed(self._merged(with_operands(equation, put)))
            same = self._same(found)
            if same is not None:
                self.names[found.output] = same
            else:
                self.made[found.output] = found
                equations.append(found)
        outputs = tuple(map(put, self.program.outputs))
        return replace(self.program, equations=tuple(equations), outputs=outputs, constants=self.constants)

    def _same(self, equation: Equation) -> Slot | Static:
        """Return the operand that the result is, where it is one."""
        name, first = equation.function.name, equation.inputs[0] if equation.inputs else None
        if TABLE.get(name) is not equation.function:
            return None
        if name in ("negative", "matrix_transpose"):
            inner = self._maker(first, name)
            return inner.inputs[0] if inner is not None and isinstance(inner.inputs[0], Slot) else None
        neutral = 0.0 if name == "subtract" else 1.0
        for place in NEUTRAL.get(name, ()):
            x, other = equation.inputs[place], self.constants.number(equation.inputs[1 - place])
            if other == neutral and math.copysign(1.0, other) > 0 and self._is_real(equation, x):
                return x
        if name in ("astype", "reshape", "broadcast_to") and self._unchanged(equation, first):
            return first if not equation.static.get("copy") else None
        return None

    def _unchanged(self, equation: Equation, operand: Static) -> bool:
        """Return whether the result has the operand's shape and dtype."""
        if not isinstance(operand, Slot):
            return False
        return bool(self.program.types[equation.output] == self.program.types[operand])

    def _is_real(self, equation: Equation, operand: Static) -> bool:
        """Return whether, besides, that is a real floating dtype: a complex 1 turns an infinity into none."""
        kind = self.program.types[equation.output]
        if not self._unchanged(equation, operand) or not isinstance(kind, ArrayType):
            return False
        if kind.dtype not in self.real:
            self.real[kind.dtype] = self.constants.xp.isdtype(kind.dtype, "real floating")
        return self.real[kind.dtype]

    def _merged(self, equation: Equation) -> Equation:
        """Return a reshape of a reshape, or a product of products with numbers, as one."""
        name = equation.function.name
        if TABLE.get(name) is not equation.function:
            return equation
        if name == "reshape":
            inner = self._maker(equation.inputs[0], name)
            if inner is not None and not equation.static:
                return replace(equation, inputs=(inner.inputs[0], *equation.inputs[1:]))
        if name == "divide" and self._is_real(equation, equation.inputs[0]):
            number = self.constants.number(equation.inputs[1])
            if number and (not self.keep_bits or _is_power_of_two(number)):
                scale = self._constant(1.0 / number, equation)
                equation = replace(equation, function=TABLE["multiply"], inputs=(equation.inputs[0], scale))
        if equation.function.name == "multiply":
            return self._one_product(equation)
        return equation

    def _one_product(self, equation: Equation) -> Equation:
        for place in (0, 1):
            outer = self.constants.number(equation.inputs[place])
            inner = self._maker(equation.inputs[1 - place], "multiply")
            if outer is None or inner is None or not self._is_real(equation, inner.output):
                continue
            for inner_place in (0, 1):
                factor, x = self.constants.number(inner.inputs[inner_place]), inner.inputs[1 - inner_place]
                if factor is None or not self._unchanged(equation, x):
                    continue
                if not self.keep_bits or _is_power_of_two(outer) or _is_power_of_two(factor):
                    return replace(equation, inputs=(self._constant(outer * factor, equation), x))
        return equation

    def _narrowed(self, equation: Equation) -> Equation:
        """Leave out broadcasts that the equation does itself."""
        inputs = equation.inputs
        if all(self._maker(x, "broadcast_to") is None for x in inputs) or not elementwise(equation):
            return equation
        shape = shape_of(self.program, equation.output)
        for place, operand in enumerate(inputs):
            inner = self._maker(operand, "broadcast_to")
            if inner is None:
                continue
            narrow = (*inputs[:place], inner.inputs[0], *inputs[place + 1 :])
            if broadcast(shape_of(self.program, x, self.constants) for x in narrow) == shape:
                inputs = narrow
        return equation if inputs == equation.inputs else replace(equation, inputs=inputs)

    def _maker(self, operand: Static, name: str) -> Equation | None:
        """Return the equation that makes an operand, if it is one of that function."""
        made = self.made.get(operand) if isinstance(operand, Slot) else None
        return made if made is not None and made.function is TABLE[name] else None

    def _constant(self, value: float, equation: Equation) -> Constant:
        kind = self.program.types[equation.output]
        return self.constants.made(value, kind.dtype if isinstance(kind, ArrayType) else None)


def _is_power_of_two(number: float) -> bool:
    """Return whether it is one, and neither it nor its inverse is subnormal in any dtype."""
    mantissa, exponent = math.frexp(number)
    return abs(mantissa) == 0.5 and abs(exponent) < SMALLEST_EXPONENT  # noqa: PLR2004 - frexp's own
