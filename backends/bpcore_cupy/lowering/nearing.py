"""Small launches move up to an earlier small one, where nothing between the two has to do with them.

Only neighbours are merged into one launch, and the order in which equations come is not made for that: the
numbers for Adam's rate need the count of steps alone, and stand at the end of the way back, behind products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bpcore_cupy.elements import is_small, mergeable
from bpcore_cupy.lowering.places import Place
from bpcore_cupy.lowering.steps import Launch, Step

__all__ = ["brought_near"]


def brought_near(steps: Sequence[Step]) -> list[Step]:
    """Return steps in an order that computes the same, with small launches beside one another.

    Parameters
    ----------
    steps : sequence of Step
        Before they are laid out: pieces of memory are then what they are, and not where they come to lie.
    """
    found: list[Step] = []
    for step in steps:
        found.insert(_position(found, step), step)
    return found


def _position(before: Sequence[Step], step: Step) -> int:
    """Return behind how many of the steps before it a step goes: all of them, if it cannot be merged."""
    end = len(before)
    if not isinstance(step, Launch) or not is_small(step.kernel):
        return end
    for number in range(end - 1, -1, -1):
        other = before[number]
        if isinstance(other, Launch) and is_small(other.kernel) and _joins(before[: number + 1], step):
            return number + 1
        if _meet(other, step):
            break
    return end


def _joins(before: Sequence[Step], step: Launch) -> bool:
    """Return whether a launch behind these would be one with the last of them."""
    run: list[Launch] = []
    for other in reversed(before):
        if not isinstance(other, Launch) or not is_small(other.kernel):
            break
        run.insert(0, other)
    kernels = [one.kernel for one in run]
    while len(kernels) > (count := mergeable(kernels)):
        kernels = kernels[max(count, 1) :]
    return bool(kernels) and mergeable([*kernels, step.kernel]) > len(kernels)


def _meet(one: Step, other: Step) -> bool:
    """Return whether one of two steps writes in memory that the other one uses."""
    writes, theirs = _roots(one.writes), _roots(other.writes)
    return bool(writes & (theirs | _roots(other.reads)) or theirs & _roots(one.reads))


def _roots(places: Iterable[Place]) -> set[int]:
    return {id(place.memory.root) for place in places}
