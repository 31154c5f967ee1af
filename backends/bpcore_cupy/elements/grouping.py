"""Pass: which equations become one kernel.

First rows: a reduction over the last axes, what it is computed of, and what is computed of it, up to the next
thing that is neither; a softmax with its loss and its gradient is one. Then chains of element-wise equations
with as many elements, whatever their shapes, and the reductions of one kind at their end.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from math import prod
from typing import NamedTuple

from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.joining import joined
from bpcore.program.passes.levels import levels, slots_among
from bpcore.program.passes.rewriting import shape_of
from bpcore.program.program import Program
from bpcore_cupy.elements.accumulating import ARGUMENTS, REDUCTIONS, axes_of
from bpcore_cupy.elements.apply import LIKES, is_elementwise
from bpcore_cupy.elements.making import refusal_of, types_of
from bpcore_cupy.elements.rows import LONGEST
from bpcore_cupy.elements.steps import RESHAPING

__all__ = ["grouped", "is_written_out"]

Shape = tuple[int, ...]


class _Domain(NamedTuple):
    """Rows, and the axes that are reduced."""

    lead: Shape
    trail: Shape

    @property
    def whole(self) -> Shape:
        return (*self.lead, *self.trail)

    @property
    def columns(self) -> tuple[Shape, Shape]:
        """The shapes that one number for each row comes in."""
        return self.lead, (*self.lead, *(1 for _ in self.trail))


def is_written_out(function: object) -> bool:
    """Tell which composed functions `grouped` wants inlined: those of more than one element."""
    name = getattr(function, "name", "")
    return name not in REDUCTIONS and not is_elementwise(function)


def grouped(program: Program) -> Program:
    """Return `program` with those equations as one that are computed by one kernel."""
    for domain in _domains(program):
        program = _with_rows(program, domain)
    return _with_chains(program)


def _type(program: Program, operand: object) -> Shape | None:
    return shape_of(program, operand) if isinstance(operand, Slot | Constant) else None


def _size(shape: Shape) -> int:
    return prod(shape)


def _domains(program: Program) -> list[_Domain]:
    """Return what rows there are, the largest arrays first."""
    found: dict[_Domain, int] = {}
    for equation in program.equations:
        shape = _reduced(program, equation)
        if shape is None:
            continue
        axes = axes_of(equation, len(shape))
        split = len(shape) - len(axes)
        domain = _Domain(shape[:split], shape[split:])
        if axes == tuple(range(split, len(shape))) and 1 < _size(domain.trail) <= LONGEST and _size(shape):
            found[domain] = _size(shape)
    return sorted(found, key=lambda domain: -found[domain])


def _reduced(program: Program, equation: Equation) -> Shape | None:
    """Return the shape that a reduction takes; None of what is none."""
    if equation.function.name not in REDUCTIONS or len(equation.inputs) != 1:
        return None
    return _type(program, equation.inputs[0])


def _is_of_rows(program: Program, equation: Equation, domain: _Domain) -> bool:
    """Tell whether an equation may be in a group of rows."""
    kind = program.types[equation.output]
    if not isinstance(kind, ArrayType) or isinstance(equation.function, Fused):
        return False
    shape = _reduced(program, equation)
    if shape is not None:
        return shape == domain.whole and axes_of(equation, len(shape)) == tuple(
            range(len(domain.lead), len(shape))
        )
    if equation.function.name in RESHAPING:
        given = _type(program, equation.inputs[0])
        return given in domain.columns and kind.shape in domain.columns
    elements = is_elementwise(equation.function) and equation.function.name not in LIKES
    return elements and kind.shape in (domain.whole, *domain.columns)


def _of_all_rows(program: Program, equation: Equation, domain: _Domain) -> bool:
    """Tell whether an equation sums up one number of each row, or the like."""
    shape = _reduced(program, equation)
    if shape is None or shape not in domain.columns or equation.function.name in ARGUMENTS:
        return False
    return len(domain.lead) > 0 and axes_of(equation, len(shape)) == tuple(range(len(shape)))


def _with_rows(program: Program, domain: _Domain) -> Program:
    """Return `program` with the groups of one kind of rows."""
    chosen = [_is_of_rows(program, x, domain) for x in program.equations]
    groups = _connected(program, chosen, lambda slot: domain)
    by_output = {x.output: group for group in groups for x in group}
    for equation in program.equations:
        operand = equation.inputs[0] if equation.inputs else None
        if operand in by_output and _of_all_rows(program, equation, domain):
            by_output[operand].append(equation)
    kept = [
        group
        for group in (_stripped(program, x) for x in groups)
        if any(_reduced(program, x) == domain.whole for x in group) and len(group) > 1
    ]
    return _joined(program, kept)


def _with_chains(program: Program) -> Program:
    """Return `program` with chains, and reductions at their ends."""

    def is_member(equation: Equation) -> bool:
        kind = program.types[equation.output]
        if not isinstance(kind, ArrayType) or isinstance(equation.function, Fused) or 0 in kind.shape:
            return False
        return is_elementwise(equation.function) or equation.function.name in RESHAPING

    groups = _connected(program, [is_member(x) for x in program.equations], partial(_elements, program))
    groups = [_stripped(program, group) for group in groups]
    by_output = {x.output: group for group in groups for x in group}
    kinds: dict[int, Hashable] = {}
    for equation in program.equations:
        shape, operand = _reduced(program, equation), next(iter(equation.inputs), None)
        if shape is None or operand not in by_output:
            continue
        group = by_output[operand]
        kind = (shape, axes_of(equation, len(shape)))
        alike = all(shape_of(program, x.output) == shape for x in group if _reduced(program, x) is None)
        if alike and kinds.setdefault(id(group), kind) == kind:
            group.append(equation)
    return _joined(program, [group for group in groups if len(group) > 1])


def _elements(program: Program, slot: Slot) -> int:
    return prod(shape_of(program, slot) or ())


def _connected(
    program: Program, chosen: Sequence[bool], place: Callable[[Slot], Hashable]
) -> list[list[Equation]]:
    """Return members that hang together, at one level and in one place, or that read the same array."""
    level = levels(program, chosen, alike=lambda x, y: place(x) == place(y))
    over: dict[Slot, Slot] = {}
    readers: dict[Hashable, Slot] = {}

    def root(slot: Slot) -> Slot:
        while over[slot] != slot:
            over[slot] = slot = over[over[slot]]
        return slot

    for equation, member in zip(program.equations, chosen, strict=True):
        if not member:
            continue
        output = over[equation.output] = equation.output
        here = (level[output], place(output))
        for x in slots_among(equation.inputs):
            if x in over and (level[x], place(x)) == here:
                over[root(x)] = output
            elif x not in over and _elements(program, x) >= max(_elements(program, output), 2):
                over[root(readers.setdefault((x, here), output))] = output
    groups: dict[Slot, list[Equation]] = {}
    for equation in program.equations:
        if equation.output in over:
            groups.setdefault(root(equation.output), []).append(equation)
    return list(groups.values())


def _stripped(program: Program, group: list[Equation]) -> list[Equation]:
    """Return a group without the changes of shape at its ends: they cost nothing outside."""
    while True:
        made = {x.output for x in group}
        read = {y for x in group for y in slots_among(x.inputs)}
        kept = [
            x for x in group if x.function.name not in RESHAPING or (x.output in read and x.inputs[0] in made)
        ]
        if len(kept) == len(group):
            return group
        group = kept


def _joined(program: Program, groups: Iterable[list[Equation]]) -> Program:
    """Return `program` with those groups joined that a kernel can be made of."""
    groups = [_in_order(program, group) for group in groups]
    together = joined(program, groups)
    types = types_of(together)
    refused = [
        x.function.inner.equations[-1].output
        for x in together.equations
        if isinstance(x.function, Fused) and x.function.inner is not None and refusal_of(x, types) is not None
    ]
    if not refused:
        return together
    return joined(program, [group for group in groups if group[-1].output not in refused])


def _in_order(program: Program, group: list[Equation]) -> list[Equation]:
    outputs = {x.output for x in group}
    return [x for x in program.equations if x.output in outputs]
