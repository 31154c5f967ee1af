"""Where fixed arrays lie: carried ones at home, the others in work memory that is used again.

Two things save copies. The parts of a concatenation are laid inside it, so that gradients, each written at
its place, make one flat vector without a further word. And what nobody reads any more is written over: by
the result of the element-wise equation that reads it last, and at home by the next value of what is carried.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import Equation, Equations, Slot
from bpcore.program.plan.lifetimes import last_reads
from bpcore_numpy.lowering.blocks import inside
from bpcore_numpy.lowering.raising import last_that_may_raise
from bpcore_numpy.lowering.ways import Way, rows_taken

__all__ = ["Layout", "Memory", "Part", "layout"]


@dataclass(eq=False, slots=True)
class Memory:
    """A row of elements.

    Attributes
    ----------
    dtype : numpy.dtype
    size : int
        Elements.
    first, last : int
        Numbers of the equations that write it first and read it last.
    home : bool
        Whether carried arrays lie here between two runs, and not in work memory.
    """

    dtype: Any
    size: int
    first: int
    last: int
    home: bool = False


class Part(NamedTuple):
    """Elements in a memory, from `start` on."""

    memory: Memory
    start: int


class Layout:
    """Where each fixed slot lies.

    Attributes
    ----------
    parts : dict of Slot to Part
        Of the slots that own their elements.
    rows : dict of Slot to (Slot, int)
        For slots whose elements lie in a row, as those of an owner do: the owner, and where among its
        elements they begin.
    sources : dict of Slot to set of Slot
        The owners whose memory a slot may share.
    settled : set of int
        The concatenations that cost nothing: all their parts lie in place.
    bound : set of Slot
        Owners that cannot lie elsewhere: such parts, and the vectors that they lie in.
    stays : list of int
        Places in `carried` of the outputs that are not written at home, and must be copied there.
    groups : dict of Slot to int
        Groups of several results: the slot of all of them, and the number of the equation.
    raises : int
        The number of the last equation that may raise, or -1: up to there nothing is written at home.
    """

    def __init__(self, program: Equations, ways: list[Way]) -> None:
        self.program = program
        self.ways = ways
        self.parts: dict[Slot, Part] = {}
        self.rows: dict[Slot, tuple[Slot, int]] = {}
        self.sources: dict[Slot, frozenset[Slot]] = {}
        self.settled: set[int] = set()
        self.bound: set[Slot] = set()
        self.stays: list[int] = []
        self.groups: dict[Slot, int] = {}
        self.raises = last_that_may_raise(program)

    def steps(self) -> Iterator[tuple[int, Equation, Way]]:
        """Yield the number, the equation and its way."""
        return zip(range(len(self.ways)), self.program.equations, self.ways, strict=True)

    def memories(self) -> list[Memory]:
        """Return the memories, each once, in the order of their owners."""
        return list({id(part.memory): part.memory for part in self.parts.values()}.values())


def layout(program: Equations, ways: list[Way]) -> Layout:
    """Return where the fixed arrays of `program` lie."""
    plan = Layout(program, ways)
    for i, _ in program.carried:
        _own(plan, program.inputs[i], -1, home=True)
    for number, equation, way in plan.steps():
        if way is Way.VIEW or way is Way.CALL:
            _follow(plan, equation, way)
        elif way is Way.PART:
            group: Any = equation.inputs[0]
            _own(plan, equation.output, plan.groups[group])
        elif way is Way.BLOCKS and equation.function.several:
            plan.groups[equation.output] = number
        else:
            _own(plan, equation.output, number)
            if way is Way.CONCAT:
                _lay_inside(plan, number, equation)
    _find_lasts(plan)
    _bring_home(plan)
    _write_over(plan)
    return plan


def _own(plan: Layout, slot: Slot, first: int, *, home: bool = False) -> None:
    kind = plan.program.types[slot]
    plan.parts[slot] = Part(Memory(kind.dtype, math.prod(kind.shape), first, first, home=home), 0)
    plan.rows[slot] = (slot, 0)
    plan.sources[slot] = frozenset((slot,))


def _follow(plan: Layout, equation: Equation, way: Way) -> None:
    """Write down what memory the output of a view may share, and whether its elements are in a row."""
    function = equation.function
    ours = TABLE.get(function.name) is function
    if way is Way.VIEW or function.views or function.several or not ours:
        shared = (plan.sources.get(x, frozenset()) for x in equation.inputs if type(x) is Slot)
        plan.sources[equation.output] = frozenset().union(*shared)
    operand = next(iter(equation.inputs), None)
    if way is not Way.VIEW or type(operand) is not Slot or operand not in plan.rows:
        return
    owner, start = plan.rows[operand]
    if function.name in ("reshape", "expand_dims", "squeeze"):
        plan.rows[equation.output] = (owner, start)
    elif function.name == "getitem":
        ahead = _elements_before(equation.static["key"], plan.program.types[operand].shape)
        if ahead is not None:
            plan.rows[equation.output] = (owner, start + ahead)


def _elements_before(key: object, shape: tuple[int, ...]) -> int | None:
    """Return how many elements lie before a slice of the first axis; None for other keys."""
    rows = rows_taken(key)
    return None if rows is None else int(rows.indices(shape[0])[0] * math.prod(shape[1:]))


def _lay_inside(plan: Layout, number: int, equation: Equation) -> None:
    """Lay the parts of a vector inside it, where each of them is free to lie anywhere."""
    whole = plan.parts[equation.output].memory
    owners = [_movable(plan, operand, whole) for operand in equation.inputs]
    if (
        None in owners
        or len(set(owners)) < len(owners)
        or len(plan.program.types[equation.output].shape) != 1
    ):
        return
    memories = [plan.parts[owner].memory for owner in owners if owner is not None]
    if len({memory.home for memory in memories}) > 1:
        return
    start = 0
    for owner, memory in zip(owners, memories, strict=True):
        if owner is not None:
            plan.parts[owner] = Part(whole, start)
            plan.bound.add(owner)
            start += memory.size
    whole.home = memories[0].home
    whole.first = min(memory.first for memory in memories)
    plan.sources[equation.output] = frozenset(owner for owner in owners if owner is not None)
    plan.bound.add(equation.output)
    plan.settled.add(number)


def _movable(plan: Layout, operand: object, whole: Memory) -> Slot | None:
    """Return the owner of a part, if it owns the part and nothing else, and lies in no other vector."""
    if type(operand) is not Slot or operand not in plan.rows:
        return None
    owner, start = plan.rows[operand]
    if owner in plan.bound:
        return None
    part = plan.parts[owner]
    alone = part.memory.size == math.prod(plan.program.types[operand].shape)
    return owner if alone and start == part.start == 0 and part.memory.dtype == whole.dtype else None


def _find_lasts(plan: Layout) -> None:
    for slot, number in last_reads(plan.program).items():
        for owner in plan.sources.get(slot, ()):
            memory = plan.parts[owner].memory
            memory.last = max(memory.last, number)


def _bring_home(plan: Layout) -> None:
    """Let the next values of what is carried be written at home, where nobody reads the old ones any more."""
    program = plan.program
    taken: dict[int, Slot] = {}
    until = {id(memory): memory.last for memory in plan.memories()}
    for place, (i, j) in enumerate(program.carried):
        output, home = program.outputs[j], plan.parts[program.inputs[i]]
        if output == program.inputs[i] and type(output) is Slot:
            continue
        owner, start = plan.rows.get(output, (None, 0)) if type(output) is Slot else (None, 0)
        if owner is not None and taken.get(id(home.memory)) == owner:
            comes = start == home.start
        else:
            comes = (
                owner is not None
                and id(home.memory) not in taken
                and start == home.start
                and _may_go(plan, owner, home.memory, until[id(home.memory)])
            )
            if comes and owner is not None:
                taken[id(home.memory)] = owner
                home.memory.last = max(home.memory.last, plan.parts[owner].memory.last)
                plan.parts[owner] = Part(home.memory, 0)
        if not comes:
            plan.stays.append(place)


def _may_go(plan: Layout, owner: Slot, home: Memory, until: int) -> bool:
    """Return whether the equation that writes `owner` may write it over what lies in `home`."""
    part = plan.parts[owner]
    if (
        part.memory.home
        or owner in plan.bound
        or (part.memory.size, part.memory.dtype) != (home.size, home.dtype)
    ):
        return False
    number = part.memory.first
    if number <= plan.raises:
        return False
    return bool(until < number or (until == number and _writes_over(plan, number, owner, home)))


def _writes_over(plan: Layout, number: int, slot: Slot, memory: Memory) -> bool:
    """Return whether each element of `slot` is written into `memory` after it was read there."""
    equation, way = plan.program.equations[number], plan.ways[number]
    inner = inside(equation) if way is Way.BLOCKS else None
    if way is not Way.UFUNC and inner is None:
        return False
    shape = plan.program.types[slot].shape
    written = False
    for step in (equation,) if inner is None else inner.equations:
        for operand in step.inputs:
            if type(operand) is Slot and any(
                plan.parts[x].memory is memory for x in plan.sources.get(operand, ())
            ):
                owner, start = plan.rows.get(operand, (None, 0))
                aligned = owner is not None and plan.parts[owner].start + start == 0
                if written or not aligned or plan.program.types[operand].shape != shape:
                    return False
        written = written or step.output == slot
    return bool(math.prod(shape) == memory.size)


def _write_over(plan: Layout) -> None:
    """Let element-wise equations write over an operand that nobody reads after them."""
    for number, equation, way in plan.steps():
        if way is not Way.UFUNC:
            continue
        part = plan.parts[equation.output]
        if part.memory.home or equation.output in plan.bound or not plan.program.types[equation.output].shape:
            continue  # over a number of no axes NumPy writes more slowly than beside it
        for operand in equation.inputs:
            owner, _ = plan.rows.get(operand, (None, 0)) if type(operand) is Slot else (None, 0)
            old = None if owner is None else plan.parts[owner].memory
            if old is None or old.home or old.last != number or old.dtype != part.memory.dtype:
                continue
            if _writes_over(plan, number, equation.output, old):
                plan.parts[equation.output] = Part(old, 0)
                old.last = part.memory.last
                break
