"""From equations to steps: what is looked at, launched, multiplied or called, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.levels import slots_among
from bpcore.program.passes.rewriting import fresh_slots
from bpcore.program.plan.strided import contiguous_strides
from bpcore.program.program import Program
from bpcore_cupy.elements import SCRATCH, Layout, Refused, kernel_of, types_of
from bpcore_cupy.lowering.capturable import why_not
from bpcore_cupy.lowering.joining import laid_inside, may_lie_inside
from bpcore_cupy.lowering.joint import Product
from bpcore_cupy.lowering.places import SIZES, Memory, Place, Role
from bpcore_cupy.lowering.refusal import NotCapturable
from bpcore_cupy.lowering.steps import Function, Launch, Step, spare
from bpcore_cupy.lowering.views import VIEWS, viewed

__all__ = ["Lowering", "dtype_name"]

MOST = 1
"""Parts that are copied one by one to where others lie already; one kernel joins more."""

Multiplying = Callable[["Lowering", Equation], bool]


class Lowering:
    """The steps of one Program, in order, and where its arrays lie.

    Parameters
    ----------
    program : Program
        After the passes.
    multiply : function ``(lowering, equation)``
        Appends the step of a product; returns whether it could.
    idle : set of str
        Constants between the parts of a vector, whose numbers do not matter.

    Attributes
    ----------
    steps : list of Step
    places : dict of Slot or Constant to Place

    Raises
    ------
    NotCapturable
    NotOffered
    """

    def __init__(self, program: Program, multiply: Multiplying, idle: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.kinds: dict[Slot | Constant, Any] = types_of(program)
        self.steps: list[Step] = []
        self.places: dict[Slot | Constant, Place] = {}
        self._slots = fresh_slots(program)
        self._multiply = multiply
        self._idle = {Constant(name) for name in idle}
        self._items: dict[Slot, dict[int, Slot]] = {}
        carried = {i for i, _ in program.carried}
        for number, slot in enumerate(program.inputs):
            role = Role.HOME if number in carried else Role.INPUT
            self.places[slot] = self._whole(self.kinds[slot], role, str(number))
        for name in program.constants:
            self.places[Constant(name)] = self._whole(self.kinds[Constant(name)], Role.CONSTANT, name)
        for equation in program.equations:
            if equation.function is ITEM:
                (whole,) = slots_among(equation.inputs)
                parts = self._items.setdefault(whole, {})
                parts[int(equation.static["index"])] = equation.output
        for equation in program.equations:
            if equation.function is not ITEM:
                self._lower(equation)

    # -- places --------------------------------------------------------------------------------------

    def _whole(self, kind: ArrayType, role: Role, name: str = "") -> Place:
        dtype = dtype_name(kind.dtype)
        memory = Memory(math.prod(kind.shape) * SIZES[dtype], role, name)
        return Place(tuple(kind.shape), contiguous_strides(kind.shape), memory=memory, dtype=dtype)

    def result(self, slot: Slot) -> Place:
        """Return new memory for a slot."""
        self.places[slot] = place = self._whole(self.kinds[slot], Role.WORK)
        return place

    def outputs(self, equation: Equation) -> list[Slot]:
        """Return the slots that an equation writes; of several outputs those that are read."""
        if not equation.function.several:
            return [equation.output]
        parts = self._items.get(equation.output, {})
        count = len(self.kinds[equation.output])
        for index in range(count):
            if index not in parts:
                parts[index] = next(self._slots)
                self.kinds[parts[index]] = self.kinds[equation.output][index]
        return [parts[index] for index in range(count)]

    # -- equations -----------------------------------------------------------------------------------

    def _lower(self, equation: Equation) -> None:
        name, function = equation.function.name, equation.function
        ours = TABLE.get(name) is function
        if ours and name in VIEWS and self._look(equation):
            return
        if ours and name in ("concat", "stack") and self._join(equation):
            return
        if (isinstance(function, Product) or (ours and name == "matmul")) and self._multiply(self, equation):
            return
        if self._launch(equation):
            return
        if isinstance(function, Fused) and function.inner is not None:
            self._one_by_one(function.inner)
            return
        self._call(equation)

    def _look(self, equation: Equation) -> bool:
        """Say that the result is a view, where it is; of a reshape of what lies apart, one of a copy."""
        operand, kind = equation.inputs[0], self.kinds[equation.output]
        if not isinstance(operand, Slot | Constant) or equation.static.get("copy"):
            return False
        place = self.places[operand]
        if dtype_name(kind.dtype) != place.dtype:
            return False
        found = viewed(equation, place, tuple(kind.shape))
        if found is None and equation.function.name == "reshape":
            found = self.in_order(place).reshaped(kind.shape)
        if found is not None:
            self.places[equation.output] = found
        return found is not None

    def in_order(self, place: Place) -> Place:
        """Return the place of a copy whose elements lie in order."""
        memory = Memory(place.count * place.itemsize)
        target = Place(place.shape, contiguous_strides(place.shape), memory=memory, dtype=place.dtype)
        self.copy(place, target)
        return target

    def copy(self, source: Place, target: Place) -> None:
        """Append what copies and casts, in any layout: a kernel, or CuPy where there is none."""
        if not target.count:
            return
        given, made = self.named(source), self.named(target)
        equation = Equation(TABLE["astype"], (given, target.dtype), {}, made)
        try:
            self._appended(equation, [made], {})
        except Refused:
            operands = [source, target.dtype]
            self.steps.append(Function(name="copy", equation=equation, operands=operands, outputs=[target]))

    def zeros(self, slot: Slot) -> None:
        """Append a kernel that writes zeros to where a slot lies."""
        equation = Equation(TABLE["zeros_like"], (slot,), {}, slot)
        self._appended(equation, [slot], {})

    def named(self, place: Place) -> Slot:
        """Return a new slot for what lies at a place."""
        slot = next(self._slots)
        self.kinds[slot] = ArrayType(place.shape, place.dtype)
        self.places[slot] = place
        return slot

    def _join(self, equation: Equation) -> bool:
        """Put parts one behind the other: those that can lie there at once, the others are copied there."""
        operands = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        kind, axis = self.kinds[equation.output], equation.static.get("axis", 0)
        if len(operands) < len(equation.inputs) or axis is None:
            return False
        axis = int(axis) % len(kind.shape)
        target = self.result(equation.output)
        start, parts = 0, []
        for operand in operands:
            place = self.places[operand]
            if equation.function.name == "stack":
                part = target.sliced(axis, start, 1, 1).dropped(axis)
                start += 1
            else:
                part = target.sliced(axis, start, 1, place.shape[axis])
                start += place.shape[axis]
            if operand not in self._idle:
                parts.append((place, part))
        inside = may_lie_inside(parts)
        if len(parts) - len(inside) > MOST and not self._idle & set(operands) and self._launch(equation):
            return True
        for place, part in laid_inside(parts, target):
            self.copy(place, part)
        return True

    def _launch(self, equation: Equation) -> bool:
        """Append a kernel of ours; return whether there is one."""
        inner = equation.function.inner if isinstance(equation.function, Fused) else None
        try:
            slots = self.outputs(equation)
            if any(not isinstance(self.kinds[slot], ArrayType) for slot in slots):
                return False
            if inner is not None:
                slots = [x for x in inner.outputs if isinstance(x, Slot)]
            layouts = self._layouts(equation)
            kernel_of(equation, self.kinds, layouts=layouts)
        except Refused:
            return False
        for slot in slots:
            self.result(slot)
        self._appended(equation, slots, layouts)
        return True

    def _layouts(self, equation: Equation) -> dict[Slot | Constant, Layout]:
        found = {}
        for x in equation.inputs:
            if isinstance(x, Slot | Constant) and x in self.places and not self.places[x].is_contiguous:
                found[x] = Layout(self.places[x].strides)
        return found

    def _appended(
        self, equation: Equation, slots: Sequence[Slot], layouts: Mapping[Slot | Constant, Layout]
    ) -> None:
        outputs = [self.places[slot] for slot in slots]
        layouts = dict(layouts) | self._layouts(equation)
        layouts |= {
            slot: Layout(self.places[slot].strides) for slot in slots if not self.places[slot].is_contiguous
        }
        kernel = kernel_of(equation, self.kinds, layouts=layouts)
        if not kernel.grid:
            return
        names = [x for x in kernel.arguments if x is not SCRATCH]
        stages = kernel.stages
        names += [x for one in stages[1:] for x in one.arguments if x is not SCRATCH and x not in names]
        scratch = max(one.scratch_bytes for one in stages)
        self.steps.append(
            Launch(
                name=_named(equation),
                equation=equation,
                operands=[self.operand(x) for x in equation.inputs],
                outputs=outputs,
                kernel=kernel,
                places={x: self.places[x] for x in names},
                scratch=spare(Memory(scratch)) if scratch else None,
            )
        )

    def operand(self, x: Any) -> Any:
        """Return the place of an array, and what is none as it is."""
        return self.places[x] if isinstance(x, Slot | Constant) else x

    def _one_by_one(self, inner: Program) -> None:
        """Lower the equations of a group, of which no kernel can be made."""
        for slot, kind in inner.types.items():
            self.kinds.setdefault(slot, kind)
        for equation in inner.equations:
            self._lower(equation)

    def _call(self, equation: Equation) -> None:
        """Append a call of CuPy's function."""
        why = why_not(equation, self.kinds)
        if why is not None:
            raise NotCapturable(equation.function.name, why)
        slots = self.outputs(equation)
        operands = [self.operand(x) for x in equation.inputs]
        outputs = [self.result(slot) for slot in slots]
        name = equation.function.name
        self.steps.append(Function(name=name, equation=equation, operands=operands, outputs=outputs))


def dtype_name(dtype: Any) -> str:
    """Return a dtype's name."""
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def _named(equation: Equation) -> str:
    """Return what a step is called in messages: of a group, the functions in it."""
    if not isinstance(equation.function, Fused) or equation.function.inner is None:
        return equation.function.name
    names = dict.fromkeys(one.function.name for one in equation.function.inner.equations)
    return ", ".join(names)
