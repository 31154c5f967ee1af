"""Pass: chains of element-wise equations become one equation each, which can be computed piece by piece.

What is only needed inside a group is never an array: a backend keeps it in a register, or in a buffer of a
cache's size. A group is convex: nothing outside of it lies between two of its members. It keeps the bits.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bpcore.derivatives.namespaces.plain import bound
from bpcore.derivatives.rules.function import ITEM, Function
from bpcore.program.equation import ArrayType, Constant, Equation, Equations, Slot
from bpcore.program.passes.rewriting import elementwise, fresh_slots
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace, Static
from bpcore.words.trees import LEAF, Structure

__all__ = ["Fused", "group"]


@dataclass(frozen=True, eq=False)
class Fused(Function):
    """A function that is a straight line of element-wise equations.

    Attributes
    ----------
    inner : Equations
        Over the slots of the Program around it: its inputs are the operands, in order.
    """

    inner: Equations | None = None

    def __repr__(self) -> str:
        return f"<function {self.name}>"


def group(
    program: Program,
    may: Callable[[Equation], bool] = elementwise,
    *,
    smallest: int = 0,
) -> Program:
    """Return `program` with groups of element-wise equations, each as one `Fused` equation.

    Parameters
    ----------
    program : Program
    may : function
        Whether an equation may be in a group.
    smallest : int
        Elements of the smallest result that is worth a group.
    """
    groups = _found(program, may, smallest)
    slots, types = fresh_slots(program), dict(program.types)
    read = _read_outside(program, groups)
    nodes: list[tuple[int, list[Equation]]] = []
    members = {number for found in groups for number in found}
    for number, equation in enumerate(program.equations):
        if number not in members:
            nodes.append((number, [equation]))
    nodes += [(found[0], list(_fused(program, found, read, slots, types))) for found in groups]
    return replace(program, equations=tuple(_in_order(nodes)), types=types)


def _found(program: Program, may: Callable[[Equation], bool], smallest: int) -> list[list[int]]:
    """Return the numbers of the equations of each group, for groups of two and more."""
    groups: list[list[int]] = []
    last: dict[tuple[int, ...], int] = {}  # the group of a shape that was begun last
    of: dict[Slot, int] = {}
    behind: list[set[int]] = []  # the groups that a group depends on
    after: dict[Slot, set[int]] = {}  # the groups that a slot depends on
    for number, equation in enumerate(program.equations):
        inputs = [x for x in equation.inputs if isinstance(x, Slot)]
        needs: set[int] = set()
        for x in inputs:
            needs |= after.get(x, set())
        kind = program.types[equation.output]
        mine = isinstance(kind, ArrayType) and math.prod(kind.shape) >= smallest and may(equation)
        if mine and isinstance(kind, ArrayType):
            place = last.get(kind.shape)
            if place is None or not _joins(place, inputs, of, after, behind):
                place = last[kind.shape] = len(groups)
                groups.append([])
                behind.append(set())
            groups[place].append(number)
            of[equation.output] = place
            behind[place] |= needs - {place}
            needs = needs | {place}
        after[equation.output] = needs
    return [found for found in groups if len(found) > 1]


def _joins(
    place: int,
    inputs: Sequence[Slot],
    of: dict[Slot, int],
    after: dict[Slot, set[int]],
    behind: list[set[int]],
) -> bool:
    """Return whether no operand from outside of a group depends on it."""
    for x in inputs:
        if of.get(x) == place:
            continue
        waiting, seen = set(after.get(x, set())), set()
        while waiting:
            other = waiting.pop()
            if other == place:
                return False
            seen.add(other)
            waiting |= behind[other] - seen
    return True


def _read_outside(program: Program, groups: list[list[int]]) -> set[Slot]:
    """Return the slots that are returned, or read by another group or equation than makes them."""
    place = {number: i for i, found in enumerate(groups) for number in found}
    maker = {equation.output: place.get(number, -1) for number, equation in enumerate(program.equations)}
    found = {y for y in program.outputs if isinstance(y, Slot)}
    for number, equation in enumerate(program.equations):
        mine = place.get(number, -1)
        found |= {x for x in equation.inputs if isinstance(x, Slot) and (mine < 0 or maker.get(x) != mine)}
    return found


def _fused(
    program: Program, found: list[int], read: set[Slot], slots: Iterator[Slot], types: dict[Slot, Static]
) -> Iterator[Equation]:
    """Yield the one equation of a group, and those that take its results apart."""
    equations = tuple(program.equations[number] for number in found)
    made = {equation.output: None for equation in equations}
    inputs = dict.fromkeys(
        x for equation in equations for x in equation.inputs if isinstance(x, Slot) and x not in made
    )
    outputs = tuple(y for y in made if y in read)
    held = {str(x) for equation in equations for x in equation.inputs if isinstance(x, Constant)}
    constants = {name: array for name, array in program.constants.items() if name in held}
    inner_types = {slot: program.types[slot] for slot in (*inputs, *made)}
    structure = Structure(tuple, (), (LEAF,) * len(outputs))
    inner = Equations(tuple(inputs), equations, outputs, constants, inner_types, structure)
    several = len(outputs) > 1
    function = Fused(
        "fused", None, compute=_Straight(inner), several=several, reason="made of others", inner=inner
    )
    if not several:
        yield Equation(function, tuple(inputs), {}, outputs[0])
        return
    together = next(slots)
    types[together] = tuple(program.types[y] for y in outputs)
    yield Equation(function, tuple(inputs), {}, together)
    for index, y in enumerate(outputs):
        yield Equation(ITEM, (together,), {"index": index}, y)


@dataclass(frozen=True, eq=False, slots=True)
class _Straight:
    """What a group computes, in functions of a namespace."""

    inner: Equations

    def __call__(self, xp: Namespace, *arrays: Array) -> Array:
        values: dict[Static, Array] = dict(zip(self.inner.inputs, arrays, strict=True))
        for equation in self.inner.equations:
            operands = [
                values[x]
                if isinstance(x, Slot)
                else self.inner.constants[x]
                if isinstance(x, Constant)
                else x
                for x in equation.inputs
            ]
            values[equation.output] = bound(equation.function, xp)(*operands, **equation.static)
        found = tuple(values[y] for y in self.inner.outputs)
        return found if len(found) > 1 else found[0]


def _in_order(nodes: list[tuple[int, list[Equation]]]) -> Iterator[Equation]:
    """Yield the equations so that each comes after what it reads, and otherwise as early as it was."""
    maker = {e.output: place for place, (_, equations) in enumerate(nodes) for e in equations}
    wanted: list[set[int]] = []
    readers: list[list[int]] = [[] for _ in nodes]
    for place, (_, equations) in enumerate(nodes):
        needs = {maker[x] for e in equations for x in e.inputs if isinstance(x, Slot) and x in maker} - {
            place
        }
        wanted.append(needs)
        for other in needs:
            readers[other].append(place)
    ready = [(nodes[place][0], place) for place, needs in enumerate(wanted) if not needs]
    heapq.heapify(ready)
    while ready:
        _, place = heapq.heappop(ready)
        yield from nodes[place][1]
        for other in readers[place]:
            wanted[other].discard(place)
            if not wanted[other]:
                heapq.heappush(ready, (nodes[other][0], other))
