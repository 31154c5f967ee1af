"""A lowered Program as what is captured: a recipe of blocks of memory, and calls on them.

What is carried goes in and out as one array of bytes, or two: one that is written in place, and one whose
values go to and fro between two homes. Large arrays that come back as they are go for themselves. Outputs
that are not carried are handed out as one array of bytes. So a call costs a few copies, however many arrays
there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.recipe import Buffers, Call, Recipe
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.machine import Enqueue, Machine
from bpcore_cupy.lowering.places import Place, Region, Role
from bpcore_cupy.lowering.steps import Launch, Multiply, Step

__all__ = ["Binding", "View", "after", "carried_regions", "leaves", "recipe_of", "view_of"]


def carried_regions(lowered: Lowered) -> list[Region]:
    """Return the memory that carried arrays are read from, in the order in which it goes in and out."""
    there = dict.fromkeys(place.memory.region for place in lowered.before)
    return sorted(there, key=lambda region: (ORDER.index(region[0]), int(region[1] or 0)))


ORDER = (Role.HOME, Role.TURN, Role.KEPT)


def after(region: Region) -> Region:
    """Return the memory that the successors of what is carried in a region are in."""
    return (Role.NEXT, "") if region[0] is Role.TURN else region


def recipe_of(lowered: Lowered, machine: Machine, name: str) -> Recipe:
    """Return what is captured: its inputs are the carried memory and the other inputs, in order.

    Its outputs are the carried memory, and one array of all results where there are some.
    """
    carried = carried_regions(lowered)
    whole = {place.memory.region: place for place in lowered.before}
    homes = [
        Kind(whole[region].shape, whole[region].dtype)
        if region[0] is Role.KEPT
        else _bytes(lowered.sizes[region[0]])
        for region in carried
    ]
    results = [_bytes(lowered.sizes[Role.RESULT])] if lowered.results else []
    return Recipe(
        name=name,
        inputs=(*homes, *(Kind(place.shape, place.dtype) for place in lowered.given)),
        outputs=(*homes, *results),
        carried=tuple((i, i) for i in range(len(carried))),
        in_place=frozenset(i for i, (role, _) in enumerate(carried) if role is not Role.TURN),
        unchanged=frozenset(i for i, (role, _) in enumerate(carried) if role is Role.KEPT),
        work_bytes=lowered.sizes[Role.WORK],
        bind=lambda buffers: Binding(lowered, machine, carried, buffers).calls(),
    )


class View(NamedTuple):
    """What `Machine.view` is told: how an array lies in the memory of another."""

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    start: int


def view_of(place: Place) -> View:
    """Return how what is at a place lies in the array of its memory."""
    return View(place.dtype, place.shape, tuple(n * place.itemsize for n in place.strides), _start(place))


def leaves(
    places: Sequence[Place], arrays: Mapping[Region, Any], machine: Machine, length: int | None = None
) -> list[Any]:
    """Return the arrays at some places; of memory that is stacked so often, with one more axis."""
    return [_viewed(place, arrays[place.memory.region], machine, length) for place in places]


def _viewed(place: Place, array: Any, machine: Machine, length: int | None) -> Any:
    if place.memory.region[0] is Role.KEPT and place.is_whole:
        return array
    view = view_of(place)
    if length is not None:
        view = view._replace(shape=(length, *view.shape), strides=(array.shape[-1], *view.strides))
    return machine.view(array, *view)


def _start(place: Place) -> int:
    return place.memory.root.start + place.start


def _bytes(size: int) -> Kind:
    return Kind((size,), "uint8")


class Binding:
    """Steps, bound to the memory that they are to run on."""

    def __init__(
        self, lowered: Lowered, machine: Machine, carried: Sequence[Region], buffers: Buffers
    ) -> None:
        self.lowered, self.machine = lowered, machine
        count = len(carried)
        self.arrays: dict[Region, Any] = {(Role.WORK, ""): buffers.work}
        self.arrays |= dict(zip(carried, buffers.inputs, strict=False))
        self.arrays |= {after(x): y for x, y in zip(carried, buffers.outputs, strict=False)}
        if len(buffers.outputs) > count:
            self.arrays[Role.RESULT, ""] = buffers.outputs[-1]
        names = [place.memory.region for place in lowered.given]
        self.arrays |= dict(zip(names, buffers.inputs[count:], strict=True))
        for name, array in lowered.constants.items():
            self.arrays[Role.CONSTANT, name] = machine.ordered(array)

    def calls(self) -> list[Call]:
        """Return the calls."""
        self.machine.ready(self.lowered.kernels)
        return [Call(step.name, self._bound(step)) for step in self.lowered.steps]

    def _bound(self, step: Step) -> Enqueue:
        if isinstance(step, Launch):
            scratch = self._address(step.scratch)
            addresses = [self._address(place) for place in step.pointers]
            return self._holding(self.machine.launch(step, [*addresses, scratch]))
        if isinstance(step, Multiply):
            places = (step.a, step.b, step.c, step.bias, step.aux)
            return self._holding(self.machine.multiply(step, [self._address(place) for place in places]))
        operands = [self.array(x) if isinstance(x, Place) else x for x in step.operands]
        return self.machine.call(step.equation, operands, [self.array(x) for x in step.outputs])

    def _holding(self, enqueue: Enqueue) -> Enqueue:
        """Return a call that keeps alive what its addresses are of."""
        held = self

        def call(stream: int, /, *, _held: Binding = held, _do: Callable[[int], object] = enqueue) -> None:
            _do(stream)

        return call

    def _address(self, place: Place | None) -> int:
        if place is None:
            return 0
        return self.machine.address(self.arrays[place.memory.region]) + _start(place)

    def array(self, place: Place) -> Any:
        """Return what lies at a place."""
        return _viewed(place, self.arrays[place.memory.region], self.machine, None)
