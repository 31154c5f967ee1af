"""Pass: element-wise equations of one shape, and reductions at their end, become one equation.

Its function holds them as a small Program, see `Fused`. What a backend makes of it is its own affair: a
kernel, a loop over blocks that stay in cache, or the equations one after the other. It keeps the bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.joining import joined
from bpcore.program.passes.levels import levels, slots_among
from bpcore.program.passes.rewriting import elementwise, shape_of
from bpcore.program.program import Program
from bpcore.words.protocols import Static

__all__ = ["Fused", "broadcasting", "group"]

Choice = Callable[[Equation], bool]


def broadcasting(equation: Equation) -> bool:
    """Return whether an equation is element-wise, or only broadcasts."""
    return elementwise(equation) or equation.function.name == "broadcast_to"


def group(
    program: Program,
    members: Choice = elementwise,
    *,
    reductions: Choice = lambda equation: False,
    smallest: int = 0,
    least: int = 2,
) -> Program:
    """Return `program` with groups of equations as one each; nothing is computed twice.

    A group is connected, has one shape, and no way leads out of it and back. What others read of it are
    its outputs: one, or several with an ``item`` each.

    Parameters
    ----------
    program : Program
    members : function of an equation to bool
        Whether an equation, one that does no more than broadcast and compute element by element, may be in
        a group. `broadcasting` takes in ``broadcast_to``.
    reductions : function of an equation to bool
        Which equations of one operand may end a group that makes their operand.
    smallest : int
        Elements from which on a shape is grouped.
    least : int
        Equations from which on a group is made.
    """
    chosen = [_elements(program.types[x.output]) >= smallest and members(x) for x in program.equations]
    groups = _groups(program, chosen, reductions)
    return joined(program, [each for each in groups if len(each) >= least])


def _elements(kind: Static) -> int:
    return math.prod(kind.shape) if isinstance(kind, ArrayType) else 0


def _groups(program: Program, chosen: Sequence[bool], reductions: Choice) -> list[list[Equation]]:
    """Return the equations of each group, in order."""
    level = levels(program, chosen)
    over: dict[Slot, Slot] = {}  # members that are connected have one root
    ends: dict[Slot, Slot] = {}  # what a reduction reduces: nothing goes on with it in the group

    def root(slot: Slot) -> Slot:
        while over[slot] != slot:
            over[slot] = slot = over[over[slot]]
        return slot

    for equation, member in zip(program.equations, chosen, strict=True):
        output, operands = equation.output, slots_among(equation.inputs)
        if member:
            over[output] = output
            place = (level[output], shape_of(program, output))
            for x in operands:
                if x in over and (level[x], shape_of(program, x)) == place:
                    over[root(x)] = output
        elif len(operands) == 1 and operands[0] in over and reductions(equation):
            ends[output] = operands[0]
    groups: dict[Slot, list[Equation]] = {}
    for equation in program.equations:
        inside = ends.get(equation.output, equation.output)
        if inside in over:
            groups.setdefault(root(inside), []).append(equation)
    return list(groups.values())
