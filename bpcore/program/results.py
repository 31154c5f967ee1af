"""What a compiled function returns: arrays that share no memory, and the values that are no arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from bpcore.derivatives.arrays.space import Space
from bpcore.ground.backend import Compile
from bpcore.program.equation import Constant, Slot
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["lowered"]

Run = Callable[..., Sequence[Array]]


def lowered(program: Program, space: Space, compile: Compile, shared: dict[str, Static]) -> Run:
    """Return `program`, compiled by the backend; what it returns that is no array does not go there."""
    arrays = tuple(output for output in program.outputs if isinstance(output, Slot | Constant))
    only = replace(program, outputs=arrays)  # what is carried comes first, and is arrays
    run = _apart(only, compile(only, space.functions, shared), space.functions)
    if len(arrays) == len(program.outputs):
        return run

    @functools.wraps(run)  # its text is at .source
    def run_with_values(*inputs: Array) -> Sequence[Array]:
        computed = iter(run(*inputs))
        return [next(computed) if isinstance(y, Slot | Constant) else y for y in program.outputs]

    return run_with_values


def _apart(program: Program, run: Run, functions: Namespace) -> Run:
    """Return `run` with computed results that share no memory with each other or with an argument.

    Which of them might is seen in the Program; `own` is there for libraries whose arrays can be written.
    """
    if getattr(run, "apart", False):
        return run  # the backend sees to it
    own = getattr(functions, "own", None)
    doubtful = _doubtful(program)
    if own is None or not doubtful:
        return run

    @functools.wraps(run)
    def run_apart(*inputs: Array) -> Sequence[Array]:
        outputs = list(run(*inputs))
        for i in doubtful:
            y = outputs[i]
            held = type(program.outputs[i]) is Constant  # the Program's own: it must stay as it is
            again = held or any(y is x for x in (*inputs, *outputs[:i]))
            outputs[i] = functions.asarray(y, copy=True) if again else own(y)
        return outputs

    return run_apart


def _doubtful(program: Program) -> list[int]:
    """Return the outputs that may be views, or come twice, or are arguments: all but what is computed.

    What is carried may lie where the argument lay.
    """
    fresh = {
        equation.output
        for equation in program.equations
        if equation.function.broadcasts
        and not equation.function.views
        and program.types[equation.output].shape  # of no axes, NumPy's are numbers that cannot be written
    }
    found = []
    carried = {i for _, i in program.carried}
    for i, output in enumerate(program.outputs):
        if i not in carried and isinstance(output, Slot | Constant) and output not in fresh:
            found.append(i)
        fresh.discard(output)
    return found
