"""Small launches move up to an earlier small one, or down, where nothing on the way has to do with them.

Only neighbours are merged into one launch, and the order in which equations come is not made for that: the
numbers for Adam's rate need the count of steps alone, and stand at the end of the way back, behind products;
labels that a step takes out of a set of data are needed by the loss, and stand at the begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from bpcore_cupy.elements import Kernel, is_small, mergeable
from bpcore_cupy.lowering.places import Place
from bpcore_cupy.lowering.steps import Launch, Step

__all__ = ["brought_near"]

NEAR = 32
"""Launches one behind the other that are looked at together."""


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
    for number in range(len(found) - 2, -1, -1):
        found.insert(number + _later(found, number), found.pop(number))
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
    kernels = [one.kernel for one in _run(reversed(before))][::-1]
    return bool(kernels) and _count([*kernels, step.kernel]) == _count(kernels)


def _later(steps: Sequence[Step], number: int) -> int:
    """Return over how many of the steps behind it one goes: up to those that it would be one launch with."""
    step = steps[number]
    if not isinstance(step, Launch) or not is_small(step.kernel) or _joins(steps[:number], step):
        return 0
    for further, other in enumerate(steps[number + 1 :]):
        run = [one.kernel for one in _run(islice(steps, number + 1 + further, None))]
        if run and _count([step.kernel, *run]) == _count(run):
            return further
        if _meet(step, other):
            break
    return 0


def _run(steps: Iterable[Step]) -> list[Launch]:
    """Return the small launches at the begin, as many as are looked at."""
    found: list[Launch] = []
    for step in islice(steps, NEAR):
        if not isinstance(step, Launch) or not is_small(step.kernel):
            break
        found.append(step)
    return found


def _count(kernels: Sequence[Kernel]) -> int:
    """Return how many launches small kernels that follow one another become."""
    count = 0
    while kernels:
        count, kernels = count + 1, kernels[max(mergeable(kernels), 1) :]
    return count


def _meet(one: Step, other: Step) -> bool:
    """Return whether one of two steps writes in memory that the other one uses."""
    writes, theirs = _roots(one.writes), _roots(other.writes)
    return bool(writes & (theirs | _roots(other.reads)) or theirs & _roots(one.reads))


def _roots(places: Iterable[Place]) -> set[int]:
    return {id(place.memory.root) for place in places}
