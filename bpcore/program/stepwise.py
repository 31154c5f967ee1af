"""A loop over a compiled Program, one call for each step: for backends that have no faster one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bpcore.program.equation import Constant, Slot
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace

__all__ = ["stepwise"]

Run = Callable[..., Sequence[Array]]


def stepwise(program: Program, run: Run, functions: Namespace) -> Run:
    """Return a function of a length, of the carried inputs, and of the others stacked along a first axis.

    Its results are stacked likewise; what is no array is the same in each step, and is returned once.
    """
    count = len(program.carried)

    def loop(length: int, /, *inputs: Array) -> Sequence[Array]:
        carried, stacked = inputs[:count], inputs[count:]
        others: list[Sequence[Array]] = []
        for i in range(length):
            outputs = run(*carried, *[x[i, ...] for x in stacked])
            carried = tuple(outputs[:count])
            others.append(outputs[count:])
        kinds = [isinstance(y, Slot | Constant) for y in program.outputs[count:]]
        columns = zip(kinds, zip(*others, strict=True), strict=True)
        return [*carried, *[functions.stack(column) if array else column[0] for array, column in columns]]

    return loop
