"""Pass: what is done to each leaf of what is carried is done once, to all of them in one vector.

The update of an optimizer is one expression, written for each leaf. Leaves whose expressions are alike are
put side by side: one vector for all parameters, one for their gradients, one for each memory. A
backend that lays the leaves out inside the vectors pays nothing for that. It keeps the bits.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.prune import prune
from bpcore.program.passes.rewriting import elementwise, fresh_slots, key_of, static_key
from bpcore.program.passes.subexpressions import share
from bpcore.program.program import Program
from bpcore.words.protocols import Static

__all__ = ["flatten_carry"]


class _Leaf(NamedTuple):
    """An output that is carried: the equations that update it, and the arrays of its shape that they take."""

    output: Slot
    steps: list[Equation]
    holes: list[Slot]


def flatten_carry(program: Program) -> Program:
    """Return `program` with alike updates of carried arrays done on vectors.

    Outputs become slices of a vector, in their own shapes; what goes in is a ``concat`` of leaves.
    """
    by_output = {equation.output: equation for equation in program.equations}
    alike: dict[Hashable, list[_Leaf]] = {}
    for _, j in program.carried:
        output = program.outputs[j]
        if isinstance(output, Slot) and output in by_output and program.types[output].shape:
            key, leaf = _expression(program, by_output, output)
            if leaf.steps:
                alike.setdefault(key, []).append(leaf)
    flattening = _Flattening(program)
    for leaves in alike.values():
        if len(leaves) > 1 and len({leaf.output for leaf in leaves}) == len(leaves):
            flattening.add(leaves)
    return prune(share(flattening.result()))


def _expression(program: Program, by_output: dict[Slot, Equation], output: Slot) -> tuple[Hashable, _Leaf]:
    """Return the element-wise equations that end in `output`, and a key that alike ones share."""
    kind = program.types[output]
    leaf = _Leaf(output, [], [])
    places: dict[Slot, Hashable] = {}
    text: list[Hashable] = []
    waiting = [(output, False)]
    while waiting:  # depth first, and no recursion: an update may be long
        slot, ready = waiting.pop()
        if slot in places:
            continue
        equation = by_output.get(slot)
        own = program.types[slot]
        if not isinstance(own, ArrayType) or not own.shape:
            places[slot] = key_of(slot)  # a number, the same for all leaves
        elif equation is None or not _is_update(program, equation, kind.shape):
            places[slot] = (
                ("hole", len(leaf.holes), own.dtype) if own.shape == kind.shape else ("strange", slot)
            )
            leaf.holes.append(slot)
        elif not ready:
            waiting.append((slot, True))
            waiting += [(x, False) for x in reversed(equation.inputs) if isinstance(x, Slot)]
        else:
            operands = tuple(places[x] if isinstance(x, Slot) else key_of(x) for x in equation.inputs)
            statics = tuple((name, static_key(value)) for name, value in equation.static.items())
            places[slot] = ("step", len(leaf.steps))
            leaf.steps.append(equation)
            text.append((id(equation.function), operands, statics, own.dtype))
    return tuple(text), leaf


def _is_update(program: Program, equation: Equation, shape: tuple[int, ...]) -> bool:
    """Return whether an equation is done element by element to arrays of this shape, and to numbers."""
    if not elementwise(equation) or program.types[equation.output].shape != shape:
        return False
    shapes = [_shape(program, x) for x in equation.inputs]
    return shape in shapes and all(found in (shape, ()) for found in shapes)


def _shape(program: Program, operand: Static) -> tuple[int, ...] | None:
    if isinstance(operand, Slot):
        kind = program.types[operand]
        return kind.shape if isinstance(kind, ArrayType) else None
    return tuple(program.constants[operand].shape) or (-1,) if isinstance(operand, Constant) else ()


class _Flattening:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.slots = fresh_slots(program)
        self.types = dict(program.types)
        self.added: list[Equation] = []
        self.names: dict[Slot, Slot] = {}

    def result(self) -> Program:
        outputs = tuple(self.names.get(y, y) if isinstance(y, Slot) else y for y in self.program.outputs)
        equations = (*self.program.equations, *self.added)
        return replace(self.program, equations=equations, outputs=outputs, types=self.types)

    def add(self, leaves: list[_Leaf]) -> None:
        """Do the update of some leaves once, on vectors, and take the leaves out of the result."""
        first = leaves[0]
        whole: dict[Slot, Slot] = {}
        for place, hole in enumerate(first.holes):
            whole[hole] = self._joined([leaf.holes[place] for leaf in leaves])
        sizes = [math.prod(self.types[leaf.output].shape) for leaf in leaves]
        for equation in first.steps:
            inputs = tuple(whole.get(x, x) if isinstance(x, Slot) else x for x in equation.inputs)
            kind = ArrayType((sum(sizes),), self.types[equation.output].dtype)
            whole[equation.output] = self._new(replace(equation, inputs=inputs), kind)
        start = 0
        for leaf, size in zip(leaves, sizes, strict=True):
            kind = self.types[leaf.output]
            key = (slice(start, start + size, None),)
            part = self._call("getitem", whole[first.output], ArrayType((size,), kind.dtype), key=key)
            self.names[leaf.output] = self._call("reshape", part, kind, shape=kind.shape)
            start += size

    def _joined(self, parts: list[Slot]) -> Slot:
        flat = []
        for part in parts:
            kind = self.types[part]
            size = math.prod(kind.shape)
            flat.append(self._call("reshape", part, ArrayType((size,), kind.dtype), shape=(size,)))
        kind = ArrayType((sum(self.types[x].shape[0] for x in flat),), self.types[flat[0]].dtype)
        return self._new(Equation(TABLE["concat"], tuple(flat), {"axis": 0}, flat[0]), kind)

    def _call(self, name: str, operand: Slot, kind: ArrayType, **static: Static) -> Slot:
        if name == "reshape":
            return self._new(Equation(TABLE[name], (operand, static["shape"]), {}, operand), kind)
        return self._new(Equation(TABLE[name], (operand,), static, operand), kind)

    def _new(self, equation: Equation, kind: ArrayType) -> Slot:
        slot = next(self.slots)
        self.types[slot] = kind
        self.added.append(replace(equation, output=slot))
        return slot
