"""What a compiled function returns: arrays that share no memory, and the values that are no arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bpcore.derivatives.arrays.space import Space
from bpcore.ground.backend import Compile
from bpcore.program.equation import Constant, Equations, Slot
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["close_run", "computed_apart", "lowered"]

Run = Callable[..., Sequence[Array]]


@dataclass(slots=True, eq=False)
class _Wrapped:
    """What a backend compiled, and what becomes of its results, which `finish` is given with the inputs.

    `again` is what the backend's own is, for these results; None where there is none.
    """

    run: Run
    finish: Callable[[Sequence[Array], Sequence[Array]], Sequence[Array]]
    again: Run | None = None

    @property
    def source(self) -> str:
        """Its text: a backend may have it after the first call only."""
        text: str = getattr(self.run, "source", "")
        return text

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        return self.finish(inputs, self.run(*inputs))

    def close(self) -> None:
        """Free what the backend holds."""
        close_run(self.run)


def close_run(run: Run | None) -> None:
    """Free what a backend holds for what it compiled; most hold nothing."""
    close: Callable[[], None] | None = getattr(run, "close", None)
    if close is not None:
        close()


def lowered(program: Program, space: Space, compile: Compile, shared: dict[str, Static]) -> Run:
    """Return `program`, compiled by the backend; what it returns that is no array does not go there."""
    arrays = tuple(output for output in program.outputs if isinstance(output, Slot | Constant))
    only = replace(program, outputs=arrays)  # what is carried comes first, and is arrays
    run = _apart(only, compile(only, space.functions, shared), space.functions)
    if len(arrays) == len(program.outputs):
        return run

    count = len(only.carried)  # these come first, and are arrays

    def with_values(_: Sequence[Array], computed: Sequence[Array]) -> Sequence[Array]:
        return _filled(program.outputs, computed)

    again = getattr(run, "again", None)
    if again is None:
        return _Wrapped(run, with_values)
    return _Wrapped(run, with_values, lambda *others: _filled(program.outputs[count:], again(*others)))


def _filled(outputs: Sequence[Static], computed: Sequence[Array]) -> list[Static]:
    """Return the outputs: what was computed, and between it what is no array."""
    rest = iter(computed)
    return [next(rest) if isinstance(y, Slot | Constant) else y for y in outputs]


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

    def apart(inputs: Sequence[Array], computed: Sequence[Array]) -> Sequence[Array]:
        outputs = list(computed)
        for i in doubtful:
            y = outputs[i]
            held = type(program.outputs[i]) is Constant  # the Program's own: it must stay as it is
            again = held or any(y is x for x in (*inputs, *outputs[:i]))
            outputs[i] = functions.asarray(y, copy=True) if again else own(y)
        return outputs

    return _Wrapped(run, apart)  # no `again`: it does not return what is carried, which is looked at here


def _doubtful(program: Program) -> list[int]:
    """Return the outputs that may be views, or come twice, or are arguments: all but what is computed.

    What is carried may lie where the argument lay.
    """
    fresh = computed_apart(program)
    found = []
    carried = {i for _, i in program.carried}
    for i, output in enumerate(program.outputs):
        if i not in carried and isinstance(output, Slot | Constant) and output not in fresh:
            found.append(i)
        fresh.discard(output)
    return found


def computed_apart(program: Equations) -> set[Slot]:
    """Return the slots whose arrays are new ones, which nobody else holds, whatever the library.

    Arrays of no axes are not among them: NumPy's are numbers, that cannot be written.
    """
    return {
        equation.output
        for equation in program.equations
        if equation.function.broadcasts
        and not equation.function.views
        and bool(getattr(program.types[equation.output], "shape", ()))
    }
