"""A loop over a compiled Program, one call for each step: for backends that have no faster one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace

__all__ = ["stepwise"]

Run = Callable[..., Sequence[Array]]


def stepwise(program: Program, run: Run, functions: Namespace) -> Run:
    """Return a function of a length, of the carried inputs, and of the others stacked along a first axis."""
    count = len(program.carried)

    def loop(length: int, /, *inputs: Array) -> Sequence[Array]:
        carried, stacked = inputs[:count], inputs[count:]
        others: list[Sequence[Array]] = []
        for i in range(length):
            outputs = run(*carried, *[x[i, ...] for x in stacked])
            carried = tuple(outputs[:count])
            others.append(outputs[count:])
        return [*carried, *[functions.stack(column) for column in zip(*others, strict=True)]]

    return loop
