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
from bpcore.program.passes.constants import Constants
from bpcore.program.passes.prune import prune
from bpcore.program.passes.rewriting import elementwise, fresh_slots, key_of, shape_of, static_key
from bpcore.program.program import Program
from bpcore.words.protocols import Dtype, Namespace, Static

__all__ = ["flatten_carry"]


class _Leaf(NamedTuple):
    """An output that is carried: the equations that update it, and the arrays of its shape that they take."""

    output: Slot
    steps: list[Equation]
    holes: list[Slot]


def flatten_carry(program: Program, xp: Namespace = None, *, room: int = 1) -> Program:
    """Return `program` with alike updates of carried arrays done on vectors.

    Outputs become slices of a vector, in their own shapes; what goes in is a ``concat`` of leaves, all in one
    order. Numbers must be the same slot for all leaves, as they are after `share`. Of an updated leaf that
    other equations read too, the update is computed for them as before.

    Parameters
    ----------
    program : Program
    xp : module-like
        The backend's plain functions, which make the zeros of a `room`.
    room : int >= 1
        Elements: each leaf begins at a multiple of them in its vector, with zeros before it where the one
        ahead ends earlier. A backend wants that whose products take aligned matrices only.
    """
    alike: dict[Hashable, list[_Leaf]] = {}
    reading = _Reading(program)
    for _, j in program.carried:
        output = program.outputs[j]
        if isinstance(output, Slot) and reading.step(output) is not None:
            key, leaf = reading.expression(output)
            alike.setdefault(key, []).append(leaf)
    flattening = _Flattening(program, xp, room)
    for leaves in alike.values():
        if len(leaves) > 1 and len({leaf.output for leaf in leaves}) == len(leaves):
            flattening.add(leaves)
    return prune(flattening.result()) if flattening.added else program


class _Reading:
    """Looks up equations, each once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.by_output = {equation.output: equation for equation in program.equations}
        self.keys: dict[Slot, Hashable] = {}

    def step(self, slot: Slot) -> Hashable:
        """Return what alike equations share besides operands; None where none can be part of an update."""
        if slot not in self.keys:
            equation = self.by_output.get(slot)
            self.keys[slot] = None if equation is None else self._key(equation)
        return self.keys[slot]

    def _key(self, equation: Equation) -> Hashable:
        """Return a key of what is done element by element to arrays of one shape, and to numbers."""
        kind = self.program.types[equation.output]
        if not isinstance(kind, ArrayType) or not kind.shape or not elementwise(equation):
            return None
        shapes = {shape_of(self.program, x) for x in equation.inputs}
        if kind.shape not in shapes or not shapes <= {kind.shape, ()}:
            return None
        if any(isinstance(x, Constant) and self.program.constants[x].shape for x in equation.inputs):
            return None
        statics = tuple((name, static_key(value)) for name, value in equation.static.items())
        return (id(equation.function), statics, kind.dtype)

    def expression(self, output: Slot) -> tuple[Hashable, _Leaf]:
        """Return the element-wise equations that end in `output`, and a key that alike ones share."""
        leaf = _Leaf(output, [], [])
        places: dict[Slot, Hashable] = {}
        text: list[Hashable] = []
        waiting = [output]
        while waiting:  # depth first, and no recursion: an update may be long
            slot = waiting[-1]
            missing = [] if slot in places else self._place(slot, leaf, places, text)
            if missing:
                waiting += reversed(missing)
            else:
                waiting.pop()
        return tuple(text), leaf

    def _place(
        self, slot: Slot, leaf: _Leaf, places: dict[Slot, Hashable], text: list[Hashable]
    ) -> list[Slot]:
        """Write down where a slot's array comes from; or return the operands that have to be before."""
        kind = self.program.types[slot]
        step = self.step(slot)
        if step is None:
            if isinstance(kind, ArrayType) and kind.shape:
                places[slot] = ("hole", len(leaf.holes), kind.dtype)
                leaf.holes.append(slot)
            else:
                places[slot] = key_of(slot)  # a number, the same for all leaves
            return []
        equation = self.by_output[slot]
        missing = [x for x in equation.inputs if isinstance(x, Slot) and x not in places]
        if not missing:
            operands = tuple(places[x] if isinstance(x, Slot) else key_of(x) for x in equation.inputs)
            places[slot] = ("step", len(leaf.steps))
            leaf.steps.append(equation)
            text.append((step, operands))
        return missing


