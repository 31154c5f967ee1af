"""Launches of small kernels that follow one another become one launch, when memory is laid out.

A step of a tiny network is then one kernel, or a few; what it costs is latency, and most of that is between
launches.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from bpcore.program.equation import Constant, Slot
from bpcore_cupy.elements import SCRATCH, mergeable, merged
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.places import Place
from bpcore_cupy.lowering.steps import Launch, Step

__all__ = ["Merged", "with_merged"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Merged(Launch):
    """Launches that one kernel does, one after the other; its operands and its equation say nothing.

    Attributes
    ----------
    parts : sequence of Launch
    """

    parts: Sequence[Launch]

    def may_share(self, read: Place, written: Place) -> bool:
        """Return whether an operand and an output may be one memory: where they lie is settled."""
        return False


def with_merged(lowered: Lowered) -> Lowered:
    """Return what is to be enqueued with small launches that follow one another as one."""
    return replace(lowered, steps=list(_steps(lowered.steps)))


def _steps(steps: Sequence[Step]) -> Iterator[Step]:
    number = 0
    while number < len(steps):
        run = _launches(steps[number:])
        count = mergeable([step.kernel for step in run])
        if count > 1:
            yield _together(run[:count])
        else:
            yield steps[number]
        number += max(count, 1)


def _launches(steps: Sequence[Step]) -> list[Launch]:
    """Return the launches at the begin."""
    found: list[Launch] = []
    for step in steps:
        if not isinstance(step, Launch):
            break
        found.append(step)
    return found


def _together(parts: Sequence[Launch]) -> Merged:
    places: dict[Hashable, Place] = {}
    names = [[_name(part, x, places) for x in _arguments(part)] for part in parts]
    kernel, order = merged([part.kernel for part in parts], names)
    return Merged(
        name=", ".join(dict.fromkeys(part.name for part in parts)),
        equation=parts[-1].equation,
        operands=(),
        outputs=[place for part in parts for place in part.outputs],
        kernel=kernel,
        places={Slot(i): places[name] for i, name in enumerate(order)},
        parts=parts,
    )


def _arguments(part: Launch) -> list[object]:
    return [x for stage in part.kernel.stages for x in stage.arguments]


def _name(part: Launch, argument: object, places: dict[Hashable, Place]) -> int:
    """Return what a pointer is known by; scratch memory lies where the part has it."""
    place = part.scratch if argument is SCRATCH else None
    if isinstance(argument, Slot | Constant):
        place = part.places[argument]
    if place is None:
        raise ValueError(argument)
    places[id(place)] = place
    return id(place)
