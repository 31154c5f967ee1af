"""Pass: element-wise equations of one shape, and reductions at their end, become one equation.

Its function holds them as a small Program, see `Fused`. What a backend makes of it is its own affair: a
kernel, a loop over blocks that stay in cache, or the equations one after the other. It keeps the bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.fused import Fused, fused
from bpcore.program.passes.levels import levels, slots_among
from bpcore.program.passes.ordering import ordered
from bpcore.program.passes.rewriting import elementwise, fresh_slots, shape_of
from bpcore.program.program import Program
from bpcore.words.protocols import Static
from bpcore.words.trees import LEAF, Structure

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
    found = _groups(program, chosen, reductions)
    units: list[_Group | Equation] = []
    for number, equation in enumerate(program.equations):
        unit = found.get(equation.output)
        if unit is None or len(unit.equations) < least:
            units.append(equation)
        elif unit.last == number:
            units.append(unit)
    return _written(program, ordered(units, _reads, _writes))


@dataclass(eq=False)
class _Group:
    """Equations that become one, and the number of the last of them."""

    equations: list[Equation] = field(default_factory=list)
    last: int = 0


def _reads(unit: _Group | Equation) -> Iterator[Slot]:
    equations = unit.equations if isinstance(unit, _Group) else (unit,)
    return (x for equation in equations for x in slots_among(equation.inputs))


def _writes(unit: _Group | Equation) -> Iterator[Slot]:
    equations = unit.equations if isinstance(unit, _Group) else (unit,)
    return (equation.output for equation in equations)


def _elements(kind: Static) -> int:
    return math.prod(kind.shape) if isinstance(kind, ArrayType) else 0


def _groups(program: Program, chosen: Sequence[bool], reductions: Choice) -> dict[Slot, _Group]:
    """Return the group that each slot is made in."""
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
    groups: dict[Slot, _Group] = {}
    found: dict[Slot, _Group] = {}
    for number, equation in enumerate(program.equations):
        inside = ends.get(equation.output, equation.output)
        if inside in over:
            unit = found[equation.output] = groups.setdefault(root(inside), _Group())
            unit.equations.append(equation)
            unit.last = number
    return found


def _written(program: Program, units: Sequence[_Group | Equation]) -> Program:
    """Return the Program with its groups as equations."""
    readers: dict[Slot, int] = {}
    for x in (*slots_among(program.outputs), *(x for unit in units for x in _reads(unit))):
        readers[x] = readers.get(x, 0) + 1
    types, slots = dict(program.types), fresh_slots(program)
    equations: list[Equation] = []
    for unit in units:
        if isinstance(unit, Equation):
            equations.append(unit)
            continue
        inner, inputs = _inner(program, unit.equations, readers)
        if len(inner.outputs) == 1:
            (output,) = slots_among(inner.outputs)
            equations.append(Equation(fused(inner), inputs, {}, output))
            continue
        together = next(slots)
        types[together] = tuple(types[y] for y in slots_among(inner.outputs))
        equations.append(Equation(fused(inner), inputs, {}, together))
        equations += [
            Equation(ITEM, (together,), {"index": i}, y) for i, y in enumerate(slots_among(inner.outputs))
        ]
    return replace(program, equations=tuple(equations), types=types)


def _inner(
    program: Program, equations: Sequence[Equation], readers: dict[Slot, int]
) -> tuple[Program, tuple[Slot, ...]]:
    """Return a group as a Program, and what it is given."""
    made = {equation.output for equation in equations}
    inside: dict[Slot, int] = {}
    for x in (x for equation in equations for x in slots_among(equation.inputs)):
        inside[x] = inside.get(x, 0) + 1
    inputs = tuple(x for x in inside if x not in made)
    outputs = tuple(x.output for x in equations if readers.get(x.output, 0) > inside.get(x.output, 0))
    held = {x for equation in equations for x in equation.inputs if type(x) is Constant}
    constants = {str(name): program.constants[name] for name in held}
    types = {x: program.types[x] for x in (*inputs, *made)}
    structure = Structure(list, (), (LEAF,) * len(outputs))
    return Program(inputs, tuple(equations), outputs, constants, types, structure), inputs
