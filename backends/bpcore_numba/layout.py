"""Where every block lies: carried arrays in their homes, results in fresh memory, the rest packed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bpcore.program.plan.arena import LINE, Span, packed
from bpcore.program.plan.strided import contiguous_strides
from bpcore.program.program import Program
from bpcore_numba.apply import kind_of
from bpcore_numba.bounds import Check
from bpcore_numba.loops import Loops
from bpcore_numba.lower import Lowering, Work
from bpcore_numba.places import Block, Place
from bpcore_numba.writing import SIZE

__all__ = ["Layout", "homes", "laid_out"]


@dataclass
class Layout:
    """The works, and the memory that they need.

    Attributes
    ----------
    works : list of Work
    checks : list of Work
        What is looked at for all steps before the first one.
    work : int
        Bytes of what is needed for a while.
    streams : dict of str to int
        Bytes of each argument that is not carried, and of each such result: the next step's lies behind.
    """

    works: list[Work]
    checks: list[Work]
    work: int = 0
    streams: dict[str, int] = field(default_factory=dict)


def homes(types: Sequence[Any]) -> tuple[list[int], int]:
    """Return where the carried arrays lie, one behind the other, and their bytes together."""
    offsets, total = [], 0
    for array in types:
        offsets.append(total)
        size = SIZE[kind_of(array.dtype)]
        for n in array.shape:
            size *= n
        total += -(-size // LINE) * LINE
    return offsets, total


def laid_out(lowering: Lowering) -> Layout:
    """Give every block its region and its offset; copies are appended for what cannot lie where it should."""
    program = lowering.program
    results = [lowering.place(output) for output in program.outputs]
    inputs = [lowering.place(slot) for slot in program.inputs]
    _carry(program, inputs)
    carried = {o: i for i, o in program.carried}
    late: list[tuple[Place, Place]] = []
    uses = _uses(lowering.works)
    whose = {place.block for place in results}
    for number, place in enumerate(results):
        home = inputs[carried[number]] if number in carried else None
        target = home or _stream(place, f"output{number}")
        if home is not None and place.block is home.block and place.is_whole:
            continue
        if _may_lie(lowering.works, uses, place, home) and (home is None or home.block not in whose):
            place.block.region, place.block.offset = target.block.region, target.block.offset
        else:
            late.append((place, target))
    _copies(lowering, late)
    layout = Layout(lowering.works, lowering.checks)
    layout.work = _pack(lowering.works)
    sources = {f"input{i}": x for i, x in enumerate(inputs) if x.block.region != "carry"}
    ends = {f"output{i}": x for i, x in enumerate(results) if i not in carried}
    layout.streams = {name: x.count * SIZE[x.kind] for name, x in (sources | ends).items()}
    return layout


def _carry(program: Program, inputs: list[Place]) -> None:
    pairs = program.carried
    offsets, _ = homes([program.types[program.inputs[i]] for i, _ in pairs])
    for (i, _), offset in zip(pairs, offsets, strict=True):
        inputs[i].block.region, inputs[i].block.offset = "carry", offset


def _stream(place: Place, region: str) -> Place:
    block = Block(place.count * SIZE[place.kind], region)
    return Place(place.shape, contiguous_strides(place.shape), block=block, kind=place.kind)


class _Uses(NamedTuple):
    """For each block the numbers of the works that write it, and of those that read it and where."""

    writers: dict[Block, list[int]]
    readers: dict[Block, list[tuple[int, Place]]]
    last_check: int


def _uses(works: list[Work]) -> _Uses:
    uses = _Uses({}, {}, max((i for i, work in enumerate(works) if isinstance(work, Check)), default=-1))
    for i, work in enumerate(works):
        for block in {x.block for x in work.writes}:
            uses.writers.setdefault(block, []).append(i)
        for x in work.reads:
            uses.readers.setdefault(x.block, []).append((i, x))
    return uses


def _may_lie(works: list[Work], uses: _Uses, place: Place, home: Place | None) -> bool:
    """Tell whether a result may be written at once where it is to lie.

    Into the home of a carried array only when nobody reads there any more; an element may be read by the
    loops that write it. And when no index is looked at any more: after an error carried arrays are what they
    were.
    """
    if place.block.region != "work" or not place.is_whole:
        return False
    if home is None:
        return True
    writers = uses.writers.get(place.block, [])
    if not writers or writers[0] < uses.last_check:
        return False
    return all(
        i < writers[0] or (i == writers[0] and _same_element(works[i], x, writers))
        for i, x in uses.readers.get(home.block, [])
    )


def _same_element(work: Work, place: Place, writers: list[int]) -> bool:
    return isinstance(work, Loops) and place.is_whole and place.shape == work.shape and len(writers) == 1


def _copies(lowering: Lowering, late: list[tuple[Place, Place]]) -> None:
    """Append copies at the end: from homes first, because homes are then written."""
    last = []
    for place, target in late:
        if place.block.region != "carry":
            last.append((place, target))
        elif target.block.region != "carry":
            lowering.copy(place, target)
        else:
            between = lowering.new(place.kind, place.shape)
            lowering.copy(place, between)
            last.append((between, target))
    for place, target in last:
        lowering.copy(place, target)


def _pack(works: list[Work]) -> int:
    spans: dict[Block, Span] = {}
    for number, work in enumerate(works):
        for place in (*work.reads, *work.writes):
            if place.block.region == "work":
                first = spans[place.block].first if place.block in spans else number
                spans[place.block] = Span(place.block.size, first, number)
    offsets, total = packed(list(spans.values()))
    for block, offset in zip(spans, offsets, strict=True):
        block.offset = offset
    return total
