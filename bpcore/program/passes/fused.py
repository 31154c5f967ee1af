"""A function that is a small Program: what a group of equations becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bpcore.derivatives.rules.function import Function
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Namespace

__all__ = ["Fused", "fused"]


@dataclass(frozen=True, eq=False, slots=True)
class Fused(Function):
    """Some equations as one function, for backends to compile as they can; any other way, it runs them.

    Attributes
    ----------
    inner : Program
        Its inputs are the function's, in order. Slots and constants have the names that they have around
        it.
    """

    inner: Program | None = None


def fused(inner: Program) -> Fused:
    """Return a Program as one function; it returns a tuple where the Program has several outputs."""
    return Fused("fused", None, compute=_computing(inner), several=len(inner.outputs) > 1, inner=inner)


def _computing(inner: Program) -> Callable[..., Array]:
    runs: dict[int, tuple[Namespace, Callable[..., Sequence[Array]]]] = {}

    def compute(xp: Namespace, *arrays: Array) -> Array | tuple[Array, ...]:
        if id(xp) not in runs:
            runs[id(xp)] = xp, inner.function(xp)
        outputs = tuple(runs[id(xp)][1](*arrays))
        return outputs if len(outputs) > 1 else outputs[0]

    return compute
