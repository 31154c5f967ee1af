"""Pass: every product is a ``matmul``, between views of what goes in and of what comes out.

``tensordot`` is one of matrices, after its axes are put in order; ``vecdot`` is a sum of products, which is
no matter for a library of matrices. The sums are made in another order: bits are not kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import broadcast, fresh_slots
from bpcore.program.program import Program
from bpcore_cupy.elements import types_of

__all__ = ["contracted"]

FLOATS = ("float16", "bfloat16", "float32", "float64")


def contracted(program: Program) -> Program:
    """Return `program` with ``tensordot`` and ``vecdot`` written in other functions."""
    return _Contracting(program).result()


class _Contracting:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.slots = fresh_slots(program)
        self.types = dict(program.types)
        self.kinds = types_of(program)
        self.equations: list[Equation] = []

    def result(self) -> Program:
        for equation in self.program.equations:
            arrays = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
            kinds = [self.kinds[x] for x in arrays]
            if equation.function is TABLE["tensordot"] and len(arrays) == len(equation.inputs):
                self._tensordot(equation, kinds)
            elif equation.function is TABLE["vecdot"] and _is_plain(self.types[equation.output], kinds):
                self._vecdot(equation, kinds)
            else:
                self.equations.append(equation)
        return replace(self.program, equations=tuple(self.equations), types=self.types)

    def _tensordot(self, equation: Equation, kinds: Sequence[ArrayType]) -> None:
        a, b = kinds
        ours, theirs = _axes(equation.static.get("axes", 2), a, b)
        free = [[i for i in range(len(x.shape)) if i not in done] for x, done in ((a, ours), (b, theirs))]
        inner = math.prod(a.shape[i] for i in ours)
        sizes = [math.prod(x.shape[i] for i in axes) for x, axes in zip(kinds, free, strict=True)]
        left = self._matrix(equation.inputs[0], a, [*free[0], *ours], (sizes[0], inner))
        right = self._matrix(equation.inputs[1], b, [*theirs, *free[1]], (inner, sizes[1]))
        kind = self.types[equation.output]
        product = self._new("matmul", (left, right), ArrayType((sizes[0], sizes[1]), kind.dtype))
        self.equations.append(Equation(TABLE["reshape"], (product, kind.shape), {}, equation.output))

    def _matrix(self, x: Any, kind: ArrayType, axes: list[int], shape: tuple[int, int]) -> Slot:
        turned = ArrayType(tuple(kind.shape[i] for i in axes), kind.dtype)
        if axes != sorted(axes):
            x = self._new("permute_dims", (x, tuple(axes)), turned)
        return self._new("reshape", (x, shape), ArrayType(shape, kind.dtype))

    def _vecdot(self, equation: Equation, kinds: Sequence[ArrayType]) -> None:
        shape = broadcast(kind.shape for kind in kinds) or ()
        axis = equation.static.get("axis", -1)
        products = self._new("multiply", equation.inputs, ArrayType(shape, kinds[0].dtype))
        self.equations.append(Equation(TABLE["sum"], (products,), {"axis": axis}, equation.output))

    def _new(self, name: str, inputs: tuple[Any, ...], kind: ArrayType) -> Slot:
        slot = next(self.slots)
        self.types[slot] = kind
        self.equations.append(Equation(TABLE[name], inputs, {}, slot))
        return slot


def _is_plain(result: Any, kinds: Sequence[ArrayType]) -> bool:
    """Return whether two arrays of one real floating dtype make the result."""
    names = {str(kind.dtype) for kind in (*kinds, result)}
    return len(kinds) == 2 and len(names) == 1 and names <= set(FLOATS)  # noqa: PLR2004 - a and b


def _axes(axes: Any, a: ArrayType, b: ArrayType) -> tuple[list[int], list[int]]:
    """Return which axes of each are summed over, in one order."""
    if isinstance(axes, int):
        return list(range(len(a.shape) - axes, len(a.shape))), list(range(axes))
    pairs: Iterator[tuple[Any, ArrayType]] = zip(axes, (a, b), strict=True)
    ours, theirs = ([i % len(x.shape) for i in chosen] for chosen, x in pairs)
    return ours, theirs
