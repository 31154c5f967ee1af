"""Some equations of a Program become one: its function holds them as a small Program, see `Fused`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.passes.fused import fused
from bpcore.program.passes.levels import slots_among
from bpcore.program.passes.ordering import ordered
from bpcore.program.passes.rewriting import fresh_slots
from bpcore.program.program import Program
from bpcore.words.trees import LEAF, Structure

__all__ = ["joined"]


def joined(program: Program, groups: Sequence[Sequence[Equation]]) -> Program:
    """Return `program` with each group of equations as one.

    What others read of a group are its outputs: one, or several with an ``item`` each.

    Parameters
    ----------
    program : Program
    groups : sequence of sequences of Equation
        Each in the Program's order. No way may lead out of a group and back into it, nor from one to another
        and back.
    """
    found = {equation.output: group for group in groups for equation in group}
    units: list[Sequence[Equation] | Equation] = []
    for equation in program.equations:
        group = found.get(equation.output)
        if group is None:
            units.append(equation)
        elif group[-1] is equation:
            units.append(group)
    return _written(program, ordered(units, _reads, _writes))


def _equations(unit: Sequence[Equation] | Equation) -> Sequence[Equation]:
    return (unit,) if isinstance(unit, Equation) else unit


def _reads(unit: Sequence[Equation] | Equation) -> Iterator[Slot]:
    return (x for equation in _equations(unit) for x in slots_among(equation.inputs))


def _writes(unit: Sequence[Equation] | Equation) -> Iterator[Slot]:
    return (equation.output for equation in _equations(unit))


def _written(program: Program, units: Sequence[Sequence[Equation] | Equation]) -> Program:
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
        inner, inputs = _inner(program, unit, readers)
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