class _Flattening:
    def __init__(self, program: Program, xp: Namespace, room: int) -> None:
        self.program, self.room = program, room
        self.constants = Constants(program.constants, xp)
        self.zeros: dict[Hashable, Constant] = {}
        self.slots = fresh_slots(program)
        self.types = dict(program.types)
        self.added: list[Equation] = []
        self.names: dict[Slot, Slot] = {}
        self.made: dict[Hashable, Slot] = {}

    def result(self) -> Program:
        outputs = tuple(self.names.get(y, y) if isinstance(y, Slot) else y for y in self.program.outputs)
        equations = (*self.program.equations, *self.added)
        return replace(
            self.program, equations=equations, outputs=outputs, types=self.types, constants=self.constants
        )

    def _with_room(self, size: int) -> int:
        return -(-size // self.room) * self.room

    def add(self, leaves: list[_Leaf]) -> None:
        """Do the update of some leaves once, on vectors, and take the leaves out of the result."""
        first = leaves[0]
        whole: dict[Slot, Slot] = {}
        for place, hole in enumerate(first.holes):
            whole[hole] = self._joined([leaf.holes[place] for leaf in leaves])
        sizes = [math.prod(self.types[leaf.output].shape) for leaf in leaves]
        whole_size = sum(map(self._with_room, sizes))
        for equation in first.steps:
            inputs = tuple(whole.get(x, x) if isinstance(x, Slot) else x for x in equation.inputs)
            kind = ArrayType((whole_size,), self.types[equation.output].dtype)
            whole[equation.output] = self._new(replace(equation, inputs=inputs), kind)
        start = 0
        for leaf, size in zip(leaves, sizes, strict=True):
            kind = self.types[leaf.output]
            key = (slice(start, start + size, None),)
            part = self._call("getitem", whole[first.output], ArrayType((size,), kind.dtype), key=key)
            self.names[leaf.output] = self._call("reshape", part, kind, shape=kind.shape)
            start += self._with_room(size)

    def _joined(self, parts: list[Slot]) -> Slot:
        flat: list[Slot | Constant] = []
        length = 0
        for part in parts:
            kind = self.types[part]
            size = math.prod(kind.shape)
            flat.append(self._call("reshape", part, ArrayType((size,), kind.dtype), shape=(size,)))
            if size < self._with_room(size):
                flat.append(self._nothing(self._with_room(size) - size, kind.dtype))
            length += self._with_room(size)
        whole = ArrayType((length,), self.types[parts[0]].dtype)
        return self._new(Equation(TABLE["concat"], tuple(flat), {"axis": 0}, parts[0]), whole)

    def _nothing(self, size: int, dtype: Dtype) -> Constant:
        """Return so many zeros."""
        key = (size, dtype)
        if key not in self.zeros:
            self.zeros[key] = self.constants.add(self.constants.xp.zeros((size,), dtype=dtype))
        return self.zeros[key]

    def _call(self, name: str, operand: Slot, kind: ArrayType, **static: Static) -> Slot:
        if name == "reshape":
            return self._new(Equation(TABLE[name], (operand, static["shape"]), {}, operand), kind)
        return self._new(Equation(TABLE[name], (operand,), static, operand), kind)

    def _new(self, equation: Equation, kind: ArrayType) -> Slot:
        key = (
            id(equation.function),
            *map(key_of, equation.inputs),
            *map(static_key, equation.static.values()),
        )
        if key in self.made:  # several outputs share the vectors and the first steps
            return self.made[key]
        slot = self.made[key] = next(self.slots)
        self.types[slot] = kind
        self.added.append(replace(equation, output=slot))
        return slot
