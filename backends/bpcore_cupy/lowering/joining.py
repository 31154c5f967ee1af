"""Parts of an array that lie inside it from the start, so that to join them costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bpcore_cupy.lowering.places import ALIGNMENT, Place, Role

__all__ = ["laid_inside", "may_lie_inside"]

Pair = tuple[Place, Place]


def laid_inside(parts: Sequence[Pair], target: Place) -> list[Pair]:
    """Let parts lie inside of an array where they can; return those that have to be copied there.

    Parts that are carried lie there all or not at all: then the array is where they are carried.

    Parameters
    ----------
    parts : sequence of pairs (Place, Place)
        Where each lies now, and where it belongs.
    target : Place
        All of the array, in memory of its own.
    """
    inside = may_lie_inside(parts)
    for place, part in inside:
        if place.memory.role is Role.HOME:
            target.memory.role = Role.HOME
        place.memory.whole = target.memory
        place.memory.start = part.offset * part.itemsize
    lying = {id(part) for _, part in inside}
    return [pair for pair in parts if id(pair[1]) not in lying]


def may_lie_inside(parts: Sequence[Pair]) -> list[Pair]:
    """Return the parts that can lie inside of an array together."""
    homes = [place for place, _ in parts if place.memory.root.role is Role.HOME]
    found: dict[int, Pair] = {}
    for place, part in parts:
        if _may_lie(place, part):
            found.setdefault(id(place.memory), (place, part))
    if homes and not len(homes) == len(found) == len(parts):
        return []
    return list(found.values())


def _may_lie(place: Place, part: Place) -> bool:
    """Return whether a part has memory of its own, all of it, that nothing else holds in place."""
    memory = place.memory
    free = memory.whole is None and memory.role in (Role.WORK, Role.HOME)
    aligned = (part.offset * part.itemsize) % ALIGNMENT == 0
    return free and place.is_whole and place.dtype == part.dtype and part.is_contiguous and aligned
