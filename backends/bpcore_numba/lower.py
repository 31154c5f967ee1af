"""From equations to works: what is computed where, one kernel after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.plan.strided import contiguous_strides
from bpcore.program.program import Program
from bpcore_numba.apply import SAME, is_elementwise, kind_of
from bpcore_numba.blas import Blas
from bpcore_numba.bounds import Check
from bpcore_numba.loops import Loops, Step
from bpcore_numba.places import Block, Place
from bpcore_numba.refusal import Refused
from bpcore_numba.writing import SIZE, Code

__all__ = ["HANDLERS", "Lowering", "Work", "handles"]


class Work(Protocol):
    """Something that is computed: its text becomes a kernel."""

    @property
    def reads(self) -> list[Place]:
        """Where numbers come from."""

    @property
    def writes(self) -> list[Place]:
        """Where they go to."""

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write its lines."""


LONGEST = 64
"""Equations of one nest of loops: LLVM's time for one grows with its square."""

Handler = Callable[["Lowering", Equation], None]
HANDLERS: dict[str, Handler] = {}
"""How functions that are not element-wise are lowered, by name."""


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Enter a function into the table above."""

    def enter(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return enter


class Lowering:
    """The works of one Program, in order.

    Attributes
    ----------
    program : Program
    blas : Blas or None
    works : list of Work
    checks : list of Work
        Of indices that are inputs: they come first.
    """

    def __init__(self, program: Program, blas: Blas | None) -> None:
        self.program = program
        self.blas = blas
        self.works: list[Work] = []
        self.checks: list[Work] = []
        self._checked: set[tuple[Place, int]] = set()
        self._carried = {f"input{i}" for i, _ in program.carried}
        self._places: dict[int | str, Place] = {}
        self._groups: dict[int, Loops] = {}
        self._loops: dict[int, Loops] = {}  # by their numbers among the works
        self._made: dict[int, int] = {}  # the number of the work that makes a slot
        self._latest: dict[tuple[int, ...], int] = {}
        for number, slot in enumerate(program.inputs):
            self._places[slot] = self._given(program.types[slot], f"input{number}")
        for name, array in program.constants.items():
            self._places[str(name)] = self._given(array, f"constant_{name}")
        for equation in program.equations:
            self._lower(equation)

    def _given(self, array: Any, region: str) -> Place:
        kind, shape = kind_of(array.dtype), tuple(array.shape)
        return _whole(kind, shape, region)

    def _lower(self, equation: Equation) -> None:
        name = equation.function.name
        if equation.function.several or equation.function is ITEM:
            raise Refused(f"the function {name}, which returns several arrays")
        handler = HANDLERS.get(name)
        if handler is not None:
            handler(self, equation)
        elif name in SAME and self.kind(equation) == self.place(equation.inputs[0]).kind:
            self.view(equation, self.place(equation.inputs[0]))
        elif is_elementwise(equation.function):
            self._elementwise(equation)
        else:
            raise Refused(f"the function {name}")

    # -- what handlers ask and tell ------------------------------------------------------------------

    def kind(self, equation: Equation) -> str:
        """Return the dtype of an equation's result."""
        return kind_of(self.program.types[equation.output].dtype)

    def shape(self, equation: Equation) -> tuple[int, ...]:
        """Return the shape of an equation's result."""
        return tuple(self.program.types[equation.output].shape)

    def place(self, operand: Any) -> Place:
        """Return where an operand lies; what was in a register only is stored from now on."""
        if isinstance(operand, Constant):
            return self._places[str(operand)]
        if not isinstance(operand, Slot):
            return self._number(operand)
        if operand not in self._places:
            self._places[operand] = self._groups[operand].stores[operand] = self._fresh(operand)
        return self._places[operand]

    def _fresh(self, slot: Slot) -> Place:
        array = self.program.types[slot]
        return _whole(kind_of(array.dtype), tuple(array.shape), "work")

    def _number(self, number: Any) -> Place:
        """Return a number as an array of no axes."""
        kind = kind_of(np.asarray(number).dtype)
        place = _whole(kind, (), "work")
        self.fill(place, number)
        return place

    def view(self, equation: Equation, place: Place) -> None:
        """Say that the result lies where something else lies."""
        self._places[equation.output] = place
        self._made[equation.output] = len(self.works) - 1

    def result(self, equation: Equation) -> Place:
        """Return new memory for the result."""
        self._places[equation.output] = place = self._fresh(equation.output)
        self._made[equation.output] = len(self.works)
        return place

    def ready(self, equation: Equation) -> None:
        """Say that the last work is the one which makes the result."""
        self._made[equation.output] = len(self.works) - 1

    def new(self, kind: str, shape: tuple[int, ...]) -> Place:
        """Return memory for something in between."""
        return _whole(kind, shape, "work")

    def work(self, work: Work) -> None:
        """Append a work."""
        self.works.append(work)

    def fill(self, place: Place, number: Any) -> None:
        """Append loops that write one number everywhere."""
        self._simple(place, "positive", number)

    def copy(self, source: Place, target: Place) -> None:
        """Append loops that copy."""
        loops = Loops(target.shape)
        self._filled(loops, "positive", loops.load(source.broadcast(target.shape)), target)

    def _simple(self, place: Place, name: str, operand: Any) -> None:
        self._filled(Loops(place.shape), name, operand, place)

    def _filled(self, loops: Loops, name: str, operand: Any, place: Place) -> None:
        if place.count == 0:
            return
        if not hasattr(operand, "number"):
            name = "full_like"
        loops.add(Step(-1, name, (operand,) if name == "positive" else (0, operand), {}, place.kind))
        loops.stores[-1] = place
        self.works.append(loops)

    def check(self, indices: Place, length: int) -> None:
        """Want indices to be inside of an axis; those of constants were looked at when they were recorded."""
        region = indices.block.region
        if (indices, length) in self._checked or indices.count == 0 or region.startswith("constant"):
            return
        self._checked.add((indices, length))
        given = region.startswith("input") and region not in self._carried
        (self.checks if given else self.works).append(Check(indices, length))

    def ordered(self, place: Place) -> Place:
        """Return the place, or that of a copy whose elements lie in order."""
        return place if place.is_contiguous else self.ordered_copy(place)

    def ordered_copy(self, place: Place) -> Place:
        """Return the place of a copy whose elements lie in order."""
        target = self.new(place.kind, place.shape)
        self.copy(place, target)
        return target

    def reshaped(self, place: Place, shape: tuple[int, ...]) -> Place:
        """Return the place in another shape, or that of a copy.

        It is copied although a view could be had where axes are cut or joined: the sums of a copy are added
        as NumPy adds them, those of axes with gaps in other orders.
        """
        same = [n for n in place.shape if n != 1] == [n for n in shape if n != 1]
        return (place.reshaped(shape) if same else None) or self.ordered(place).as_shape(shape)

    # -- element-wise equations ----------------------------------------------------------------------

    def _elementwise(self, equation: Equation) -> None:
        shape, kind = self.shape(equation), self.kind(equation)
        number = self._latest.get(shape)
        if number is None or not self._may_join(equation, number):
            if 0 in shape:
                self.result(equation)
                return
            number = None
        likes = equation.function.name in ("zeros_like", "ones_like", "full_like", "empty_like")
        operands = [] if likes else [self._operand(x, number, shape) for x in equation.inputs]
        if likes:
            operands = [Constant("none"), *equation.inputs[1:]]
        if number is None:
            number = len(self.works)
            self._loops[number] = Loops(shape)
            self.works.append(self._loops[number])
            self._latest[shape] = number
        loops = self._loops[number]
        loads = tuple(loops.load(x) if isinstance(x, Place) else x for x in operands)
        loops.add(Step(equation.output, equation.function, loads, equation.static, kind))
        self._groups[equation.output] = loops
        self._made[equation.output] = number

    def _may_join(self, equation: Equation, number: int) -> bool:
        """Tell whether all that is read is there before these loops, or is made inside them."""
        loops = self._loops[number]
        if len(loops.steps) >= LONGEST:
            return False
        for operand in equation.inputs:
            if isinstance(operand, Slot):
                made = self._made.get(operand, -1)
                inside = operand in loops.slots
                if made > number or (made == number and not inside):
                    return False
        return True

    def _operand(self, x: Any, number: int | None, shape: tuple[int, ...]) -> Any:
        if isinstance(x, Slot) and number is not None and x in self._loops[number].slots:
            return (int(x),)
        if isinstance(x, Slot | Constant):
            return self.place(x).broadcast(shape)
        return x


def _whole(kind: str, shape: tuple[int, ...], region: str) -> Place:
    place = Place(shape, contiguous_strides(shape), block=Block(0, region), kind=kind)
    place.block.size = place.count * SIZE[kind]
    return place
