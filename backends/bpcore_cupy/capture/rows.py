"""Many steps from one call: their batches lie in a stack on the device, and so do their results.

Each step reads its row of the stacks and writes its own, by a counter on the device that it moves on itself.
So every launch is the same graph, and the host has nothing to do between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Kind, Stream, kind_of
from bpcore_cupy.capture.homes import Homes
from bpcore_cupy.capture.recipe import Call, Recipe

__all__ = ["Rows", "bytes_of", "rows_wanted"]

ROOM = 2**26
"""Bytes of stacks."""

Putting = Callable[[Array, Array, Array, Stream], None]

LOOP = "the loop"
"""What stands around a step, in a warning."""


def bytes_of(kind: Kind) -> int:
    """Return how many bytes an array takes."""
    return math.prod(kind.shape) * int("".join(c for c in kind.dtype if c.isdigit()) or 8) // 8


def rows_wanted(recipe: Recipe, length: int) -> int:
    """Return how many rows stacks have for loops of that length: a power of two, as far as there is room."""
    carried = {i for i, _ in recipe.carried}, {o for _, o in recipe.carried}
    sides = zip((recipe.inputs, recipe.outputs), carried, strict=True)
    size = sum(bytes_of(kind) for side, known in sides for n, kind in enumerate(side) if n not in known)
    wanted: int = 1 << max(0, length - 1).bit_length()
    return max(1, min(wanted, ROOM // max(1, size)))


class Rows:
    """The stacks of a loop.

    Parameters
    ----------
    homes : Homes
    count : int
        Rows.
    inputs, outputs : sequences of arrays
        Where a step reads what is not carried, and where it writes it.

    Attributes
    ----------
    inputs, outputs : tuples of arrays (count, ...)
    counter : array (1,), int32
    """

    def __init__(self, homes: Homes, count: int, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        self.count, self.device, self.stream = count, homes.device, homes.stream
        self._reads, self._writes = inputs, outputs
        self.inputs, self.outputs = (
            tuple(homes.empty(Kind((count, *x.shape), kind_of(x).dtype)) for x in side)
            for side in (inputs, outputs)
        )
        self.counter = homes.empty(Kind((1,), "int32"))

    def around(self, calls: Sequence[Call]) -> list[Call]:
        """Return the calls of a step that finds its batch in a row, and leaves its results in one."""
        return [*self._before(), *calls, *self._after()]

    def rehearsal(self) -> list[Call]:
        """Return all that stands around a step, from the first row, for a run before the capture."""
        zero = Call(LOOP, lambda _: self.device.zero(self.counter, self.stream))
        return [zero, *self._before(), *self._after()]

    def fill(self, stacked: Sequence[Array], first: int, count: int, stream: Stream) -> None:
        """Bring rows of the caller's stacks here, and begin at the first."""
        for stack, x in zip(self.inputs, stacked, strict=True):
            self.device.copy(stack[:count], x[first : first + count], stream)
        self.device.zero(self.counter, stream)

    def hand_out(self, targets: Sequence[Array], first: int, count: int, stream: Stream) -> None:
        """Copy the results of that many steps."""
        for target, stack in zip(targets, self.outputs, strict=True):
            self.device.copy(target[first : first + count], stack[:count], stream)

    def _before(self) -> list[Call]:
        return [Call(LOOP, self._take(x, stack)) for x, stack in zip(self._reads, self.inputs, strict=True)]

    def _after(self) -> list[Call]:
        """Return the calls that leave results; with the last one goes the counter on."""
        pairs, device = list(zip(self.outputs, self._writes, strict=True)), self.device
        if not pairs:
            return [Call(LOOP, lambda _: device.advance(self.counter, self.stream))]
        puts = [self._put(device.put_row, *pair) for pair in pairs[:-1]]
        return [Call(LOOP, put) for put in (*puts, self._put(device.put_last_row, *pairs[-1]))]

    def _take(self, target: Array, stack: Array) -> Callable[[int], object]:
        return lambda _: self.device.take_row(target, stack, self.counter, self.stream)

    def _put(self, put: Putting, stack: Array, source: Array) -> Callable[[int], object]:
        return lambda _: put(stack, source, self.counter, self.stream)
