"""Pass: leave out what nobody reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bpcore.program.equation import Constant, Slot
from bpcore.program.program import Program

__all__ = ["prune"]


def prune(program: Program) -> Program:
    """Return `program` without the equations, and the constants, that no output depends on."""
    wanted = _places(program.outputs)
    kept = []
    for equation in reversed(program.equations):
        if equation.output in wanted:
            kept.append(equation)
            wanted |= _places(equation.inputs)
    constants = {name: array for name, array in program.constants.items() if name in wanted}
    return replace(program, equations=tuple(reversed(kept)), constants=constants)


def _places(operands: Iterable[object]) -> set[Slot | Constant]:
    """Return the slots and constants among operands: a number that stands for itself is no slot."""
    return {operand for operand in operands if isinstance(operand, Slot | Constant)}
