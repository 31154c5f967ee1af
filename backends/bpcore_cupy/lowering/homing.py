"""Where what is carried and what is returned comes to lie, without a copy wherever one can be saved.

The successor of a carried array is written over it, where nobody reads the old one any more: *in place*.
If somebody does, it is written to a second home, and the next step reads there: *in turn*. Only what is a
view, a constant or an argument, and what has two places to go to, is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bpcore.program.equation import Constant, Slot
from bpcore.program.plan.strided import contiguous_strides
from bpcore_cupy.lowering.lower import Lowering
from bpcore_cupy.lowering.places import ALIGNMENT, Memory, Place, Role
from bpcore_cupy.lowering.steps import Step

__all__ = ["Ends", "ends"]


LARGE = 2**16
"""Bytes of an array that comes back as it is and need not lie among the others, as a whole set of data."""


class Ends(NamedTuple):
    """Where a Program's ends lie.

    Attributes
    ----------
    before, after : list of Place
        Of each carried array, before a step and after it.
    results : list of Place
        Of the other outputs, in order.
    """

    before: list[Place]
    after: list[Place]
    results: list[Place]


class _Uses:
    """Which steps read and write each piece of memory."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.reads: dict[int, list[tuple[int, Place]]] = {}
        self.writes: dict[int, list[tuple[int, Place]]] = {}
        for number, step in enumerate(steps):
            for found, places in ((self.reads, step.reads), (self.writes, step.writes)):
                for place in places:
                    found.setdefault(id(place.memory.root), []).append((number, place))

    def may_go(self, memory: Memory, home: Memory) -> bool:
        """Return whether all that is written in `memory` may be written over what lies at `home`."""
        writes, reads = self.writes.get(id(memory), []), self.reads.get(id(home), [])
        if not writes:
            return False
        first = min(number for number, _ in writes)
        last = max((number for number, _ in reads), default=-1)
        if last < first:
            return True
        if last > first or any(number != first for number, _ in writes):
            return False
        step = self.steps[first]
        over = [place for number, place in reads if number == first]
        return all(
            read.start == written.start and step.may_share(read, written)
            for read in over
            for _, written in writes
        )


def ends(lowering: Lowering) -> Ends:
    """Give every end of a lowered Program its place; appends the copies that are left."""
    program = lowering.program
    uses = _Uses(lowering.steps)
    carried = {j: i for i, j in program.carried}
    before = [lowering.places[program.inputs[i]] for i, _ in program.carried]
    given = [_place(lowering, program.outputs[j]) for _, j in program.carried]
    others = [_place(lowering, y) for j, y in enumerate(program.outputs) if j not in carried]
    held = {id(place.memory.root) for place in others}
    claimed: set[int] = set()
    late: list[tuple[Place, Place]] = []
    after = list(before)
    for leaves in _by_home(before):
        for number, place in _gone_home(uses, leaves, before, given, held, claimed, late):
            after[number] = place
    results = [_handed_out(place, late) for place in others]
    for source, target in late:
        lowering.copy(source, target)
    return Ends(before, after, results)


def _place(lowering: Lowering, output: Any) -> Place:
    assert isinstance(output, Slot | Constant)  # noqa: S101 - what is no array does not come here
    return lowering.places[output]


def _by_home(before: Sequence[Place]) -> Iterator[list[int]]:
    """Yield the numbers of the carried arrays that lie in one piece of memory."""
    found: dict[int, list[int]] = {}
    for number, place in enumerate(before):
        found.setdefault(id(place.memory.root), []).append(number)
    yield from found.values()


def _gone_home(
    uses: _Uses,
    leaves: Sequence[int],
    before: Sequence[Place],
    given: Sequence[Place],
    held: set[int],
    claimed: set[int],
    late: list[tuple[Place, Place]],
) -> Iterator[tuple[int, Place]]:
    """Settle one home; yield the arrays whose successors come to lie elsewhere than they do, and where."""
    home = before[leaves[0]].memory.root
    if all(_is_same(before[i], given[i]) for i in leaves):
        if len(leaves) == 1 and home.size >= LARGE:
            home.role, home.name = Role.KEPT, str(leaves[0])
        return
    made = given[leaves[0]].memory.root
    fits = made.role is Role.WORK and made.size == home.size and id(made) not in claimed
    fits = fits and all(_lies_alike(before[i], given[i], made) for i in leaves)
    read_later = id(home) in held or any(
        place.memory.root is home for number, place in enumerate(given) if number not in leaves
    )
    if fits:
        claimed.add(id(made))
    if fits and not read_later and uses.may_go(made, home):
        made.whole, made.start = home, 0
        return
    target = made if fits else Memory(home.size)
    home.role, target.role, target.name = Role.TURN, Role.NEXT, str(id(home))
    for i in leaves:
        place = replace(before[i], memory=target, offset=_elements(before[i]))
        if not fits and not _laid(given[i], target, before[i].start, claimed):
            late.append((given[i], place))
        yield i, place


def _laid(place: Place, target: Memory, start: int, claimed: set[int]) -> bool:
    """Lay what is made in memory of its own into a larger piece; return whether it could be."""
    memory = place.memory
    free = memory.whole is None and memory.role is Role.WORK and id(memory) not in claimed
    if not free or not place.is_whole or start % ALIGNMENT:
        return False
    memory.whole, memory.start = target, start
    claimed.add(id(memory))
    return True


def _elements(place: Place) -> int:
    return place.start // place.itemsize


def _is_same(place: Place, other: Place) -> bool:
    same = place.memory.root is other.memory.root and place.start == other.start
    return same and (place.shape, place.strides) == (other.shape, other.strides)


def _lies_alike(home: Place, given: Place, made: Memory) -> bool:
    alike = given.memory.root is made and given.start == home.start and given.is_contiguous
    return alike and given.dtype == home.dtype and given.shape == home.shape


def _handed_out(place: Place, late: list[tuple[Place, Place]]) -> Place:
    """Return where an output is handed out: where it is made, if it is alone there."""
    memory = place.memory
    if memory.whole is None and memory.role is Role.WORK and place.is_whole:
        memory.role = Role.RESULT  # a second time it is a copy
        return place
    target = Memory(place.count * place.itemsize, Role.RESULT)
    found = Place(place.shape, contiguous_strides(place.shape), memory=target, dtype=place.dtype)
    if place.count:
        late.append((place, found))
    return found
