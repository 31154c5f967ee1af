"""Reductions over the last axes and what is computed of them, as one kernel: softmax, its loss, its gradient.

A row is everything that is reduced together. A few threads of a warp share a row, or a whole block does
where it is long. What each element needs is computed anew in every phase, between one reduction and the next:
loads come from the cache then, and no row must fit anywhere. Sums over all rows of what came out of each row
are added up block by block, and by a second stage where there are several blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

from bpcore.program.equation import Equation, Slot
from bpcore_cupy.elements.accumulating import ARGUMENTS, REDUCTIONS, Accumulator, accumulator_of, axes_of
from bpcore_cupy.elements.apply import is_elementwise
from bpcore_cupy.elements.reading import Body, Name
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.steps import RESHAPING, operands

__all__ = ["LONGEST", "Rows", "names_read", "rows_of"]

LONGEST = 2**14
"""Elements of a row up to which a block takes it whole."""


@dataclass
class Rows:
    """A body sorted by what its values belong to.

    Attributes
    ----------
    body : Body
    lead, trail : tuple of int
        The axes that count the rows, and those that are reduced.
    rows, length : int
    level : dict of Slot to str
        ``"each"`` for a value of each element, ``"row"`` for one of each row, ``"all"`` for one of all rows.
    phase : dict of Slot to int
        How many reductions lie above it, one after the other.
    accumulators : dict of Slot to Accumulator
        The reductions, by what they write.
    """

    body: Body
    lead: tuple[int, ...]
    trail: tuple[int, ...]
    level: dict[Slot, str] = field(default_factory=dict)
    phase: dict[Slot, int] = field(default_factory=dict)
    accumulators: dict[Slot, Accumulator] = field(default_factory=dict)
    made: dict[Slot, Equation] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return prod(self.lead)

    @property
    def length(self) -> int:
        """How many elements a row has."""
        return prod(self.trail)

    def needed(self, slots: Iterable[Slot], level: str, known: Mapping[Slot, object]) -> list[Equation]:
        """Return the equations of a level that some slots hang on and that are not known, in order."""
        waiting, found = list(slots), set()
        while waiting:
            slot = waiting.pop()
            if slot in found or slot in known or self.level.get(slot) != level or slot in self.accumulators:
                continue
            found.add(slot)
            waiting += [x for x in operands(self.made[slot]) if isinstance(x, Slot)]
        return [x for x in self.body.equations if x.output in found]


def rows_of(body: Body) -> Rows:
    """Return a body sorted; refuses what has not this form."""
    reductions = [x for x in body.equations if x.function.name in REDUCTIONS]
    sources = [(x, _shape(body, x.inputs[0])) for x in reductions]
    widest, shape = max(sources, key=lambda pair: prod(pair[1]))
    axes = axes_of(widest, len(shape))
    split = len(shape) - len(axes)
    if axes != tuple(range(split, len(shape))):
        raise Refused("a reduction over other axes than the last ones")
    found = Rows(body, shape[:split], shape[split:])
    if found.length < 2:  # noqa: PLR2004
        raise Refused("a reduction of single elements")
    for equation in body.equations:
        _sort(found, equation)
    return found


def _shape(body: Body, operand: object) -> tuple[int, ...]:
    if operand not in body.shapes:
        raise Refused("a reduction of a number")
    return body.shapes[operand]  # type: ignore[index]


def _sort(rows: Rows, equation: Equation) -> None:
    """Put the output of an equation where it belongs."""
    slot, read = equation.output, operands(equation)
    inner = [x for x in read if x in rows.level]
    if any(rows.level[x] == "all" for x in inner):
        raise Refused("a group that goes on with a reduction of all rows")
    above = max((rows.phase[x] for x in inner), default=0)
    rows.made[slot], rows.phase[slot] = equation, above
    if equation.function.name in REDUCTIONS:
        _reduction(rows, equation)
        return
    if not (is_elementwise(equation.function) or equation.function.name in RESHAPING):
        raise Refused(f"the function {equation.function.name}")
    rows.level[slot] = _level(rows, rows.body.shapes[slot])
    if rows.level[slot] == "each":
        if equation.function.name in RESHAPING:
            raise Refused("a group that goes on with its rows in another shape")
        for x in inner:
            if rows.level[x] == "row" and not _is_column(rows, rows.body.shapes[x]):
                raise Refused("a group that takes numbers of its rows for such of its columns")
    elif any(rows.level[x] != "row" for x in inner):
        raise Refused("a group that takes one element of each row")


def _level(rows: Rows, shape: tuple[int, ...]) -> str:
    if shape == (*rows.lead, *rows.trail):
        return "each"
    if prod(shape) == rows.rows and shape[: len(rows.lead)] == rows.lead:
        return "row"
    raise Refused("a group of arrays of other shapes than rows and their elements")


def _is_column(rows: Rows, shape: tuple[int, ...]) -> bool:
    return rows.rows == 1 or shape == (*rows.lead, *(1 for _ in rows.trail))


def _reduction(rows: Rows, equation: Equation) -> None:
    slot, (operand, *_) = equation.output, equation.inputs
    shape = _shape(rows.body, operand)
    axes, rank = axes_of(equation, len(shape)), len(shape)
    if shape == (*rows.lead, *rows.trail) and axes == tuple(range(len(rows.lead), rank)):
        if equation.function.name in ARGUMENTS and len(rows.trail) > 1 and rows.lead:
            raise Refused(f"the function {equation.function.name} over several axes")
        rows.level[slot], count = "row", rows.length
        rows.phase[slot] += 1
    elif operand in rows.level and rows.level[operand] == "row" and axes == tuple(range(rank)):
        if equation.function.name in ARGUMENTS:
            raise Refused(f"the function {equation.function.name} of all rows")
        rows.level[slot], count = "all", rows.rows
    else:
        raise Refused("a group of reductions over different axes")
    rows.accumulators[slot] = accumulator_of(rows.body, equation, count)


def names_read(rows: Rows) -> tuple[Name, ...]:
    """Return the inputs that are read, in order."""
    read = (x for equation in rows.body.equations for x in operands(equation))
    return tuple(dict.fromkeys(x for x in read if x not in rows.level))
