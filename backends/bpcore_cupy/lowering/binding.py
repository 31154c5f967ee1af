"""A lowered Program as what is captured: a recipe of blocks of memory, and calls on them.

What is carried goes in and out as one block of bytes, or two: one that is written in place, and one whose
values go to and fro between two homes. Outputs that are not carried are handed out as one block. So a call
costs a few copies, however many arrays there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.recipe import Buffers, Call, Recipe
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.machine import Enqueue, Machine
from bpcore_cupy.lowering.places import Place, Role
from bpcore_cupy.lowering.steps import Launch, Multiply, Step

__all__ = ["blocks", "leaves", "recipe_of"]


def blocks(lowered: Lowered) -> list[Role]:
    """Return the roles that carried blocks have, in the order in which they go in and out."""
    there = {place.memory.root.role for place in lowered.before}
    return [role for role in (Role.HOME, Role.TURN) if role in there]


def recipe_of(lowered: Lowered, machine: Machine, name: str) -> Recipe:
    """Return what is captured: its inputs are the carried blocks and the other inputs, in order.

    Its outputs are the carried blocks, and the block of all results where there are some.
    """
    carried = blocks(lowered)
    homes = [_bytes(lowered.sizes[role]) for role in carried]
    results = [_bytes(lowered.sizes[Role.RESULT])] if lowered.results else []
    return Recipe(
        name=name,
        inputs=(*homes, *(Kind(place.shape, place.dtype) for place in lowered.given)),
        outputs=(*homes, *results),
        carried=tuple((i, i) for i in range(len(carried))),
        in_place=frozenset(i for i, role in enumerate(carried) if role is Role.HOME),
        work_bytes=lowered.sizes[Role.WORK],
        bind=lambda buffers: _Binding(lowered, machine, carried, buffers).calls(),
    )


def leaves(
    places: Sequence[Place], arrays: Mapping[Role, Any], machine: Machine, length: int | None = None
) -> list[Any]:
    """Return the arrays at some places of blocks; of blocks that are stacked so often, with one more axis."""
    return [_viewed(place, arrays[place.memory.root.role], machine, length) for place in places]


def _viewed(place: Place, array: Any, machine: Machine, length: int | None) -> Any:
    shape, strides = place.shape, [n * place.itemsize for n in place.strides]
    if length is not None:
        shape, strides = (length, *shape), [array.shape[-1], *strides]
    return machine.view(array, place.dtype, shape, strides, _start(place))


def _start(place: Place) -> int:
    return place.memory.root.start + place.start


def _bytes(size: int) -> Kind:
    return Kind((size,), "uint8")


class _Binding:
    """Steps, bound to the memory that they are to run on."""

    def __init__(self, lowered: Lowered, machine: Machine, carried: Sequence[Role], buffers: Buffers) -> None:
        self.lowered, self.machine = lowered, machine
        self.arrays: dict[Role, Any] = {Role.WORK: buffers.work}
        self.arrays |= dict(zip(carried, buffers.inputs, strict=False))
        if Role.TURN in carried:
            self.arrays[Role.NEXT] = buffers.outputs[carried.index(Role.TURN)]
        if len(buffers.outputs) > len(carried):
            self.arrays[Role.RESULT] = buffers.outputs[-1]
        names = [place.memory.root.name for place in lowered.given]
        self.inputs = dict(zip(names, buffers.inputs[len(carried) :], strict=True))
        self.constants = {name: machine.ordered(array) for name, array in lowered.constants.items()}

    def calls(self) -> list[Call]:
        """Return the calls."""
        return [Call(step.name, self._bound(step)) for step in self.lowered.steps]

    def _bound(self, step: Step) -> Enqueue:
        if isinstance(step, Launch):
            scratch = self._address(step.scratch)
            addresses = [self._address(place) for place in step.pointers]
            return self._holding(self.machine.launch(step, [*addresses, scratch]))
        if isinstance(step, Multiply):
            places = (step.a, step.b, step.c, step.bias, step.aux)
            return self._holding(self.machine.multiply(step, [self._address(place) for place in places]))
        operands = [self._array(x) if isinstance(x, Place) else x for x in step.operands]
        return self.machine.call(step.equation, operands, [self._array(x) for x in step.outputs])

    def _holding(self, enqueue: Enqueue) -> Enqueue:
        """Return a call that keeps alive what its addresses are of."""
        held = self

        def call(stream: int, /, *, _held: _Binding = held, _do: Callable[[int], object] = enqueue) -> None:
            _do(stream)

        return call

    def _base(self, place: Place) -> Any:
        memory = place.memory.root
        if memory.role is Role.INPUT:
            return self.inputs[memory.name]
        return self.constants[memory.name] if memory.role is Role.CONSTANT else self.arrays[memory.role]

    def _address(self, place: Place | None) -> int:
        return 0 if place is None else self.machine.address(self._base(place)) + _start(place)

    def _array(self, place: Place) -> Any:
        return _viewed(place, self._base(place), self.machine, None)
