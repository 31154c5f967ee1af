"""A Program lowered: its steps, and how much memory of each role they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpcore.program.plan.arena import Span, packed
from bpcore_cupy.elements import Kernel
from bpcore_cupy.lowering.homing import Ends
from bpcore_cupy.lowering.lower import Lowering
from bpcore_cupy.lowering.places import Memory, Place, Role, rounded
from bpcore_cupy.lowering.steps import Function, Launch, Multiply, Step

__all__ = ["Lowered", "laid_out"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Lowered:
    """What is to be enqueued, in order, and on what.

    Attributes
    ----------
    steps : sequence of Step
    before, after : sequence of Place
        Of the carried arrays, before a step and after it.
    given : sequence of Place
        Of the other inputs.
    results : sequence of Place
        Of the other outputs.
    sizes : mapping of Role to int
        Bytes of each role's memory.
    constants : mapping of str to array
        The Program's.
    """

    steps: Sequence[Step]
    before: Sequence[Place]
    after: Sequence[Place]
    given: Sequence[Place]
    results: Sequence[Place]
    sizes: Mapping[Role, int]
    constants: Mapping[str, Any]

    @property
    def kernels(self) -> list[Kernel]:
        """The kernels of ours, each once."""
        return list(
            {step.kernel.name: step.kernel for step in self.steps if isinstance(step, Launch)}.values()
        )

    @property
    def launches(self) -> int:
        """How many kernels one step enqueues at least; functions of CuPy count as one."""
        count = sum(len(step.kernel.stages) for step in self.steps if isinstance(step, Launch))
        count += sum(len(step.plan.calls) for step in self.steps if isinstance(step, Multiply))
        return count + sum(isinstance(step, Function) for step in self.steps)


def laid_out(lowering: Lowering, ends: Ends, steps: Sequence[Step]) -> Lowered:
    """Give every piece of memory its bytes; `steps` are the lowering's, in the order of the work."""
    program = lowering.program
    carried = {i for i, _ in program.carried}
    given = [lowering.places[x] for i, x in enumerate(program.inputs) if i not in carried]
    roots = {id(memory): memory for memory in _roots(steps, ends)}
    sizes = {Role.WORK: _pack(steps)}
    sizes[Role.HOME] = _behind_one_another(x for x in roots.values() if x.role is Role.HOME)
    turns = {str(id(x)): x for x in roots.values() if x.role is Role.TURN}
    sizes[Role.TURN] = sizes[Role.NEXT] = _behind_one_another(turns.values())
    for memory in roots.values():
        if memory.role is Role.NEXT:
            memory.start = turns[memory.name].start
    sizes[Role.RESULT] = _behind_one_another(x for x in roots.values() if x.role is Role.RESULT)
    return Lowered(
        steps=steps,
        before=ends.before,
        after=ends.after,
        given=given,
        results=ends.results,
        sizes=sizes,
        constants=program.constants,
    )


def _roots(steps: Sequence[Step], ends: Ends) -> Iterator[Memory]:
    for place in (*ends.before, *ends.after, *ends.results):
        yield place.memory.root
    for step in steps:
        for place in (*step.reads, *step.writes):
            yield place.memory.root


def _behind_one_another(memories: Any) -> int:
    total = 0
    for memory in memories:
        memory.start = total
        total += rounded(memory.size)
    return total


def _pack(steps: Sequence[Step]) -> int:
    """Lay work memory over itself: what is not needed at one time may lie at one place."""
    spans: dict[int, tuple[Memory, int, int]] = {}
    for number, step in enumerate(steps):
        for place in (*step.reads, *step.writes):
            memory = place.memory.root
            if memory.role is Role.WORK:
                _, first, _ = spans.get(id(memory), (memory, number, number))
                spans[id(memory)] = (memory, first, number)
    sizes = [Span(rounded(memory.size), first, last) for memory, first, last in spans.values()]
    offsets, total = packed(sizes)
    for (memory, _, _), offset in zip(spans.values(), offsets, strict=True):
        memory.start = offset
    return total
