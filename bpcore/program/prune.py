"""Pass: leave out what nobody reads."""

from __future__ import annotations

from dataclasses import replace

from bpcore.program.program import Program

__all__ = ["prune"]


def prune(program: Program) -> Program:
    """Return `program` without the equations, and the constants, that no output depends on."""
    wanted: set[object] = set(program.outputs)
    kept = []
    for equation in reversed(program.equations):
        if equation.output in wanted:
            kept.append(equation)
            wanted.update(operand for operand in equation.inputs if isinstance(operand, int | str))
    constants = {name: array for name, array in program.constants.items() if name in wanted}
    return replace(program, equations=tuple(reversed(kept)), constants=constants)
