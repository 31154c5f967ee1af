"""Pass: sums as products with ones, and extremes of short rows along columns.

NumPy starts anew for each row that it reduces, and for each call takes 0.7 us before it adds anything. BLAS
does neither. Measured on one core, float32, microseconds:

=======================  ============  ======================
what                     as a reduction  as it is done here
=======================  ============  ======================
sum of 20 / 4096         0.7 / 1.4     0.2 / 0.5
rows of 64 x 128         2.3           0.5
rows of 512 x 2048       63            53
columns of 64 x 10       2.0           0.4
columns of 512 x 10      10.7          1.3
maxima of 64 x 10        3.6           1.7
maxima of 512 x 10       23            3.5
=======================  ============  ======================

A product adds in another order than a sum: it is taken in float32 only. In float64 every sum keeps its bits,
and so does every extreme in both.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import fresh_slots
from bpcore.program.program import Program

__all__ = ["reduced"]

LONGEST = {"all": 2**14, "last": 2**12, "first": math.inf}
"""How many elements a product adds up: of more, NumPy's sum has the smaller error, for it adds in pairs."""

ROWS, COLUMNS = 32, 32
"""From how many rows, and up to how many columns, extremes are taken along the columns of a copy."""

REAL = ("float32", "float64")
"""Dtypes that are summed up in themselves."""


def reduced(program: Program) -> Program:
    """Return `program` with the reductions of arrays that lie in order as NumPy does them fastest."""
    return _Reducing(program).reduced()


class _Reducing:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.slots = fresh_slots(program)
        self.types = dict(program.types)
        self.constants = dict(program.constants)
        self.equations: list[Equation] = []
        self.dense = {program.inputs[i] for i, _ in program.carried}

    def reduced(self) -> Program:
        for equation in self.program.equations:
            if not self._is_replaced(equation):
                self.equations.append(equation)
            function = equation.function
            if not function.views and TABLE.get(function.name) is function:
                self.dense.add(equation.output)
        return replace(
            self.program, equations=tuple(self.equations), types=self.types, constants=self.constants
        )

    def _is_replaced(self, equation: Equation) -> bool:
        name, operand = equation.function.name, next(iter(equation.inputs), None)
        if name not in ("sum", "mean", "max", "min") or TABLE.get(name) is not equation.function:
            return False
        if operand not in self.dense or set(equation.static) - {"axis", "keepdims"}:
            return False
        taken, given = self.types[operand], self.types[equation.output]
        if not isinstance(taken, ArrayType) or taken.dtype != given.dtype or 0 in taken.shape:
            return False
        add = self._extremes if name in ("max", "min") else self._sum
        return add(equation, operand, taken)

    def _sum(self, equation: Equation, operand: Slot, taken: ArrayType) -> bool:
        """Write a mean as a sum and a quotient, and either as a product; return whether one was done."""
        mean = equation.function.name == "mean" and str(taken.dtype) in REAL
        where, count = _place(taken.shape, equation.static.get("axis"))
        product = str(taken.dtype) == "float32" and 1 < count <= LONGEST.get(where, 0)
        if not mean and not product:
            return False
        shape = self.types[equation.output].shape
        exact = mean and not count & (
            count - 1
        )  # a share that is a power of two is multiplied as it is divided by
        if product:
            share = 1 / count if exact else 1.0
            total = self._reshaped(self._product(operand, taken, where, count, share), shape)
        else:
            total = self._add("sum", (operand,), shape, **equation.static)
        if mean and not (product and exact):  # written over the sum, it would take NumPy three times as long
            total = self._add("divide", (total, float(count)), shape)
        self._end(equation, total)
        return True

    def _product(self, operand: Slot, taken: ArrayType, where: str, count: int, share: float) -> Slot:
        ones, others = self._equal(share, count, taken.dtype), math.prod(taken.shape) // count
        if where == "all":
            return self._add("matmul", (self._reshaped(operand, (count,)), ones), ())
        if where == "first":
            return self._add("matmul", (ones, self._reshaped(operand, (count, others))), (others,))
        return self._add("matmul", (self._reshaped(operand, (others, count)), ones), (others,))

    def _extremes(self, equation: Equation, operand: Slot, taken: ArrayType) -> bool:
        where, count = _place(taken.shape, equation.static.get("axis"))
        rows = math.prod(taken.shape) // count
        if where != "last" or rows < ROWS or not 1 < count <= COLUMNS:
            return False
        matrix = self._reshaped(operand, (rows, count))
        view = self._add("matrix_transpose", (matrix,), (count, rows))
        copy = self._add("astype", (view, taken.dtype), (count, rows))
        found = self._add(equation.function.name, (copy,), (rows,), axis=0)
        self._end(equation, self._reshaped(found, self.types[equation.output].shape))
        return True

    def _add(self, name: str, inputs: tuple[Any, ...], shape: tuple[int, ...], **static: Any) -> Slot:
        """Write one equation more, of the dtype of its first array; return its output."""
        slot = next(self.slots)
        kinds = [self.types[x] for x in inputs if isinstance(x, Slot)]
        self.types[slot] = ArrayType(shape, kinds[0].dtype)
        self.equations.append(Equation(TABLE[name], inputs, static, slot))
        return slot

    def _reshaped(self, operand: Slot, shape: tuple[int, ...]) -> Slot:
        return (
            operand if self.types[operand].shape == shape else self._add("reshape", (operand, shape), shape)
        )

    def _equal(self, share: float, count: int, dtype: Any) -> Constant:
        """Return a vector of equal numbers."""
        name = Constant(f"{'ones' if share == 1 else 'shares'}_{count}_{dtype}")
        if name not in self.constants:
            self.constants[name] = np.full(count, share, dtype)
        return name

    def _end(self, equation: Equation, result: Slot) -> None:
        """Let the last equation write what the replaced one wrote."""
        self.equations[-1] = replace(self.equations[-1], output=equation.output)
        del self.types[result]


def _place(shape: tuple[int, ...], axis: Any) -> tuple[str, int]:
    """Return which axes are reduced, ``all``, the ``first`` or the ``last`` ones, and how many elements."""
    rank = len(shape)
    given = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = {x % rank for x in given} if rank else set()
    count = math.prod(shape[x] for x in axes)
    if count == math.prod(shape):
        return "all", count
    if axes == set(range(len(axes))):
        return "first", count
    return ("last" if axes == set(range(rank - len(axes), rank)) else ""), count
