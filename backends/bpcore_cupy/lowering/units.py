"""A Program while equations of it are taken together: who reads what, and whether a ring would come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.levels import slots_among
from bpcore.program.passes.ordering import ordered
from bpcore.program.passes.rewriting import fresh_slots, key_of
from bpcore.program.program import Program
from bpcore.words.trees import LEAF, Structure
from bpcore_cupy.elements import types_of

__all__ = ["Units", "beside", "is_same"]


class Units:
    """The equations of a Program, some of which have been made one.

    Attributes
    ----------
    program : Program
    kinds : dict of Slot or Constant to ArrayType
    maker : dict of Slot to Equation
    kept : set of Slot
        What the Program returns.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kinds = types_of(program)
        self.types = dict(program.types)
        self.slots = fresh_slots(program)
        self.maker = {equation.output: equation for equation in program.equations}
        self.kept = set(slots_among(program.outputs))
        self._readers: dict[Slot, list[Equation]] = {}
        for equation in program.equations:
            for x in dict.fromkeys(slots_among(equation.inputs)):
                self._readers.setdefault(x, []).append(equation)
        self._unit: dict[Slot, list[Equation]] = {x.output: [x] for x in program.equations}
        self._made: dict[int, list[Equation]] = {}

    def readers(self, slot: Any) -> list[Equation]:
        """Return the equations that read a slot."""
        return self._readers.get(slot, []) if type(slot) is Slot else []

    def only_reader(self, slot: Slot) -> Equation | None:
        """Return the one equation that reads a slot, where there is one and nobody else does."""
        readers = self.readers(slot)
        return readers[0] if len(readers) == 1 and slot not in self.kept else None

    def is_taken(self, equation: Equation) -> bool:
        """Return whether an equation is part of something already."""
        return id(self._unit[equation.output]) in self._made

    def makes_ring(self, equations: Sequence[Equation]) -> bool:
        """Return whether a way leads out of these equations and back into them."""
        inside = {x.output for x in equations}
        waiting = [x for one in equations for x in slots_among(one.inputs) if x not in inside]
        seen: set[Slot] = set()
        while waiting:
            slot = waiting.pop()
            if slot in inside:
                return True
            if slot in seen or slot not in self._unit:
                continue
            seen.add(slot)
            for one in self._unit[slot]:
                waiting += slots_among(one.inputs)
        return False

    def make(
        self, equations: Sequence[Equation], function: Any, inputs: tuple[Any, ...], outputs: Sequence[Slot]
    ) -> None:
        """Put one equation of that function in place of some; it writes `outputs`, in that order."""
        unit = list(equations)
        if len(outputs) == 1:
            made = [Equation(function, inputs, {}, outputs[0])]
        else:
            together = next(self.slots)
            self.types[together] = tuple(self.kinds[y] for y in outputs)
            made = [Equation(function, inputs, {}, together)]
            made += [Equation(ITEM, (together,), {"index": i}, y) for i, y in enumerate(outputs)]
        for one in equations:
            self._unit[one.output] = unit
        self._made[id(unit)] = made

    def inner(self, equations: Sequence[Equation], inputs: Sequence[Any], outputs: Sequence[Slot]) -> Program:
        """Return equations as a Program of their own, whose inputs are others' names, one for each."""
        given = [next(self.slots) for _ in inputs]
        types: dict[Slot, Any] = {x: self.kinds[of] for x, of in zip(given, inputs, strict=True)}
        places: dict[int, dict[int, Slot]] = {}
        names = {key_of(x): name for x, name in zip(inputs, given, strict=True)}
        if len(names) < len(inputs):  # one operand twice: the first equation takes them by position
            places[0] = dict(enumerate(given[: len(equations[0].inputs)]))
        steps = []
        for number, one in enumerate(equations):
            put = [places.get(number, {}).get(i, names.get(key_of(x), x)) for i, x in enumerate(one.inputs)]
            steps.append(replace(one, inputs=tuple(put)))
            types[one.output] = self.kinds[one.output]
        held = {x for one in steps for x in one.inputs if type(x) is Constant}
        constants = {str(x): self.program.constants[x] for x in held}
        structure = Structure(list, (), (LEAF,) * len(outputs))
        return Program(tuple(given), tuple(steps), tuple(outputs), constants, types, structure)

    def result(self) -> Program:
        """Return the Program, with one equation where there were several."""
        units: list[list[Equation]] = []
        done: set[int] = set()
        for equation in reversed(self.program.equations):
            unit = self._unit[equation.output]
            if id(unit) not in done:
                done.add(id(unit))
                units.append(self._made.get(id(unit), unit))
        found = ordered(units[::-1], _reads, _writes)
        equations = tuple(one for unit in found for one in unit)
        return replace(self.program, equations=equations, types=self.types)

    def kind(self, operand: Any) -> ArrayType | None:
        """Return the type of an operand, where it is one array."""
        found = self.kinds.get(operand) if isinstance(operand, Slot | Constant) else None
        return found if isinstance(found, ArrayType) else None


def is_same(operand: Any, other: Any) -> bool:
    """Return whether two operands are one array: a number that a slot happens to have is none."""
    return type(operand) is type(other) and operand == other


def beside(equation: Equation, slot: Slot) -> list[Any]:
    """Return the operands of an equation that are not this slot."""
    return [x for x in equation.inputs if not is_same(x, slot)]


def _reads(unit: list[Equation]) -> Iterator[Slot]:
    made = {one.output for one in unit}
    return (x for one in unit for x in slots_among(one.inputs) if x not in made)


def _writes(unit: list[Equation]) -> Iterator[Slot]:
    return (one.output for one in unit)
