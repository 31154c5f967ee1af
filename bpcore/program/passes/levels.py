"""How many barriers lie above an equation: what has none between may be done together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bpcore.program.equation import Slot
from bpcore.program.passes.rewriting import shape_of
from bpcore.program.program import Program

__all__ = ["levels", "slots_among"]


def slots_among(operands: Iterable[object]) -> list[Slot]:
    """Return the slots among operands."""
    return [x for x in operands if type(x) is Slot]


def levels(
    program: Program, members: Sequence[bool], *, alike: Callable[[Slot, Slot], bool] | None = None
) -> dict[Slot, int]:
    """Return for each slot how many equations that are no members lie on the longest way to it.

    A member that only members of the same shape wait for is moved down to the first of them. So from
    a member to another one of its level and shape no way leads over anything else: to a barrier the
    level grows, and broadcasting shapes only grow.

    Parameters
    ----------
    program : Program
    members : sequence of bool
        For each equation, whether it may be one of a group: element-wise, with broadcasting.
    alike : function of two slots to bool, optional
        Which members a member is moved down to, if not to those of its shape.
    """
    found = dict.fromkeys(program.inputs, 0)
    for equation, member in zip(program.equations, members, strict=True):
        above = max((found[x] for x in slots_among(equation.inputs)), default=0)
        found[equation.output] = above if member else above + 1
    _move_down(program, members, found, alike or _same_shape(program))
    return found


def _same_shape(program: Program) -> Callable[[Slot, Slot], bool]:
    return lambda x, y: shape_of(program, x) == shape_of(program, y)


def _move_down(
    program: Program, members: Sequence[bool], found: dict[Slot, int], alike: Callable[[Slot, Slot], bool]
) -> None:
    """Move members to the level of the first that reads them, where that is a member which is alike."""
    most: dict[Slot, int] = {}
    wanted: dict[Slot, int] = {}
    for equation, member in zip(reversed(program.equations), reversed(members), strict=True):
        output = equation.output
        if member and output in wanted and wanted[output] == most[output]:
            found[output] = most[output]
        allowed = found[output] if member else found[output] - 1
        for x in slots_among(equation.inputs):
            most[x] = min(most.get(x, allowed), allowed)
            if member and alike(x, output):
                wanted[x] = min(wanted.get(x, allowed), allowed)
