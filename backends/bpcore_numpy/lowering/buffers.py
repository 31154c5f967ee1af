"""Where lies what a group in blocks needs inside of it alone: over vectors that it has read, else in buffers.

Every vector less is a block less in the cache: of Adam's twelve functions over the parameters, the gradients,
and two moments, one needs a buffer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bpcore.program.equation import Equation, Equations, Slot
from bpcore.program.passes.levels import slots_among
from bpcore.program.plan.lifetimes import last_reads
from bpcore_numpy.lowering.blocks import length
from bpcore_numpy.lowering.layout import Layout, Memory

__all__ = ["Buffers", "Vector", "vectors"]


class Vector(NamedTuple):
    """Memory around a group that it may write over, between two of its inner equations.

    Attributes
    ----------
    slot : Slot
        What lies there, as the group takes or returns it.
    dtype : numpy.dtype
    read : int
        The number of the inner equation that is the last to read it, or -1.
    written : int
        The number of the one that writes a result there, or of all of them.
    """

    slot: Slot
    dtype: Any
    read: int
    written: int


def vectors(plan: Layout, number: int, inner: Equations) -> list[Vector]:
    """Return what the group that is equation `number` may write over.

    That is what is read there for the last time, and the places of its results until they are written.
    """
    last, count, long = last_reads(inner), len(inner.equations), length(inner)
    writer = {equation.output: place for place, equation in enumerate(inner.equations)}
    found = []
    for memory in plan.memories():
        reads = [
            x for x in inner.inputs if any(plan.parts[y].memory is memory for y in plan.sources.get(x, ()))
        ]
        results = [y for y in slots_among(inner.outputs) if plan.parts[y].memory is memory]
        dies = reads and memory.last == number and not memory.home
        if (results or dies) and all(_fills(plan, x, memory, long) for x in (*reads, *results)):
            read = max((last[x] for x in reads), default=-1)
            written = min((writer[y] for y in results), default=count)
            found.append(Vector((*reads, *results)[0], memory.dtype, read, written))
    return found


def _fills(plan: Layout, slot: Slot, memory: Memory, long: tuple[int, ...]) -> bool:
    """Return whether a slot is as long as the group's vectors, and element by element all of a memory."""
    owner, _ = plan.rows.get(slot, (None, 0))
    if owner is None or plan.parts[owner].memory is not memory:
        return False
    return bool(plan.program.types[slot].shape == long == (memory.size,))


class Buffers:
    """A place for each slot that is needed inside of a group alone, used again as it dies.

    Attributes
    ----------
    place : dict of Slot to (Slot or str)
        The vector over which it is written, or the name of a buffer of a block's length.
    kinds : dict of str to dtype
        Of the buffers.
    """

    def __init__(self, inner: Equations, vectors: list[Vector]) -> None:
        self.place: dict[Slot, Slot | str] = {}
        self.kinds: dict[str, Any] = {}
        self.last, self.vectors = last_reads(inner), vectors
        until: dict[Slot | str, int] = {vector.slot: vector.read for vector in vectors}  # of what lies there
        for number, equation in enumerate(inner.equations):
            if equation.output not in inner.outputs:
                place = self._free(number, equation, until, inner.types[equation.output].dtype)
                self.place[equation.output] = place
                until[place] = self.last[equation.output]

    def _free(self, number: int, equation: Equation, until: dict[Slot | str, int], kind: Any) -> Slot | str:
        """Return where an equation may write: over an operand that dies with it, if there is one."""
        gone = self.last[equation.output]
        fit: set[Slot | str] = {x for x, other in self.kinds.items() if other == kind}
        fit |= {v.slot for v in self.vectors if v.dtype == kind and gone <= v.written}
        free = [x for x, last in until.items() if x in fit and last <= number]
        own = [self.place.get(x, x) for x in equation.inputs if type(x) is Slot]
        if free:
            return min(free, key=lambda x: (x not in own, isinstance(x, Slot)))
        name = f"t{len(self.kinds)}"
        self.kinds[name] = kind
        return name
