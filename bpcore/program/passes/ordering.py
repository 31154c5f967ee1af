"""An order in which everything stands after what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bpcore.program.equation import Slot

__all__ = ["ordered"]

U = TypeVar("U")


def ordered(
    units: Sequence[U], reads: Callable[[U], Iterable[Slot]], writes: Callable[[U], Iterable[Slot]]
) -> list[U]:
    """Return `units` in their own order, but for those that come too late for one that reads them.

    There must be no ring. Nothing is computed earlier than it has to be.
    """
    maker = {slot: number for number, unit in enumerate(units) for slot in writes(unit)}
    done: set[int] = set()
    result: list[U] = []
    for first in range(len(units)):
        waiting = [(first, False)]
        while waiting:  # depth first, and no recursion: a chain may be long
            number, ready = waiting.pop()
            if number in done:
                continue
            if ready:
                done.add(number)
                result.append(units[number])
                continue
            waiting.append((number, True))
            before = {maker[x] for x in reads(units[number]) if x in maker} - done - {number}
            waiting += [(other, False) for other in sorted(before, reverse=True)]
    return result
