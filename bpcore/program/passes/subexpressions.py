"""Pass: what is computed twice is computed once. It keeps the bits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.passes.rewriting import key_of, renamed, static_key, with_operands
from bpcore.program.program import Program
from bpcore.words.protocols import Static

__all__ = ["share"]


OF_TYPES = ("ones_like", "zeros_like")
"""Functions that look at the shape and the dtype of their argument, and nothing else."""


def share(program: Program) -> Program:
    """Return `program` without equations that repeat an earlier one: one function, of the same operands."""
    first: dict[Hashable, Slot] = {}
    names: dict[Slot, Slot | Static] = {}
    put = renamed(names)
    kept = []
    for equation in program.equations:
        found = with_operands(equation, put)
        statics = tuple(sorted((name, static_key(value)) for name, value in found.static.items()))
        key = (id(found.function), tuple(map(key_of, _read(program, found))), statics)
        if key in first:
            names[found.output] = first[key]
        else:
            first[key] = found.output
            kept.append(found)
    return replace(program, equations=tuple(kept), outputs=tuple(map(put, program.outputs)))


def _read(program: Program, equation: Equation) -> tuple[Static, ...]:
    """Return what the result depends on."""
    if equation.function.name in OF_TYPES and isinstance(equation.inputs[0], Slot):
        kind = program.types[equation.inputs[0]]
        return kind if isinstance(kind, ArrayType) else equation.inputs
    return equation.inputs
