"""How long each slot of a Program is read."""

from __future__ import annotations

from bpcore.program.equation import Equations, Slot

__all__ = ["last_reads"]


def last_reads(program: Equations) -> dict[Slot, int]:
    """Return the number of the last equation that reads each slot.

    A slot that nobody reads has the number of the equation that writes it, an input -1; one that is returned
    the number of equations.
    """
    last = dict.fromkeys(program.inputs, -1)
    for number, equation in enumerate(program.equations):
        last[equation.output] = number
        for operand in equation.inputs:
            if type(operand) is Slot:
                last[operand] = number
    for output in program.outputs:
        if type(output) is Slot:
            last[output] = len(program.equations)
    return last
