"""Products of float16 by way of float32, for which there is BLAS: NumPy's own loop is a hundred times slower.

It sums in float32 too, and rounds once: only the order of the sum is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import fresh_slots
from bpcore_numpy.lowering.lower import loop, lower

__all__ = ["loop_halves", "lower_halves", "widened"]

HALF, SINGLE = np.dtype("float16"), np.dtype("float32")


def lower_halves(program: Any, functions: Any, shared: dict[str, Any], /) -> Any:
    """Lower a Program, its products of float16 in float32."""
    return lower(_once(program, shared), functions, shared)


def loop_halves(program: Any, functions: Any, shared: dict[str, Any], /) -> Callable[..., Sequence[Any]]:
    """Return many runs of such a Program as one call."""
    return loop(_once(program, shared), functions, shared)


def _once(program: Any, shared: dict[str, Any]) -> Any:
    """Return the same rewritten Program for one call and for many: they share their memory."""
    key = f"halves {id(program.equations)}"
    if key not in shared:
        shared[key] = (program.equations, widened(program))  # held: an id may come again
    return shared[key][1]


def widened(program: Any) -> Any:
    """Return `program` with its products of float16 in float32; itself, where it has none."""
    rewriting = _Rewriting(program)
    equations = tuple(e for equation in program.equations for e in rewriting.equations(equation))
    if len(equations) == len(program.equations):
        return program
    return replace(program, equations=equations, types=rewriting.types)


class _Rewriting:
    def __init__(self, program: Any) -> None:
        self.program, self.types = program, dict(program.types)
        self.fresh = fresh_slots(program)
        self.wide: dict[Any, Slot] = {}

    def equations(self, equation: Equation) -> Iterator[Equation]:
        """Yield what stands for an equation."""
        kind = self.types[equation.output]
        arrays = all(isinstance(x, Slot | Constant) for x in equation.inputs)
        if equation.function.name != "matmul" or kind.dtype != HALF or not arrays:
            yield equation
            return
        for x in equation.inputs:
            if x not in self.wide:
                self.wide[x] = self._slot(self._kind(x).shape)
                yield _cast(x, SINGLE, self.wide[x])
        product = self._slot(kind.shape)
        yield replace(equation, inputs=tuple(self.wide[x] for x in equation.inputs), output=product)
        yield _cast(product, HALF, equation.output)

    def _kind(self, x: Any) -> Any:
        return self.types[x] if isinstance(x, Slot) else self.program.constants[x]

    def _slot(self, shape: tuple[int, ...]) -> Slot:
        slot = next(self.fresh)
        self.types[slot] = ArrayType(tuple(shape), SINGLE)
        return slot


def _cast(x: Any, dtype: Any, output: Slot) -> Equation:
    return Equation(TABLE["astype"], (x, dtype), {}, output)
