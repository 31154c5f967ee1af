"""Which equations of a Program do the same to each of its carried arrays: those of an optimizer.

A lane is the element-wise equations that lead to the carried outputs of one shape: a parameter and its
memories. Lanes that differ in their shapes only are a family, and a family is computed at once, on vectors
in which the arrays lie one behind the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpcore.program.equation import Equation, Slot

__all__ = ["ELEMENTWISE", "Family", "families", "reads_of"]

ELEMENTWISE = (
    *("add", "subtract", "multiply", "divide", "negative", "square", "sqrt", "abs", "sign", "exp"),
    *("maximum", "minimum", "pow"),
)
"""What is understood in a lane."""


@dataclass(frozen=True, eq=False)
class Family:
    """Lanes of one pattern.

    Attributes
    ----------
    pattern : tuple of Equation
        The equations of the first lane.
    entering : tuple of tuples of Slot
        For each array that the pattern reads from outside, the slot in each lane; the first are its own.
    leaving : mapping of Slot to int
        For an output of the pattern that is carried, which of `entering` it replaces.
    equations : frozenset of Equation
        Those of all lanes.
    """

    pattern: tuple[Equation, ...]
    entering: tuple[tuple[Slot, ...], ...]
    leaving: Mapping[Slot, int]
    equations: frozenset[Equation]


def reads_of(program: Any) -> dict[Slot, list[Equation | None]]:
    """Return who reads each slot; None stands for what is returned and not carried."""
    found: dict[Slot, list[Equation | None]] = {}
    for equation in program.equations:
        for operand in equation.inputs:
            if type(operand) is Slot:
                found.setdefault(operand, []).append(equation)
    carried = {i for _, i in program.carried}
    for i, output in enumerate(program.outputs):
        if type(output) is Slot and i not in carried:
            found.setdefault(output, []).append(None)
    return found


def families(program: Any) -> list[Family]:
    """Return the families of a Program, those of most arrays first in the order of its equations."""
    inside = _inside(program)
    lanes = _lanes(program, inside)
    grouped: dict[Any, list[_Lane]] = {}
    for lane in lanes:
        grouped.setdefault(lane.signature, []).append(lane)
    return [_family(group) for group in grouped.values()]


def _is_lane_like(program: Any, equation: Equation) -> bool:
    name, wanted = equation.function.name, program.types[equation.output]
    if name not in ELEMENTWISE or equation.function.several or equation.static or not wanted.shape:
        return False
    for operand in equation.inputs:
        if type(operand) is Slot:
            found = program.types[operand]
            if found.dtype != wanted.dtype or found.shape not in (wanted.shape, ()):
                return False
        elif type(operand) not in (int, float):
            return False
    return True


def _inside(program: Any) -> set[Equation]:
    """Return the element-wise equations that nobody reads but lanes, on their way to a carried output."""
    ends = {program.outputs[o] for i, o in program.carried if program.outputs[o] not in program.inputs}
    read = reads_of(program)
    places = Counter(program.outputs[o] for _, o in program.carried if type(program.outputs[o]) is Slot)
    kept: set[Equation] = set()
    for equation in reversed(program.equations):
        readers = read.get(equation.output, [])
        wanted = (equation.output in ends or readers) and places[equation.output] <= 1  # it lies in one place
        if wanted and _is_lane_like(program, equation) and all(reader in kept for reader in readers):
            kept.add(equation)
    return kept


@dataclass(frozen=True, eq=False)
class _Lane:
    equations: tuple[Equation, ...]
    entering: tuple[Slot, ...]
    leaving: Mapping[Slot, int]
    signature: object


def _lanes(program: Any, inside: set[Equation]) -> list[_Lane]:
    """Return the connected parts of what is inside, in the order of their first carried input.

    Who writes an array's memory is connected with who reads it.
    """
    own = {program.outputs[o]: program.inputs[i] for i, o in program.carried}
    part: dict[Slot, int] = {}
    members: dict[int, list[Equation]] = {}
    for number, equation in enumerate(e for e in program.equations if e in inside):
        shape = program.types[equation.output].shape
        touched = [*equation.inputs, own.get(equation.output)]
        mine = [x for x in touched if type(x) is Slot and program.types[x].shape == shape]
        numbers = {part[x] for x in mine if x in part}
        joined = sorted((e for n in numbers for e in members.pop(n)), key=lambda e: int(e.output))
        members[number] = [*joined, equation]
        part |= {slot: number for slot, n in part.items() if n in numbers}
        part |= dict.fromkeys([*mine, equation.output], number)
    lanes = [_lane(program, equations) for equations in members.values()]
    found = [lane for lane in lanes if lane is not None]
    return sorted(found, key=lambda lane: lane.entering[0])


def _lane(program: Any, equations: Sequence[Equation]) -> _Lane | None:
    """Return a lane with its signature; None where it carries nothing in place."""
    own = {program.outputs[o]: program.inputs[i] for i, o in program.carried}
    type_ = program.types[equations[0].output]
    outputs = [e.output for e in equations]
    pairs = {y: own[y] for y in outputs if y in own}
    foreign = [x for e in equations for x in e.inputs if type(x) is Slot and program.types[x].shape]
    entering = tuple(dict.fromkeys([*sorted(set(pairs.values())), *foreign]))
    entering = tuple(x for x in entering if x not in outputs)
    if not pairs or len(set(pairs.values())) != len(pairs):
        return None
    places = {x: ("in", k) for k, x in enumerate(entering)} | {y: ("of", k) for k, y in enumerate(outputs)}

    def sign(operand: Any) -> object:
        return places.get(operand, ("scalar", operand)) if type(operand) is Slot else (type(operand), operand)

    lines = tuple((e.function, *map(sign, e.inputs)) for e in equations)
    leaving = {y: entering.index(x) for y, x in pairs.items()}
    ends = tuple((places[y], k) for y, k in leaving.items())
    return _Lane(tuple(equations), entering, leaving, (type_.dtype, lines, ends))


def _family(lanes: Sequence[_Lane]) -> Family:
    first = lanes[0]
    entering = tuple(zip(*(lane.entering for lane in lanes), strict=True))
    every = frozenset(e for lane in lanes for e in lane.equations)
    return Family(first.equations, entering, first.leaving, every)
