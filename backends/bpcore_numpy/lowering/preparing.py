"""What is done to a Program before it is laid out: bpcore's passes, and one that is OpenBLAS's."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from bpcore.derivatives.namespaces.plain import bound, look_up
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import Function
from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.passes.flattening import flatten_carry
from bpcore.program.passes.folding import fold
from bpcore.program.passes.grouping import group
from bpcore.program.passes.inlining import inline
from bpcore.program.passes.prune import prune
from bpcore.program.passes.rewriting import fresh_slots
from bpcore.program.passes.strength import simplify
from bpcore.program.passes.subexpressions import share
from bpcore.program.program import Program
from bpcore_numpy.lowering.blocks import LARGE
from bpcore_numpy.lowering.masks import masked
from bpcore_numpy.lowering.raising import raising_first
from bpcore_numpy.lowering.reductions import reduced
from bpcore_numpy.lowering.turning import turned

__all__ = ["prepared"]

COPIED = (2048, 16384)
"""Elements of a matrix that is cheaper copied in its turned form than multiplied from the right as a view.

Measured on one core, float32, batch 64: 64 x 64 from 10.9 to 6.2 us, 64 x 128 from 14.2 to 11.4, 512 x 10
from 22 to 15; below and above it is the other way round. The bits are the same.
"""


def prepared(program: Program, functions: Any) -> Program:
    """Return `program` as NumPy is to run it. All but sums keep their bits."""
    program = inline(program, functions, functools.partial(_is_composed, functions))
    program = prune(share(simplify(fold(program, functions), functions)))
    program = masked(_copied(turned(reduced(flatten_carry(program)))))
    program = group(program, functools.partial(_in_block, program, functions), smallest=LARGE)
    return raising_first(program)


def _in_block(program: Program, functions: Any, equation: Equation) -> bool:
    """Return whether an equation may be computed block by block: a universal function of vectors."""
    if len(program.types[equation.output].shape) != 1 or equation.static:
        return False
    function = bound(equation.function, functions)
    return isinstance(function, np.ufunc) and function.signature is None and function.nout == 1


def _is_composed(functions: Any, function: Function) -> bool:
    """Return whether NumPy has no function of its own for it."""
    found = look_up(functions, function.name)
    return isinstance(found, functools.partial) and found.func is function.compute


def _copied(program: Program) -> Program:
    """Return `program` with small transposed matrices that products take on the right copied, once each."""
    slots, types = fresh_slots(program), dict(program.types)
    views = {x.output for x in program.equations if x.function.name == "matrix_transpose"}
    copies: dict[Slot, Slot] = {}
    equations: list[Equation] = []
    for equation in program.equations:
        right = equation.inputs[1] if equation.function.name == "matmul" else None
        if not (isinstance(right, Slot) and right in views and _pays(program, right)):
            equations.append(equation)
            continue
        if right not in copies:
            copies[right] = next(slots)
            types[copies[right]] = types[right]
            equations.append(Equation(TABLE["astype"], (right, types[right].dtype), {}, copies[right]))
        equations.append(replace(equation, inputs=(equation.inputs[0], copies[right])))
    return replace(program, equations=tuple(equations), types=types)


def _pays(program: Program, right: Slot) -> bool:
    kind = program.types[right]
    return isinstance(kind, ArrayType) and COPIED[0] <= math.prod(kind.shape) <= COPIED[1]
